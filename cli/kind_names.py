"""Find kinds by name or pattern."""

from collections.abc import Mapping

import typer

from job_watcher import catalogue, waiters
from job_watcher.catalogue import WAITER, Kind

from .infra_modules import suggestion

WILDCARDS = set("*?[/")


def find_kind(name: str) -> Kind:
    """Return the kind with this name. Raise BadParameter, which suggests a similar name, if there is none."""
    service = name.partition("/")[0]
    of_service: Mapping[str, Kind] = waiters.load(service) if WAITER in name else catalogue.load(service)
    if name in of_service:
        return of_service[name]
    raise typer.BadParameter(f"{name!r} is not a kind; {suggestion.suggest(name, of_service or all_kinds())}")


def matching_kinds(pattern: str) -> Mapping[str, Kind]:
    """Return the kinds that match a pattern, or whose names contain a word. Raise BadParameter if there are none."""
    if WILDCARDS & set(pattern):
        found: Mapping[str, Kind] = {**catalogue.kinds([pattern]), **waiters.kinds([pattern])}
    else:
        found = {name: kind for name, kind in catalogue.kinds().items() if pattern.lower() in name.lower()}
    if not found:
        raise typer.BadParameter(f"no kind matches {pattern!r}; {suggestion.suggest(pattern, all_kinds())}")
    return found


def all_kinds() -> Mapping[str, Kind]:
    """Return the kinds of the catalogue and boto3's waiters, by name."""
    return {**catalogue.kinds(), **waiters.kinds()}


def complete_kind(incomplete: str) -> list[str]:
    """Return the names of the catalogue's kinds that begin with a text, for the shell's completion."""
    return [name for name in catalogue.kinds() if name.startswith(incomplete)]
