"""Measures what the state machines pass, against AWS's limits."""
