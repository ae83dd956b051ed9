"""Modules that a fresh process of the benchmark imports, and the one that imports them."""
