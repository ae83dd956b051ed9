"""The command line: start, follow and list watches, and prepare a deployment for removal."""
