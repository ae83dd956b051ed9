"""Benchmarks: cold starts, and the delay and cost of polling, compared with other strategies."""
