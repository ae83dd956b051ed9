"""Load tests of the deployed stack in the local cloud."""
