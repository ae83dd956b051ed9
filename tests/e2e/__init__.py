"""Through the deployed stack in the local cloud."""
