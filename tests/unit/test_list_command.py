"""`list` shows one line for each job, with few calls."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from cli import list_watches, watches
from cli.columns import lay_out, shorten
from cli.durations import parse_since
from cli.local_time import format_time
from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import FakeAws, refuse
from tests.unit.watch_story import START, Executions, state_exited

Lines = Callable[..., list[str]]
HEADER = ["KIND", "JOB", "STATUS", "OUTCOME", "AGE"]
LONG = {"JobName": "nightly-orders-of-all-shops", "RunId": "jr_" + "0123456789abcdef" * 4}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a deployment. The local time zone is that of Berlin."""
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    with fake_aws(monkeypatch, "glue/*") as aws:
        yield aws
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lines:
    """Return a function that runs `list` and returns the lines on standard output."""

    def run(*arguments: str, status: int = 0) -> list[str]:
        assert exit_status(monkeypatch, ["list", *arguments]) == status
        return capsys.readouterr().out.splitlines()

    return run


def run_id(number: int) -> dict[str, str]:
    return {"RunId": f"jr_{number}"}


def history(_: Any) -> Any:
    return {"events": [state_exited(0, "Describe", {"polls": 1, "status": "RUNNING", "percent": 50, "wait": 15})]}


def test_each_job_is_one_line_with_its_newest_watch(aws: FakeAws, lines: Lines) -> None:
    Executions(aws, a=("SUCCEEDED", run_id(1)), b=("RUNNING", run_id(2)), c=("RUNNING", run_id(1)))
    aws.answers["GetExecutionHistory"] = history
    header, *rows = [line.split() for line in lines()]
    assert header == HEADER
    age = rows[0][-2:]
    assert rows == [["glue/JobRun", id, "RUNNING", "50", "%", "running", *age] for id in ("jr_1", "jr_2")]


def test_the_end_is_shown_in_the_local_time_zone_and_calls_are_made_only_for_running_jobs(
    aws: FakeAws, lines: Lines
) -> None:
    Executions(aws, a=("SUCCEEDED", run_id(1)))
    header, row = lines()
    assert header.endswith("  ENDED (CET)") and row.endswith("  01-01 01:00") and "succeeded" in row
    assert aws.operations() == ["DescribeStacks", "ListExecutions", "DescribeExecution"]


def test_long_values_are_shortened_so_that_each_line_fits_into_80_columns(
    aws: FakeAws, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    Executions(aws, a=("SUCCEEDED", LONG), b=("RUNNING", run_id(1)))
    aws.answers["GetExecutionHistory"] = history
    shown = lines()
    assert max(map(len, shown)) <= 80 and shown[0].index("STATUS") == shown[1].index("RUNNING")
    job = next(word for word in shown[2].split("  ") if "…" in word)
    assert job.startswith("nightly") and job.endswith("abcdef")
    assert exit_status(monkeypatch, ["follow", job]) == 0


def test_a_title_that_is_not_in_the_request_is_shown_and_found(
    aws: FakeAws, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    executions = Executions(aws, a=("SUCCEEDED", run_id(1)), b=("SUCCEEDED", LONG), c=("SUCCEEDED", run_id(2)))
    executions.details = {"a": {"title": "orders of march"}, "b": {"title": LONG["JobName"]}}
    shown = [line.split("  ")[1] for line in lines("--limit", "3")]
    assert shown[1] == "jr_2" and shown[2].startswith("nightly") and shown[3] == "orders of march jr_1"
    for id in ("orders of march", "ord…march jr_1"):
        assert exit_status(monkeypatch, ["show", id]) == 0


def test_an_extra_check_of_a_job_is_not_its_newest_watch(aws: FakeAws, lines: Lines) -> None:
    executions = Executions(aws, a=("RUNNING", run_id(1)), b=("SUCCEEDED", run_id(1)))
    executions.members["b"] = {"check_once": True}
    (row,) = [json.loads(line) for line in lines("--json")]
    assert (row["outcome"], row["watch"].rpartition(":")[2]) == ("running", "a")


def test_json_has_stable_keys(aws: FakeAws, lines: Lines) -> None:
    Executions(aws, a=("SUCCEEDED", run_id(1)))
    (row,) = [json.loads(line) for line in lines("--json")]
    assert row == {
        "kind": "glue/JobRun",
        "request": run_id(1),
        "title": None,
        "outcome": "succeeded",
        "status": None,
        "percent": None,
        "started": "2026-01-01T00:00:00Z",
        "ended": "2026-01-01T00:00:00Z",
        "watch": row["watch"],
    }


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--running",), ["b"]),
        (("--kind", "batch/*"), ["c"]),
        (("--kind", "glue/JobRun"), ["b", "a"]),
        (("--outcome", "succeeded"), ["c", "a"]),
        (("--outcome", "succeeded", "--outcome", "running"), ["c", "b", "a"]),
        (("--since", "2025-12-31"), ["c", "b", "a"]),
        (("--since", "2026-01-02"), []),
        (("--limit", "2"), ["c", "b"]),
    ],
)
def test_filters_select_jobs(aws: FakeAws, lines: Lines, arguments: tuple[str, ...], found: list[str]) -> None:
    executions = Executions(aws, a=("SUCCEEDED", run_id(1)), b=("RUNNING", run_id(2)), c=("SUCCEEDED", run_id(3)))
    executions.members["c"] = {"kind": "batch/Job"}
    assert [json.loads(line)["watch"].rpartition(":")[2] for line in lines("--json", *arguments)] == found


def test_since_can_be_a_duration(aws: FakeAws, lines: Lines) -> None:
    Executions(aws, a=("SUCCEEDED", run_id(1)))
    assert lines("--since", "1h") == ["No watches were found."]
    days = (time.time() - START) / 86_400 + 1
    assert len(lines("--since", f"{days:.0f}d")) == 2


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [
        ("--outcome", "broken", "accepted are running, succeeded, partial, failed, stopped, lost"),
        ("--since", "yesterday", "accepted are a duration, such as 2h or 7d, and a date or a time"),
        ("--since", "0001-01-01", "accepted are a duration, such as 2h or 7d, and a date or a time"),
        ("--since", "999999999d", "accepted are a duration, such as 2h or 7d, and a date or a time"),
        ("--limit", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_filter_is_rejected_with_what_is_accepted(
    aws: FakeAws,
    lines: Lines,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    value: str,
    accepted: str,
) -> None:
    assert exit_status(monkeypatch, ["list", option, value]) == 2
    assert accepted in " ".join(capsys.readouterr().err.split())
    assert aws.calls == []


def test_a_time_that_is_too_late_for_the_local_time_zone_is_rejected_and_shown_in_utc(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "EST5")
    time.tzset()
    try:
        with pytest.raises(typer.BadParameter, match="'9999-12-31T23:59' is not a time"):
            parse_since("9999-12-31T23:59")
        monkeypatch.setenv("TZ", "CET-1")
        time.tzset()
        assert format_time("9999-12-31T23:59:00Z") == "9999-12-31 23:59:00 UTC"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_more_jobs_are_mentioned_and_few_calls_are_made(aws: FakeAws, lines: Lines) -> None:
    Executions(aws, **{f"w{number}": ("SUCCEEDED", run_id(number)) for number in range(150)})
    shown = lines("--limit", "3")
    assert len(shown) == 5 and shown[-1] == "There are more. Use --limit to see them."
    assert aws.operations().count("DescribeExecution") == 4
    assert lines("--outcome", "failed") == [
        "None of the newest 100 watches match. Use a higher --limit to search more of them."
    ]
    assert aws.operations().count("DescribeExecution") == 104


def test_older_watches_that_are_not_read_are_mentioned(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, lines: Lines
) -> None:
    assert list_watches.PAGE == 1_000
    monkeypatch.setattr("cli.list_watches.PAGE", 100)  # each is a call
    monkeypatch.setattr("cli.watches.sleep", lambda _: None)
    Executions(aws, **{f"w{number}": ("SUCCEEDED", run_id(number)) for number in range(100)})
    older = "Older watches aren't listed, because only the newest 1,000 are read."
    assert lines("--limit", "1000")[-1] == older
    assert lines("--limit", "1000", "--outcome", "failed") == [older]


def test_if_the_history_is_denied_the_status_is_left_out_and_this_is_said_once(
    aws: FakeAws, lines: Lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Executions(aws, a=("RUNNING", run_id(1)), b=("RUNNING", run_id(2)))
    aws.answers["GetExecutionHistory"] = refuse("AccessDeniedException")
    assert exit_status(monkeypatch, ["list"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "The status of running jobs isn't shown. AWS denied GetExecutionHistory: No.\n"
    assert len(shown.out.splitlines()) == 3 and aws.operations().count("GetExecutionHistory") == 1


def test_after_many_calls_there_are_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("cli.watches.sleep", pauses.append)
    assert list(watches.paced(range(103))) == list(range(103))
    assert [pause for pause in pauses if pause] == [0.1] * 3


def test_columns_that_fit_are_not_shortened() -> None:
    assert lay_out([["a", "bb"], ["ccc", "d"]], 80, [(0, 1)]) == ["a    bb", "ccc  d"]
    assert shorten("abcdefgh", 5) == "ab…gh"


@pytest.mark.parametrize(("width", "widths"), [(50, [13, 30, 3]), (40, [10, 23, 3]), (30, [8, 15, 3])])
def test_columns_are_shortened_in_steps(width: int, widths: list[int]) -> None:
    (line,) = lay_out([["k" * 30, "j" * 30, "end"]], width, [(0, 10), (1, 15), (0, 5)])
    assert [len(text) for text in line.split("  ")] == widths and len(line) == width
