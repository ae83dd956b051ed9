"""Event patterns for automatic watches: which events on the default bus start a watch, and of which kinds."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
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
    """An event pattern and the state of its rule."""

    pattern: Mapping[str, Any]
    state: str = ENABLED


def index(kinds: Iterable[Kind]) -> Index:
    """Return the names of the kinds that an event can be about, as the Start function looks them up."""
    calls: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    service_events: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind in kinds:
        for call in _event_names(kind, kind.start):
            for source in cloudtrail.event_sources(kind.service):
                calls[source][call].append(kind.name)
        for detail_type in kind.event.get("detail-type", ()):
            service_events[kind.event["source"]][detail_type].append(kind.name)
    distinct = {source: _without_docdb_twins(names) for source, names in service_events.items()}
    return {"api_calls": calls, "service_events": distinct}


def _without_docdb_twins(names_of: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    """Leave out DocumentDB kinds that have an RDS kind, because RDS emits events about them and describes them too."""
    return {
        detail_type: [name for name in names if f"rds/{name.removeprefix('docdb/')}" not in names]
        for detail_type, names in names_of.items()
    }


def rules(kinds: Iterable[Kind]) -> Iterator[Rule]:
    """Yield the rules that match these kinds' events, as few as possible. Start checks the rest."""
    kinds = list(kinds)
    for state in (ENABLED, WITH_READ_ONLY_CALLS):
        for sources, names in _packed(_calls(kinds, read_only=state != ENABLED), _call_pattern):
            yield Rule(_call_pattern(sources, names), state)
    unrestricted, restricted = _events(kinds)
    for sources, names in _packed(unrestricted, _event_pattern):
        yield Rule(_event_pattern(sources, names))
    yield from (Rule(pattern) for pattern in restricted)


def _calls(kinds: Iterable[Kind], read_only: bool) -> Mapping[str, set[str]]:
    """Return the names of the calls that start jobs, by eventSource."""
    calls: dict[str, set[str]] = defaultdict(set)
    for kind in kinds:
        these = [call for call in kind.start if cloudtrail.is_read_only(kind.service, call) is read_only]
        names = set(_event_names(kind, these))
        for source in cloudtrail.event_sources(kind.service) if names else ():
            calls[source] |= names
    return calls


def _event_names(kind: Kind, calls: Iterable[str]) -> list[str]:
    return [name for call in calls for name in cloudtrail.event_names(kind.service, call)]


def _events(kinds: Iterable[Kind]) -> tuple[Mapping[str, set[str]], list[Mapping[str, Any]]]:
    """Return detail-types by source, and patterns for those that every kind restricts with `where`."""
    wheres: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for kind in kinds:
        for detail_type in kind.event.get("detail-type", ()):
            wheres[kind.event["source"], detail_type].append(kind.event.get("where", {}))
    unrestricted: dict[str, set[str]] = defaultdict(set)
    restricted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (source, detail_type), all_of_them in sorted(wheres.items(), key=lambda item: item[0]):
        if {} in all_of_them:
            unrestricted[source].add(detail_type)
        else:
            distinct = sorted({json.dumps(where, sort_keys=True) for where in all_of_them})
            restricted[source, json.dumps(distinct)].append(detail_type)
    patterns = [_restricted(source, names, json.loads(where)) for (source, where), names in restricted.items()]
    return unrestricted, patterns


def _restricted(source: str, detail_types: list[str], wheres: list[str]) -> Mapping[str, Any]:
    alternatives = [json.loads(where) for where in wheres]
    where = alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}
    return {**_event_pattern([source], detail_types), **where}


def _call_pattern(sources: list[str], names: list[str]) -> dict[str, Any]:
    succeeded = {"eventSource": sources, "eventName": names, "errorCode": [{"exists": False}]}
    return {"source": [{"prefix": "aws."}], "detail-type": [API_CALL], "detail": succeeded}


def _event_pattern(sources: list[str], detail_types: list[str]) -> dict[str, Any]:
    return {"source": sources, "detail-type": detail_types}


def _packed(events: Mapping[str, Collection[str]], pattern: Any) -> Iterator[tuple[list[str], list[str]]]:
    """Yield sources and names that fit into one pattern."""
    sources: list[str] = []
    names: list[str] = []
    for source in sorted(events):
        added = [*names, *(name for name in sorted(events[source]) if name not in names)]
        if sources and len(json.dumps(pattern([*sources, source], added))) > MAX_PATTERN_LENGTH:
            yield sources, names
            sources, added = [], sorted(events[source])
        sources, names = [*sources, source], added
    if sources:
        yield sources, names
