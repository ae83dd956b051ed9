"""`dashboard` shows running watches, recent ends and alarms, with at most 30 calls per minute."""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from rich.console import Console

from cli.command import Context
from cli.dashboard_data import CALLS_PER_MINUTE, EVERY, MAX_RUNNING, DashboardData
from cli.dashboard_screen import screen
from cli.dashboard_snapshot import Alarm, EndedJob, RunningJob, Snapshot
from cli.job_progress import JobProgress
from cli.output import Output
from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import MACHINE, FakeAws

NOTIFY = MACHINE.replace("Watch", "Notify")
RESOURCES = {
    "JobsWatcherWatch0123ABCD": MACHINE,
    "JobsNotifierNotify0123ABCD": NOTIFY,
    "JobsMonitoringTopic0123ABCD": "arn:aws:sns:eu-west-1:111122223333:Alarms",
    "JobsMonitoringPollsLate0123ABCD": "alarm-1",
    "OthersNotifierNotify0123ABCD": MACHINE.replace("Watch", "Other"),
    "OthersMonitoringPollsLate0123ABCD": "alarm-2",
}
STARTED = 1_764_000_000.0  # seconds since 1970
REQUEST = {"JobName": "nightly", "RunId": "jr_1"}
DETAIL = {"kind": "glue/JobRun", "request": REQUEST, "outcome": "failed", "status": "FAILED", "watch": "w"}
LISTED = ("ListStackResources", "ListExecutions", "DescribeAlarms")


class Deployment:
    """Adds the answers to a FakeAws: watches of running Glue jobs, one that has ended, and an alarm."""

    def __init__(self, aws: FakeAws) -> None:
        self.running = 1
        self.details = [DETAIL]
        self.with_first_event = True
        aws.resources = RESOURCES
        aws.answers |= {
            "ListExecutions": self._list,
            "GetExecutionHistory": self._history,
            "DescribeExecution": self._describe,
            "DescribeAlarms": lambda call: {"MetricAlarms": [alarm(name) for name in alarm_names(call)]},
            "GetJobRun": lambda _: {"JobRun": {"Id": "jr_1", "JobRunState": "STOPPING", "StartedOn": STARTED}},
        }

    def _list(self, call: Mapping[str, Any]) -> Any:
        machine = call["stateMachineArn"]
        assert machine in (MACHINE, NOTIFY)
        count = min(self.running, call["maxResults"]) if machine == MACHINE else len(self.details)
        arns = [f"{machine.replace(':stateMachine:', ':execution:')}:{number}" for number in range(count)]
        more = {"nextToken": "more"} if machine == MACHINE and count < self.running else {}
        return {"executions": [{"executionArn": arn, "startDate": STARTED} for arn in arns], **more}

    def _history(self, _: Mapping[str, Any]) -> Any:
        state = json.dumps({"polls": 1, "status": "RUNNING", "wait": 15, "age": 15, "last_answer": 0})
        exit_ = {"type": "TaskStateExited", "stateExitedEventDetails": {"name": "Describe", "output": state}}
        first = {"type": "ExecutionStarted", "executionStartedEventDetails": {"input": self._input()}}
        events = [exit_, first] if self.with_first_event else [exit_]
        return {"events": [{**event, "timestamp": STARTED, "id": 1} for event in events]}

    def _describe(self, call: Mapping[str, Any]) -> Any:
        _, _, number = call["executionArn"].rpartition(":")
        is_notification = ":Notify:" in call["executionArn"]
        message = {"message": json.dumps(self.details[int(number)])} if is_notification else {}
        return {"input": json.dumps(message) if is_notification else self._input()}

    def _input(self) -> str:
        return json.dumps({"kind": "glue/JobRun", "request": REQUEST})


def alarm(name: str) -> dict[str, Any]:
    return {"AlarmName": name, "StateUpdatedTimestamp": "2025-11-24T16:00:00Z", "AlarmDescription": "Check the log."}


def alarm_names(call: Mapping[str, Any]) -> list[str]:
    """Return the argument, which is a list in JSON, or a numbered parameter in the query protocol."""
    return list(call.get("AlarmNames", ())) or [value for name, value in call.items() if name.startswith("AlarmNames")]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, session: boto3.Session) -> Iterator[FakeAws]:
    monkeypatch.setattr("cli.command.boto3.Session", lambda **_: session)
    with fake_aws(monkeypatch, "glue/*") as aws:
        yield aws


@pytest.fixture
def deployment(aws: FakeAws) -> Deployment:
    return Deployment(aws)


def shown_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    assert exit_status(monkeypatch, ["dashboard", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_snapshot_has_the_running_watches_the_recent_ends_and_the_alarms_of_the_deployment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployment: Deployment
) -> None:
    shown = shown_as_json(monkeypatch, capsys)
    (running,), (ended,) = shown["running"], shown["ended"]
    assert (running["kind"], running["request"], running["status"]) == ("glue/JobRun", REQUEST, "STOPPING")
    assert {**ended, "reported": None} == {**DETAIL, "reported": None}
    alarm = {"name": "PollsLate", "since": "2025-11-24T16:00:00Z", "description": "Check the log."}
    assert (shown["alarms"], shown["problems"], shown["stack"]) == ([alarm], {}, "JobWatcher")


def test_without_permission_for_the_job_the_status_is_that_of_the_history(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, deployment: Deployment
) -> None:
    del aws.answers["GetJobRun"]
    shown = shown_as_json(monkeypatch, capsys)
    assert (shown["running"][0]["status"], shown["problems"]) == ("RUNNING", {})


def test_the_input_of_a_watch_with_a_long_history_is_read_from_its_description(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployment: Deployment
) -> None:
    deployment.with_first_event = False
    assert shown_as_json(monkeypatch, capsys)["running"][0]["request"] == REQUEST


@pytest.mark.parametrize("operation", [*LISTED, "GetExecutionHistory", "DescribeExecution"])
def test_a_denied_call_is_a_line_and_the_rest_is_shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    deployment: Deployment,
    operation: str,
) -> None:
    del aws.answers[operation]
    assert exit_status(monkeypatch, ["dashboard", "--once"]) == 7
    shown = " ".join(capsys.readouterr().out.split())
    assert f": AWS denied {operation}: " in shown
    assert {*LISTED} <= {*aws.operations()} or operation == "ListStackResources"


def test_only_the_newest_running_watches_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployment: Deployment
) -> None:
    deployment.running = MAX_RUNNING + 1
    shown = shown_as_json(monkeypatch, capsys)
    assert (len(shown["running"]), shown["more_running"]) == (MAX_RUNNING, True)


def test_progress_notifications_are_not_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployment: Deployment
) -> None:
    deployment.details = [{**DETAIL, "outcome": "running"}, DETAIL]
    assert [job["outcome"] for job in shown_as_json(monkeypatch, capsys)["ended"]] == ["failed"]


@pytest.mark.parametrize("with_first_event", [True, False])
def test_there_are_at_most_30_calls_per_minute_and_all_watches_are_read(
    aws: FakeAws, deployment: Deployment, with_first_event: bool
) -> None:
    deployment.running, deployment.details = 40, [DETAIL] * 10
    deployment.with_first_event = with_first_event
    data = DashboardData(Context(Output()))
    calls: list[int] = []
    for reading in range(30):
        snapshot = data.read(STARTED + EVERY * reading)
        calls.append(len(aws.calls) - sum(calls))
    assert aws.operations()[0] == "DescribeStacks"  # the calls before the first reading count, too
    minutes = [calls[start : start + round(60 / EVERY)] for start in range(len(calls))]
    assert max(map(sum, minutes)) <= CALLS_PER_MINUTE
    assert min(calls) >= 3  # the lists
    assert all(job.progress.status == "STOPPING" for job in snapshot.running)
    ends = [call for operation, call in aws.calls if operation == "DescribeExecution" and ":Notify:" in str(call)]
    assert len(ends) == 10


HOSTILE = "[red]\x1b[2Jnext\nline\u202e"
FULL = Snapshot(
    time=STARTED,
    running=[
        RunningJob(
            f"w{number}",
            datetime.fromtimestamp(STARTED - 100_000, UTC),
            HOSTILE,
            {"Name": HOSTILE},
            JobProgress(HOSTILE, 100.0, next_poll=STARTED + 4_000),
        )
        for number in range(90)
    ],
    ended=[EndedJob(datetime.fromtimestamp(STARTED, UTC), {**DETAIL, "status": HOSTILE, "kind": HOSTILE})] * 10,
    alarms=[Alarm(f"Alarm{number}", datetime.fromtimestamp(STARTED, UTC), "Check it. " * 20) for number in range(9)],
    problems={"alarms": "AWS denied it."},
)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (80, 50), (200, 60)])
def test_the_screen_fits_into_the_terminal_and_values_cannot_change_it(columns: int, rows: int) -> None:
    console = Console(width=columns, height=rows, file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(screen(FULL, STARTED, "Job Watcher: JobWatcher in eu-west-1", columns, rows))
    lines = capture.get().splitlines()
    assert len(lines) < rows
    assert "\x1b[2J" not in capture.get() and "\u202e" not in capture.get()
    assert "\x1b[31m" not in next(line for line in lines if "[red]" in line)
    assert "Running: 90, " in capture.get() and "Alarms: 9, 5 not shown" in capture.get()


def test_the_names_of_a_job_with_a_long_id_are_complete_in_80_columns() -> None:
    started, id = datetime.fromtimestamp(STARTED, UTC), "lGeDYf8rGgNaE6HZL4s7qM"
    kind, request = "voice-id/SpeakerEnrollmentJob", {"DomainId": "d", "JobId": id}
    progress = JobProgress("IN_PROGRESS", 100.0, next_poll=STARTED + 4_000)
    detail = {"kind": kind, "request": request, "outcome": "succeeded", "status": "COMPLETED_WITH_ERRORS"}
    snapshot = Snapshot(STARTED, [RunningJob("w", started, kind, request, progress)], ended=[EndedJob(started, detail)])
    console = Console(width=80, file=io.StringIO())
    with console.capture() as capture:
        console.print(screen(snapshot, STARTED + 3_600, "", 80))
    assert [
        line.split().count(id) for line in capture.get().splitlines() if " SpeakerEnrollmentJob " in f" {line}"
    ] == [1, 1]


def test_what_is_not_known_yet_is_shown_as_dots() -> None:
    console = Console(width=80, file=io.StringIO())
    started = datetime.fromtimestamp(STARTED, UTC)
    snapshot = Snapshot(STARTED, [RunningJob("w", started)], ended=[EndedJob(started)])
    with console.capture() as capture:
        console.print(screen(snapshot, STARTED + 3_723, "", 80))
    assert next(line.split() for line in capture.get().splitlines() if "…" in line) == ["…", "…", "…", "1:02:03"]
