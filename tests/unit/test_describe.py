"""The Describe function: it makes one call, returns AWS errors as results, and logs no customer data."""

import io
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ConnectTimeoutError
from botocore.model import Shape, StructureShape
from botocore.stub import Stubber

from job_watcher import aws_call, catalogue, describe
from job_watcher.describe import handler
from job_watcher.detail import execution_name
from job_watcher.poll_state import PollState

SPEAKER = "voice-id/SpeakerEnrollmentJob"
FRAUDSTER = "voice-id/FraudsterRegistrationJob"
JOB_TEXT = "Voice ID speaker enrollment job u9cJob4tuvwxyz01234567"
REQUEST = {"DomainId": "domain5tuvwxyz01234567", "JobId": "u9cJob4tuvwxyz01234567"}
INPUT = {"kind": SPEAKER, "request": REQUEST}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
DAY = 86_400
NEW_WATCH: PollState = {"polls": 0, "waited": 0, "outcome": "running"}
CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
# All members of DescribeSpeakerEnrollmentJob's answer.
JOB: dict[str, Any] = {
    "CreatedAt": CREATED,
    "DataAccessRoleArn": "arn:aws:iam::123456789012:role/voice-data",
    "DomainId": REQUEST["DomainId"],
    "EndedAt": datetime(2026, 3, 1, 11, 35, 20, 250_000, tzinfo=UTC),
    "EnrollmentConfig": {
        "ExistingEnrollmentAction": "OVERWRITE",
        "FraudDetectionConfig": {
            "FraudDetectionAction": "FAIL",
            "RiskThreshold": 50,
            "WatchlistIds": ["watch5tuvwxyz012345678"],
        },
    },
    "FailureDetails": {"Message": "The manifest of march is not valid JSON.", "StatusCode": 400},
    "InputDataConfig": {"S3Uri": "s3://our-calls/manifests/march.json"},
    "JobId": REQUEST["JobId"],
    "JobName": "Very-private-name",
    "JobProgress": {"PercentComplete": 100},
    "JobStatus": "COMPLETED",
    "OutputDataConfig": {"KmsKeyId": "alias/voice", "S3Uri": "s3://our-calls/results"},
}
JOB_AS_JSON = {**JOB, "CreatedAt": "2026-03-01T09:30:00Z", "EndedAt": "2026-03-01T11:35:20.250Z"}
TERMINAL = [("COMPLETED", "succeeded"), ("COMPLETED_WITH_ERRORS", "partial"), ("FAILED", "failed")]


@pytest.fixture
def voice_id() -> Iterator[Stubber]:
    """Yield a stubber of the function's own Voice ID client. Every call needs an expected request and an answer."""
    with Stubber(aws_call.client("voice-id")) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return the stream to which the function's log is written."""
    lines = io.StringIO()
    for log_handler in describe.logger.handlers:
        monkeypatch.setattr(log_handler, "stream", lines)
    return lines


@pytest.fixture
def poll(context: LambdaContext, log: io.StringIO) -> Callable[..., dict[str, Any]]:
    """Return a function that invokes the handler once with an input and a state, and returns its result as JSON."""

    def invoke(watch_input: Any = INPUT, **state: Any) -> dict[str, Any]:
        event = {"input": watch_input, "watch": ARN, "state": {**NEW_WATCH, "age": state.get("waited", 0), **state}}
        result = cast(dict[str, Any], json.loads(json.dumps(handler(cast(Any, event), context), allow_nan=False)))
        return {**result, "detail": json.loads(result["message"])} if "message" in result else result

    return invoke


Poll = Callable[..., dict[str, Any]]


def add_answer(stub: Stubber, job: Mapping[str, Any], noun: str = "speaker_enrollment") -> None:
    stub.add_response(f"describe_{noun}_job", {"Job": job}, REQUEST)


def add_error(stub: Stubber, code: str, message: str = "The message.", status: int = 400) -> None:
    stub.add_client_error("describe_speaker_enrollment_job", code, message, status, expected_params=REQUEST)


def metrics(output: str) -> dict[str, list[float]]:
    """Return the values of the metrics in CloudWatch's embedded metric format, by name."""
    found: dict[str, list[float]] = {}
    for line in filter(None, output.splitlines()):
        record = json.loads(line)
        (directive,) = record["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "JobWatcher" and record["service"] == "job-watcher"
        found |= {metric["Name"]: record[metric["Name"]] for metric in directive["Metrics"]}
    return found


def members(shape: Shape) -> Iterator[tuple[str, Shape]]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield name, member
            yield from members(member)


def test_the_job_in_these_tests_has_every_member_of_the_model() -> None:
    shape = aws_call.operation(catalogue.load("voice-id")[SPEAKER]).output_shape.members["Job"]

    def names(value: Any) -> Iterator[str]:
        for name, inner in value.items():
            yield name
            yield from names(inner) if isinstance(inner, dict) else ()

    assert sorted(names(JOB)) == sorted(name for name, _ in members(shape))


@pytest.mark.parametrize("status", ["SUBMITTED", "IN_PROGRESS"])
def test_a_running_job_is_polled_again(voice_id: Stubber, poll: Poll, status: str) -> None:
    created = datetime.fromtimestamp(time.time() - 3_600, UTC)
    job = {"JobStatus": status, "CreatedAt": created, "JobProgress": {"PercentComplete": 90}, "JobName": "private"}
    add_answer(voice_id, job)
    state = poll(polls=3, waited=500)
    assert state["outcome"] == "running" and state["status"] == status and state["polls"] == 4
    assert 0.95 * 118 - 1 <= state["wait"] <= 118  # a third of the time to the earliest end, up to 5 % shorter
    assert state["waited"] == 501 + state["wait"]
    assert "job" not in state and "private" not in json.dumps(state)


@pytest.mark.parametrize(("progress", "shortest", "longest"), [({}, 930, 1_000), ({"PercentComplete": 98}, 14, 30)])
def test_after_throttled_calls_only_jobs_without_a_percentage_wait_for_their_turn(
    voice_id: Stubber, poll: Poll, progress: dict[str, float], shortest: float, longest: float
) -> None:
    add_error(voice_id, "ThrottlingException")
    poll(polls=3, waited=500)
    describe.CALL_RATES["voice-id", "DescribeSpeakerEnrollmentJob"].reserved = time.time() + 990
    created = datetime.fromtimestamp(time.time() - 600, UTC)
    add_answer(voice_id, {"JobStatus": "IN_PROGRESS", "CreatedAt": created, "JobProgress": progress})
    assert shortest - 1 <= poll(polls=3, waited=500)["wait"] <= longest


def test_a_watch_that_a_service_event_about_a_deleted_job_started_ends_without_a_notification(
    voice_id: Stubber, poll: Poll, capsys: pytest.CaptureFixture[str]
) -> None:
    add_error(voice_id, "ResourceNotFoundException")
    trigger = {"id": "1", "time": "2026-03-01T09:30:00Z", "service_event": True}
    result = poll({**INPUT, "trigger": trigger}, polls=9, waited=500)
    assert "wait" not in result and "name" not in result
    assert "JobsEnded" not in metrics(capsys.readouterr().out)


@pytest.mark.parametrize(("status", "outcome"), TERMINAL)
def test_a_job_that_has_ended_is_reported_with_every_member(
    voice_id: Stubber, poll: Poll, status: str, outcome: str
) -> None:
    add_answer(voice_id, {**JOB, "JobStatus": status})
    end = poll(polls=13, waited=7_000, status="IN_PROGRESS", percent=98.0)
    assert end["detail"] == {
        **end["detail"],
        "kind": SPEAKER,
        "request": REQUEST,
        "status": status,
        "outcome": outcome,
        "job": {**JOB_AS_JSON, "JobStatus": status},
        "watch": ARN,
        "polls": 14,
    }
    assert end["outcome"] == outcome and "wait" not in end and "error" not in end
    assert end["name"] == execution_name(SPEAKER, REQUEST, "2026-03-01T09:30:00Z")
    job = f"Voice ID speaker enrollment job {JOB['JobName']}"
    assert end["subject"] == f"{outcome.capitalize()}: {job} (eu-west-1)"
    assert end["detail"]["summary"].startswith(job) and end["detail"]["seconds"] == 7_520
    assert "\nDuration: 2 h 5 min\n" in end["text"]


def test_times_are_reported_in_utc(voice_id: Stubber, poll: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = datetime.strptime("+0900", "%z").tzinfo
    add_answer(voice_id, {"JobStatus": "FAILED", "CreatedAt": CREATED.astimezone(zone)})
    assert poll()["detail"]["job"]["CreatedAt"] == "2026-03-01T09:30:00Z"


def test_each_kind_is_described_by_its_own_call(voice_id: Stubber, poll: Poll) -> None:
    add_answer(voice_id, {"JobStatus": "COMPLETED", "JobId": REQUEST["JobId"]}, "fraudster_registration")
    assert poll({"kind": FRAUDSTER, "request": REQUEST})["detail"]["kind"] == FRAUDSTER


@pytest.mark.parametrize(
    ("execution_id", "outcome"),
    [("run-1", "failed"), ("run-2", "running"), ("run-3", "running"), ("", "lost"), (7, "lost")],
)
def test_a_request_can_select_the_job_from_a_list(
    poll: Poll, monkeypatch: pytest.MonkeyPatch, execution_id: Any, outcome: str
) -> None:
    """AppFlow describes all runs of a flow. A missing run, such as run-3, doesn't end the watch at the first poll."""
    monkeypatch.setattr(describe, "KINDS", ["appflow/*"])
    runs = [
        {"executionId": "run-2", "executionStatus": "InProgress"},
        {"executionId": "run-1", "executionStatus": "Error"},
    ]
    with Stubber(aws_call.client("appflow")) as stub:
        arguments = {"flowName": "flow", "maxResults": 100}
        stub.add_response("describe_flow_execution_records", {"flowExecutions": runs}, arguments)
        end = poll({"kind": "appflow/FlowExecution", "request": {"flowName": "flow", "executionId": execution_id}})
    assert end["outcome"] == outcome
    assert end.get("status") == ("InProgress" if execution_id == "run-2" else None)
    if outcome == "failed":
        assert end["detail"]["job"]["executionId"] == "run-1"
    if outcome == "lost":
        assert end["detail"]["reason"] == f"executionId is {execution_id!r}; accepted is a string that is not empty."


def test_an_execution_fails_if_fail_on_contains_the_outcome(voice_id: Stubber, poll: Poll) -> None:
    add_answer(voice_id, {**JOB, "JobStatus": "FAILED"})
    assert poll({**INPUT, "fail_on": ["failed"]})["error"] == "JobFailed"


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_a_throttled_or_failed_call_never_ends_a_watch_and_is_retried_later(
    voice_id: Stubber, poll: Poll, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.5)
    # The interval plus half of the maximum jitter. Voice ID sends events, so it is polled less often.
    for waited, seconds in ((0, 15 + 7), (86_400, 3_600 + 1_800)):
        add_error(voice_id, code, status=500 if code.startswith("Internal") else 400)
        state = poll(waited=waited, polls=5)
        assert state["outcome"] == "running" and state["polls"] == 6 and "last_answer" not in state
        assert state["wait"] == seconds - 1 and state["waited"] == waited + seconds


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_watch_is_lost_if_its_job_is_missing_or_denied_for_two_minutes(
    voice_id: Stubber, poll: Poll, code: str
) -> None:
    add_error(voice_id, code, "The message.")
    assert poll(waited=60)["outcome"] == "running"
    add_error(voice_id, code, "The message.")
    end = poll(waited=120, polls=2)
    assert (end["outcome"], end["error"], end["name"]) == ("lost", "WatchLost", "lost-the-watch")
    assert end["detail"]["error"] == code
    assert end["detail"]["reason"] == "DescribeSpeakerEnrollmentJob: The message."
    assert end["subject"] == f"Lost: {JOB_TEXT} (eu-west-1)"


def test_a_watch_is_lost_at_once_after_a_validation_error(voice_id: Stubber, poll: Poll) -> None:
    add_error(voice_id, "ValidationException", "1 validation error detected.")
    detail = poll()["detail"]
    assert detail == {
        **{name: detail[name] for name in ("account", "region", "links", "summary")},
        "kind": SPEAKER,
        "request": REQUEST,
        "outcome": "lost",
        "watch": ARN,
        "polls": 1,
        "error": "ValidationException",
        "reason": "DescribeSpeakerEnrollmentJob: 1 validation error detected.",
    }


@pytest.fixture
def no_connection() -> Iterator[None]:
    def raise_time_out(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://voiceid.eu-west-1.amazonaws.com/")

    events = aws_call.client("voice-id").meta.events
    events.register("before-call", raise_time_out)
    yield
    events.unregister("before-call", raise_time_out)


def check_unreached_for_a_day(poll: Poll, error: str) -> None:
    """Check that a watch ends after a day of such polls, unless the service has answered before."""
    for waited in (0, 3_600, DAY - 1):
        state = poll(waited=waited)
        assert state["outcome"] == "running" and "last_answer" not in state
    assert poll(waited=DAY)["detail"]["error"] == error
    assert poll(waited=13 * DAY, status="IN_PROGRESS", last_answer=60)["outcome"] == "running"


def test_a_network_failure_ends_a_watch_only_after_a_day_without_any_answer(poll: Poll, no_connection: None) -> None:
    check_unreached_for_a_day(poll, "ConnectTimeoutError")


def test_an_answer_without_a_job_counts_as_a_missing_job(voice_id: Stubber, poll: Poll) -> None:
    voice_id.add_response("describe_speaker_enrollment_job", {}, REQUEST)
    assert poll()["outcome"] == "running"
    voice_id.add_response("describe_speaker_enrollment_job", {"Job": {}}, REQUEST)
    assert poll(waited=120)["detail"]["reason"] == "DescribeSpeakerEnrollmentJob didn't find the job."


@pytest.mark.parametrize(
    "body",
    [b"<html>Please log in</html>", b'{"Job": {"JobStatus": "IN_PRO', b"null", b"\xff\xfe"],
)
def test_an_unreadable_answer_ends_a_watch_only_after_a_day_without_any_other(
    poll: Poll, use_voice_id_at: Callable[[str], None], fake_service: Callable[[bytes, int], str], body: bytes
) -> None:
    use_voice_id_at(fake_service(body, 200))
    check_unreached_for_a_day(poll, "UnreadableAnswer")


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("InternalFailure", 500), ("502", 502)])
def test_a_service_that_throttles_or_fails_for_days_does_not_end_a_watch(
    voice_id: Stubber, poll: Poll, code: str, status: int
) -> None:
    add_error(voice_id, code, status=status)
    assert poll(waited=13 * DAY)["outcome"] == "running"


def test_a_job_with_an_unknown_status_is_polled_again_and_counted_in_a_metric(
    voice_id: Stubber, poll: Poll, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    add_answer(voice_id, {**JOB, "JobStatus": "COMPLETED_EVENTUALLY"})
    assert poll()["outcome"] == "running"
    assert metrics(capsys.readouterr().out) == {"UnknownStatus": [1.0]}
    (warning,) = [json.loads(line) for line in log.getvalue().splitlines() if '"WARNING"' in line]
    assert warning["message"] == "unknown status" and warning["status"] == "COMPLETED_EVENTUALLY"


@pytest.mark.parametrize("text", ["s3://calls/march.json", "X" * 65, "PAUSED\n", "", "Ada's call", "\u0441OMPLETED"])
def test_a_status_or_error_code_of_another_form_is_not_logged(
    voice_id: Stubber, poll: Poll, log: io.StringIO, text: str
) -> None:
    add_answer(voice_id, {**JOB, "JobStatus": text})
    add_error(voice_id, text)
    assert [poll()["outcome"], poll()["outcome"]] == ["running", "running"]
    unknown, failed = [json.loads(line) for line in log.getvalue().splitlines() if '"WARNING"' in line]
    assert (unknown["status"], failed["error"]) == ("withheld" if text else "unknown", "withheld")


@pytest.mark.parametrize("text", ["AWS.SimpleQueueService.NonExistentQueue", "available, prep-for-resize", "X" * 64])
def test_a_status_or_error_code_is_logged(voice_id: Stubber, poll: Poll, log: io.StringIO, text: str) -> None:
    add_answer(voice_id, {**JOB, "JobStatus": text})
    add_error(voice_id, text)
    assert [poll()["outcome"], poll()["outcome"]] == ["running", "running"]
    unknown, failed = [json.loads(line) for line in log.getvalue().splitlines() if '"WARNING"' in line]
    assert (unknown["status"], failed["error"]) == (text, text)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ('"JobStatus": 3', "3"),
        ('"JobStatus": ["COMPLETED"]', '["COMPLETED"]'),
        ('"JobStatus": {"Code": "FAILED"}', '{"Code":"FAILED"}'),
        ('"JobStatus": true', "true"),
        ('"JobStatus": ""', "unknown"),
        ('"JobStatus": " \\n"', "unknown"),
        ('"JobStatus": null', "unknown"),
        ('"New": 1', "unknown"),
    ],
)
def test_a_job_without_a_status_or_with_one_that_is_not_text_counts_as_found(
    poll: Poll,
    use_voice_id_at: Callable[[str], None],
    fake_service: Callable[[bytes, int], str],
    capsys: pytest.CaptureFixture[str],
    status: str,
    shown: str,
) -> None:
    use_voice_id_at(fake_service(b'{"Job": {"JobName": "march", %s}}' % status.encode(), 200))
    state = poll(waited=3_600)
    assert (state["outcome"], state["status"], state["last_answer"]) == ("running", shown, 3_600)
    assert metrics(capsys.readouterr().out) == {"UnknownStatus": [1.0]}
    gave_up = poll(waited=14 * 86_400)["detail"]
    assert (gave_up["error"], gave_up["status"]) == ("GaveUp", shown)


@pytest.mark.parametrize("job", [b'"text"', b"7", b'[{"JobStatus": "FAILED"}]', b"true"])
def test_a_job_that_is_not_a_structure_counts_as_found(
    poll: Poll, use_voice_id_at: Callable[[str], None], fake_service: Callable[[bytes, int], str], job: bytes
) -> None:
    use_voice_id_at(fake_service(b'{"Job": %s}' % job, 200))
    state = poll(waited=3_600)
    assert (state["outcome"], state["status"]) == ("running", "unknown")


def test_a_throttled_poll_is_counted_and_a_successful_one_publishes_no_metric(
    voice_id: Stubber, poll: Poll, capsys: pytest.CaptureFixture[str]
) -> None:
    add_error(voice_id, "ThrottlingException")
    poll()
    assert metrics(capsys.readouterr().out) == {"DescribeErrors": [1.0]}
    add_answer(voice_id, {**JOB, "JobStatus": "IN_PROGRESS"})
    poll()
    assert metrics(capsys.readouterr().out) == {}


def test_each_throttled_poll_is_counted_once(voice_id: Stubber, poll: Poll, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        add_error(voice_id, "ThrottlingException")
        poll()
        assert metrics(capsys.readouterr().out) == {"DescribeErrors": [1.0]}


@pytest.mark.parametrize(
    ("watch_input", "reason"),
    [
        (None, "The input is null; accepted is an object with the members kind and request."),
        (
            {"kind": "voice-id/SpeakerEnrolmentJob", "request": REQUEST},
            "This deployment doesn't watch the kind 'voice-id/SpeakerEnrolmentJob'; "
            f"accepted are voice-id/SpeakerEnrollmentJob, {FRAUDSTER}.",
        ),
        (
            {"kind": "transcribe/TranscriptionJob", "request": {"TranscriptionJobName": "x"}},
            "This deployment doesn't watch the kind 'transcribe/TranscriptionJob'; "
            f"accepted are {FRAUDSTER}, voice-id/SpeakerEnrollmentJob.",
        ),
        ({"kind": SPEAKER, "request": {}}, "The request has no DomainId; accepted are DomainId, JobId."),
        (
            {"kind": SPEAKER, "request": {**REQUEST, "JobID": "x"}},
            "The request has an unknown member 'JobID'; accepted are DomainId, JobId.",
        ),
        (
            {"kind": SPEAKER, "request": {**REQUEST, "JobId": "-" * 22}},
            "JobId is '----------------------'; accepted is a string that matches ^[a-zA-Z0-9]{22}$.",
        ),
    ],
)
def test_an_invalid_input_ends_the_watch_before_any_call(
    voice_id: Stubber, poll: Poll, watch_input: Any, reason: str
) -> None:
    end = poll(watch_input)  # the stubber has no answer, so a call would fail
    assert (end["outcome"], end["error"], end["name"]) == ("lost", "WatchLost", "lost-the-watch")
    assert (end["detail"]["error"], end["detail"]["reason"], end["detail"]["polls"]) == ("InvalidInput", reason, 0)
    assert reason in end["text"]


def test_the_email_about_an_invalid_request_names_the_kind_of_job(poll: Poll) -> None:
    end = poll({"kind": SPEAKER, "request": {"DomainId": 7, "JobId": REQUEST["JobId"]}})
    assert end["subject"] == f"Lost: {JOB_TEXT} (eu-west-1)"
    assert end["text"].startswith(f"Job Watcher stopped watching the {JOB_TEXT}: The request is not valid")


def test_a_kind_that_this_deployment_does_not_watch_is_rejected(poll: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "KINDS", [SPEAKER])
    reason = f"This deployment doesn't watch the kind '{FRAUDSTER}'; accepted are {SPEAKER}."
    assert poll({"kind": FRAUDSTER, "request": REQUEST})["detail"]["reason"] == reason


def test_a_watch_whose_kind_was_removed_explains_how_to_continue(poll: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "KINDS", [SPEAKER])
    end = poll({"kind": FRAUDSTER, "request": REQUEST}, polls=7, waited=600, status="IN_PROGRESS")
    assert (end["outcome"], end["error"], end["name"]) == ("lost", "WatchLost", "lost-the-watch")
    detail = end["detail"]
    assert (detail["error"], detail["status"], detail["polls"]) == ("KindRemoved", "IN_PROGRESS", 7)
    assert detail["reason"].startswith(f"This deployment no longer watches the kind {FRAUDSTER}. The job may still be")
    assert "add the kind to the setting `kinds`, deploy, and start a new watch" in detail["reason"]
    assert detail["reason"] in end["text"]


def test_the_error_about_an_unknown_kind_lists_the_most_similar_kinds(
    poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describe, "KINDS", ["*"])
    reason = poll({"kind": "voice-id/SpeakerEnrolmentJob", "request": REQUEST})["detail"]["reason"]
    assert "accepted are voice-id/SpeakerEnrollmentJob, " in reason and len(reason) < 1_000
    assert reason.endswith(f" and {len(catalogue.kinds()) - 12} more.")


@pytest.mark.parametrize(
    "name", ["", "/", "voice-id", "voice-id/", "../kinds/voice-id", "x" * 300 + "/Job", "a\0b/Job"]
)
def test_an_invalid_name_of_a_kind_is_rejected_even_if_all_kinds_are_watched(
    poll: Poll, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(describe, "KINDS", ["*"])
    assert poll({"kind": name, "request": REQUEST})["detail"]["error"] == "InvalidInput"


def test_the_logs_contain_the_watchs_arn_but_no_customer_data(voice_id: Stubber, poll: Poll, log: io.StringIO) -> None:
    add_answer(voice_id, {**JOB, "JobStatus": "IN_PROGRESS"})
    add_answer(voice_id, {**JOB, "JobStatus": "SOMETHING_NEW"})
    add_answer(voice_id, {**JOB, "JobStatus": "FAILED"})
    add_error(voice_id, "ThrottlingException", f"Slow down, {REQUEST['JobId']} of Very-private-name.")
    add_error(voice_id, "AccessDeniedException", f"You may not see {REQUEST['DomainId']} of Very-private-name.")
    for waited in (0, 0, 0, 0, 120):
        poll(waited=waited)
    poll({"kind": SPEAKER, "request": {**REQUEST, "JobId": "Very-private-name"}})
    log_text = log.getvalue()
    assert log_text.count(ARN) >= 6 and "polled" in log_text
    sensitive = [name for name, shape in members(job_shape()) if shape.metadata.get("sensitive")]
    assert sensitive == ["JobName"]
    for customer_data in (JOB["JobName"], *REQUEST.values(), JOB["DataAccessRoleArn"], "s3://", "march"):
        assert customer_data not in log_text


def job_shape() -> Shape:
    shape: Shape = aws_call.operation(catalogue.load("voice-id")[SPEAKER]).output_shape.members["Job"]
    return shape


def test_a_poll_takes_less_time_than_the_functions_time_out() -> None:
    config: Any = aws_call.client("voice-id").meta.config
    attempts = config.retries["total_max_attempts"]
    longest_pause = 2 ** (attempts - 1) - 1  # botocore's standard mode: up to 1 s, then 2 s, …
    assert attempts * (config.connect_timeout + config.read_timeout) + longest_pause < 30


def test_a_client_is_created_once() -> None:
    assert aws_call.client("voice-id") is aws_call.client("voice-id")
