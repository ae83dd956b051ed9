"""`explain` interprets answers, events and errors as the functions do, without AWS."""

import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli import explained_error, main
from cli.explained_answer import explain_answer
from cli.explained_event import explain_event
from cli.kind_names import find_kind
from job_watcher import catalogue
from job_watcher.errors import Meaning
from job_watcher.to_json import parse_time
from tests.unit.service_events import EVENTS, Row
from tests.unit.test_answers import CASES
from tests.unit.test_service_events import event

Run = Callable[..., str]

NOW = 1_767_229_200.0  # 2026-01-01T01:00:00Z
MEMBERS = ["outcome", "status", "known", "percent", "title", "reason", "results", "subject", "email"]
JOB_RUN = {"Id": "jr_1", "JobName": "nightly", "StartedOn": "2026-01-01T00:00:00Z"}
FAILED = {"JobRun": {**JOB_RUN, "JobRunState": "FAILED", "ErrorMessage": "Path does not exist: s3://orders"}}
RUNNING = {"JobRun": {**JOB_RUN, "JobRunState": "RUNNING"}}
INCOMPLETE = "The event of a ecs/Task job doesn't contain its cluster, tasks."
RUN_TASK: dict[str, Any] = {
    "source": "aws.ecs",
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {"eventSource": "ecs.amazonaws.com", "eventName": "RunTask"},
}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']}-{case['outcome']}" for case in CASES])
def test_an_answer_has_its_outcome_and_its_reason_and_either_an_email_or_a_next_poll(case: Mapping[str, Any]) -> None:
    found = explain_answer(find_kind(case["kind"]), case["answer"], {}, NOW)
    assert list(found) == [*MEMBERS, "next_poll_seconds"]
    assert (found["outcome"], found["known"]) == (case["outcome"], True)
    assert found["percent"] == case.get("percent", found["percent"])
    assert case.get("wrong", "") in (found["reason"] or "")
    runs = found["outcome"] == "running"
    assert (found["email"] is None, found["subject"] is None, found["next_poll_seconds"] is not None) == (runs,) * 3
    json.dumps(found)


def test_an_answer_without_a_job_has_no_outcome_but_a_reason(run: Run) -> None:
    found = json.loads(run("--kind", "batch/Job", "--answer", "-", "--json", stdin={"jobs": []}))
    assert (found["outcome"], found["known"], found["next_poll_seconds"]) == (None, None, 15)
    assert found["reason"] == "DescribeJobs didn't find the job."


def test_the_email_and_the_title_contain_the_given_request(run: Run) -> None:
    shown = run("--kind", "glue/JobRun", "--answer", "-", "JobName=nightly", "RunId=jr_1", stdin=FAILED)
    assert "outcome  failed\n" in shown and "title    nightly\n" in shown
    assert "subject  Failed: Glue job run nightly (us-east-1)\n" in shown
    assert "\nGlue job run nightly failed: Path does not exist: s3://orders\n" in shown


def test_values_are_shown_on_one_line_without_control_characters(run: Run) -> None:
    job = {**FAILED["JobRun"], "JobName": "a\x1b]0;b\x07", "ErrorMessage": "c\n\x1b[31md"}
    shown = run("--kind", "glue/JobRun", "--answer", "-", stdin={"JobRun": job})
    assert "title    a\\u001b]0;b\\u0007\nreason   c \\u001b[31md\n" in shown
    state_change = {"source": "aws.glue", "detail-type": "Glue Job State Change"}
    shown = run("--event", "-", stdin={**state_change, "detail": {"jobName": "a\x1b[31m", "jobRunId": "jr_1"}})
    assert shown == "glue/JobRun JobName=a\\u001b[31m RunId=jr_1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_can_have_the_encodings_in_which_shells_write(run: Run, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(FAILED), encoding)
    assert json.loads(run("--kind", "glue/JobRun", "--answer", str(path), "--json"))["outcome"] == "failed"


def test_the_polling_interval_depends_on_the_age_and_on_the_kinds_events() -> None:
    started = parse_time(JOB_RUN["StartedOn"])
    assert started and find_kind("glue/JobRun").event
    ages = {600: 150, 3600: 900, 36_000: 3600}
    intervals = {age: explain_answer(find_kind("glue/JobRun"), RUNNING, {}, started.timestamp() + age) for age in ages}
    assert {age: found["next_poll_seconds"] for age, found in intervals.items()} == ages


def test_an_answer_with_several_jobs_is_filtered_by_the_request() -> None:
    runs = [{"executionId": "1", "executionStatus": "Error"}, {"executionId": "2", "executionStatus": "Successful"}]
    kind = next(kind for kind in catalogue.load("appflow").values() if kind.pick == {"flowExecutions": "executionId"})
    request = {"flowName": "f", "executionId": "2"}
    assert explain_answer(kind, {"flowExecutions": runs}, request, NOW)["outcome"] == "succeeded"
    assert explain_answer(kind, {"flowExecutions": runs[:1]}, request, NOW)["outcome"] is None


@pytest.mark.parametrize("row", EVENTS, ids=[f"{number} {row[1]}" for number, row in enumerate(EVENTS)])
def test_a_sample_event_has_its_jobs(row: Row) -> None:
    source, detail_type, detail, resources, expected = row
    found = explain_event(event(source, detail_type, detail, resources))
    assert found == {"jobs": [{"kind": kind, "request": request} for kind, request in expected]}


def test_an_api_call_has_its_job(run: Run) -> None:
    response = {"changeSetId": "abcdefghij0123456789abcde"}
    call = {"eventSource": "marketplacecatalog.amazonaws.com", "eventName": "StartChangeSet"}
    started = {**call, "requestParameters": {"catalog": "AWSMarketplace"}, "responseElements": response}
    shown = run("--event", "-", stdin={**RUN_TASK, "detail": started})
    assert shown == "marketplace-catalog/ChangeSet Catalog=AWSMarketplace ChangeSetId=abcdefghij0123456789abcde\n"


@pytest.mark.parametrize(
    ("response", "found", "text"),
    [
        ({"tasks": []}, {"jobs": []}, "The event doesn't start a watch.\n"),
        (
            None,
            {"jobs": [], "reason": INCOMPLETE},
            f"The event goes to the dead-letter queue. {INCOMPLETE}\n",
        ),
    ],
)
def test_an_event_without_jobs_is_ignored_or_goes_to_the_dead_letter_queue(
    run: Run, response: Any, found: dict[str, Any], text: str
) -> None:
    call = {**RUN_TASK, "detail": {**RUN_TASK["detail"], "responseElements": response}}
    assert json.loads(run("--event", "-", "--json", stdin=call)) == found
    assert run("--event", "-", stdin=call) == text


def test_an_error_has_its_meaning_and_the_rule_that_decided(run: Run) -> None:
    arguments = ("--error", "ValidationException", "--message", "Could not find requested job with name: t")
    assert json.loads(run(*arguments, "--http-status", "400", "--json")) == {"meaning": "missing"}
    assert re.match(
        r"meaning  missing\nrule     the message matches \S.*\nresult   The watch is lost if", run(*arguments)
    )
    assert json.loads(run("--error", "Throttling", "--json")) == {"meaning": "throttled"}
    assert "no rule matches" in run("--error", "Odd")
    assert set(explained_error.CONSEQUENCES) == set(Meaning)


@pytest.mark.parametrize(
    ("arguments", "text", "sentence"),
    [
        ([], "", "accepted is one of: --kind with --answer, --event, or --error"),
        (["--answer", "-"], "{}", "accepted is one of: --kind with --answer, --event, or --error"),
        (["--event", "-", "--error", "X"], "{}", "accepted is one of: --kind with --answer, --event, or --error"),
        (["--kind", "glue/JobRum", "--answer", "-"], "{}", "'glue/JobRum' is not a kind; did you mean 'glue/JobRun'?"),
        (["--kind", "glu/JobRun", "--answer", "-"], "{}", "did you mean 'glue/JobRun'?"),
        (["--kind", "glue/JobRun", "--answer", "no.json"], "", "no.json can't be read: No such file or directory."),
        (["--event", "-", "--kind", "glue/JobRun"], "{}", "accepted is one of: --kind with --answer, --event, or"),
        (["--event", "-"], "{", "The input is not JSON: Expecting property name"),
        (["--event", "-"], "[]", "The input is an array; accepted is a JSON object."),
        (["--event", "-"], "null", "The input is null; accepted is a JSON object."),
        (["--event", "-"], "7", "The input is a number; accepted is a JSON object."),
        (["--event", "-"], "", "The input is not JSON: Expecting value"),
        (["--event", "-"], "[" * 100_000, "The input is not JSON: "),
    ],
)
def test_invalid_input_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    text: str,
    sentence: str,
) -> None:
    assert call(monkeypatch, arguments, text) == 2
    shown = capsys.readouterr()
    assert sentence in " ".join(shown.err.split()) and "Traceback" not in shown.err
    assert shown.out == ""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `explain` with these arguments and this input, and returns its output."""

    def run(*arguments: str, stdin: Any = None) -> str:
        assert call(monkeypatch, arguments, json.dumps(stdin)) == 0
        return capsys.readouterr().out

    return run


def call(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], text: str) -> Any:
    """Run `explain` without credentials and without a Region, and return its exit status."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["job-watcher", "explain", *arguments])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
    with pytest.raises(SystemExit) as exit_:
        main.main()
    return exit_.value.code
