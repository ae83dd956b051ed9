"""The email states the outcome, times, the reason for a failure, the results' location and the recommended action."""

import dataclasses
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from job_watcher import catalogue, email_message
from job_watcher.detail import Detail
from job_watcher.facts import describe_job, format_duration, job_facts, place, summarize
from job_watcher.links import job_links

# without titles, so that the emails name the jobs after their ids
SPEAKER, FRAUDSTER = (
    dataclasses.replace(catalogue.load("voice-id")[f"voice-id/{noun}"], title=None)
    for noun in ("SpeakerEnrollmentJob", "FraudsterRegistrationJob")
)
SPEAKER_WITHOUT_ADVICE = dataclasses.replace(SPEAKER, advice={})
DOMAIN, JOB_ID = "domain5tuvwxyz01234567", "u9cJob4tuvwxyz01234567"
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
LINK = f"https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/{ARN}"
JOB: dict[str, Any] = {
    "CreatedAt": "2026-03-01T09:30:00Z",
    "DataAccessRoleArn": "arn:aws:iam::123456789012:role/voice-data",
    "DomainId": DOMAIN,
    "EndedAt": "2026-03-01T11:35:20Z",
    "EnrollmentConfig": {
        "ExistingEnrollmentAction": "SKIP",
        "FraudDetectionConfig": {"FraudDetectionAction": "IGNORE", "RiskThreshold": 50},
    },
    "InputDataConfig": {"S3Uri": "s3://our-calls/manifests/march.json"},
    "JobId": JOB_ID,
    "JobName": "march",
    "JobProgress": {"PercentComplete": 100},
    "JobStatus": "COMPLETED_WITH_ERRORS",
    "OutputDataConfig": {"KmsKeyId": "alias/voice", "S3Uri": "s3://our-calls/results"},
}
FAILURE = {"FailureDetails": {"Message": "The manifest is not valid JSON.", "StatusCode": 400}}
OUTCOMES = [*catalogue.FINAL_OUTCOMES, "lost"]


def detail(status: str, outcome: str, **job: Any) -> Detail:
    return {
        "kind": SPEAKER.name,
        "request": {"DomainId": DOMAIN, "JobId": JOB_ID},
        "status": status,
        "outcome": outcome,
        "job": {**JOB, "JobStatus": status, **job},
        "watch": ARN,
        "polls": 14,
    }


def complete(kind: catalogue.Kind | None, given: Detail) -> Detail:
    """Return the detail with what is derived from the job and the watch, as notifications have it."""
    facts = job_facts(kind, given["request"], given.get("job"), given["outcome"])
    links = job_links(kind, given["request"], given.get("job"), ARN)
    completed = {**facts, "links": links, **place(ARN), **given}
    return cast(Detail, {**completed, "summary": summarize(describe_job("Voice ID", kind, completed), completed)})


def body(kind: catalogue.Kind | None, given: Detail) -> str:
    return email_message.body(kind, complete(kind, given))


def subject(kind: catalogue.Kind | None, given: Detail) -> str:
    return email_message.subject(describe_job("Voice ID" if kind else "", kind, given), complete(kind, given))


def lost(error: str, reason: str, **members: Any) -> Detail:
    request = {"DomainId": DOMAIN, "JobId": JOB_ID}
    base = {"kind": SPEAKER.name, "request": request, "outcome": "lost", "watch": ARN, "polls": 3}
    return cast(Detail, {**base, "error": error, "reason": reason, **members})


def test_the_email_about_a_job_that_completed_with_errors() -> None:
    event_detail = detail("COMPLETED_WITH_ERRORS", "partial")
    assert (
        subject(SPEAKER, event_detail) == "Partial: Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 (eu-west-1)"
    )
    assert (
        body(SPEAKER, event_detail)
        == """\
Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 ended after 2 h 5 min, but part of its work failed.

Status: COMPLETED_WITH_ERRORS
Started: 2026-03-01 09:30:00 UTC
Ended: 2026-03-01 11:35:20 UTC
Duration: 2 h 5 min
Results: s3://our-calls/results/u9cJob4tuvwxyz01234567/march.json.out

Results in S3: https://eu-west-1.console.aws.amazon.com/s3/object/our-calls?region=eu-west-1&prefix=results/\
u9cJob4tuvwxyz01234567/march.json.out
Watch: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/\
arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch

Recommended action: Some speakers were not enrolled. The results file has one entry for each request, with the reason \
if it failed. Correct the failed requests and start a new job with only those requests.

Details:
Kind: voice-id/SpeakerEnrollmentJob
DomainId: domain5tuvwxyz01234567
JobId: u9cJob4tuvwxyz01234567
DataAccessRoleArn: arn:aws:iam::123456789012:role/voice-data
EnrollmentConfig.ExistingEnrollmentAction: SKIP
EnrollmentConfig.FraudDetectionConfig.FraudDetectionAction: IGNORE
EnrollmentConfig.FraudDetectionConfig.RiskThreshold: 50
InputDataConfig.S3Uri: s3://our-calls/manifests/march.json
JobName: march
JobProgress.PercentComplete: 100
OutputDataConfig.KmsKeyId: alias/voice
OutputDataConfig.S3Uri: s3://our-calls/results
"""
    )


def test_the_email_about_a_job_that_completed() -> None:
    event_detail = detail("COMPLETED", "succeeded")
    lines = body(SPEAKER, event_detail).splitlines()
    assert (
        subject(SPEAKER, event_detail)
        == "Succeeded: Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 (eu-west-1)"
    )
    assert lines[0] == "Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 succeeded after 2 h 5 min."
    assert "Results: s3://our-calls/results/u9cJob4tuvwxyz01234567/march.json.out" in lines
    assert "Recommended action: No action needed." in lines
    assert not [line for line in lines if "Reason" in line]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("orders", "orders"),
        (["arn:aws:ecs:eu-west-1:111122223333:task/jobs/0123456789abcdef"], "0123456789abcdef"),
        ([{"Name": "replication-task-arn", "Values": ["arn:aws:dms:eu-west-1:111122223333:task:ORDERS"]}], "ORDERS"),
        (7, "7"),
        ("", ""),
    ],
)
def test_the_subject_contains_the_short_name_of_the_job(value: Any, shown: str) -> None:
    event_detail = {**detail("FAILED", "failed"), "request": {"DomainId": "d", "JobId": value}}
    assert subject(SPEAKER, cast(Detail, event_detail)) == " ".join(
        f"Failed: Voice ID speaker enrollment job {shown} (eu-west-1)".split()
    )


def test_the_email_about_a_failed_job_contains_the_reason() -> None:
    event_detail = detail("FAILED", "failed", **FAILURE)
    lines = body(SPEAKER, event_detail).splitlines()
    assert (
        subject(SPEAKER, event_detail) == "Failed: Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 (eu-west-1)"
    )
    assert lines[0] == (
        "Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 failed after 2 h 5 min: "
        "The manifest is not valid JSON. (400)"
    )
    assert "\n".join(lines).count("The manifest is not valid JSON.") == 1
    assert "Duration: 2 h 5 min" in lines
    assert [line for line in lines if line.startswith("Recommended action: The job didn't enroll any speakers. ")]
    assert f"Watch: {LINK}" in lines
    assert "FailureDetails.StatusCode: 400" in lines


@pytest.mark.parametrize("failure", [{}, {"FailureDetails": {}}, {"FailureDetails": {"Message": None}}])
def test_the_email_about_a_failure_without_details_has_no_reason(failure: dict[str, Any]) -> None:
    assert "Reason" not in body(SPEAKER, detail("FAILED", "failed", **failure))


@pytest.mark.parametrize("status", ["SUBMITTED", "IN_PROGRESS"])
def test_the_email_about_a_watch_that_gave_up_on_a_running_job(status: str) -> None:
    event_detail = lost(
        "GaveUp", f"Gave up after 14 d: the job is still {status}.", status=status, job={"JobStatus": status}
    )
    lines = body(SPEAKER, event_detail).splitlines()
    assert subject(SPEAKER, event_detail) == "Lost: Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 (eu-west-1)"
    assert lines[0] == (
        "Job Watcher stopped watching the Voice ID speaker enrollment job u9cJob4tuvwxyz01234567: "
        f"Gave up after 14 d: the job is still {status}."
    )
    assert f"Status: {status}" in lines
    assert [line for line in lines if line.startswith("Recommended action: Check whether the job still makes progress")]


def test_the_email_about_a_watch_that_never_got_an_answer() -> None:
    event_detail = lost("AccessDeniedException", "DescribeSpeakerEnrollmentJob: Access denied.")
    text = body(SPEAKER, event_detail)
    assert text.count("DescribeSpeakerEnrollmentJob: Access denied.") == 1
    assert "Status" not in text and "Started" not in text
    assert "Recommended action: The job may still be running. Fix the problem, then start a new watch." in text


def test_the_email_about_an_input_without_a_kind() -> None:
    event_detail = lost("InvalidInput", "The input is null; accepted is an object.", kind=None, request={})
    assert subject(None, event_detail) == "Lost: a job (eu-west-1)"
    assert body(None, event_detail).startswith(
        "Job Watcher stopped watching a job: The input is null; accepted is an object.\n\nWatch: "
    )
    assert "Recommended action: Correct the watch's input, then start a new watch.\n" in body(None, event_detail)


def test_each_kind_of_voice_id_has_its_own_label_and_advice() -> None:
    partial = body(FRAUDSTER, detail("COMPLETED_WITH_ERRORS", "partial"))
    assert (
        partial.startswith(f"Voice ID fraudster registration job {JOB_ID} ended")
        and "Some fraudsters were not" in partial
    )


@pytest.mark.parametrize(
    ("outcome", "headline", "advice"),
    [
        ("succeeded", "succeeded after 2 h 5 min.", "No action needed."),
        (
            "partial",
            "ended after 2 h 5 min, but part of its work failed.",
            "Check the results and rerun the failed parts",
        ),
        (
            "failed",
            "failed after 2 h 5 min.",
            "The service gives no reason. Fix the problem and start the job again.",
        ),
        ("stopped", "was stopped after 2 h 5 min.", "If nobody stopped it on purpose, start the job again."),
    ],
)
def test_a_kind_without_advice_has_the_default_advice(outcome: str, headline: str, advice: str) -> None:
    text = body(SPEAKER_WITHOUT_ADVICE, detail("ENDED", outcome))
    assert text.startswith(f"Voice ID speaker enrollment job {JOB_ID} {headline}\n")
    assert f"\nRecommended action: {advice}" in text


def test_the_subject_does_not_depend_on_the_order_of_the_requests_members() -> None:
    event_detail: Detail = {**detail("COMPLETED", "succeeded"), "request": {"JobId": JOB_ID, "DomainId": DOMAIN}}
    assert (
        subject(SPEAKER, event_detail)
        == "Succeeded: Voice ID speaker enrollment job u9cJob4tuvwxyz01234567 (eu-west-1)"
    )


VALUES = st.text() | st.integers() | st.lists(st.text(), max_size=2) | st.dictionaries(st.text(), st.text(), max_size=2)


@given(st.dictionaries(st.text(), VALUES, max_size=3), st.text(min_size=1), st.sampled_from(OUTCOMES))
@example({"JobId": "two\nlines\r\n"}, "x", "failed")
@example({"JobId": "é" * 200}, "x", "failed")
@example({"JobId": "x" * 60}, "y" * 60, "failed")
def test_sns_accepts_every_subject(request: dict[str, Any], status: str, outcome: str) -> None:
    for kind in (SPEAKER, None):
        line = subject(kind, {**detail(status, outcome), "request": request})
        assert line.isascii() and line.isprintable()
        assert len(line) < 100
        assert line.startswith(f"{outcome.capitalize()}: ")


def test_a_long_subject_is_truncated_and_ends_in_dots() -> None:
    line = subject(SPEAKER, {**detail("COMPLETED", "succeeded"), "request": {"JobId": "x" * 100}})
    assert line == "Succeeded: Voice ID speaker enrollment job " + "x" * 41 + "... (eu-west-1)"


@pytest.mark.parametrize(
    ("uri", "manifest", "results"),
    [
        ("s3://out", "s3://in/a.json", f"s3://out/{JOB_ID}/a.json.out"),
        ("s3://out/", "s3://in/a.json", f"s3://out/{JOB_ID}/a.json.out"),
        ("s3://out/deep/er", "s3://in/deep/a b.json", f"s3://out/deep/er/{JOB_ID}/a b.json.out"),
    ],
)
def test_the_email_contains_the_location_of_voice_ids_results(uri: str, manifest: str, results: str) -> None:
    job = {"OutputDataConfig": {"S3Uri": uri}, "InputDataConfig": {"S3Uri": manifest}}
    assert f"Results: {results}\n" in body(SPEAKER, detail("COMPLETED", "succeeded", **job))


def test_facts_that_the_job_does_not_contain_are_left_out() -> None:
    text = body(SPEAKER, {**detail("COMPLETED", "succeeded"), "job": {"JobStatus": "COMPLETED"}})
    assert "Created" not in text and "Ended" not in text and "Duration" not in text and "Results" not in text


def test_the_email_lists_omitted_members() -> None:
    event_detail: Detail = {**detail("COMPLETED", "succeeded"), "omitted": ["Results", "Segments"]}
    assert "Omitted: Results, Segments\n" in body(SPEAKER, event_detail)


def test_each_value_is_on_one_line_and_is_not_empty() -> None:
    event_detail: Detail = {**detail("FAILED", "failed"), "request": {"DomainId": "two\nlines", "JobId": " \n"}}
    lines = body(SPEAKER, event_detail).splitlines()
    assert "DomainId: two lines" in lines
    assert not [line for line in lines if line.startswith("JobId: ") and line != f"JobId: {JOB_ID}"]


def test_an_email_about_a_large_job_fits_on_a_screen() -> None:
    members = {f"More{number:02}": number for number in range(1, 50)}
    event_detail = detail("FAILED", "failed", **members, FailureDetails={"Message": "x" * 1_000, "Cause": "a"})
    lines = body(SPEAKER, {**event_detail, "request": {f"R{number}": number for number in range(50, 80)}}).splitlines()
    assert f"Reason: {'x' * 1_000}" in lines and "x" * 400 not in lines[0]
    assert "FailureDetails.Cause: a" in lines  # a member that says why a job failed comes before others
    assert lines[-1] == "More: 50 other members are in the event"
    assert len(lines) <= 40


def test_members_that_say_nothing_new_are_left_out() -> None:
    job = {"Empty": "", "None": None, "Zero": 0, "Again": "FAILED", "Data": '{"a": [1]}', "startedAt": 1772355660000}
    text = body(SPEAKER, {**detail("FAILED", "failed"), "job": {"List": [{"A": "new"}, {"B": ["x", 7]}], **job}})
    assert text.partition("JobId: ")[2].splitlines()[1:] == [
        "List[0].A: new",
        "List[1].B: x, 7",
        "startedAt: 2026-03-01T09:01:00Z",
    ]


LONG_VALUES: list[Any] = [
    "x" * 100_000,
    ["x" * 10] * 10_000,
    [{"x": "y" * 100_000}],
    {"Inside": ["é" * 50_000, 1]},
]


@pytest.mark.parametrize("value", LONG_VALUES, ids=["text", "list of texts", "list of structures", "structure"])
def test_a_long_value_is_truncated_everywhere_in_the_email(value: Any) -> None:
    event_detail = detail("FAILED", "failed", Notes=value, FailureDetails={"Message": value, "StatusCode": 400})
    assert len(body(SPEAKER, event_detail)) < 10_000
    assert "…" in body(SPEAKER, event_detail)
    assert len(body(SPEAKER, {**lost("InvalidInput", "x" * 2_000), "request": {"JobId": value}})) < 10_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than a second"),
        (0.4, "less than a second"),
        (1, "1 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h"),
        (7_520, "2 h 5 min"),
        (14 * 86_400, "14 d"),
        (90_061, "1 d 1 h"),
    ],
)
def test_a_duration_is_shown_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
