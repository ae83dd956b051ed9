"""Find the kinds that a deployment watches."""

from collections.abc import Mapping, Sequence

from . import catalogue
from .catalogue import WAITER, Kind
from .watch_input import InvalidInput


class KindNotWatched(InvalidInput):
    """This deployment doesn't watch the kind."""


def find_watched_kind(name: str, patterns: Sequence[str]) -> Kind:
    """Return the kind with this name. Raise KindNotWatched unless one of the deployment's `patterns` matches it."""
    service = name.partition("/")[0]
    kind = _load_kinds(service, WAITER in name).get(name) if catalogue.is_enabled(name, patterns) else None
    if kind is None:
        raise KindNotWatched(
            f"This deployment doesn't watch the kind {name!r}; accepted are {_list_closest_kinds(name, patterns)}."
        )
    return kind


def _load_kinds(service: str, waiter: bool) -> Mapping[str, Kind]:
    """Return a service's kinds or its waiters. The waiters' module is imported only if needed (cold start)."""
    if not waiter:
        return catalogue.load(service)
    from . import waiters

    return waiters.load(service)


def _list_closest_kinds(name: str, patterns: Sequence[str]) -> str:
    """Return the most similar names of watched kinds, up to a dozen, and how many more there are."""
    from difflib import get_close_matches

    from . import waiters

    kinds = [*catalogue.kinds(patterns), *waiters.kinds(patterns)]
    closest = get_close_matches(name[:100], kinds, n=12, cutoff=0)
    more = f" and {len(kinds) - len(closest):,} more" if len(kinds) > len(closest) else ""
    return ", ".join(closest) + more
