"""Hold a catalogue entry against botocore's model of its service: a kind says what the service says, or is refused."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jmespath
from botocore.model import OperationModel
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from job_watcher.catalogue import OUTCOMES, Kind, parse_kind
from job_watcher.event_pattern import OPERATORS
from job_watcher.expressions import OPTIONS, without
from job_watcher.polling import PollingLimits

from ..service_models import service_model
from ..suggestion import suggestion
from . import expression_checks, failure_members
from .sample_answer import Leaf, sample

REQUIRED = ("describe", "request", "job", "status", "running")
NO_KEYS = {"name", "outcome_of", "constant", "optional"}
KEYS = {*(member.name for member in dataclasses.fields(Kind)), *OUTCOMES, "with"} - NO_KEYS
PATHS = ("percent", "created", "ended", "reason", "results")
EVENT = ("source", "detail-type", "request")
WHERE, EACH = "where", "each"
STRINGS = ("describe", "job", "status", *PATHS, "action")
LISTS = ("request", *OUTCOMES, "omit", "start")
TABLES = ("with", "pick", "started", "event", "advice", "polling", "but", "ignored")


def problems(name: str, table: Mapping[str, Any]) -> list[str]:
    """Everything wrong with the table of the kind `service/Noun`, a sentence each; nothing when it holds."""
    return list(_problems(name, table))


def _problems(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    shape_of_table = [*_unknown("key", set(table), KEYS), *_missing(table), *_mistyped(table)]
    yield from shape_of_table
    service = name.partition("/")[0]
    model = service_model(service)
    if model is None:
        yield f"{service} is no service of botocore's."
    if shape_of_table or model is None:
        return
    kind = parse_kind(name, table)
    for key, names in (("describe", [kind.describe]), ("start", kind.start)):
        yield from _unknown(f"operation in {key}", names, model.operation_names)
    if kind.describe in model.operation_names:
        operation = model.operation_model(kind.describe)
        yield from _request_problems(kind, operation)
        yield from _answer_problems(kind, table, operation)
    yield from _place_problems("started", kind, kind.started)
    yield from _event_problems(kind)
    yield from _polling_problems(kind)


def _missing(table: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} is missing." for key in REQUIRED if key not in table)
    if not any(table.get(outcome) for outcome in OUTCOMES[1:]):
        yield f"No status ends the job: one of {', '.join(OUTCOMES[1:])} must list one."


def _mistyped(table: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} must be a string." for key in STRINGS if not isinstance(table.get(key, ""), str))
    yield from (f"{key} must be a list of strings." for key in LISTS if not _strings(table.get(key, [])))
    if not isinstance(table.get("recurs", False), bool):
        yield "recurs must be true or false."
    yield from (f"{key} must be a table." for key in TABLES if not isinstance(table.get(key, {}), Mapping))
    action = table.get("action", "service:Action")
    if isinstance(action, str) and not re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action):
        yield f"action is {action!r}; accepted is an action of IAM's such as 's3:DescribeJob'."


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _request_problems(kind: Kind, operation: OperationModel) -> Iterator[str]:
    members = operation.input_shape.members if operation.input_shape else {}
    required = set(operation.input_shape.required_members if operation.input_shape else ())
    yield from _unknown(f"member of {kind.describe} in request", set(kind.request) - set(kind.pick.values()), members)
    yield from _unknown(f"member of {kind.describe} in with", kind.constants, members)
    for member in sorted(required - set(kind.request) - set(kind.constants)):
        yield f"request lacks {member}, which {kind.describe} requires."


def _answer_problems(kind: Kind, table: Mapping[str, Any], operation: OperationModel) -> Iterator[str]:
    answer = sample(operation.output_shape)
    job = _found(kind.job, answer)
    if not isinstance(job, dict):
        yield f"job = {kind.job!r} finds no structure in the answer of {kind.describe}."
        return
    yield from _pick_problems(kind, operation, answer)
    yield from _status_problems(kind, table, job)
    yield from _but_problems(kind, job)
    for path in kind.omit:
        if without(job, path) == job:
            yield f"omit's {path!r} is no member of the job; it has {', '.join(job)}."
    for key in PATHS:
        expression = getattr(kind, key)
        if expression is not None and any(_has_nothing(_found(part, job)) for part in _alternatives(expression)):
            yield f"{key} = {expression!r} does not resolve in the job; it has {', '.join(job)}."
        elif expression is not None and ("[?" in expression or "ratio(" in expression):
            yield from (f"{key}: {problem}" for problem in expression_checks.condition_problems(expression, job))


def _pick_problems(kind: Kind, operation: OperationModel, answer: Mapping[str, Any]) -> Iterator[str]:
    for name, member in kind.pick.items():
        items = answer.get(name)
        if not isinstance(items, list) or not isinstance(items[0], dict) or member not in items[0]:
            yield f"pick: the answer of {kind.describe} has no list {name!r} whose items have {member!r}."
        if member not in kind.request or (operation.input_shape and member in operation.input_shape.members):
            yield f"pick: {member!r} must be a member of request that {kind.describe} doesn't take."


def _status_problems(kind: Kind, table: Mapping[str, Any], job: Mapping[str, Any]) -> Iterator[str]:
    listed = Counter(status for outcome in OUTCOMES for status in table.get(outcome, ()))
    yield from (f"status {status!r} is listed {times} times." for status, times in listed.items() if times > 1)
    found = list(expression_checks.alternatives(kind.status, job)) if _is_jmespath(kind.status) else [None]
    if not all(isinstance(value, str) for value in found):
        yield f"status = {kind.status!r} finds no string in the job; it has {', '.join(job)}."
        return
    enums = [value.enum if isinstance(value, Leaf) else [str(value)] for value in found]
    accepted = [status for enum in enums for status in enum]
    if all(enums):  # where the model has none, the entry lists what the service's documentation says
        yield from _unknown("status", listed, accepted)
    for status in dict.fromkeys(accepted):
        if status not in listed:
            yield f"status {status!r} is not listed under any outcome."
    may_be_missing = any(isinstance(value, Leaf) for value in found[:-1])
    if may_be_missing and isinstance(found[-1], Leaf) and _succeeds(kind, enums[-1]) and not kind.but:
        yield f"status = {kind.status!r} falls back on a value that means succeeded; without proof it must not."


def _succeeds(kind: Kind, enum: Sequence[str]) -> bool:
    return any(kind.outcome_of.get(status) == "succeeded" for status in enum or kind.outcome_of)


def _but_problems(kind: Kind, job: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown("outcome in but", kind.but, [outcome for outcome in OUTCOMES if outcome != "succeeded"])
    for condition in kind.but.values():
        yield from (f"but: {problem}" for problem in expression_checks.condition_problems(condition, job))
    known = {path for path, _, _ in failure_members.members(job)}
    for path in kind.ignored:
        if path not in known:
            yield f"ignored's {path!r} is no member of the job; it has {', '.join(job)}."


def _polling_problems(kind: Kind) -> Iterator[str]:
    yield from _unknown("key of polling", kind.polling, [member.name for member in dataclasses.fields(PollingLimits)])
    for name, value in kind.polling.items():
        if not isinstance(value, int | float) or value <= 0:
            yield f"polling's {name} is {value!r}; accepted is a number above 0."


def _event_problems(kind: Kind) -> Iterator[str]:
    if kind.event:
        yield from _unknown("key of the event table", kind.event, (*EVENT, WHERE, EACH))
        yield from (f"the event table lacks {key}." for key in EVENT if key not in kind.event)
        if not isinstance(kind.event.get("source", ""), str) or not _strings(kind.event.get("detail-type", [])):
            yield "the event's source must be a string, and its detail-type a list of strings."
        yield from _where_problems(kind.event.get(WHERE, {}))
        if EACH in kind.event and not _is_jmespath(kind.event[EACH]):
            yield f"the event's each: {kind.event[EACH]!r} is not valid JMESPath."
        yield from _place_problems("the event's request", kind, kind.event.get("request"))


def _where_problems(where: Any, path: str = WHERE) -> Iterator[str]:
    """Problems of an event pattern: objects of lists, whose items are values or the operators of event_pattern.py."""
    if not isinstance(where, Mapping):
        yield f"the event's {path} must be a table; its innermost values are lists, as in an EventBridge pattern."
        return
    for name, rules in where.items():
        if not isinstance(rules, list):
            yield from _where_problems(rules, f"{path}.{name}")
            continue
        for rule in rules:
            if isinstance(rule, Mapping) and (len(rule) != 1 or not set(rule) <= set(OPERATORS)):
                yield f"the event's {path}.{name} has {dict(rule)}; accepted are values and {', '.join(OPERATORS)}."


def _place_problems(what: str, kind: Kind, places: Any) -> Iterator[str]:
    """Of a table that says by JMESPath where each member of the request is to be found."""
    if what == "started" and not places:
        return
    if not isinstance(places, Mapping) or set(places) - {EACH} != set(kind.request):
        yield f"{what} must say where to find each of {', '.join(kind.request)}, and no more."
        return
    yield from (f"{what}: {path!r} is not valid JMESPath." for path in places.values() if not _is_jmespath(path))


def _is_jmespath(expression: Any) -> bool:
    try:
        return isinstance(expression, str) and bool(jmespath.compile(expression))
    except JMESPathError:
        return False


def _unknown(what: str, given: Iterable[str], accepted: Iterable[str]) -> Iterator[str]:
    accepted = sorted(accepted)
    for word in sorted(set(given) - set(accepted)):
        hint = suggestion(word, accepted, f"accepted are {', '.join(accepted[:40])}.")
        yield f"unknown {what}: {word!r}; {hint}"


def _found(expression: str | ParsedResult, data: Any) -> Any:
    try:
        compiled = jmespath.compile(expression) if isinstance(expression, str) else expression
        return compiled.search(data, options=OPTIONS)
    except JMESPathError:
        return None


def _alternatives(expression: str) -> list[Any]:
    """`a || b` as its parts, for each of them must resolve."""
    try:
        parsed = jmespath.compile(expression).parsed
    except JMESPathError:
        return [expression]
    parsed = expression_checks.unfiltered(parsed)  # whether an item passes depends on values that a sample hasn't
    nodes = parsed["children"] if parsed["type"] == "or_expression" else [parsed]
    return [ParsedResult(expression, node) for node in nodes]


def _has_nothing(value: Any) -> bool:
    if isinstance(value, list):
        return not value or any(_has_nothing(item) for item in value)
    return value is None
