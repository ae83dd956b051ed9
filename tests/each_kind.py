"""Run a test with every kind of the catalogue, as one case for several services."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import update_wrapper
from typing import Any, cast

import pytest

SERVICES = 8  # of a case


def each_kind(cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that calls a test with each case, which is a kind's name or a tuple that begins with one.

    All cases of a few services are one test, because thousands of tests would take longer. Its name contains the names
    of the services, so that `pytest -k codeguru` selects it. A failure shows its case.
    """
    by_service: dict[str, list[Any]] = defaultdict(list)
    for case in cases:
        values = (case,) if isinstance(case, str) else case
        by_service[values[0].partition("/")[0]].append(values)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def run(services: Sequence[str]) -> None:
            for values in (values for service in services for values in by_service[service]):
                try:
                    test(*values)
                except Exception as error:
                    error.add_note(f"The case is {', '.join(values)}.")
                    raise

        update_wrapper(run, test)
        del run.__wrapped__  # type: ignore[attr-defined]  # pytest would read its parameters
        names = sorted(by_service)
        groups = [names[start : start + SERVICES] for start in range(0, len(names), SERVICES)]
        parametrize = pytest.mark.parametrize("services", groups, ids=map(" ".join, groups))
        return cast(Callable[..., None], parametrize(run))

    return decorate
