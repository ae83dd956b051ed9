"""Event patterns for automatic watches: which events on the default bus start watches, and of which kinds."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.filters import Filters
from job_watcher.trigger import API_CALL, Index

from . import cloudtrail
from .filter_patterns import Pattern, call_paths, filter_pattern, merged

MAX_PATTERN_LENGTH = 2_000  # characters; EventBridge accepts 2,048
ENABLED = "ENABLED"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
WITH_READ_ONLY_CALLS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

MakePattern = Callable[[list[str], list[str]], Pattern]
"""Returns the pattern of sources and names, without restrictions."""
Wheres = dict[tuple[str, str], list[Pattern]]
"""The kinds' restrictions of events, by source and name. An empty restriction matches every event."""


@dataclass(frozen=True)
class Rule:
    """A rule's event pattern and state."""

    pattern: Pattern
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


def rules(kinds: Iterable[Kind], filters: Filters = MappingProxyType({})) -> Iterator[Rule]:
    """Yield as few rules as possible that match these kinds' events. Start ignores the other events that they match."""
    kinds = [kind for kind in kinds if filters.get(kind.name) is not False]
    for state in (ENABLED, WITH_READ_ONLY_CALLS):
        calls = _calls(kinds, filters, read_only=state != ENABLED)
        yield from (Rule(pattern, state) for pattern in _patterns(calls, _call_pattern))
    yield from (Rule(pattern) for pattern in _patterns(_events(kinds, filters), _event_pattern))


def _calls(kinds: Iterable[Kind], filters: Filters, read_only: bool) -> Wheres:
    """Return the read-only or other calls that start jobs: restrictions by eventSource and eventName."""
    calls: Wheres = defaultdict(list)
    for kind in kinds:
        for call in kind.start:
            if cloudtrail.is_read_only(kind.service, call) is read_only:
                where = filter_pattern(filters, kind, call_paths(kind, call)) if kind.name in filters else {}
                for source, name in product(cloudtrail.event_sources(kind.service), _event_names(kind, [call])):
                    calls[source, name].append(where)
    return calls


def _events(kinds: Iterable[Kind], filters: Filters) -> Wheres:
    """Return the services' own events: restrictions by source and detail-type."""
    events: Wheres = defaultdict(list)
    for kind in kinds:
        for detail_type in kind.event.get("detail-type", ()):
            where = merged(kind.event.get("where", {}), filter_pattern(filters, kind, kind.event.get("request", {})))
            events[kind.event["source"], detail_type].append(where)
    return events


def _event_names(kind: Kind, calls: Iterable[str]) -> list[str]:
    return [name for call in calls for name in cloudtrail.event_names(kind.service, call)]


def _patterns(wheres: Wheres, make_pattern: MakePattern) -> Iterator[Pattern]:
    """Yield patterns of the events. Those that all kinds restrict have their own patterns."""
    unrestricted: dict[str, set[str]] = defaultdict(set)
    restricted: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (source, name), restrictions in sorted(wheres.items(), key=lambda item: item[0]):
        if {} in restrictions:
            unrestricted[source].add(name)
        else:
            unique = sorted({json.dumps(where, sort_keys=True) for where in restrictions})
            restricted[source, tuple(unique)].append(name)
    for sources, names in _packed(unrestricted, make_pattern):
        yield make_pattern(sources, names)
    for (source, texts), names in restricted.items():
        yield _restricted(make_pattern([source], names), [json.loads(text) for text in texts])


def _restricted(pattern: Pattern, wheres: Sequence[Pattern]) -> Pattern:
    """Return a pattern that also requires one of the restrictions, unless it would be too long."""
    if len(wheres) == 1:
        restricted = merged(pattern, wheres[0])
    else:
        detail = {name: pattern[name] for name in pattern if name == "detail"}
        others = {name: pattern[name] for name in pattern if name != "detail"}
        restricted = {**others, "$or": [merged(detail, where) for where in wheres]}
    return restricted if len(json.dumps(restricted)) <= MAX_PATTERN_LENGTH else pattern


def _call_pattern(sources: list[str], names: list[str]) -> dict[str, Any]:
    succeeded = {"eventSource": sources, "eventName": names, "errorCode": [{"exists": False}]}
    return {"source": [{"prefix": "aws."}], "detail-type": [API_CALL], "detail": succeeded}


def _event_pattern(sources: list[str], detail_types: list[str]) -> dict[str, Any]:
    return {"source": sources, "detail-type": detail_types}


def _packed(events: Mapping[str, Collection[str]], make_pattern: MakePattern) -> Iterator[tuple[list[str], list[str]]]:
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
