"""Find the entries of the setting `expect` about a job that has succeeded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .catalogue import is_enabled
from .filters import texts
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
        if is_recent and is_enabled(kind, [one.kinds]) and _matches(one.members, values):
            yield one.name


def _matches(patterns: Mapping[str, Sequence[str]], values: Mapping[str, Any]) -> bool:
    return all(
        any(fnmatchcase(text, glob) for text in texts(values.get(member, "")) for glob in globs)
        for member, globs in patterns.items()
    )
