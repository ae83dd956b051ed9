"""Run a test with every kind of the catalogue, as one case for each service."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any, cast

import pytest


def each_kind(cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that calls a test with each case, which is a kind's name or a tuple that begins with one.

    All cases of a service are one test, because thousands of tests would take longer. A failure shows its case.
    """
    by_service: dict[str, list[Any]] = defaultdict(list)
    for case in cases:
        values = (case,) if isinstance(case, str) else case
        by_service[values[0].partition("/")[0]].append(values)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def run(of_service: list[Any]) -> None:
            for values in of_service:
                try:
                    test(*values)
                except Exception as error:
                    error.add_note(f"The case is {', '.join(values)}.")
                    raise

        update_wrapper(run, test)
        del run.__wrapped__  # type: ignore[attr-defined]  # pytest would read its parameters
        parametrize = pytest.mark.parametrize("of_service", by_service.values(), ids=by_service)
        return cast(Callable[..., None], parametrize(run))

    return decorate
