"""Handlers for the cold start benchmark, and the script that measures one cold start."""
