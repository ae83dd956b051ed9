"""`redeliver` redrives failed notifications, and sends the events of both formats to the Start function again."""

import io
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cli.dead_letters import DeadLetter, parse
from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import AwsError, FakeAws

NOTIFY = "arn:aws:states:eu-west-1:111122223333:execution:Notify:"
REQUEST = {"JobName": "nightly", "RunId": "jr_1"}
DETAIL = {"kind": "glue/JobRun", "request": REQUEST, "outcome": "failed", "watch": "arn:execution:Watch:w1"}
STARTED: dict[str, Any] = {
    "id": "e1",
    "source": "aws.glue",
    "detail-type": "AWS API Call via CloudTrail",
    "time": "2026-11-27T10:00:00Z",
    "detail": {
        "eventSource": "glue.amazonaws.com",
        "eventName": "StartJobRun",
        "requestParameters": {"jobName": "nightly"},
        "responseElements": {"jobRunId": "jr_2"},
    },
}
OF_EVENTBRIDGE = {
    "MessageId": "m1",
    "ReceiptHandle": "r1",
    "Body": json.dumps(STARTED),
    "MessageAttributes": {
        "ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"},
        "ERROR_MESSAGE": {"DataType": "String", "StringValue": "Not allowed."},
    },
}
OF_LAMBDA = {
    "MessageId": "m2",
    "ReceiptHandle": "r2",
    "Body": json.dumps(
        {
            "version": "1.0",
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": STARTED,
            "responsePayload": {"errorMessage": "Too late.", "errorType": "X"},
        }
    ),
}
EXPIRED = {"Body": '{"requestPayload": {"id": "e"}, "requestContext": {"condition": "EventAgeExceeded"}}'}
NO_EVENT = {"MessageId": "m3", "ReceiptHandle": "r3", "Body": "test"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a failed notification and an event in the dead-letter queue."""
    with fake_aws(monkeypatch, "glue/*") as aws:
        aws.resources = {
            "JobsNotifierNotify01234567": "arn:aws:states:eu-west-1:111122223333:stateMachine:Notify",
            "JobsNotifierNotifyRole01234567": "role",
            "JobsTriggersStart01234567": "Start",
            "JobsTriggersTriggerDLQ01234567": "https://sqs/dlq",
            "JobsMonitoringUnreportedWatches01234567": "https://sqs/unreported",
        }
        aws.answers |= {
            "ListExecutions": lambda call: {"executions": executions(call["statusFilter"])},
            "DescribeExecution": lambda call: notification(call["executionArn"]),
            "GetExecutionHistory": lambda _: {"events": history()},
            "RedriveExecution": lambda _: {"redriveDate": 0},
            "GetQueueAttributes": lambda _: {"Attributes": {"ApproximateNumberOfMessages": "0"}},
            "Invoke": lambda _: None,
            "DeleteMessage": lambda _: {},
            "ChangeMessageVisibility": lambda _: {},
        }
        put(aws, OF_EVENTBRIDGE)
        yield aws


def executions(status: str) -> list[dict[str, Any]]:
    """Return a failed execution of now, and one that is too old to be redriven."""
    ends = {"n1": time.time(), "old": time.time() - 15 * 86_400}
    common = {"stateMachineArn": "arn:Notify", "status": "FAILED", "startDate": 0}
    found = [{"executionArn": NOTIFY + name, "name": name, "stopDate": end, **common} for name, end in ends.items()]
    return found if status == "FAILED" else []


def notification(arn: str) -> dict[str, Any]:
    """Return the description of a failed execution."""
    return {
        "executionArn": arn,
        "stateMachineArn": "arn:Notify",
        "status": "FAILED",
        "startDate": 0,
        "stopDate": time.time(),
        "input": json.dumps({"detail_type": "Job Ended", "message": json.dumps(DETAIL)}),
        "error": "SNS.KmsDisabled",
        "cause": "The key is disabled.",
    }


def history() -> list[dict[str, Any]]:
    """Return a history in which the event was put, and the email wasn't sent."""
    entered = [
        {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}} for name in ("PutEvent", "Email")
    ]
    exited = {"type": "TaskStateExited", "stateExitedEventDetails": {"name": "PutEvent"}}
    return [{"timestamp": 0, "id": number, **event} for number, event in enumerate([*entered, exited])]


def put(aws: FakeAws, *messages: Mapping[str, Any]) -> None:
    """Let the first call receive the messages, and the next ones none."""
    batches = [{"Messages": list(messages)}]
    aws.answers["ReceiveMessage"] = lambda _: batches.pop() if batches else {}


def redeliver(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    return exit_status(monkeypatch, ["redeliver", "--yes", *arguments])


@pytest.mark.parametrize(
    ("message", "letter"),
    [
        (OF_EVENTBRIDGE, DeadLetter(STARTED, "NO_PERMISSIONS: Not allowed.")),
        (OF_LAMBDA, DeadLetter(STARTED, "Too late.")),
        (EXPIRED, DeadLetter({"id": "e"}, "EventAgeExceeded")),
        (NO_EVENT, DeadLetter({}, "")),
        ({"Body": "[1]"}, DeadLetter({}, "")),
        ({"Body": '{"requestPayload": null, "responsePayload": "x"}'}, DeadLetter({}, "")),
    ],
)
def test_the_event_and_the_reason_are_found_in_each_format(message: Mapping[str, Any], letter: DeadLetter) -> None:
    assert parse(message) == letter


def test_each_notification_and_event_is_shown_before_it_is_redelivered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    assert redeliver(monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"  time     [\d-]{10} [\d:]{8} \S+", lines[2])
    assert [line for line in lines if not line.startswith("  time")] == [
        f"notification {NOTIFY}n1",
        "  about    Job Ended",
        "  job      glue/JobRun JobName=nightly RunId=jr_1",
        "  outcome  failed",
        "  failed   Email",
        "  reason   SNS.KmsDisabled: The key is disabled.",
        "event m1",
        "  about   aws.glue, AWS API Call via CloudTrail, StartJobRun",
        "  job     glue/JobRun JobName=nightly RunId=jr_2",
        "  reason  NO_PERMISSIONS: Not allowed.",
        f"{NOTIFY}n1: delivered",
        "m1: delivered",
    ]


@pytest.mark.parametrize("message", [OF_EVENTBRIDGE, OF_LAMBDA])
def test_the_function_receives_the_original_event_and_then_the_message_is_deleted(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, message: Mapping[str, Any]
) -> None:
    put(aws, message)
    assert redeliver(monkeypatch) == 0
    calls = dict(aws.calls)
    assert calls["Invoke"]["FunctionName"] == "Start"
    assert json.loads(calls["Invoke"]["Payload"]) == STARTED
    assert aws.operations()[-2:] == ["Invoke", "DeleteMessage"]
    assert calls["DeleteMessage"]["ReceiptHandle"] == message["ReceiptHandle"]


def test_only_the_failed_execution_that_is_not_too_old_is_redriven(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws
) -> None:
    assert redeliver(monkeypatch) == 0
    redriven = [call["executionArn"] for operation, call in aws.calls if operation == "RedriveExecution"]
    assert redriven == [f"{NOTIFY}n1"]


@pytest.mark.parametrize(
    ("id", "redelivered"),
    [
        ("n1", [f"{NOTIFY}n1"]),
        (f"{NOTIFY}n1", [f"{NOTIFY}n1"]),
        ("w1", [f"{NOTIFY}n1"]),
        ("jr_1", [f"{NOTIFY}n1"]),
        ("jr_2", ["m1"]),
        ("ni…1", [f"{NOTIFY}n1"]),
        ("nightly", [f"{NOTIFY}n1", "m1"]),
        ("e1", ["m1"]),
        ("other", []),
    ],
)
def test_an_id_selects_the_notifications_and_events_of_one_job(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    id: str,
    redelivered: list[str],
) -> None:
    assert redeliver(monkeypatch, id, "--json") == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["id"] for one in shown if one["redelivered"]] == redelivered
    released = [call["ReceiptHandle"] for operation, call in aws.calls if operation == "ChangeMessageVisibility"]
    assert released == ([] if "m1" in redelivered else ["r1"])


def test_json_has_one_object_for_each_item_with_the_same_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    assert redeliver(monkeypatch, "--json") == 0
    notification, event = map(json.loads, capsys.readouterr().out.splitlines())
    assert notification.keys() == event.keys()
    assert (notification["type"], notification["branches"], notification["outcome"]) == (
        "notification",
        ["Email"],
        "failed",
    )
    assert event == {
        "type": "event",
        "id": "m1",
        "title": "aws.glue, AWS API Call via CloudTrail, StartJobRun",
        "jobs": [{"kind": "glue/JobRun", "request": {"JobName": "nightly", "RunId": "jr_2"}}],
        "outcome": None,
        "time": "2026-11-27T10:00:00Z",
        "branches": [],
        "reason": "NO_PERMISSIONS: Not allowed.",
        "redelivered": True,
        "error": None,
    }


def test_an_event_for_which_the_function_fails_stays_in_the_queue(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.answers["Invoke"] = lambda _: {"errorMessage": "The event doesn't contain its RunId.", "errorType": "X"}
    assert redeliver(monkeypatch) == 3
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == "m1: not delivered. The Start function failed: The event doesn't contain its RunId."
    assert "DeleteMessage" not in aws.operations()
    assert dict(aws.calls)["ChangeMessageVisibility"] == {
        "QueueUrl": "https://sqs/dlq",
        "ReceiptHandle": "r1",
        "VisibilityTimeout": 0,
    }


def test_if_nothing_can_be_redelivered_the_exit_status_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    put(aws, NO_EVENT)

    def refuse(_: Any) -> Any:
        raise AwsError("ExecutionNotRedrivable", "It is running.")

    aws.answers["RedriveExecution"] = refuse
    assert redeliver(monkeypatch, "--json") == 4
    errors = [json.loads(line)["error"] for line in capsys.readouterr().out.splitlines()]
    assert errors == ["RedriveExecution failed: It is running.", "The message doesn't contain an event."]


def test_a_notification_that_cannot_be_redriven_is_reported_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    reasons = {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": "Execution history event limit exceeded"}
    aws.answers["DescribeExecution"] = lambda call: notification(call["executionArn"]) | reasons
    assert redeliver(monkeypatch, "n1") == 4
    assert "It can't be redriven: Execution history event limit exceeded." in capsys.readouterr().out
    assert "RedriveExecution" not in aws.operations()


@pytest.mark.parametrize("text", ["{}", "[]", '{"detail_type": "Job Ended", "message": "x"}', '"text"', "5"])
def test_a_notification_that_somebody_started_by_hand_is_shown_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, text: str
) -> None:
    aws.answers["DescribeExecution"] = lambda call: {**notification(call["executionArn"]), "input": text}
    assert redeliver(monkeypatch, "n1") == 0
    assert "unknown input" in capsys.readouterr().out


def test_control_characters_in_an_event_do_not_reach_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    put(aws, {**OF_LAMBDA, "Body": json.dumps({"requestPayload": {**STARTED, "source": "\x1b[2Ja\nb"}})})
    assert redeliver(monkeypatch, "e1") == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "  about  \\u001b[2Ja b, AWS API Call" in shown


def test_many_items_are_redelivered_in_several_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    monkeypatch.setattr("cli.redeliver.LIMIT", 20)
    put(aws, *({**OF_EVENTBRIDGE, "MessageId": f"m{n}", "ReceiptHandle": f"r{n}"} for n in range(30)))
    assert redeliver(monkeypatch) == 0
    assert "These are the first 20. Run the command again for the others." in capsys.readouterr().out
    assert aws.operations().count("Invoke") == 19
    assert aws.operations().count("ChangeMessageVisibility") == 11


def test_without_a_terminal_and_without_yes_nothing_is_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert exit_status(monkeypatch, ["redeliver"]) == 2
    assert "--yes is needed without a terminal" in capsys.readouterr().err.replace("\n", " ")
    assert aws.calls == []


@pytest.mark.parametrize(("answer", "calls"), [("y", 1), ("n", 0), ("", 0)])
def test_in_a_terminal_the_command_asks_before_it_redelivers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, answer: str, calls: int
) -> None:
    terminal = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert exit_status(monkeypatch, ["redeliver", "jr_2"]) == (0 if calls else 7)
    shown = "".join(capsys.readouterr())
    assert "Redeliver it?" in shown and ("Nothing was redelivered." in shown) is not bool(calls)
    assert aws.operations().count("Invoke") == calls
    assert aws.operations().count("ChangeMessageVisibility") == 1 - calls


def test_ctrl_c_at_the_question_redelivers_nothing_and_releases_the_messages(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws
) -> None:
    terminal = io.StringIO("")  # the end of the input, which click treats like Ctrl-C
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert exit_status(monkeypatch, ["redeliver"]) == 130
    assert aws.operations()[-1] == "ChangeMessageVisibility"


def test_messages_in_the_other_queues_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.answers["GetQueueAttributes"] = lambda _: {
        "Attributes": {"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"}
    }
    put(aws)
    assert redeliver(monkeypatch, "other") == 0
    assert capsys.readouterr().out.splitlines() == [
        "https://sqs/unreported has 3 messages: watches that ended without a notification. "
        "Redrive them, or start them again.",
        "There is nothing to redeliver.",
    ]


def test_a_denied_call_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    del aws.answers["ListExecutions"]
    assert redeliver(monkeypatch) == 7
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("job-watcher: AWS denied ListExecutions: User: me is not authorized")
    assert "ReceiveMessage" not in aws.operations()
