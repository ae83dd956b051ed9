"""Every expression of the state machines, evaluated by JSONata's reference implementation with difficult inputs.

The expected results are those that AWS and JSONata document:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html and https://docs.jsonata.org/.
An undefined result or an error would fail the state with States.QueryEvaluationError.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from .expressions import expressions
from .jsonata_engines import Bindings, Result, in_python, reference

ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
EXPRESSIONS = expressions()
MAX_CAUSE = 32_768
JOB_OF_200_KB = {"Items": [{"Name": f'"{number}" {{% 音声 😀 %}}\n', "Size": number} for number in range(5_000)]}
STRINGS = {
    "plain": "text",
    "empty": "",
    "quotes": "\"double\" 'single' `back` \\ \\\\",
    "expression": "{% $states.input %}",
    "markers": "%} ${describe} {% $$ $ (",
    "control characters": "first\nsecond\r\n\tthird\u0000\u001f",
    "not ASCII": "Prüfung, 音声 😀 \u2028",
    "long": "x" * 200_000,
}
VALUES: dict[str, Any] = {
    **STRINGS,
    "null": None,
    "false": False,
    "zero": 0,
    "largest exact integers": [2**53, -(2**53)],
    "fractions": [0.1, 0.12345678901234568, 1e300, -1e-300],
    "empty list": [],
    "empty object": {},
    "one element": ["only"],
    "one element, null": [None],
    "one element, false": [False],
    "one element, an object": [{"only": [1]}],
    "nested lists of one": [[["only"]]],
    "list of lists": [[1], [2, 3], []],
    "object of lists": {"none": [], "one": [1], "inner": {"one": [{"deep": [None]}]}},
    "difficult names": {"": 1, "a.b": [1], "$": 2, "{% x %}": 3, "é 😀": 4, "*": 5, "__proto__x": 6},
    "nulls": {"status": None, "job": None, "list": [None, None]},
    "200 KB": JOB_OF_200_KB,
}
OBJECTS = {name: value for name, value in VALUES.items() if isinstance(value, dict)}
# jsonata-python's `$string` escapes characters that aren't ASCII, so it leaves the job out of shorter causes.
LONGER_IN_PYTHON = {f"JobFailed, as long as allowed, {character}" for character in "音😀"}


class Case(NamedTuple):
    expression: str
    name: str
    bindings: Bindings
    expected: Any


def context(execution_input: Any = None) -> dict[str, Any]:
    return {"Execution": {"Id": ARN, "Name": "the-watch", "Input": execution_input}, "State": {"Name": "the state"}}


def of_input(value: Any) -> Bindings:
    return {"states": {"input": value, "context": context({})}}


def of_detail(value: Any) -> Bindings:
    return of_input({"detail": value, "subject": "s", "text": "t"})


def of_execution_input(value: Any) -> Bindings:
    return {"states": {"input": {"polls": 0}, "context": context(value)}}


def of_error(**error_output: Any) -> Bindings:
    return {"states": {"input": {"polls": 3}, "context": context({}), "errorOutput": error_output}}


def of_failure(error: str, detail: Any) -> Bindings:
    return of_input({"error": error, "detail": detail, "outcome": "failed"})


UNCHANGED: dict[str, tuple[dict[str, Any], Callable[[Any], Bindings]]] = {
    "watch Describe.Arguments.Payload.input": (VALUES, of_execution_input),
    "watch Describe.Arguments.Payload.state": (VALUES, of_input),
    "watch Describe.Output": (VALUES, lambda value: {"states": {"input": {}, "result": {"Payload": value}}}),
    "watch Notify.Arguments.Input.detail": (VALUES, of_detail),
    "watch Notify.Output": (VALUES, of_input),
    "watch Notify.Catch.0.Output": (VALUES, of_input),
    "watch Succeeded.Output": (VALUES, of_detail),
    "notify PutProgressEvent.Arguments.Entries.0.Detail": (VALUES, of_detail),
    "notify PutEvent.Arguments.Entries.0.Detail": (VALUES, of_detail),
    "notify PublishToPrograms.Arguments.Message": (VALUES, of_detail),
    "notify PublishToPrograms.Arguments.MessageAttributes": (OBJECTS, lambda value: {"attributes": value}),
    "notify PublishToPeople.Arguments.MessageAttributes": (OBJECTS, lambda value: {"attributes": value}),
    "watch Notify.Arguments.Input.subject": (STRINGS, lambda value: of_input({"subject": value})),
    "watch Notify.Arguments.Input.text": (STRINGS, lambda value: of_input({"text": value})),
    "watch Notify.Arguments.Name": (STRINGS, lambda value: of_input({"name": value})),
    "watch Failed.Error": (STRINGS, lambda value: of_input({"error": value})),
    "notify PublishToPeople.Arguments.Subject": (STRINGS, lambda value: of_input({"subject": value})),
    "notify PublishToPeople.Arguments.Message": (STRINGS, lambda value: of_input({"text": value})),
    "watch Describe.Catch.0.Output.detail.error": (STRINGS, lambda value: of_error(Error=value)),
}
"""Expressions that pass a value on as it is: the values, and where the expression finds each."""


def unchanged() -> Iterator[Case]:
    for expression, (values, bindings) in UNCHANGED.items():
        for name, value in values.items():
            yield Case(expression, name, bindings(value), value)


def names() -> Iterator[Case]:
    for expression in ("watch Describe.Arguments.Payload.watch", "watch Describe.Catch.0.Output.detail.watch"):
        yield Case(expression, "the ARN", of_error(), ARN)
    started_by = "watch Notify.Arguments.Input.AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
    yield Case(started_by, "the ARN", of_input(None), ARN)
    yield Case("watch Describe.Catch.0.Output.name", "the name", of_error(), "the-watch")
    yield Case("watch Describe.Catch.0.Output.detail.polls", "a number", of_error(), 3)
    yield Case("watch Wait.Seconds", "a number", of_input({"wait": 900}), 900)


def causes() -> Iterator[Case]:
    """The cause of an error output may be missing: https://states-language.net/spec.html#errors."""
    begin = "Job Watcher failed and stopped watching this job. The job may still be running.\n\n  "
    given: dict[str, tuple[Bindings, str, str]] = {
        name: (of_error(Error="E", Cause=cause), f"E: {cause[:2000]}", cause[:2000])
        for name, cause in STRINGS.items()
        if cause
    }
    given |= {
        "no cause": (of_error(Error="States.Timeout"), "States.Timeout", "States.Timeout"),
        "null": (of_error(Error="States.Timeout", Cause=None), "States.Timeout", "States.Timeout"),
        "empty": (of_error(Error="States.Timeout", Cause=""), "States.Timeout", "States.Timeout"),
        "2,000 characters": (of_error(Error="E", Cause="😀" * 2001), "E: " + "😀" * 2000, "😀" * 2000),
    }
    for name, (bindings, described, reason) in given.items():
        yield Case("watch Describe.Catch.0.Output.text", name, bindings, f"{begin}{described}\n\nWatch: {ARN}\n")
        yield Case("watch Describe.Catch.0.Output.detail.reason", name, bindings, reason)


def inputs() -> Iterator[Case]:
    """A watch's input may be any JSON; a path through a list reads each of its elements."""
    kind, request = "watch Describe.Catch.0.Output.detail.kind", "watch Describe.Catch.0.Output.detail.request"
    for name, value in VALUES.items():
        is_string, is_object = isinstance(value, str), isinstance(value, dict)
        yield Case(kind, name, of_execution_input({"kind": value}), value if is_string else None)
        yield Case(request, name, of_execution_input({"request": value}), value if is_object else {})
        yield Case(kind, f"input is {name}", of_execution_input(value), None)
        yield Case(request, f"input is {name}", of_execution_input(value), {})
    two = [{"kind": "a", "request": {"x": 1}}, {"kind": "b", "request": {"x": 2}}]
    yield Case(kind, "two inputs", of_execution_input(two), None)
    yield Case(request, "two inputs", of_execution_input(two), {})
    yield Case(kind, "one input in a list", of_execution_input(two[:1]), "a")
    yield Case(request, "one input in a list", of_execution_input(two[:1]), {"x": 1})


def conditions() -> Iterator[Case]:
    fields = ("Ended?.Choices.0", "Ended?.Choices.1", "ShouldFail?.Choices.0", "ShouldFail?.Choices.1")
    ended, waits, running, fails = (f"watch {field}.Condition" for field in fields)
    states: dict[str, Any] = {"missing": {}, "null": None, "empty list": [], "text": "name", "list": [1]}
    for name, state in states.items():
        for condition in (ended, waits, running, fails):
            yield Case(condition, name, of_input(state), False)
    yield Case(ended, "a name", of_input({"name": "x", "wait": 3}), True)
    yield Case(waits, "a wait", of_input({"wait": 0}), True)
    yield Case(fails, "an error", of_input({"error": "JobFailed"}), True)
    outcomes: list[Any] = ["running", "lost", "failed", "", None, ["running"], ["lost"], {}, 0]
    for outcome in outcomes:
        yield Case(running, json.dumps(outcome), of_input({"outcome": outcome}), outcome == "running")


def event_types() -> Iterator[Case]:
    progress, type_ = "notify Progress?.Choices.0.Condition", "notify PutEvent.Arguments.Entries.0.DetailType"
    yield Case(progress, "running", of_detail({"outcome": "running"}), True)
    yield Case(type_, "lost", of_detail({"outcome": "lost"}), "Watch Lost")
    others: list[Any] = ["failed", "", None, ["running"], ["lost"], {}, 0]
    given = {json.dumps(outcome): of_detail({"outcome": outcome}) for outcome in others}
    given |= {"no outcome": of_detail({}), "null detail": of_detail(None), "no detail": of_input({})}
    for name, bindings in given.items():
        yield Case(progress, name, bindings, False)
        yield Case(type_, name, bindings, "Job Ended")


def attributes() -> Iterator[Case]:
    """SNS rejects an attribute without a value: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html."""

    def given(**values: str) -> dict[str, Any]:
        return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}

    details: dict[str, tuple[Any, dict[str, Any]]] = {
        "all": (
            {"kind": "k", "status": "S", "outcome": "failed", "title": "t", "job": {"kind": "no"}},
            given(kind="k", status="S", outcome="failed", title="t"),
        ),
        "one": ({"outcome": "lost"}, given(outcome="lost")),
        "empty and null": ({"kind": None, "status": "", "outcome": "lost"}, given(outcome="lost")),
        "not strings": ({"kind": ["k"], "status": 7, "title": {"a": "b"}, "outcome": "lost"}, given(outcome="lost")),
        "one-element list": ({"kind": "k", "status": ["S"]}, given(kind="k")),
        "200 KB": ({"outcome": "failed", "job": JOB_OF_200_KB}, given(outcome="failed")),
    }
    details |= {
        name: ({"kind": value, "outcome": "x"}, given(kind=value[:256], outcome="x"))
        for name, value in STRINGS.items()
        if value
    }
    for name, (detail, expected) in details.items():
        yield Case("notify Progress?.Assign.attributes", name, of_detail(detail), expected)


def fail_causes() -> Iterator[Case]:
    """A cause has up to 32,768 characters."""

    def text(detail: Any) -> str:
        return json.dumps(detail, separators=(",", ":"), ensure_ascii=False)

    def filled(character: str, length: int) -> dict[str, Any]:
        detail = {"kind": "k", "polls": 1, "job": {"Text": ""}}
        return {**detail, "job": {"Text": character * (length - len(text(detail)))}}

    without_job = {"kind": "k", "polls": 1}
    details = {
        "small": {
            "kind": "k",
            "request": {"one": ["only"]},
            "job": {"None": None, "Empty": [], "One": [1], "Yes": True},
        },
        "null job": {"kind": None, "job": None},
        "no job": {"kind": "k"},
        "exact integers": {"job": [2**53 - 1, -(2**53) + 1, 10**15 + 1]},
        **{
            f"strings: {name}": {"job": {"Text": value}}
            for name, value in STRINGS.items()
            if name not in ("long", "control characters")
        },
    }
    expected = {name: (detail, text(detail)) for name, detail in details.items()}
    for character in "x", "音", "😀":
        expected[f"as long as allowed, {character}"] = filled(character, MAX_CAUSE), text(filled(character, MAX_CAUSE))
        expected[f"too long, {character}"] = filled(character, MAX_CAUSE + 1), text(without_job)
    expected["200 KB"] = {"kind": "k", "job": JOB_OF_200_KB, "polls": 1}, text(without_job)
    for name, (detail, cause) in expected.items():
        yield Case("watch Failed.Cause", f"JobFailed, {name}", of_failure("JobFailed", detail), cause)
    for name, reason in STRINGS.items():
        lost = {"outcome": "lost", "reason": reason, "job": JOB_OF_200_KB}
        yield Case("watch Failed.Cause", f"WatchLost, {name}", of_failure("WatchLost", lost), reason)


CASES = [
    case
    for cases in (unchanged, names, causes, inputs, conditions, event_types, attributes, fail_causes)
    for case in cases()
]


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """The reference implementation's results, in the order of the cases."""
    return reference([(EXPRESSIONS[case.expression], case.bindings) for case in CASES])


def test_every_expression_has_cases() -> None:
    assert {case.expression for case in CASES} == {*EXPRESSIONS}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_has_the_documented_result_for_every_input(expression: str, results: list[Result]) -> None:
    expected = {case.name: {"value": case.expected} for case in CASES if case.expression == expression}
    actual = {case.name: result for case, result in zip(CASES, results, strict=True) if case.expression == expression}
    assert actual == expected


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_both_engines_agree_on_every_input(expression: str, results: list[Result]) -> None:
    for case, result in zip(CASES, results, strict=True):
        if case.expression == expression:
            agrees = read(in_python(EXPRESSIONS[expression], case.bindings)) == read(result)
            assert agrees is (case.name not in LONGER_IN_PYTHON), case.name


def read(result: Result) -> Any:
    """Return the result, parsed if it is the text of an object, in which engines may escape other characters."""
    value = result.get("value")
    return json.loads(value) if isinstance(value, str) and value.startswith('{"') else result


def test_a_cause_has_the_first_fifteen_digits_of_a_fraction() -> None:
    """`$string` writes the cause. Events and messages have all digits."""
    bindings = of_failure("JobFailed", {"job": {"Ratio": 0.12345678901234568}})
    (result,) = reference([(EXPRESSIONS["watch Failed.Cause"], bindings)])
    assert result == {"value": '{"job":{"Ratio":0.123456789012346}}'}


@pytest.mark.parametrize(("number", "read_as"), [(2**53 + 1, 2**53), (10**20 + 1, 10**20)])
def test_a_larger_integer_may_lose_digits_because_numbers_are_floating_point(number: int, read_as: int) -> None:
    """The reference implementation's numbers are JavaScript's. AWS documents no limit."""
    (result,) = reference([(EXPRESSIONS["notify PutEvent.Arguments.Entries.0.Detail"], of_detail({"job": number}))])
    assert result == {"value": {"job": read_as}}
