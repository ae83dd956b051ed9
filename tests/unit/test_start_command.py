"""`start` checks its arguments, starts a watch and ends with the outcome's exit status."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.command_line import describe_execution, exit_status, fake_aws
from tests.unit.fake_aws import MACHINE, WATCH, FakeAws, refuse
from tests.unit.watch_story import Clock, Story

START = ["start", "glue/JobRun", "JobName=nightly", "RunId=jr_1"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a deployment that enables AWS Glue's kinds."""
    with fake_aws(monkeypatch, "glue/* own/Thing") as aws:
        yield aws


@pytest.mark.parametrize(
    ("end", "detail", "status"),
    [
        ({"status": "SUCCEEDED", "output": '{"outcome": "succeeded"}'}, {"outcome": "succeeded"}, 0),
        ({"status": "SUCCEEDED", "output": '{"outcome": "partial"}'}, {"outcome": "partial"}, 3),
        ({"status": "FAILED", "error": "JobFailed", "cause": '{"outcome": "failed"}'}, {"outcome": "failed"}, 4),
        ({"status": "SUCCEEDED", "output": '{"outcome": "stopped"}'}, {"outcome": "stopped"}, 5),
        ({"status": "FAILED", "error": "WatchLost", "cause": "Gone."}, {"outcome": "lost", "reason": "Gone."}, 6),
        (
            {"status": "ABORTED"},
            {"outcome": "aborted", "reason": "The watch ended with the status ABORTED."},
            7,
        ),
    ],
)
def test_with_json_only_the_detail_is_on_standard_output_and_the_status_is_the_outcomes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    end: dict[str, str],
    detail: dict[str, str],
    status: int,
) -> None:
    aws.answers["DescribeExecution"] = lambda _: describe_execution(**end)
    assert exit_status(monkeypatch, [*START, "--json"]) == status
    shown = capsys.readouterr()
    assert json.loads(shown.out) == detail
    assert shown.err.splitlines()[0] == f"watch: {WATCH}"


def test_the_watchs_input_has_the_outcomes_on_which_it_fails(monkeypatch: pytest.MonkeyPatch, aws: FakeAws) -> None:
    assert exit_status(monkeypatch, [*START, "--detach", "--fail-on", "failed", "--fail-on", "stopped"]) == 0
    _, arguments = aws.calls[-1]
    assert arguments["stateMachineArn"] == MACHINE
    request = {"JobName": "nightly", "RunId": "jr_1"}
    assert json.loads(arguments["input"]) == {
        "kind": "glue/JobRun",
        "request": request,
        "fail_on": ["failed", "stopped"],
    }


@pytest.mark.parametrize(("duration", "seconds"), [("90", 90), ("30m", 1_800), ("3h", 10_800)])
def test_the_watchs_input_has_the_time_after_which_the_job_is_overdue(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, duration: str, seconds: int
) -> None:
    assert exit_status(monkeypatch, [*START, "--detach", "--overdue-after", duration]) == 0
    assert json.loads(aws.calls[-1][1]["input"])["overdue_after"] == seconds


AUTOMATIC = {"trigger": {"id": "1", "time": None, "service_event": False}}


@pytest.mark.parametrize(
    ("running", "options", "joined"),
    [
        ({"status": "RUNNING", **AUTOMATIC}, [], True),
        ({"status": "RUNNING", **AUTOMATIC}, ["--fail-on", "failed"], False),
        ({"status": "RUNNING", "fail_on": ["failed"]}, ["--fail-on", "failed"], True),
        ({"status": "RUNNING", **AUTOMATIC}, ["--overdue-after", "3h"], False),
        ({"status": "RUNNING", "request": {"JobName": "other", "RunId": "jr_1"}}, [], False),
        ({"status": "SUCCEEDED", **AUTOMATIC}, [], False),
    ],
)
def test_a_job_that_is_already_being_watched_gets_no_second_watch(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    running: dict[str, Any],
    options: list[str],
    joined: bool,
) -> None:
    status, members = running["status"], {name: value for name, value in running.items() if name != "status"}
    watch_input = json.dumps({"kind": "glue/JobRun", "request": {"JobName": "nightly", "RunId": "jr_1"}, **members})
    start, exists = aws.answers["StartExecution"], refuse("ExecutionAlreadyExists")
    aws.answers["StartExecution"] = lambda arguments: (exists if "name" in arguments else start)(arguments)
    aws.answers["DescribeExecution"] = lambda _: describe_execution(status=status, input=watch_input)
    assert exit_status(monkeypatch, [*START, "--detach", *options]) == 0
    shown = capsys.readouterr()
    name = aws.calls[1][1]["name"]
    assert shown.out == (f"{WATCH.removesuffix(':w')}:{name}\n" if joined else f"{WATCH}\n")
    assert shown.err == ("The job is already being watched. This is its watch.\n" if joined else "")
    assert aws.operations().count("StartExecution") == (1 if joined else 5)


def test_a_detached_watch_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    assert exit_status(monkeypatch, [*START, "--detach"]) == 0
    assert capsys.readouterr().out == f"{WATCH}\n"
    assert exit_status(monkeypatch, [*START, "--detach", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"watch": WATCH}
    assert set(aws.operations()) == {"DescribeStacks", "StartExecution"}


def test_a_watch_is_followed_like_that_of_follow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    clock = Clock(aws)
    clock.install(monkeypatch)
    story = Story(aws, clock)
    story.succeeds(1_000, outcome="succeeded")
    assert exit_status(monkeypatch, [*START, "--timeout", "15m"]) == 7
    assert "The job hasn't ended after 15 min. The watch continues. To resume: " in capsys.readouterr().err
    assert "StopExecution" not in aws.operations()
    assert 6 <= clock.calls_per_minute() <= 10
    assert exit_status(monkeypatch, START) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "outcome  succeeded"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["glue/JobRum", "JobName=a"], "'glue/JobRum' is not a kind; did you mean 'glue/JobRun'? Use --no-check for"),
        (["glue/JobRun", "JobName=a"], "The request has no RunId; accepted are JobName, RunId."),
        (["glue/JobRun", "JobName=a", "RunID=b"], "The request has an unknown member 'RunID'; accepted are"),
        (["glue/JobRun", "JobName=a", "RunId="], "The request is not valid for GetJobRun: "),
        (["batch/Job", "jobs=a"], "The request is not valid for DescribeJobs: "),
        (["batch/Job", 'jobs:=["a", "b"]'], "jobs has 2 items; accepted is exactly one"),
        ([*START[1:], "RunId=jr_2"], "RunId is given twice; accepted is one value for each member."),
        ([*START[1:], "--fail-on", "lost"], "'lost' is not a job's outcome; accepted are succeeded, partial, failed"),
        (["own/Thing", "Id=1", "--no-check", "--fail-on", "x"], "'x' is not a job's outcome; accepted are succeeded"),
    ],
)
def test_a_typo_makes_no_call(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    arguments: list[str],
    sentence: str,
) -> None:
    assert exit_status(monkeypatch, ["start", *arguments]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert aws.calls == []


def test_a_kind_that_is_not_enabled_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    assert exit_status(monkeypatch, ["start", "batch/Job", 'jobs:=["a"]']) == 2
    setting = '"kinds": ["glue/*", "own/Thing", "batch/Job"]'
    assert f"batch/Job is not enabled: redeploy with {setting}." in " ".join(capsys.readouterr().err.split())
    assert aws.operations() == ["DescribeStacks"]


def test_a_kind_that_only_the_deployment_has_is_not_checked(monkeypatch: pytest.MonkeyPatch, aws: FakeAws) -> None:
    assert exit_status(monkeypatch, ["start", "own/Thing", "Id=1"]) == 2
    assert exit_status(monkeypatch, ["start", "own/Thing", "Id=1", "--no-check", "--detach"]) == 0
    assert aws.operations() == ["DescribeStacks", "StartExecution"]
