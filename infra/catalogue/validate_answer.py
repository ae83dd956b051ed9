"""Validate a kind's statuses and expressions against a sample of its describe call's answer."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.model import OperationModel

from job_watcher.catalogue import OUTCOMES, Kind
from job_watcher.expressions import search, without

from ..suggestion import unaccepted
from .expression_checks import condition_problems, finds_nothing, is_jmespath, values_of_branches
from .failure_members import members
from .sample_answer import Leaf, sample

PATHS = ("percent", "created", "ended", "reason", "results")


def problems(kind: Kind, table: Mapping[str, Any], operation: OperationModel) -> Iterator[str]:
    """Yield a sentence for each status or expression that doesn't fit the answer."""
    expressions = {key: getattr(kind, key) for key in ("job", "status", "title", *PATHS)}
    invalid = {key: value for key, value in expressions.items() if value is not None and not is_jmespath(value)}
    if invalid:
        yield from (f"{key}: {value!r} is not valid JMESPath." for key, value in invalid.items())
        return
    answer = sample(operation.output_shape)
    job = search(kind.job, answer)
    if not isinstance(job, dict):
        yield f"job: {kind.job!r} finds no structure in the answer of {kind.describe}, {_which_has(answer)}."
        return
    yield from _status_problems(kind, table, job)
    yield from _but_problems(kind, job)
    yield from _omit_problems(kind, job)
    yield from _path_problems(kind, job)
    if kind.title and finds_nothing(kind.title, {**dict.fromkeys(kind.request, "x"), **job}):
        yield f"title: {kind.title!r} finds nothing in the request or the job, {_which_has(job)}."


def _status_problems(kind: Kind, table: Mapping[str, Any], job: Mapping[str, Any]) -> Iterator[str]:
    listed = Counter(status for outcome in OUTCOMES for status in table.get(outcome, ()))
    for status, times in listed.items():
        if times > 1:
            yield f"status {status!r} is listed {times} times; list it under one outcome."
    found = list(values_of_branches(kind.status, job))
    if not all(isinstance(value, str) for value in found):
        yield f"status: {kind.status!r} finds no string in the job, {_which_has(job)}."
        return
    enums = [value.enum if isinstance(value, Leaf) else [str(value)] for value in found]
    modeled = list(dict.fromkeys(status for enum in enums for status in enum))
    if all(enums):  # without an enum, the table lists the statuses in the service's documentation
        yield from unaccepted(listed, modeled, f"a status that {kind.status!r} can have")
    for status in modeled:
        if status not in listed:
            yield f"status {status!r} is missing; list it under {', '.join(OUTCOMES[:-1])} or {OUTCOMES[-1]}."
    yield from _fallback_problems(kind, found, enums[-1])


def _fallback_problems(kind: Kind, found: Sequence[Any], last_enum: Sequence[str]) -> Iterator[str]:
    """Yield a sentence if a missing status is replaced with a member that can mean success, and no `but` checks it."""
    first_can_be_missing = any(isinstance(value, Leaf) for value in found[:-1])
    if first_can_be_missing and isinstance(found[-1], Leaf) and _can_succeed(kind, last_enum) and not kind.but:
        yield (
            f"status: {kind.status!r} can report a success although its first member is missing; accepted is a last "
            "member without a succeeded status, or a condition in `but`."
        )


def _can_succeed(kind: Kind, enum: Sequence[str]) -> bool:
    return any(kind.outcome_of.get(status) == "succeeded" for status in enum or kind.outcome_of)


def _but_problems(kind: Kind, job: Mapping[str, Any]) -> Iterator[str]:
    outcomes = [outcome for outcome in OUTCOMES if outcome != "succeeded"]
    yield from (f"but: {problem}" for problem in unaccepted(kind.but, outcomes, "an outcome"))
    for condition in kind.but.values():
        yield from (f"but: {problem}" for problem in condition_problems(condition, job))
    known = {path for path, _, _ in members(job)}
    for path in kind.ignored:
        if path not in known:
            yield f"ignored: {path!r} is not a member of the job, {_which_has(job)}."


def _omit_problems(kind: Kind, job: Mapping[str, Any]) -> Iterator[str]:
    for path in kind.omit:
        if without(job, path) == job:
            yield f"omit: {path!r} is not a member of the job, {_which_has(job)}."


def _path_problems(kind: Kind, job: Mapping[str, Any]) -> Iterator[str]:
    for key in PATHS:
        expression = getattr(kind, key)
        if expression is None:
            continue
        if finds_nothing(expression, job):
            alternatives = ", or one of its alternatives," if " || " in expression else ""
            yield f"{key}: {expression!r}{alternatives} finds nothing in the job, {_which_has(job)}."
        elif "[?" in expression or "ratio(" in expression:
            yield from (f"{key}: {problem}" for problem in condition_problems(expression, job))


def _which_has(structure: Mapping[str, Any]) -> str:
    return f"which has {', '.join(structure)}" if structure else "which has no members"
