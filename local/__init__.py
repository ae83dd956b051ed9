"""The local cloud that the demo and the end-to-end tests deploy into."""
