"""Event patterns for automatic watches: which events on the default bus start watches, and of which kinds."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.trigger import API_CALL, Index

from . import cloudtrail

MAX_PATTERN_LENGTH = 2_000  # characters; EventBridge accepts 2,048
ENABLED = "ENABLED"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
WITH_READ_ONLY_CALLS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True)
class Rule:
    """A rule's event pattern and state."""

    pattern: Mapping[str, Any]
    state: str = ENABLED


def index(kinds: Iterable[Kind]) -> Index:
    """Return the names of the kinds that an event can be about, in the form in which the Start function reads them.

    `api_calls` has them by eventSource and eventName, `service_events` by source and detail-type.
    """
    calls: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    service_events: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind in kinds:
        for call in _event_names(kind, kind.start):
            for source in cloudtrail.event_sources(kind.service):
                calls[source][call].append(kind.name)
        for detail_type in kind.event.get("detail-type", ()):
            service_events[kind.event["source"]][detail_type].append(kind.name)
    unique = {source: _without_docdb(names_by_type) for source, names_by_type in service_events.items()}
    return {"api_calls": calls, "service_events": unique}


def _without_docdb(names_by_type: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    """Leave out a DocumentDB kind if the same RDS kind is there. RDS emits the events of both, and describes both."""
    return {
        detail_type: [name for name in names if f"rds/{name.removeprefix('docdb/')}" not in names]
        for detail_type, names in names_by_type.items()
    }


def rules(kinds: Iterable[Kind]) -> Iterator[Rule]:
    """Yield as few rules as possible that match these kinds' events. Start ignores the other events that they match."""
    kinds = list(kinds)
    for state in (ENABLED, WITH_READ_ONLY_CALLS):
        for sources, names in _packed(_calls(kinds, read_only=state != ENABLED), _call_pattern):
            yield Rule(_call_pattern(sources, names), state)
    unrestricted, restricted = _events(kinds)
    for sources, names in _packed(unrestricted, _event_pattern):
        yield Rule(_event_pattern(sources, names))
    yield from (Rule(pattern) for pattern in restricted)


def _calls(kinds: Iterable[Kind], read_only: bool) -> Mapping[str, set[str]]:
    """Return the eventName values of the read-only or other calls that start jobs, by eventSource."""
    calls: dict[str, set[str]] = defaultdict(set)
    for kind in kinds:
        selected = [call for call in kind.start if cloudtrail.is_read_only(kind.service, call) is read_only]
        names = set(_event_names(kind, selected))
        for source in cloudtrail.event_sources(kind.service) if names else ():
            calls[source] |= names
    return calls


def _event_names(kind: Kind, calls: Iterable[str]) -> list[str]:
    return [name for call in calls for name in cloudtrail.event_names(kind.service, call)]


def _events(kinds: Iterable[Kind]) -> tuple[Mapping[str, set[str]], list[Mapping[str, Any]]]:
    """Return unrestricted detail-types by source, and patterns for those that all kinds restrict with `where`."""
    wheres: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for kind in kinds:
        for detail_type in kind.event.get("detail-type", ()):
            wheres[kind.event["source"], detail_type].append(kind.event.get("where", {}))
    unrestricted: dict[str, set[str]] = defaultdict(set)
    restricted: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (source, detail_type), restrictions in sorted(wheres.items(), key=lambda item: item[0]):
        if {} in restrictions:
            unrestricted[source].add(detail_type)
        else:
            unique = sorted({json.dumps(where, sort_keys=True) for where in restrictions})
            restricted[source, tuple(unique)].append(detail_type)
    patterns = [_restricted(source, types, texts) for (source, texts), types in restricted.items()]
    return unrestricted, patterns


def _restricted(source: str, detail_types: list[str], wheres: Iterable[str]) -> Mapping[str, Any]:
    """Return a pattern for the events that one of the `where` tables, as JSON, matches."""
    alternatives = [json.loads(where) for where in wheres]
    where = alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}
    return {**_event_pattern([source], detail_types), **where}


def _call_pattern(sources: list[str], names: list[str]) -> dict[str, Any]:
    succeeded = {"eventSource": sources, "eventName": names, "errorCode": [{"exists": False}]}
    return {"source": [{"prefix": "aws."}], "detail-type": [API_CALL], "detail": succeeded}


def _event_pattern(sources: list[str], detail_types: list[str]) -> dict[str, Any]:
    return {"source": sources, "detail-type": detail_types}


def _packed(
    events: Mapping[str, Collection[str]], make_pattern: Callable[[list[str], list[str]], Any]
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield sources and names so that each pair fits into one pattern, whose length EventBridge limits."""
    sources: list[str] = []
    names: list[str] = []
    for source in sorted(events):
        added = [*names, *(name for name in sorted(events[source]) if name not in names)]
        if sources and len(json.dumps(make_pattern([*sources, source], added))) > MAX_PATTERN_LENGTH:
            yield sources, names
            sources, added = [], sorted(events[source])
        sources, names = [*sources, source], added
    if sources:
        yield sources, names
