"""Decide whether events start watches of a job, as the setting `filters` says."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

Filters = Mapping[str, Mapping[str, Sequence[str]] | bool]
"""By kind: the patterns of request members, or False if events never start watches of the kind."""


def selects(filters: Filters, kind: str, request: Mapping[str, Any]) -> bool:
    """Whether events start watches of the job with this request. Members that the request doesn't have are ignored."""
    patterns = filters.get(kind, {})
    if isinstance(patterns, bool):
        return patterns
    return all(matches(request[member], globs) for member, globs in patterns.items() if member in request)


def matches(value: Any, globs: Sequence[str]) -> bool:
    """Whether a value, or one of the values in a list or an object, matches one of the patterns."""
    return any(fnmatchcase(text, glob) for text in texts(value) for glob in globs)


def texts(value: Any) -> Iterator[str]:
    """Yield a value as text, or the values in a list or an object."""
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from texts(item)
    else:
        yield str(value)
