"""Every expression of the state machines, evaluated by JSONata's reference implementation with difficult inputs.

The expected results are those that AWS and JSONata document:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html and https://docs.jsonata.org/.
An undefined result or an error would fail the state with States.QueryEvaluationError.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from infra.subscribers import SEVERAL_JOBS

from .expressions import expressions
from .jsonata_engines import Bindings, Result, in_python, reference

ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
STARTED, TOKEN = "2026-03-01T09:30:00.123Z", "AAAAKgAAAAIAAAAA+/="
EXPRESSIONS = expressions()
LIMIT_STATES = ("ReserveEmail", "CountEmail", "StartDigest")
MAX_LENGTH = 32_768  # characters of an input, and of the request in a lost watch's message
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
NUMBERS = {"zero": 0, "seconds": 900}
OBJECTS = {name: value for name, value in VALUES.items() if isinstance(value, dict)}
INPUTS = {name: value for name, value in VALUES.items() if name not in ("long", "200 KB")}
DETAILS = {name: {"job": value} for name, value in VALUES.items()}


class Case(NamedTuple):
    expression: str
    name: str
    bindings: Bindings
    expected: Any


def context(execution_input: Any = None) -> dict[str, Any]:
    execution = {"Id": ARN, "Name": "the-watch", "Input": execution_input, "StartTime": STARTED}
    return {"Execution": execution, "State": {"Name": "the state"}, "Task": {"Token": TOKEN}}


def of_input(value: Any) -> Bindings:
    return {"states": {"input": value, "context": context({})}}


def of_member(member: str) -> Callable[[Any], Bindings]:
    """Return a function that gives a state's input with a value in this member."""
    return lambda value: of_input({"other": [1], member: value})


def of_execution_input(value: Any) -> Bindings:
    return {"states": {"input": {"polls": 0}, "context": context(value)}}


def of_error(**error_output: Any) -> Bindings:
    return {"states": {"input": {"polls": 3}, "context": context({}), "errorOutput": error_output}}


def json_text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def filled(character: str, length: int) -> dict[str, str]:
    """Return an object whose JSON text has so many characters."""
    return {"x": character * (length - len(json_text({"x": ""})))}


UNCHANGED: dict[str, tuple[dict[str, Any], Callable[[Any], Bindings]]] = {
    "watch Describe.Arguments.Payload.input": (INPUTS, of_execution_input),
    "watch Describe.Arguments.Payload.state": ({**VALUES, "empty object": {"polls": 1}}, of_input),
    "watch WaitForNews.Arguments.DelaySeconds": (NUMBERS, of_member("delay")),
    "watch WaitForNews.HeartbeatSeconds": (NUMBERS, of_member("heartbeat")),
    "watch WaitForNews.Arguments.MessageBody.input": (VALUES, of_execution_input),
    "watch WaitForNews.Catch.0.Output": (VALUES, of_input),
    "watch Describe.Output": (VALUES, lambda value: {"states": {"input": {}, "result": {"Payload": value}}}),
    **{f"watch {state}.Arguments.Name": (STRINGS, of_member("name")) for state in ("Notify", "NotifyEnd")},
    "watch Notify.Output": (VALUES, of_input),
    "watch Notify.Catch.0.Output": (VALUES, of_input),
    "watch NotifyEnd.Output": (DETAILS, lambda value: of_input({"message": json_text(value)})),
    "watch NotifyEnd.Catch.0.Output": (VALUES, of_input),
    "watch Succeeded.Output": (DETAILS, lambda value: of_input({"message": json_text(value)})),
    "watch Failed.Error": (STRINGS, of_member("error")),
    "watch Failed.Cause": (STRINGS, of_member("cause")),
    "notify PutProgressEvent.Arguments.Entries.0.Detail": (STRINGS, of_member("message")),
    "notify PutEvent.Arguments.Entries.0.DetailType": (STRINGS, of_member("detail_type")),
    "notify PutEvent.Arguments.Entries.0.Detail": (STRINGS, of_member("message")),
    "notify PublishToPrograms.Arguments.Message": (STRINGS, of_member("message")),
    "notify PublishToPrograms.Arguments.MessageAttributes": (OBJECTS, of_member("attributes")),
    "notify CountEmail.Output": (VALUES, of_input),
    "notify CountEmail.Catch.0.Output": (VALUES, of_input),
    "notify CountEmail.Catch.1.Output": (VALUES, of_input),
    "notify ReserveEmail.Output": (VALUES, of_input),
    "notify ReserveEmail.Catch.1.Output": (VALUES, of_input),
    "notify StartDigest.Arguments.Name": (STRINGS, of_member("group")),
    "notify StartDigest.Arguments.Input.group": (STRINGS, of_member("group")),
    "notify StartDigest.Output": (STRINGS, of_member("group")),
    "notify StartDigest.Catch.0.Output": (STRINGS, of_member("group")),
    "notify StartDigest.Catch.1.Output": (VALUES, of_input),
    "email_digest WaitForEmails.Output.group": (STRINGS, of_member("group")),
    "email_digest WaitForEmails.Output.begin": (STRINGS, of_member("begin")),
    "email_digest WaitForEmails.Output.attributes": (OBJECTS, of_member("attributes")),
    "email_digest WriteDigest.Output.group": (STRINGS, of_member("group")),
    "email_digest WriteDigest.Output.attributes": (OBJECTS, of_member("attributes")),
    **{
        f"{machine} {state}.Arguments.{argument}": (values, of_member(member))
        for machine in ("notify", "email_digest")
        for state, argument, member, values in (
            ("PublishEmail", "Subject", "subject", STRINGS),
            ("PublishEmail", "Message", "text", STRINGS),
            ("PublishEmail", "MessageAttributes", "attributes", OBJECTS),
            ("PublishToChat", "MessageAttributes", "attributes", OBJECTS),
        )
    },
}
"""Expressions that pass a value on as it is: the values, and where the expression finds each."""


def unchanged() -> Iterator[Case]:
    for expression, (values, bindings) in UNCHANGED.items():
        for name, value in values.items():
            yield Case(expression, name, bindings(value), value)


def names() -> Iterator[Case]:
    for name, value in STRINGS.items():  # an execution's name has at most 80 characters, and the prefix takes five
        bindings = {"states": {"context": {"Execution": {"Name": value}}}}
        yield Case("watch Describe.Catch.0.Output.name", name, bindings, f"lost-{value[:75]}")
    for state in LIMIT_STATES:
        started_by = f"notify {state}.Arguments.Input.AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
        yield Case(started_by, "the ARN", of_input(None), ARN)
    for payload in "Describe.Arguments.Payload", "WaitForNews.Arguments.MessageBody":
        yield Case(f"watch {payload}.watch", "the ARN", of_input(None), ARN)
        yield Case(f"watch {payload}.started", "the time", of_input(None), STARTED)
    yield Case("watch WaitForNews.Arguments.MessageBody.token", "the token", of_input(None), TOKEN)


def states() -> Iterator[Case]:
    """The first poll has no state, whatever the watch's input is. Only numbers and the status are sent to SQS."""
    for name, value in INPUTS.items():
        bindings = {"states": {"input": value, "context": context(value)}}
        yield Case("watch Describe.Arguments.Payload.state", f"first poll: {name}", bindings, {})
        member = {} if type(value) is int else {"message": value}
        state = {"wait": 9, "percent": 12.5, "status": value if isinstance(value, str) else "RUNNING"}
        expression = "watch WaitForNews.Arguments.MessageBody.state"
        yield Case(expression, f"after a notification: {name}", of_input({**member, **state}), state)


def long_inputs() -> Iterator[Case]:
    """The function receives the length of an input that is too long for a retry with it to make sense."""
    expression = "watch Describe.Arguments.Payload.input"
    for character in "x", "音", "😀":
        longest, too_long = filled(character, MAX_LENGTH), filled(character, MAX_LENGTH + 1)
        yield Case(expression, f"as long as allowed, {character}", of_execution_input(longest), longest)
        size = {"characters": MAX_LENGTH + 1}
        yield Case(expression, f"too long, {character}", of_execution_input(too_long), size)
    yield Case(expression, "long", of_execution_input(STRINGS["long"]), {"characters": 200_000})
    size = {"characters": len(json_text(JOB_OF_200_KB))}
    yield Case(expression, "too long, 200 KB", of_execution_input(JOB_OF_200_KB), size)


def in_email(cause: str) -> str:
    """Return a cause as the email shows it: printable ASCII on one line, without links."""
    return printable(re.sub("([@.])([A-Za-z])", r"[\1]\2", cause.replace("://", "[:]//")))


def printable(value: str) -> str:
    return re.sub("[^ -~]+", "?", value)


def causes() -> Iterator[Case]:
    """The cause of an error output may be missing: https://states-language.net/spec.html#errors."""
    begin = "Job Watcher failed and stopped watching this job. The job may still be running.\n\n  "
    given: dict[str, tuple[Bindings, str, str]] = {
        name: (of_error(Error="E", Cause=cause), f"E: {in_email(cause[:2000])}", cause[:2000])
        for name, cause in STRINGS.items()
        if cause
    }
    given |= {
        "no cause": (of_error(Error="States.Timeout"), "States.Timeout", "States.Timeout"),
        "null": (of_error(Error="States.Timeout", Cause=None), "States.Timeout", "States.Timeout"),
        "empty": (of_error(Error="States.Timeout", Cause=""), "States.Timeout", "States.Timeout"),
        "a link": (of_error(Error="E", Cause="at https://x"), "E: at https[:]//x", "at https://x"),
        "2,000 characters": (of_error(Error="E", Cause="😀" * 2001), "E: ?", "😀" * 2000),
        "lines": (of_error(Error="E", Cause="a\r\n\u2028\x85b"), "E: a?b", "a\r\n\u2028\x85b"),
        "right to left": (of_error(Error="E", Cause="a\u202eb\u200f"), "E: a?b?", "a\u202eb\u200f"),
        "an error": (of_error(Error="a\u202e\nb"), "a?b", "a\u202e\nb"),
        **{
            link: (of_error(Error="E", Cause=link), f"E: {shown}", link)
            for link, shown in {
                "www.evil.example": "www[.]evil[.]example",
                "EVIL.COM/path": "EVIL[.]COM/path",
                "mailto:a@b.com": "mailto:a[@]b[.]com",
                "1.5 s. At 10.0.0.1": "1.5 s. At 10.0.0.1",
            }.items()
        },
    }
    named = context() | {"Execution": {"Id": f"{ARN}\u202e\u2066x"}}
    text = f"{begin}E\n\nWatch: {ARN}?x\n"
    in_context = {"states": {"context": named, "errorOutput": {"Error": "E"}}}
    yield Case("watch Describe.Catch.0.Output.text", "the watch's name", in_context, text)
    for name, (bindings, described, reason) in given.items():
        yield Case("watch Describe.Catch.0.Output.text", name, bindings, f"{begin}{described}\n\nWatch: {ARN}\n")
        yield Case("watch Describe.Catch.0.Output.cause", name, bindings, reason)
        error = bindings["states"]["errorOutput"]["Error"]
        yield Case(
            "watch Describe.Catch.0.Output.message", f"cause: {name}", bindings, lost(error=error, reason=reason)
        )


def lost(kind: Any = None, request: Any = None, error: str = "E", reason: str = "C") -> str:
    """Return the message about a lost watch."""
    request = {} if request is None else request
    summary = f"Job Watcher failed and stopped watching a job: {reason}"
    start = {"kind": kind, "request": request, "outcome": "lost", "summary": summary, "error": error}
    place = {"account": "123456789012", "region": "eu-west-1"}
    return json_text({**start, "reason": reason, **place, "watch": ARN, "polls": 3})


def counts() -> Iterator[Case]:
    """A watch that fails at its first poll has made no poll, even if its input has a member with this name."""
    for name, value in VALUES.items():
        bindings = {"states": {**of_error(Error="E", Cause="C")["states"], "input": {"polls": value}}}
        polls = value if isinstance(value, int) and not isinstance(value, bool) else 0
        expected = lost().replace('"polls":3', f'"polls":{polls}')
        yield Case("watch Describe.Catch.0.Output.message", f"polls: {name}", bindings, expected)


def inputs() -> Iterator[Case]:
    """A watch's input may be any JSON; a path through a list reads each of its elements."""

    def case(name: str, execution_input: Any, expected: str) -> Case:
        bindings = {"states": {**of_error(Error="E", Cause="C")["states"], "context": context(execution_input)}}
        return Case("watch Describe.Catch.0.Output.message", name, bindings, expected)

    for name, value in VALUES.items():
        kind = value[:200] if isinstance(value, str) else None
        yield case(f"kind: {name}", {"kind": value}, lost(kind=kind))
        yield case(f"input: {name}", value, lost())
    for name, value in INPUTS.items():
        yield case(f"request: {name}", {"request": value}, lost(request=value if isinstance(value, dict) else {}))
    for character in "x", "音", "😀":
        longest, too_long = filled(character, MAX_LENGTH), filled(character, MAX_LENGTH + 1)
        yield case(f"as long as allowed, {character}", {"request": longest}, lost(request=longest))
        yield case(f"request too long, {character}", {"request": too_long}, lost())
    yield case("request of 200 KB", {"request": JOB_OF_200_KB}, lost())
    two = [{"kind": "a", "request": {"x": 1}}, {"kind": "b", "request": {"x": 2}}]
    yield case("two inputs", two, lost())
    yield case("one input in a list", two[:1], lost("a", {"x": 1}))


def conditions() -> Iterator[Case]:
    fields = ("Ended?.Choices.0", "Ended?.Choices.1", "Ended?.Choices.2", "ShouldFail?.Choices.0")
    ended, notifies, waits, running = (f"watch {field}.Condition" for field in fields)
    progress = "notify Progress?.Choices.0.Condition"
    states: dict[str, Any] = {"missing": {}, "null": None, "empty list": [], "text": "name", "list": [1]}
    for name, state in states.items():
        for condition in (ended, notifies, waits, running, progress):
            yield Case(condition, name, of_input(state), False)
    yield Case(ended, "a name", of_input({"name": "x"}), True)
    yield Case(ended, "a name and a wait", of_input({"name": "x", "wait": 3}), False)
    yield Case(ended, "a name and an error", of_input({"name": "x", "error": "JobFailed"}), False)
    yield Case(notifies, "a name", of_input({"name": "x", "wait": 3}), True)
    yield Case(waits, "a wait", of_input({"wait": 0}), True)
    yield Case(progress, "progress", of_input({"detail_type": "Job Progressed"}), True)
    outcomes: list[Any] = ["running", "lost", "failed", "", None, ["running"], ["lost"], {}, 0]
    for outcome in outcomes:
        yield Case(running, json.dumps(outcome), of_input({"outcome": outcome}), outcome == "running")
    others: list[Any] = ["Job Ended", "Watch Lost", "", None, ["Job Progressed"], {}, 0]
    for detail_type in others:
        yield Case(progress, json.dumps(detail_type), of_input({"detail_type": detail_type}), False)


def attributes() -> Iterator[Case]:
    """SNS rejects an attribute without a value: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html.

    A kind with other characters than printable ASCII is left out, because SQS rejects control characters.
    """

    def given(**values: str) -> dict[str, Any]:
        return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}

    expression = "watch Describe.Catch.0.Output.attributes"
    for name, value in VALUES.items():
        kind = {"kind": value[:256]} if isinstance(value, str) and re.fullmatch("[ -~]+", value) else {}
        yield Case(expression, f"kind: {name}", of_execution_input({"kind": value}), given(outcome="lost", **kind))
        yield Case(expression, f"input: {name}", of_execution_input(value), given(outcome="lost"))


def limits() -> Iterator[Case]:
    """The groups of emails, whose names consist of the kind, the outcome and the time.

    Execution names: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """

    def given(kind: Any, outcome: str, retries: int = 0) -> Bindings:
        values = {"outcome": outcome, **({} if kind is None else {"kind": kind})}
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}
        within = {**context(), "State": {"RetryCount": retries}}
        return {"states": {"input": {"attributes": typed, "x": [1]}, "context": within}}

    kinds = {name: value for name, value in STRINGS.items() if value} | {"none": None, "glue": "glue/JobRun"}
    for name, kind in kinds.items():
        group = re.sub("[^A-Za-z0-9-]+", "-", f"{(kind or '')[:45]}-lost-03-01T09:3")
        for retries in (0, 4, 5, 12):
            bindings = given(kind, "lost", retries)
            yield Case("notify ReserveEmail.Arguments.Name", f"{name}, {retries}", bindings, f"{group}-{retries % 5}")
        caught = {**given(kind, "lost")["states"]["input"], "group": group}
        yield Case("notify ReserveEmail.Catch.0.Output", name, given(kind, "lost"), caught)
    hashed = hashlib.sha256(b"the-watch").hexdigest()[:12]
    yield Case("notify CountEmail.Arguments.Name", "a group", of_input({"group": "g"}), f"g-{hashed}")
    begin = "notify StartDigest.Arguments.Input.begin"
    yield Case(begin, "the time", of_input({}), "2026-03-01T09:30:00.000Z")
    typed = given("glue/JobRun", "lost")["states"]["input"]["attributes"]
    more = {**typed, "title": typed["kind"]}
    several = {**typed, "title": {"DataType": "String", "StringValue": SEVERAL_JOBS}}
    yield Case("notify StartDigest.Arguments.Input.attributes", "a title", of_input({"attributes": more}), several)
    watch = "notify StartDigest.Arguments.Input.watch"
    yield Case(watch, "started by hand", of_input({}), "")
    yield Case(watch, "started by a watch", of_input({"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": ARN}), ARN)


def digests() -> Iterator[Case]:
    """The email about those that were left out: what it consists of, its subject and its text."""
    output = "email_digest WaitForEmails.Output"
    for kind, shown in {"glue/JobRun": "glue/JobRun", "a.b https://x": "a?b?https?//x", "é😀": "?", "": ""}.items():
        yield Case(f"{output}.kind", f"kind {kind}", of_input({"attributes": {"kind": {"StringValue": kind}}}), shown)
    yield Case(f"{output}.kind", "no kind", of_input({"attributes": {}}), "unknown")
    yield Case(f"{output}.outcome", "one", of_input({"attributes": {"outcome": {"StringValue": "lost"}}}), "lost")
    times = {
        "2026-03-01T09:50:00.000Z": "2026-03-01 09:50 to 10:00 UTC",
        "2026-12-31T23:50:00.000Z": "2026-12-31 23:50 to 00:00 UTC",
    }
    for begin, time in times.items():
        yield Case(f"{output}.time", begin, of_input({"begin": begin}), time)
    yield Case(f"{output}.region", "the Region", of_input({}), "eu-west-1")
    for partition, domain in {
        "aws": "console.aws.amazon.com",
        "aws-cn": "console.amazonaws.cn",
        "aws-us-gov": "console.amazonaws-us-gov.com",
    }.items():
        arn = ARN.replace("arn:aws:", f"arn:{partition}:")
        machine = f"arn:{partition}:states:eu-west-1:123456789012:stateMachine:Watch"
        link = f"https://eu-west-1.{domain}/states/home?region=eu-west-1#/statemachines/view/{machine}"
        yield Case(f"{output}.watches", partition, of_input({"watch": arn}), link)
    yield Case(f"{output}.watches", "no watch", of_input({"watch": ""}), "unknown")
    yield from pages()
    cause = "Check whether the jobs have a common cause."
    options = {"succeeded": "--outcome succeeded", "failed": "--outcome failed", "overdue": "--running"}
    for left_out, count, jobs in ((0, "", "jobs"), (1, "1 ", "job"), (12_345, "12,345 ", "jobs")):
        for outcome, option in options.items():
            values = {"left_out": left_out, "outcome": outcome, "kind": "x" * 50, "region": "r"}
            bindings = of_input({**values, "time": "T", "watches": "W"})
            name = f"{outcome}, {left_out}"
            subject = f"{outcome.capitalize()}: {count}more of kind {'x' * 40} (r)"
            yield Case("email_digest WriteDigest.Output.subject", name, bindings, subject)
            body = (
                f"{outcome.capitalize()}: {count}more {jobs} of kind {'x' * 50}, T.\n\n"
                "Job Watcher sends at most 5 emails per kind and outcome in ten minutes, and left out the others. "
                "The event bus and the topic for programs have an event about each job.\n\nAll watches: W\n\n"
                f"Recommended action: {'No action needed.' if outcome == 'succeeded' else cause} "
                "To list the jobs, run:\n\n"
                f"  job-watcher list --kind {'x' * 50} {option} --limit 1000\n"
            )
            yield Case("email_digest WriteDigest.Output.text", name, bindings, body)


def notify_inputs() -> Iterator[Case]:
    """The notification without the rest of the watch's state, and without a chat message if there is none."""
    for state in ("Notify", "NotifyEnd"):
        expression = f"watch {state}.Arguments.Input"
        for name, value in STRINGS.items():
            texts = dict.fromkeys(("detail_type", "message", "subject", "text"), value)
            passed = {**texts, "attributes": {"title": {"DataType": "String", "StringValue": value}}}
            for chat in ({}, {"chat": value}):
                state_input = of_input({"name": "n", "wait": 9, "outcome": "failed", **passed, **chat})
                expected = {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": ARN, **passed, **chat}
                yield Case(expression, f"{name}, {len(chat)}", state_input, expected)


def chat_messages() -> Iterator[Case]:
    """A chat message as it is; otherwise the email's subject or the digest as one. Only some outcomes have any."""
    message = "notify PublishToChat.Arguments.Message"
    for name, value in STRINGS.items():
        yield Case(message, name, of_member("chat")(value), value)
    subject = 'Failed: <!here> @all *a* ~b~ `c` "d" (eu-west-1)'
    content = {"textType": "client-markdown", "description": 'Failed: ?!here? ?all ?a? ?b? ?c? "d" (eu-west-1)'}
    fallback = {"version": "1.0", "source": "custom", "content": content}
    yield Case(message, "no chat message", of_input({"subject": subject}), json_text(fallback))
    text = 'Job Watcher sends at most 5 emails. It left out 3 more.\n\nKind: "a"\n'
    messages = text.replace("emails", "messages")
    content = {"textType": "client-markdown", "title": "Failed: 3 more", "description": messages}
    digest = {"version": "1.0", "source": "custom", "content": content, "metadata": {"threadId": "g"}}
    given = {"subject": "Failed: 3 more", "text": text, "group": "g"}
    yield Case("email_digest PublishToChat.Arguments.Message", "a digest", of_input(given), json_text(digest))
    for machine in ("notify", "email_digest"):
        for outcome in ("failed", "lost", "succeeded", "fail"):
            condition = f"{machine} IsForChat?.Choices.0.Condition"
            typed = {"outcome": {"DataType": "String", "StringValue": outcome}}
            yield Case(condition, outcome, of_input({"attributes": typed}), outcome in ("failed", "lost"))
        yield Case(f"{machine} IsForChat?.Choices.0.Condition", "none", of_input({"attributes": {}}), False)


def pages() -> Iterator[Case]:
    """The pages of executions. Only names of the group with twelve more characters count."""
    first = {"StateMachineArn": "${emailLimit}", "MaxResults": 250}
    arguments, more = "email_digest CountEmails.Arguments", "email_digest More?.Choices.0.Condition"
    for token in (None, "t"):
        next_token = {"NextToken": token} if token else {}
        yield Case(arguments, f"token {token}", of_input({"token": token}), {**first, **next_token})
        yield Case(more, f"token {token}", of_input({"token": token}), token is not None)
    before = {"group": "g", "begin": "2026-03-01T09:30:00.000Z", "left_out": 2, "token": "t"}

    def case(name: str, found: int, token: str | None, *executions: tuple[str, str], **given: Any) -> Case:
        listed = [{"Name": one, "StartDate": f"2026-03-01T09:{time}.000Z"} for one, time in executions]
        bindings = {"states": {"input": before, "result": {"Executions": listed, **given}}}
        return Case(
            "email_digest CountEmails.Output", name, bindings, {**before, "left_out": 2 + found, "token": token}
        )

    counted, place, other = (f"g-{'a' * 12}", "39:59"), ("g-0", "35:00"), (f"h-{'a' * 12}", "30:00")
    failed = {**before, "left_out": 0, "token": None}
    yield Case("email_digest CountEmails.Catch.0.Output", "after a page", of_input(before), failed)
    yield case("none", 0, None)
    yield case("one", 1, None, counted)
    yield case("the last page", 2, None, counted, place, counted, other, NextToken=None)
    yield case("another page", 1, "u", counted, place, other, NextToken="u")
    yield case("an older execution", 1, None, counted, (f"g-{'b' * 11}", "29:59"), NextToken="u")


CASES = [
    case
    for cases in (
        *(unchanged, names, states, long_inputs, causes, counts, inputs, conditions, attributes),
        *(limits, digests, notify_inputs, chat_messages),
    )
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
            assert read(in_python(EXPRESSIONS[expression], case.bindings)) == read(result), case.name


def read(result: Result) -> Any:
    """Return the result, parsed if it is the text of an object, in which engines may escape other characters."""
    value = result.get("value")
    return json.loads(value) if isinstance(value, str) and value.startswith('{"') else result


@pytest.mark.parametrize("number", [2**53 + 1, 10**20 + 1, 0.12345678901234568])
def test_a_message_keeps_every_digit_of_a_number(number: float) -> None:
    message = json_text({"job": {"Number": number}})
    (result,) = reference([(EXPRESSIONS["notify PutEvent.Arguments.Entries.0.Detail"], of_member("message")(message))])
    assert result == {"value": message}


@pytest.mark.parametrize(("number", "read_as"), [(2**53 + 1, 2**53), (10**20 + 1, 10**20)])
def test_the_output_of_a_watch_may_lose_digits_of_a_larger_integer(number: int, read_as: int) -> None:
    """The reference implementation's numbers are JavaScript's. AWS documents no limit."""
    (result,) = reference([(EXPRESSIONS["watch Succeeded.Output"], of_input({"message": json_text({"job": number})}))])
    assert result == {"value": {"job": read_as}}
