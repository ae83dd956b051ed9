"""Validate what a kind's table says about events: `started` for API calls, and `event` for the service's own events."""

from collections.abc import Iterator, Mapping
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.event_pattern import OPERATORS

from ..suggestion import unaccepted
from .expression_checks import is_jmespath
from .validate_table import is_list_of_strings

REQUIRED = ("source", "detail-type", "request")
KEYS = (*REQUIRED, "where", "each")
# Only AWS services can put events with such a source. Otherwise, anyone who can put events could start watches.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
SOURCE_PREFIX = "aws."


def problems(kind: Kind) -> Iterator[str]:
    """Yield a sentence for each problem of the tables `started` and `event`."""
    if kind.started:
        yield from _request_problems("started", kind, kind.started)
    if kind.event:
        yield from _event_problems(kind)


def _event_problems(kind: Kind) -> Iterator[str]:
    event = kind.event
    yield from (f"event: {problem}" for problem in unaccepted(event, KEYS, "a key of the event table"))
    yield from (f"event: the key {key!r} is missing." for key in REQUIRED if key not in event)
    yield from _source_problems(event.get("source", SOURCE_PREFIX))
    if not is_list_of_strings(event.get("detail-type", [])):
        yield "event.detail-type must be a list of strings."
    where = event.get("where", {})
    yield from _where_problems(where)
    misplaced = [key for key in ("source", "detail-type") if isinstance(where, Mapping) and key in where]
    yield from (f"event.where: {key!r} must be a key of the event table." for key in misplaced)
    if "each" in event and not is_jmespath(event["each"]):
        yield f"event.each: {event['each']!r} is not valid JMESPath."
    if "request" in event:
        yield from _request_problems("event.request", kind, event["request"])


def _source_problems(source: Any) -> Iterator[str]:
    if not isinstance(source, str):
        yield "event.source must be a string."
    elif not source.startswith(SOURCE_PREFIX):
        yield f"event.source is {source!r}; accepted is the source of an AWS service's events, such as 'aws.glue'."


def _where_problems(where: Any, path: str = "event.where") -> Iterator[str]:
    """Yield the problems of an event pattern: nested tables whose innermost values are lists of values and operators.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
    """
    if not isinstance(where, Mapping):
        yield f"{path} is {where!r}; accepted is a table whose innermost values are lists, as in an event pattern."
        return
    for name, rules in where.items():
        if not isinstance(rules, list):
            yield from _where_problems(rules, f"{path}.{name}")
            continue
        for rule in rules:
            if isinstance(rule, Mapping) and (len(rule) != 1 or not set(rule) <= set(OPERATORS)):
                yield f"{path}.{name} has {dict(rule)}; accepted are values and one of {', '.join(OPERATORS)}."


def _request_problems(key: str, kind: Kind, expressions: Any) -> Iterator[str]:
    """Yield the problems of a table that has, for each member of the request, where it is in an event."""
    if not isinstance(expressions, Mapping) or set(expressions) - {"each"} != set(kind.request):
        yield f"{key} must have one JMESPath expression for each member of request: {', '.join(kind.request)}."
        return
    for expression in expressions.values():
        if not is_jmespath(expression):
            yield f"{key}: {expression!r} is not valid JMESPath."
