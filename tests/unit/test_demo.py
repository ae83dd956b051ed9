"""The demo's output: shortened JSON and text, the jobs' results, and whether events and emails agree with the jobs."""

import io
import json
import shlex
from typing import Any

import botocore.session
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from local.demo.jobs import Job, enrolled
from local.demo.keep import commands
from local.demo.notifications import Notifications
from local.demo.shorten import lines_of_json, lines_of_text, shorten, shorten_lines
from local.environment import ROOT

EVENT = {"id": "1", "detail": {"kind": "glue/JobRun", "watch": "arn:aws:states:" + "0" * 200, "polls": [1, 2]}}


def test_json_that_fits_stays_on_one_line() -> None:
    assert lines_of_json({"polls": [1, 2]}, 80) == ['{"polls": [1, 2]}']


@pytest.mark.parametrize("width", [40, 80, 120, 400])
def test_shortened_json_is_valid_and_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = lines_of_json(EVENT, width)
    assert max(map(len, lines)) <= width
    shown = json.loads("\n".join(lines))
    assert shown["detail"]["polls"] == [1, 2]
    assert (shown == EVENT) is (width == 400)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_wraps_between_words_and_table_rows_are_shortened_in_the_middle(width: int) -> None:
    sentence = "Some speakers were not enrolled. " * 5
    text = f"Subject: {sentence}\n\n  Results   s3://{'a' * 200}.out\nThe watch: https://{'b' * 200}"
    lines = lines_of_text(text, width)
    assert max(map(len, lines)) <= width
    assert " ".join(lines).startswith(f"Subject: {sentence.strip()}")
    (row,) = [line for line in lines if line.startswith("  Results")]
    assert "…" in row and row.endswith(".out")


def test_a_value_that_is_too_long_is_shortened_in_the_middle() -> None:
    assert (shorten("abcdefgh", 8), shorten("abcdefghi", 8)) == ("abcdefgh", "abcd…ghi")


def test_the_middle_of_long_output_is_replaced_by_the_number_of_omitted_lines() -> None:
    lines = [str(number) for number in range(20)]
    assert shorten_lines(lines, 20) == lines
    assert shorten_lines(lines, 7, tail=2) == ["0", "1", "2", "3", "  … 14 lines left out …", "18", "19"]


def test_the_results_of_an_enrollment_list_failed_requests_with_their_reasons() -> None:
    errors = [{"RequestId": f"r{number}", "ErrorCode": 400, "ErrorMessage": "Too short."} for number in range(7)]
    results = {"Errors": errors, "SuccessfulEnrollments": [{"RequestId": "r8"}]}
    assert enrolled(s3_with(results), "results/r.out") == [
        "s3://voice-samples/results/r.out",
        "1 enrolled, 7 failed",
        *(f"- r{number}: Too short." for number in range(5)),
        "- and 2 more",
    ]


def test_a_job_that_failed_as_a_whole_has_no_results_file() -> None:
    s3 = botocore.session.get_session().create_client("s3", "eu-west-1", aws_access_key_id="", aws_secret_access_key="")
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "NoSuchKey")
        assert enrolled(s3, "results/r.out") == ["The job wrote no results file."]


def s3_with(body: Any) -> Any:
    s3 = botocore.session.get_session().create_client("s3", "eu-west-1", aws_access_key_id="", aws_secret_access_key="")
    data = json.dumps(body).encode()
    stub = Stubber(s3)
    stub.add_response("get_object", {"Body": StreamingBody(io.BytesIO(data), len(data))})
    stub.activate()
    return s3


DESCRIBED = {"JobRunState": "FAILED"}
JOB = Job("glue/JobRun", {"JobName": "nightly", "RunId": "jr_1"}, "arn", lambda: DESCRIBED, list)
GOOD_EVENT = {"detail": {"job": DESCRIBED, "status": "FAILED"}}
GOOD_EMAIL = {"Subject": "Failed: JobRun jr_1 (FAILED)", "BodyText": "RunId jr_1"}


@pytest.mark.parametrize(
    ("events", "emails", "agree"),
    [
        ([GOOD_EVENT], [GOOD_EMAIL], True),
        ([], [GOOD_EMAIL], False),
        ([GOOD_EVENT], [], False),
        ([GOOD_EVENT, GOOD_EVENT], [GOOD_EMAIL], False),
        ([GOOD_EVENT], [GOOD_EMAIL, GOOD_EMAIL], False),
        ([{"detail": {"job": {"JobRunState": "RUNNING"}, "status": "FAILED"}}], [GOOD_EMAIL], False),
        ([GOOD_EVENT], [{"Subject": "Succeeded: JobRun jr_1", "BodyText": "RunId jr_1"}], False),
        ([{"detail": {"outcome": "lost"}}], [GOOD_EMAIL], False),
    ],
)
def test_exactly_one_event_and_one_email_must_agree_with_the_describe_call(
    events: Any, emails: Any, agree: bool
) -> None:
    assert Notifications(events, emails).agree(JOB) is agree


def test_the_commands_that_keep_prints_work_in_any_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.demo.keep.ROOT", ROOT / "it's mine")
    change_folder, *rest = commands("http://127.0.0.1:1", "http://127.0.0.1:2", "arn")
    assert shlex.split(change_folder) == ["cd", str(ROOT / "it's mine")]
    assert all(command.startswith(("export ", ".venv/bin/")) for command in rest)
