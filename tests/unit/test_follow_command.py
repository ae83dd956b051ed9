"""`follow` shows the progress of a watch until its job ends, with few calls, and survives errors."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import WATCH, FakeAws, refuse
from tests.unit.watch_story import START, Clock, Executions, Story

Run = Callable[..., Any]
Bar = Callable[[], list[str]]
NAME = WATCH.rpartition(":")[2]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a deployment, in which the caller may describe Glue's job run."""
    with fake_aws(monkeypatch, "glue/*") as aws:
        aws.answers["GetJobRun"] = lambda _: job_run("RUNNING")
        yield aws


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, aws: FakeAws) -> Clock:
    clock = Clock(aws)
    clock.install(monkeypatch)
    return clock


@pytest.fixture
def story(aws: FakeAws, clock: Clock) -> Story:
    return Story(aws, clock)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `follow` and returns its exit status."""
    return lambda *arguments: exit_status(monkeypatch, ["follow", *arguments])


def job_run(state: str, **members: Any) -> dict[str, Any]:
    return {"JobRun": {"Id": "jr_1", "JobRunState": state, "StartedOn": START - 60, **members}}


@pytest.mark.parametrize("arguments", [(NAME,), (WATCH,)], ids=["name", "ARN"])
def test_following_makes_at_most_ten_calls_per_minute(
    aws: FakeAws, clock: Clock, story: Story, run: Run, arguments: Sequence[str]
) -> None:
    story.poll(0, "RUNNING")
    story.succeeds(170, outcome="succeeded", status="SUCCEEDED")
    assert run(*arguments) == 0
    assert len(clock.calls) == 9
    assert 6 <= clock.calls_per_minute() <= 10


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_without_the_history_following_makes_at_most_ten_calls_per_minute_and_finds_the_end(
    aws: FakeAws, clock: Clock, story: Story, run: Run, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    aws.answers["GetExecutionHistory"] = refuse(code)
    story.succeeds(170, outcome="partial", status="SUCCEEDED")
    assert run(NAME) == 3
    assert clock.calls_per_minute() <= 10
    shown = capsys.readouterr()
    assert shown.err.count("The history of the watch can't be read, so progress may be missing. AWS") == 1
    assert len(shown.err.splitlines()) == 1
    assert "RUNNING, elapsed 1 min" in shown.out and "partial (SUCCEEDED)" in shown.out
    assert aws.operations().count("GetExecutionHistory") == (4 if code == "ThrottlingException" else 1)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_if_the_job_cannot_be_described_only_the_history_is_shown(
    aws: FakeAws, story: Story, run: Run, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    aws.answers["GetJobRun"] = refuse(code)
    story.poll(0, "RUNNING", wait=15)
    story.poll(50, "STOPPING")
    story.succeeds(100, outcome="stopped", status="STOPPED")
    assert run(NAME) == 5
    shown = capsys.readouterr()
    assert shown.err.count("The job itself can't be described, so only the news of its watch is shown. AWS") == 1
    assert aws.operations().count("GetJobRun") == 1
    states = [line.partition(",")[0] for line in shown.out.splitlines()]
    assert states[:4] == ["glue/JobRun nightly jr_1", "RUNNING", "STOPPING", "stopped (STOPPED)"]


def test_the_earliest_end_and_the_next_poll_are_shown_if_they_are_known(
    aws: FakeAws, story: Story, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.answers["GetJobRun"] = refuse("AccessDeniedException")
    story.poll(0, "RUNNING", wait=15, last_answer=990)
    story.poll(19, "RUNNING", 49.0, wait=60, last_answer=1_000, age=1_060)
    story.succeeds(100, outcome="succeeded", status="SUCCEEDED")
    assert run(NAME) == 0
    assert capsys.readouterr().out.splitlines()[1:4] == [
        "RUNNING, elapsed 16 min 30 s, next poll in 15 s",
        "RUNNING 49 %, elapsed 17 min 21 s, earliest end in 15 min 59 s, next poll in 19 s",
        "succeeded (SUCCEEDED)",
    ]


def test_a_job_that_its_watch_has_reported_as_overdue_is_shown(
    aws: FakeAws, story: Story, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.answers["GetJobRun"] = lambda _: job_run("RUNNING")
    story.poll(0, "RUNNING")
    story.poll(19, "RUNNING", overdue=1, detail_type="Job Overdue", outcome="running")
    story.succeeds(100, outcome="succeeded", status="SUCCEEDED")
    assert run(NAME) == 0
    states = [line.partition(", e")[0] for line in capsys.readouterr().out.splitlines()]
    assert states[1:4] == ["RUNNING", "RUNNING, overdue", "succeeded (SUCCEEDED)"]


def test_a_job_that_has_ended_before_its_watch_noticed_is_shown(
    aws: FakeAws, story: Story, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.answers["GetJobRun"] = lambda _: job_run("FAILED")
    story.ends(30, "ExecutionFailed", status="FAILED", error="JobFailed", cause='{"outcome": "failed"}')
    assert run(NAME) == 4
    assert "FAILED, not reported yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ({"status": "SUCCEEDED", "output": '{"outcome": "succeeded"}'}, 0),
        ({"status": "SUCCEEDED", "output": '{"outcome": "partial"}'}, 3),
        ({"status": "FAILED", "error": "JobFailed", "cause": '{"outcome": "failed"}'}, 4),
        ({"status": "SUCCEEDED", "output": '{"outcome": "stopped"}'}, 5),
        ({"status": "FAILED", "error": "WatchLost", "cause": "Gone."}, 6),
        ({"status": "ABORTED"}, 7),
        ({"status": "SUCCEEDED", "output": '{"outcome": "running"}'}, 7),
    ],
)
def test_a_watch_that_has_ended_is_shown_at_once_and_the_exit_status_is_the_outcomes(
    aws: FakeAws, story: Story, run: Run, end: dict[str, str], status: int
) -> None:
    story.ends(0, **end)
    assert run(NAME) == status
    assert aws.operations() == ["DescribeStacks", "DescribeExecution"]


def test_the_end_has_the_outcome_the_reason_the_times_and_the_results(
    story: Story, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    times = {"StartedOn": "2026-01-01T00:00:00Z", "CompletedOn": "2026-01-01T00:42:00Z"}
    job = {"ErrorMessage": "No such\npath: \u202e s3://orders", "JobRunState": "FAILED", **times}
    story.succeeds(0, outcome="failed", status="FAILED", job=job, links={"logs": "https://logs"})
    assert run(NAME) == 4
    shown = dict(line.split("  ", maxsplit=1) for line in capsys.readouterr().out.splitlines()[1:])
    assert {name: value.strip() for name, value in shown.items()} == {
        "outcome": "failed (FAILED)",
        "reason": r"No such path: \u202e s3://orders",
        "created": local("2026-01-01T00:00:00Z"),
        "ended": local("2026-01-01T00:42:00Z"),
        "duration": "42 min",
        "link to logs": "https://logs",
    }


def local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def test_with_json_only_the_detail_is_on_standard_output(
    story: Story, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    story.succeeds(0, outcome="succeeded", status="SUCCEEDED")
    assert run(NAME, "--json") == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "succeeded"


@pytest.mark.parametrize("options", [(), ("--stack", "JobWatcher", "--region", "eu-west-1")])
def test_after_ctrl_c_the_watch_continues_and_the_command_that_resumes_is_shown(
    monkeypatch: pytest.MonkeyPatch,
    aws: FakeAws,
    story: Story,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)

    def press_ctrl_c(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.following.sleep", press_ctrl_c)
    assert run(NAME, *options) == 130
    continues = "No longer following. The watch continues, and reports the job's end. To resume:"
    assert capsys.readouterr().err == f"{continues} {' '.join(['job-watcher follow', NAME, *options])}\n"
    assert "StopExecution" not in aws.operations()


def test_after_the_timeout_following_stops_with_one_sentence(
    story: Story, clock: Clock, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(NAME, "--timeout", "1.5m") == 7
    assert clock.now == START + 90
    sentence = "The job hasn't ended after 1 min 30 s. The watch continues. To resume: job-watcher follow w"
    assert capsys.readouterr().err.startswith(sentence)


@pytest.mark.parametrize("text", ["soon", "0", "-5", "1w", "1e9"])
def test_a_misspelt_duration_is_rejected_with_what_is_accepted(
    aws: FakeAws, run: Run, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert run(NAME, "--timeout", text) == 2
    assert f"{text!r} is not a duration; accepted are seconds" in " ".join(capsys.readouterr().err.split())
    assert aws.calls == []


def test_following_survives_temporary_errors_and_mentions_them_once(
    aws: FakeAws, clock: Clock, story: Story, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    history = aws.answers["GetExecutionHistory"]
    fail = refuse("ServiceUnavailable")
    aws.answers["GetExecutionHistory"] = lambda arguments: (fail if START + 20 <= clock.now < START + 90 else history)(
        arguments
    )
    story.succeeds(100, outcome="succeeded")
    assert run(NAME) == 0
    assert capsys.readouterr().err == ("GetExecutionHistory failed: No. Try again in a minute. Following continues.\n")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ExpiredTokenException", "The AWS credentials have expired."),
        ("AccessDeniedException", "AWS denied DescribeExecution: No."),
    ],
)
def test_following_reports_a_permanent_error(
    aws: FakeAws, clock: Clock, story: Story, run: Run, capsys: pytest.CaptureFixture[str], code: str, sentence: str
) -> None:
    describe = aws.answers["DescribeExecution"]
    aws.answers["GetExecutionHistory"] = refuse(code)
    aws.answers["DescribeExecution"] = lambda arguments: (refuse(code) if len(aws.calls) > 2 else describe)(arguments)
    assert run(NAME) == 7
    *_, resume, last = capsys.readouterr().err.splitlines()
    assert sentence in last and "The watch continues. To resume: job-watcher follow w" in resume


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch, aws: FakeAws, run: Run, capsys: pytest.CaptureFixture[str]) -> Bar:
    """Return a function that follows the watch in a terminal of 80 columns, and returns the lines that it showed."""
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    aws.answers["GetJobRun"] = refuse("AccessDeniedException")

    def follow() -> list[str]:
        assert run(NAME) == 0
        return re.sub("\x1b[^a-zA-Z]*[a-zA-Z]", "", capsys.readouterr().out).replace("\r", "\n").splitlines()

    return follow


def test_in_a_terminal_a_bar_of_80_columns_shows_the_status_and_the_times(story: Story, bar: Bar) -> None:
    story.poll(0, "RUNNING", 49.0, wait=60, last_answer=1_000, age=1_060)
    story.succeeds(5, outcome="succeeded", status="SUCCEEDED")
    lines = bar()
    assert max(map(len, lines)) <= 80
    assert any("JobRun ━" in line and "RUNNING 49 %" in line and line.endswith("0:16:40") for line in lines)
    assert any("earliest end in 16 min 40 s, next poll in 1 min" in line for line in lines)
    assert any("succeeded (SUCCEEDED)" in line and line.endswith("0:16:45") for line in lines)


def test_a_long_status_does_not_cut_the_elapsed_time(story: Story, bar: Bar) -> None:
    story.poll(0, "INACCESSIBLE_ENCRYPTION_CREDENTIALS_RECOVERABLE", 49.0, last_answer=45_000, age=45_060)
    story.succeeds(5, outcome="succeeded", status="SUCCEEDED")
    lines = bar()
    (line, *_) = [line for line in lines if "INACCESSIBLE" in line]
    assert len(line) == 80 and re.match("JobRun ━+.* INACC.*… 12:30:00$", line)


def test_a_dumb_terminal_shows_lines(
    monkeypatch: pytest.MonkeyPatch, story: Story, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "dumb", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    story.succeeds(5, outcome="succeeded")
    assert run(NAME) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["glue/JobRun nightly jr_1", "RUNNING, elapsed 1 min", "succeeded", "outcome  succeeded"]


def test_a_watch_is_found_by_any_value_of_the_request_and_the_newest_counts(
    aws: FakeAws, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"JobName": "nightly", "RunId": "jr_2"}
    Executions(aws, a=("SUCCEEDED", other), b=("SUCCEEDED", {"RunId": "jr_1"}), c=("SUCCEEDED", other))
    assert run("jr_2") == 0
    shown = capsys.readouterr()
    assert shown.err == "Several watches are about jr_2. This is the newest: c\n" and "c" in shown.out.split()
    assert run("jr_1") == 0
    shown = capsys.readouterr()
    assert shown.err == "" and "b" in shown.out.split()


def test_an_ellipsis_alone_is_not_a_shortened_value(aws: FakeAws, run: Run) -> None:
    Executions(aws, a=("SUCCEEDED", {"RunId": "jr_1"}))
    assert (run("jr…1"), run("…")) == (0, 7)


def test_if_several_watches_are_about_a_job_the_one_that_is_running_is_followed(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, clock: Clock, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Executions(aws, a=("RUNNING", {"RunId": "jr_1"}), b=("SUCCEEDED", {"RunId": "jr_1"}))
    assert run("jr_1", "--timeout", "20s") == 7
    shown = capsys.readouterr().err.splitlines()
    assert shown[0] == "Several watches are about jr_1. This is the newest that is running: a"
    assert "job-watcher follow a" in shown[-1]


def test_a_watch_that_is_not_found_is_reported_with_what_is_accepted_after_few_calls(
    aws: FakeAws, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Executions(aws, **{f"w{number}": ("SUCCEEDED", {"RunId": "jr_1"}) for number in range(150)})
    assert run("jr_9") == 7
    error = capsys.readouterr().err
    assert (
        "none of the newest 100 watches is about a job with this value in its request or with this title. Accepted are"
        in error
    )
    assert aws.operations().count("DescribeExecution") == 101 and aws.operations().count("ListExecutions") == 2
