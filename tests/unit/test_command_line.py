"""The command line: arguments, errors, the progress of watches, and what before-destroy removes."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
import typer
from botocore.stub import Stubber

from cli import before_destroy, deployment, progress, watches
from cli.errors import CommandError
from cli.exit_status import ExitStatus
from cli.members import parse_member
from tests.unit.command_line import exit_status

WATCH = "arn:aws:states:eu-west-1:111122223333:execution:Watch:w"
OTHER = "arn:aws:states:eu-west-1:111122223333:execution:Watch:other"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("JobId=u9c", "u9c"),
        ("Arn=a=b", "a=b"),
        ("Name=", ""),
        ("Name=[a]", "[a]"),
        ("Id=7", "7"),
        ("Id:=7", 7),
        ('jobs:=["1234"]', ["1234"]),
        ('Filters:=[{"Name": "state"}]', [{"Name": "state"}]),
    ],
)
def test_the_value_of_a_member_is_a_string_or_json(word: str, value: Any) -> None:
    assert parse_member(word) == (word.partition("=")[0].rstrip(":"), value)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("JobId", "is neither Member=value nor Member:=JSON"),
        ("=u9c", "is neither Member=value nor Member:=JSON"),
        ("jobs:=[1", "has no valid JSON after the :="),
        pytest.param(f"jobs:={'[' * 100_000}", "has no valid JSON after the :=", id="deeply nested"),
    ],
)
def test_any_other_member_is_rejected_with_the_accepted_formats(word: str, sentence: str) -> None:
    with pytest.raises(typer.BadParameter, match=sentence):
        parse_member(word)


def test_rules_from_all_pages_are_listed_and_managed_rules_are_not_removed() -> None:
    events = botocore.session.get_session().create_client("events", "eu-west-1")
    archive = {"Name": "Events-Archive-ended-jobs", "ManagedBy": "prod.vhs.events.aws.internal"}
    bus = {"EventBusName": "bus"}
    with Stubber(events) as stub:
        stub.add_response("list_rules", {"Rules": [archive], "NextToken": "more"}, bus)
        stub.add_response("list_rules", {"Rules": [{"Name": "mine"}]}, {**bus, "NextToken": "more"})
        managed, mine = before_destroy.rules(events, "bus")
        assert managed.remove is None and "delete what it belongs to, such as an archive" in managed.description
        stub.add_response("list_targets_by_rule", {"Targets": [{"Id": "t", "Arn": "a"}]}, {"Rule": "mine", **bus})
        stub.add_response("remove_targets", {"FailedEntries": []}, {"Rule": "mine", "Ids": ["t"], **bus})
        stub.add_response("delete_rule", {}, {"Name": "mine", **bus})
        assert mine.remove
        mine.remove()
        stub.assert_no_pending_responses()


def test_rules_that_belong_to_the_stack_are_not_listed() -> None:
    events = botocore.session.get_session().create_client("events", "eu-west-1")
    with Stubber(events) as stub:
        stub.add_response("list_rules", {"Rules": [{"Name": "failures"}, {"Name": "mine"}]}, {"EventBusName": "bus"})
        found = before_destroy.rules(events, "bus", ["bus|failures", "other|mine"])
        assert [blocker.description for blocker in found] == ["rule mine on the bus"]


def test_other_state_machines_and_buses_in_the_stack_are_ignored() -> None:
    session = botocore.session.get_session()
    names = ("cloudformation", "events", "stepfunctions")
    clients = {name: session.create_client(name, "eu-west-1") for name in names}
    ids = ("JobsWatcherWatch6C777F77", "OrdersMachine0A1B2C3D", "OrdersBus0A1B2C3D", "JobsNotifierBusF2E1D0C9")
    summaries = [
        {"LogicalResourceId": id, "PhysicalResourceId": f"arn:{id}", "ResourceType": "T", "ResourceStatus": "S"}
        | {"LastUpdatedTimestamp": "2026-01-01T00:00:00Z"}
        for id in ids
    ]
    with Stubber(clients["cloudformation"]) as stacks, Stubber(clients["events"]) as events:
        stacks.add_response("list_stack_resources", {"StackResourceSummaries": summaries}, {"StackName": "App"})
        events.add_response("list_rules", {"Rules": []}, {"EventBusName": f"arn:{ids[3]}"})
        with Stubber(clients["stepfunctions"]) as machines:
            running = {"stateMachineArn": f"arn:{ids[0]}", "statusFilter": "RUNNING"}
            machines.add_response("list_executions", {"executions": []}, running)
            assert list(before_destroy.blockers(clients.__getitem__, "App")) == []
            machines.assert_no_pending_responses()
            events.assert_no_pending_responses()


def test_a_target_that_cannot_be_removed_is_reported_with_the_reason() -> None:
    events = botocore.session.get_session().create_client("events", "eu-west-1")
    failed = {"FailedEntries": [{"TargetId": "t", "ErrorCode": "Busy", "ErrorMessage": "It is being changed."}]}
    with Stubber(events) as stub:
        stub.add_response("list_rules", {"Rules": [{"Name": "mine"}]})
        stub.add_response("list_targets_by_rule", {"Targets": [{"Id": "t", "Arn": "a"}]})
        stub.add_response("remove_targets", failed)
        (mine,) = before_destroy.rules(events, "bus")
        assert mine.remove
        with pytest.raises(before_destroy.NotRemoved, match="rule mine: It is being changed"):
            mine.remove()


class Watches:
    """A fake Step Functions client of watches that have polled once. Each DescribeExecution finds their end."""

    def __init__(self, **detail: str) -> None:
        self.calls = 0
        self.detail = detail

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        return {"executionArn": executionArn, "status": "SUCCEEDED", "output": json.dumps(self.detail)}

    def get_execution_history(self, executionArn: str, reverseOrder: bool, maxResults: int) -> dict[str, Any]:
        self.calls += 1
        poll = {"polls": 1, "status": "RUNNING", "wait": 15, "percent": 50.0}
        exits = [{"name": "Notify", "output": "{}"}, {"name": "Describe", "output": json.dumps(poll)}]
        events: list[dict[str, Any]] = [
            {"type": "TaskStateExited", "stateExitedEventDetails": exit_} for exit_ in exits
        ]
        end = [{"type": "ExecutionSucceeded"}] if self.calls > 4 else []
        return {"events": [{"timestamp": datetime(2026, 1, 1, tzinfo=UTC), **event} for event in [*end, *events]]}


def test_the_progress_of_several_watches_is_shown_with_their_titles(capsys: pytest.CaptureFixture[str]) -> None:
    states = Watches(status="COMPLETED_WITH_ERRORS", outcome="partial")
    ended = progress.follow(states, {WATCH: "Enrollment", OTHER: "Transcription"}, every=0)
    assert [ended[watch]["status"] for watch in (WATCH, OTHER)] == ["SUCCEEDED", "SUCCEEDED"]
    assert capsys.readouterr().out.splitlines() == [
        "Enrollment: RUNNING 50 %",
        "Transcription: RUNNING 50 %",
        "Enrollment: partial (COMPLETED_WITH_ERRORS)",
        "Transcription: partial (COMPLETED_WITH_ERRORS)",
    ]


def test_a_terminal_shows_a_bar_for_each_watch_that_ends_with_the_outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    progress.follow(Watches(status="COMPLETED", outcome="succeeded"), {WATCH: "Job", OTHER: "Second"}, 0)
    *_, first, last = re.sub("\x1b[^a-zA-Z]*[a-zA-Z]", "", capsys.readouterr().out).splitlines()
    for line, title in ((first, "Job"), (last, "Second")):
        assert line.startswith(f"{title} ") and "━━━ succeeded (COMPLETED) 0:00:00" in line and len(line) == 80


@pytest.mark.parametrize(
    ("execution", "detail"),
    [
        ({"status": "SUCCEEDED", "output": '{"outcome": "partial"}'}, {"outcome": "partial"}),
        ({"status": "FAILED", "error": "JobFailed", "cause": '{"outcome": "failed"}'}, {"outcome": "failed"}),
        (
            {"status": "FAILED", "error": "WatchLost", "cause": "No such job."},
            {"outcome": "lost", "reason": "No such job."},
        ),
        (
            # MiniStack gives an output to executions that failed
            {"status": "FAILED", "output": '{"polls": 1}', "error": "WatchLost", "cause": "No such job."},
            {"outcome": "lost", "reason": "No such job."},
        ),
        (
            {"status": "FAILED", "error": "States.DataLimitExceeded", "cause": "Too long."},
            {"outcome": "lost", "reason": "Too long."},
        ),
        ({"status": "FAILED", "error": "JobFailed", "cause": '{"outcome'}, {"outcome": "lost", "reason": '{"outcome'}),
        (
            {"status": "SUCCEEDED", "output": "null"},
            {"outcome": "lost", "reason": "The watch ended with the status SUCCEEDED."},
        ),
        ({"status": "ABORTED"}, {"outcome": "aborted", "reason": "The watch ended with the status ABORTED."}),
        ({"status": "TIMED_OUT"}, {"outcome": "timed out", "reason": "The watch ended with the status TIMED_OUT."}),
    ],
)
def test_every_end_of_a_watch_has_an_outcome(execution: dict[str, str], detail: dict[str, str]) -> None:
    assert watches.detail(execution) == detail


def test_a_stack_without_job_watchers_outputs_is_reported() -> None:
    cloudformation = botocore.session.get_session().create_client("cloudformation", "eu-west-1")
    stack = {"StackName": "Other", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "Other"})
        with pytest.raises(CommandError, match="Other has no output WatchArn"):
            deployment.find(cloudformation, "Other")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "No AWS credentials were found. Set AWS_PROFILE, or"),
        ({}, "No AWS region is set. Set AWS_DEFAULT_REGION, or"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
    ],
)
def test_a_problem_with_the_environment_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], sentence: str
) -> None:
    nowhere = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**nowhere, "AWS_EC2_METADATA_DISABLED": "true", **environment}.items():
        monkeypatch.setenv(name, value)
    assert exit_status(monkeypatch, ["list"]) == ExitStatus.UNDETERMINED
    shown = capsys.readouterr()
    assert shown.err.startswith(f"job-watcher: {sentence}") and len(shown.err.splitlines()) == 1
    assert shown.out == ""


@pytest.mark.parametrize(
    "wrong", [(), ("start",), ("start", "glue/JobRun", "JobId"), ("lst",), ("list", "--stac", "S")]
)
def test_invalid_arguments_exit_with_status_2_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: tuple[str, ...]
) -> None:
    assert exit_status(monkeypatch, wrong) == 2
    shown = capsys.readouterr()
    assert "Usage: job-watcher" in shown.out + shown.err and "Traceback" not in shown.err
