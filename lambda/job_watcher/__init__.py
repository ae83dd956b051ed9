"""Job Watcher: watches AWS jobs until they end, and publishes how they ended."""

__version__ = "0.1.0"
