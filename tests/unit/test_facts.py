"""What an event's detail says about a job apart from the Job dict: its title, summary, times, reason and results."""

from dataclasses import replace
from typing import Any

import pytest

from job_watcher import catalogue
from job_watcher.facts import describe_job, job_facts, place, summarize
from job_watcher.redaction import remove_signed_urls

RUN = catalogue.load("glue")["glue/JobRun"]
TITLED = replace(RUN, title="JobName")
REQUEST = {"JobName": "nightly-orders", "RunId": "jr_0123"}
JOB: dict[str, Any] = {
    "JobRunState": "FAILED",
    "ErrorMessage": "Path does not exist: s3://orders",
    "StartedOn": "2026-03-01T09:30:00Z",
    "CompletedOn": "2026-03-01T10:12:00.5Z",
}
FACTS = {
    "title": "nightly-orders",
    "reason": "Path does not exist: s3://orders",
    "created": "2026-03-01T09:30:00Z",
    "ended": "2026-03-01T10:12:00.500Z",
    "seconds": 2_520,
}
ARN = "arn:aws-cn:states:cn-north-1:111122223333:execution:Watch:the-watch"


def summary(outcome: str, **members: Any) -> str:
    detail = {"outcome": outcome, "request": REQUEST, **members}
    return summarize(describe_job("Glue", RUN, detail), detail)


def test_a_failed_job_has_a_title_a_reason_and_times() -> None:
    assert job_facts(TITLED, REQUEST, JOB, "failed") == FACTS


def test_what_is_unknown_is_left_out() -> None:
    assert job_facts(replace(RUN, title=None), REQUEST, {}, "failed") == job_facts(None, REQUEST, JOB, "lost") == {}


def test_a_job_that_succeeded_has_no_reason() -> None:
    assert "reason" not in job_facts(TITLED, REQUEST, JOB, "succeeded")


def test_the_title_in_the_answer_replaces_the_one_in_the_request() -> None:
    assert job_facts(TITLED, REQUEST, {"JobName": "renamed"}, "stopped")["title"] == "renamed"


def test_a_resource_that_can_change_repeatedly_has_no_duration() -> None:
    assert "seconds" not in job_facts(replace(RUN, recurs=True), REQUEST, JOB, "failed")


@pytest.mark.parametrize(
    ("outcome", "members", "expected"),
    [
        ("failed", FACTS, "Glue job run nightly-orders failed after 42 min: Path does not exist: s3://orders"),
        ("failed", {}, "Glue job run jr_0123 failed."),
        ("succeeded", {"seconds": 59}, "Glue job run jr_0123 succeeded after 59 s."),
        ("partial", {"seconds": 60}, "Glue job run jr_0123 ended after 1 min, but part of its work failed."),
        ("stopped", {"title": "a"}, "Glue job run a was stopped."),
        ("running", {}, "Glue job run jr_0123 is running."),
        ("lost", {"reason": "Denied."}, "Job Watcher stopped watching the Glue job run jr_0123: Denied."),
    ],
)
def test_the_summary_is_a_sentence(outcome: str, members: dict[str, Any], expected: str) -> None:
    assert summary(outcome, **members) == expected


def test_an_input_without_a_kind_has_a_summary() -> None:
    detail = {"outcome": "lost", "request": {}, "reason": "The input is null."}
    assert summarize(describe_job("", None, detail), detail) == "Job Watcher stopped watching a job: The input is null."


def test_the_account_and_the_region_are_those_of_the_watch() -> None:
    assert place(ARN) == {"account": "111122223333", "region": "cn-north-1"}
    assert place("not-an-arn") == {}


def test_the_summary_has_the_beginning_of_a_long_reason() -> None:
    assert summary("failed", reason="x" * 2_000) == f"Glue job run jr_0123 failed: {'x' * 300}…"


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ('{"errorMessage": "No table.", "errorType": "KeyError", "stackTrace": ["a.py"]}', "No table. (KeyError)"),
        ('{"StatusReason": "Host EC2 terminated", "Container": {"Image": "i"}}', "Host EC2 terminated"),
        ('{"a": 1}', '{"a": 1}'),
        ('{"errorMessage": ', '{"errorMessage":'),
    ],
)
def test_a_reason_in_json_becomes_its_message(cause: str, reason: str) -> None:
    assert job_facts(RUN, REQUEST, {"ErrorMessage": cause}, "failed")["reason"] == reason


def test_a_noun_that_begins_with_the_services_name_is_not_repeated() -> None:
    job = catalogue.load("backup")["backup/BackupJob"]
    assert describe_job("Backup", job, {"request": {"BackupJobId": "0a1b"}}) == "Backup job 0a1b"


SIGNED = "https://b.s3.amazonaws.com/o?X-Amz-Expires=9&X-Amz-Signature=0123"


@pytest.mark.parametrize(
    ("job", "kept", "removed"),
    [
        ({"Url": SIGNED, "Name": "a"}, {"Name": "a"}, ["Url"]),
        ({"A": {"Note": f"see {SIGNED}", "B": 1}}, {"A": {"B": 1}}, ["A.Note"]),
        ({"Urls": [SIGNED, "https://a.example", SIGNED]}, {"Urls": ["https://a.example"]}, ["Urls"]),
        ({"Items": [{"U": "x?x-amz-security-token=abc"}, {"U": "y"}]}, {"Items": [{}, {"U": "y"}]}, ["Items.U"]),
        ({"U": "https://b.s3.amazonaws.com/o?AWSAccessKeyId=A&Signature=b&Expires=1"}, {}, ["U"]),
        ({"U": "https://d.cloudfront.net/o?Expires=1&Signature=a&Key-Pair-Id=K"}, {}, ["U"]),
        ({"Signature": "a", "Text": "X-Amz-Signature is a parameter"}, {"Signature": "a"}, ["Text"]),
    ],
)
def test_presigned_urls_are_removed_from_every_member(job: Any, kept: Any, removed: list[str]) -> None:
    assert remove_signed_urls(job) == (kept, removed)
