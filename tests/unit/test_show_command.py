"""`show` shows one job in full: its request, timeline, detail and deliveries."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import WATCH, FakeAws, refuse
from tests.unit.watch_story import REQUEST, START, Clock, Event, Executions, Story, event, state_exited

Shown = Callable[..., str]
NOTIFICATION = "arn:aws:states:eu-west-1:111122223333:execution:Notify:n"
DETAIL = {"kind": "glue/JobRun", "request": REQUEST, "outcome": "failed", "status": "FAILED", "watch": WATCH}
END = {"name": "n", "outcome": "failed", "message": json.dumps(DETAIL)}


class Notification:
    """The execution NOTIFICATION of the Notify state machine, beside the watch of a story."""

    def __init__(self, aws: FakeAws, **described: Any) -> None:
        self.described = {"executionArn": NOTIFICATION, "startDate": START, "status": "SUCCEEDED", **described}
        self.events: list[Event] = []
        for operation, own in (("DescribeExecution", self._describe), ("GetExecutionHistory", self._history)):
            aws.answers[operation] = self._instead_of(aws.answers[operation], own)

    def enters(self, *names: str) -> None:
        self.events += [event(11, "TaskStateEntered", stateEnteredEventDetails={"name": name}) for name in names]

    def leaves(self, *names: str) -> None:
        self.events += [state_exited(12, name, {}) for name in names]

    def _instead_of(self, other: Any, own: Any) -> Any:
        return lambda arguments: (own if arguments["executionArn"] == NOTIFICATION else other)(arguments)

    def _describe(self, _: Mapping[str, Any]) -> Any:
        return self.described

    def _history(self, arguments: Mapping[str, Any]) -> Any:
        assert arguments["includeExecutionData"] is False
        return {"events": self.events}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a deployment. The local time zone is UTC."""
    with fake_aws(monkeypatch, "glue/*") as aws:
        yield aws


@pytest.fixture
def story(aws: FakeAws) -> Story:
    clock = Clock(aws)
    clock.now += 1_000
    return Story(aws, clock)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """Return a function that runs `show` and returns its standard output."""

    def run(*arguments: str) -> str:
        assert exit_status(monkeypatch, ["show", "w", *arguments]) == 0
        return capsys.readouterr().out

    return run


def end_with_notification(story: Story) -> None:
    """Add the end of a job that failed, and the task that starts the notification."""
    entered = {"name": "Notify", "input": json.dumps(END)}
    output = json.dumps({"ExecutionArn": NOTIFICATION})
    story.events += [
        state_exited(10, "WaitForNews", END),
        event(10, "TaskStateEntered", stateEnteredEventDetails=entered),
        event(10, "TaskScheduled", taskScheduledEventDetails={"resource": "startExecution"}),
        event(10, "TaskSucceeded", taskSucceededEventDetails={"output": output}),
    ]
    story.succeeds(13, **DETAIL)


def texts(shown: Shown) -> list[str]:
    return [moment["text"] for moment in json.loads(shown("--json"))["timeline"]]


def test_the_timeline_has_the_news_and_the_end(story: Story, shown: Shown, aws: FakeAws) -> None:
    story.poll(0, "STARTING")
    story.poll(2, "RUNNING", 10.0)
    story.poll(4, "RUNNING", 20.0)
    story.poll(6, "RUNNING", 51.0)
    story.poll(8, "RUNNING", 51.0, last_answer=1, age=10, wait=2)
    end_with_notification(story)
    Notification(aws)
    assert texts(shown) == [
        "the watch started",
        "STARTING",
        "RUNNING 10 %",
        "RUNNING 51 %",
        "no answer: throttled, failed, denied or not found",
        "the job ended: failed (FAILED)",
        "the notification started",
        "the watch ended",
    ]


@pytest.mark.parametrize(
    ("type", "details", "text"),
    [
        (
            "TaskFailed",
            {"error": "Lambda.TooManyRequestsException", "resource": "invoke"},
            "invoke failed: Lambda.TooMany",
        ),
        ("TaskFailed", {"error": "StepFunctions.ExecutionAlreadyExistsException"}, "the notification had already been"),
        ("TaskTimedOut", {"error": "States.HeartbeatTimeout"}, "no poll was reported in time, so the watch polled"),
        ("ExecutionAborted", {"cause": "Stopped with it."}, "the watch was stopped (Stopped with it.)"),
        ("ExecutionFailed", {"error": "JobFailed", "cause": "{}"}, "the watch failed (JobFailed)"),
        ("ExecutionFailed", {"error": "WatchLost", "cause": "Gone."}, "the watch failed (WatchLost: Gone.)"),
        ("ExecutionRedriven", {}, "the watch was redriven"),
    ],
)
def test_failures_are_in_the_timeline(
    story: Story, shown: Shown, type: str, details: dict[str, str], text: str
) -> None:
    story.events.append(event(1, type, **{f"{type[0].lower()}{type[1:]}EventDetails": details} if details else {}))
    assert texts(shown)[-1].startswith(text)


def test_deliveries_are_those_of_the_branches(
    story: Story, shown: Shown, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    end_with_notification(story)
    notification = Notification(aws, status="FAILED", error="SNS.KmsDisabledException", cause="The key is disabled.")
    notification.enters("PublishToPeople", "PutEvent", "PublishToPrograms")
    notification.leaves("PutEvent", "PublishToPrograms")
    delivered = {"state": "delivered", "time": "2026-01-01T00:00:12Z"}
    assert json.loads(shown("--json"))["deliveries"] == {
        "notification": NOTIFICATION,
        "status": "FAILED",
        "reason": "SNS.KmsDisabledException: The key is disabled.",
        "event": delivered,
        "programs": delivered,
        "people": {"state": "failed", "time": None},
    }
    assert exit_status(monkeypatch, ["show", "w"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("To deliver it again: job-watcher redeliver w")
    lines = printed.out.splitlines()
    assert "  people    failed" in lines and "  reason    SNS.KmsDisabledException: The key is disabled." in lines
    assert any(line.startswith("  event     delivered 2026-01-01") for line in lines)


def test_a_chat_message_is_a_branch_of_its_own(story: Story, shown: Shown, aws: FakeAws) -> None:
    end_with_notification(story)
    notification = Notification(aws, status="FAILED", error="SNS.NotFoundException")
    notification.enters("PutEvent", "PublishToPrograms", "ReserveEmail", "PublishEmail", "PublishToChat")
    notification.leaves("PutEvent", "PublishToPrograms", "ReserveEmail", "PublishEmail")
    deliveries = json.loads(shown("--json"))["deliveries"]
    assert {name: deliveries[name]["state"] for name in ("people", "chat")} == {"people": "delivered", "chat": "failed"}


@pytest.mark.parametrize(
    ("entered", "left", "state"),
    [
        (["ReserveEmail"], [], "waiting"),
        (["ReserveEmail", "PublishToPeople"], ["ReserveEmail"], "waiting"),
        (["ReserveEmail", "PublishToPeople"], ["ReserveEmail", "PublishToPeople"], "delivered"),
        (["ReserveEmail", "CountEmail"], ["ReserveEmail"], "waiting"),
        (["ReserveEmail", "CountEmail", "StartDigest"], ["ReserveEmail", "CountEmail", "StartDigest"], "left out"),
        (["CountEmail", "StartDigest", "PublishToPeople"], ["CountEmail", "StartDigest"], "waiting"),
    ],
)
def test_an_email_can_be_left_out(
    story: Story, shown: Shown, aws: FakeAws, entered: list[str], left: list[str], state: str
) -> None:
    end_with_notification(story)
    notification = Notification(aws, status="RUNNING")
    notification.enters(*entered)
    notification.leaves(*left)
    assert json.loads(shown("--json"))["deliveries"]["people"]["state"] == state


def test_the_notification_of_another_watch_is_found_by_the_arguments_of_the_failed_call(
    story: Story, shown: Shown, aws: FakeAws
) -> None:
    arguments = {"StateMachineArn": "arn:aws:states:eu-west-1:111122223333:stateMachine:Notify", "Name": "n"}
    end_with_notification(story)
    story.events[3:5] = [
        event(10, "TaskScheduled", taskScheduledEventDetails={"parameters": json.dumps(arguments)}),
        event(10, "TaskFailed", taskFailedEventDetails={"error": "StepFunctions.ExecutionAlreadyExistsException"}),
    ]
    Notification(aws, status="RUNNING").enters("PutEvent")
    assert json.loads(shown("--json"))["deliveries"]["event"] == {"state": "waiting", "time": None}


def test_the_notification_of_another_watch_is_found_by_the_error_if_there_are_no_arguments(
    story: Story, shown: Shown, aws: FakeAws
) -> None:
    failure = {
        "error": "StepFunctions.ExecutionAlreadyExistsException",
        "cause": f"Execution Already Exists: '{NOTIFICATION}' (Service: AWSStepFunctions; Status Code: 400)",
    }
    end_with_notification(story)
    story.events[3:5] = [
        event(10, "TaskScheduled", taskScheduledEventDetails={"resource": "startExecution"}),
        event(10, "TaskFailed", taskFailedEventDetails=failure),
    ]
    Notification(aws, status="RUNNING").enters("PutEvent")
    assert json.loads(shown("--json"))["deliveries"]["notification"] == NOTIFICATION


def test_a_running_job_has_its_request_and_its_status_but_no_deliveries(story: Story, shown: Shown) -> None:
    story.poll(2, "RUNNING", 50.0)
    lines = shown().splitlines()
    assert lines[:7] == [
        "kind     glue/JobRun",
        "title    nightly",
        "JobName  nightly",
        "RunId    jr_1",
        "watch    w",
        "outcome  running",
        "status   RUNNING 50 %",
    ]
    assert "Deliveries" not in lines and "Detail" not in lines
    result = json.loads(shown("--json"))
    assert (result["outcome"], result["percent"], result["deliveries"], result["detail"]) == ("running", 50, None, None)


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({"fail_on": ["failed", "partial"]}, ["fails on  failed, partial"]),
        ({"overdue_after": 7_200}, ["overdue after  2 h"]),
        ({"fail_on": 5, "overdue_after": "x"}, ["fails on  5"]),  # such a watch is lost
    ],
)
def test_the_options_of_the_watch_are_shown(
    aws: FakeAws, shown: Shown, options: dict[str, Any], lines: list[str]
) -> None:
    Executions(aws, w=("RUNNING", REQUEST)).members["w"] = options
    printed = [re.sub("  +", "  ", line) for line in shown().splitlines()]
    assert [line for line in printed if line.startswith(("fails on", "overdue after"))] == lines


def test_the_detail_is_shown_in_full(story: Story, shown: Shown) -> None:
    story.succeeds(1, **DETAIL)
    assert json.loads(shown().partition("\nDetail\n")[2]) == DETAIL
    assert json.loads(shown("--json"))["detail"] == DETAIL


def test_if_the_history_is_denied_the_rest_is_shown(
    story: Story, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    story.succeeds(1, **DETAIL)
    aws.answers["GetExecutionHistory"] = refuse("AccessDeniedException")
    assert exit_status(monkeypatch, ["show", "w"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "The timeline and the deliveries aren't shown. AWS denied GetExecutionHistory: No.\n"
    assert "outcome  failed (FAILED)" in shown.out


def test_a_long_history_is_read_with_two_calls_and_without_its_middle(story: Story, aws: FakeAws, shown: Shown) -> None:
    first = [{**event(0, "ExecutionStarted"), "id": 1}, {**event(1, "TaskStateEntered"), "id": 2}]
    newest = [{**event(9, "ExecutionAborted"), "id": 9}, {**event(1, "ExecutionRedriven"), "id": 2}]
    aws.answers["GetExecutionHistory"] = lambda arguments: (
        {"events": newest} if arguments.get("reverseOrder") else {"events": first[:1] + first[:1], "nextToken": "t"}
    )
    assert texts(shown)[-2:] == ["the watch was redriven", "the watch was stopped"]
