"""The demo: two jobs run in a local cloud, and the event and the email about each arrive. `make demo` runs it."""
