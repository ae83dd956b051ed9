"""How many random examples the property tests use. `make fuzz` uses 20 times as many as `make test`."""

import os

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("EXAMPLES_FACTOR", "1"))
DEFAULT = 40

# `make test` generates the same examples in each run, so that results don't depend on the machine.
settings.register_profile("repeatable", derandomize=FACTOR == 1, deadline=None, max_examples=DEFAULT * FACTOR)
settings.load_profile("repeatable")


def examples(count: int, *suppressed: HealthCheck) -> settings:
    """Return a decorator for a property test that needs another number of examples than `DEFAULT`."""
    return settings(max_examples=count * FACTOR, suppress_health_check=suppressed)
