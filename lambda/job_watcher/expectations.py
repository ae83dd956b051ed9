"""Find the entries of the setting `expect` about a job that has succeeded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .catalogue import is_enabled
from .filters import matches
from .to_json import parse_time


@dataclass(frozen=True)
class Expectation:
    """Jobs of which one must succeed regularly."""

    name: str
    kinds: str
    """The name or pattern of the kinds."""
    members: Mapping[str, Sequence[str]]
    """Patterns of request members, and of the title."""
    every: float
    """The time in which one of them must succeed, in seconds."""


def met(expectations: Iterable[Expectation], kind: str, detail: Mapping[str, Any], now: float) -> Iterator[str]:
    """Yield the names of the expectations that a job's end meets. `now` is in seconds since 1970.

    A job that ended longer ago than the expectation allows doesn't meet it. Somebody can watch it again.
    """
    values = {"title": detail.get("title", ""), **detail.get("request", {})}
    ended = parse_time(detail.get("ended"))
    for one in expectations if detail["outcome"] == "succeeded" else ():
        is_recent = ended is None or now - ended.timestamp() <= one.every
        has_members = all(matches(values.get(member, ""), globs) for member, globs in one.members.items())
        if is_recent and is_enabled(kind, [one.kinds]) and has_members:
            yield one.name
