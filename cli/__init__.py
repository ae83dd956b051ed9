"""The command line: start and follow watches, list kinds, explain answers, and prepare a deployment for removal."""
