"""Validate a watch's input against botocore's service model before any call is made."""

import re
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from botocore.model import Shape, StructureShape
from botocore.validate import ParamValidator

from .catalogue import FINAL_OUTCOMES, Kind
from .to_json import compact_json

MEMBERS = ("kind", "request", "fail_on", "overdue_after", "check_once")
TRIGGER = "trigger"  # added by Start: the event's id and time, and whether it is the service's own event
STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"  # added by callers; it links executions in the console

MAX_MATCHED_LENGTH = 8_192  # characters of a value that is matched with a pattern
NOT_IN_SQS = re.compile("[\ud800-\udfff\ufffe\uffff]")  # JSON escapes the other characters that SQS rejects
OVERSIZED = "characters"  # what the state machine passes instead of an input that is too long


class InvalidInput(Exception):
    """The input is invalid. The message says what was wrong and what is accepted."""


def check_input(watch_input: Any) -> None:
    """Raise InvalidInput unless `watch_input` has the members of a watch input, in the right types."""
    if not isinstance(watch_input, dict):
        raise InvalidInput(
            f"The input is {_type(watch_input)}; accepted is an object with the members kind and request."
        )
    if set(watch_input) == {OVERSIZED}:
        raise InvalidInput(f"The input has {watch_input[OVERSIZED]} characters; accepted are at most 32768.")
    if unknown := sorted(set(watch_input) - {*MEMBERS, TRIGGER, STARTED_BY}):
        raise InvalidInput(f"The input has an unknown member {unknown[0]!r}; accepted are {', '.join(MEMBERS)}.")
    if character := NOT_IN_SQS.search(compact_json(watch_input)):
        raise InvalidInput(f"The input contains {character[0]!r}; accepted are characters that SQS accepts.")
    if not isinstance(watch_input.get("kind"), str):
        raise InvalidInput("The input has no kind; accepted is a name such as 'voice-id/SpeakerEnrollmentJob'.")
    if not isinstance(watch_input.get("request"), dict):
        raise InvalidInput("The input has no request; accepted is an object with the arguments of the describe call.")
    fail_on = watch_input.get("fail_on", [])
    if not isinstance(fail_on, list) or not all(outcome in FINAL_OUTCOMES for outcome in fail_on):
        raise InvalidInput(f"fail_on is {fail_on!r}; accepted is a list of {', '.join(FINAL_OUTCOMES)}.")
    overdue_after = watch_input.get("overdue_after", 1)
    if not isinstance(overdue_after, int | float) or isinstance(overdue_after, bool) or not 0 < overdue_after < inf:
        raise InvalidInput(f"overdue_after is {overdue_after!r}; accepted is a positive number of seconds.")
    if not isinstance(watch_input.get("check_once", False), bool):
        raise InvalidInput(f"check_once is {watch_input['check_once']!r}; accepted are true and false.")


def check_request(kind: Kind, request: Mapping[str, Any], shape: StructureShape) -> None:
    """Raise InvalidInput unless `request` identifies one job. `shape` is the describe call's input shape."""
    _check_members(kind, request, shape)
    _check_arguments(kind, request, shape)


def _check_members(kind: Kind, request: Mapping[str, Any], shape: StructureShape) -> None:
    accepted = f"accepted are {', '.join(kind.request)}."
    if unknown := sorted(set(request) - set(kind.request)):
        raise InvalidInput(f"The request has an unknown member {unknown[0]!r}; {accepted}")
    if missing := [member for member in kind.request if member not in (*request, *kind.optional)]:
        raise InvalidInput(f"The request has no {missing[0]}; {accepted}")
    all_optional = len(kind.optional) == len(kind.request)
    if all_optional and not any(_identifies(shape.members[name], value) for name, value in request.items()):
        raise InvalidInput(f"The request doesn't identify a job; {accepted}")
    for member in kind.pick.values():
        if not isinstance(request[member], str) or not request[member]:
            raise InvalidInput(f"{member} is {request[member]!r}; accepted is a string that is not empty.")


def _check_arguments(kind: Kind, request: Mapping[str, Any], shape: StructureShape) -> None:
    arguments = kind.arguments(request)
    report = ParamValidator().validate(arguments, shape)
    if report.has_errors():
        faults = report.generate_report().replace("\n", "; ")
        raise InvalidInput(f"The request is not valid for {kind.describe}: {faults}.")
    for member in arguments.keys() - kind.constants.keys():
        for fault in _faults(member, arguments[member], shape.members[member]):
            raise InvalidInput(fault)


def _identifies(shape: Shape, value: Any) -> bool:
    """Whether a value can identify something: it isn't a flag, a value of an enum, or empty."""
    return isinstance(value, str | list | dict) and bool(value) and "enum" not in shape.metadata


def _faults(name: str, value: Any, shape: Shape) -> Iterator[str]:
    """Yield messages about what ParamValidator doesn't check: patterns, enums, maximums, and the length of lists."""
    if isinstance(value, list):
        if len(value) != 1:
            yield f"{name} has {len(value)} items; accepted is exactly one, because a watch follows one job."
        for item in value:
            yield from _faults(f"{name}[0]", item, shape.member)  # type: ignore[attr-defined]
    elif isinstance(shape, StructureShape):
        for member, inner in value.items():
            yield from _faults(f"{name}.{member}", inner, shape.members[member])
    elif isinstance(value, str):
        yield from _string_faults(name, value, shape)


def _string_faults(name: str, value: str, shape: Shape) -> Iterator[str]:
    pattern, max_length, enum = shape.metadata.get("pattern"), shape.metadata.get("max"), shape.metadata.get("enum")
    if max_length is not None and len(value) > max_length:
        yield f"{name} has {len(value)} characters; accepted are at most {max_length}."
    if pattern and not _matches(pattern, value):
        yield f"{name} is {value!r}; accepted is a string that matches {pattern}."
    if enum and value not in enum:
        yield f"{name} is {value!r}; accepted is one of {', '.join(enum)}."


def _matches(pattern: str, value: str) -> bool:
    """Whether a value matches a pattern. Only the service checks long values and patterns that are valid only in Java.

    Some patterns take a time that is quadratic in the length: seconds for a value without a maximum length.
    """
    try:
        return len(value) > MAX_MATCHED_LENGTH or re.search(pattern, value) is not None
    except re.error:
        return True


def _type(value: Any) -> str:
    return {list: "a list", str: "a string", type(None): "null", bool: "a boolean"}.get(type(value), "a number")
