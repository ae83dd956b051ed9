"""The demo, which `make demo` runs: two jobs in a local cloud, each with an event and an email when it ends."""
