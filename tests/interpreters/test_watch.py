"""The Watch state machine on moto's interpreter, with the real Describe function: every way in which a watch ends."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from .conftest import Deployment, describe_function, poll_function
from .moto_states import failing

KIND = "voice-id/SpeakerEnrollmentJob"
REQUEST = {"DomainId": "domain5tuvwxyz01234567", "JobId": "u9cJob4tuvwxyz01234567"}
INPUT = {"kind": KIND, "request": REQUEST}
CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FIRST_POLL = ["Describe", "Ended?", "WaitForNews"]
END = ["Ended?", "NotifyEnd"]
REPORT = ["Ended?", "Notify", "ShouldFail?"]
MAX_CAUSE = (
    32_768  # https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html
)
STRANGE = '"It\'s" {% $states.input %}\n\t\\ ${describe}, 音声 😀'


@pytest.fixture
def voice_id(deployment: Deployment) -> Iterator[Stubber]:
    """The function's own Voice ID client, which gives only these answers, in this order."""
    from job_watcher import aws_call

    deployment.services.function = describe_function
    with Stubber(aws_call.client("voice-id")) as stub:
        yield stub
        stub.assert_no_pending_responses()


def answers(stub: Stubber, status: str, **members: Any) -> None:
    job = {**REQUEST, "JobStatus": status, "CreatedAt": CREATED, **members}
    stub.add_response("describe_speaker_enrollment_job", {"Job": job}, REQUEST)


def test_a_job_that_has_ended_is_reported_after_the_first_poll(deployment: Deployment, voice_id: Stubber) -> None:
    answers(voice_id, "COMPLETED", JobName=STRANGE)
    watch = deployment.run_watch(INPUT)
    assert deployment.entered(watch) == ["Describe", *END]
    assert (watch["status"], deployment.clock.now) == ("SUCCEEDED", 0)
    detail = json.loads(watch["output"])
    assert detail == {
        **{name: detail[name] for name in ("title", "summary", "created", "links", "account", "region")},
        **INPUT,
        "status": "COMPLETED",
        "outcome": "succeeded",
        "job": {**REQUEST, "JobStatus": "COMPLETED", "CreatedAt": "2026-03-01T09:30:00Z", "JobName": STRANGE},
        "watch": watch["executionArn"],
        "polls": 1,
    }
    (event,), (program,), (person,) = map(deployment.received, ("bus", "programs", "people"))
    assert event["detail"] == json.loads(program["Message"]) == detail
    assert person["Subject"].startswith("Succeeded: ") and STRANGE.splitlines()[0] in person["Message"]


def errors(stub: Stubber, code: str, times: int) -> None:
    for _ in range(times):
        stub.add_client_error("describe_speaker_enrollment_job", code, "No.", expected_params=REQUEST)


def test_an_hour_of_throttling_delays_the_notification(deployment: Deployment, voice_id: Stubber) -> None:
    errors(voice_id, "ThrottlingException", times=30)
    answers(voice_id, "COMPLETED")
    watch = deployment.run_watch(INPUT)
    assert deployment.clock.now > 3_600
    (event,) = deployment.received("bus")
    assert (watch["status"], event["detail"]["outcome"], event["detail"]["polls"]) == ("SUCCEEDED", "succeeded", 31)
    assert deployment.news(watch) == ["no answer for an hour", "ended"]
    assert len(deployment.received("people")) == len(deployment.received("programs")) == 1


@pytest.mark.parametrize(("denied", "outcome"), [(2, "succeeded"), (3, "lost")])
def test_a_watch_that_got_answers_for_a_day_tolerates_denied_calls_for_two_hours(
    deployment: Deployment, voice_id: Stubber, denied: int, outcome: str
) -> None:
    """The job is so old that a poll follows the previous one after nearly an hour."""
    for _ in range(26):
        answers(voice_id, "IN_PROGRESS")
    errors(voice_id, "AccessDeniedException", denied)
    if outcome == "succeeded":
        answers(voice_id, "COMPLETED")
    watch = deployment.run_watch(INPUT)
    assert 24 * 3_420 < deployment.clock.now < 29 * 3_600
    (event,) = deployment.received("bus")
    assert (event["detail"]["outcome"], event["detail"]["polls"]) == (outcome, 29)
    assert watch["status"] == ("SUCCEEDED" if outcome == "succeeded" else "FAILED")
    assert event["detail"].get("error") == ("AccessDeniedException" if outcome == "lost" else None)


def test_the_poll_queue_schedules_the_polls_of_a_running_job(deployment: Deployment, voice_id: Stubber) -> None:
    for status in ("IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED_WITH_ERRORS"):
        answers(voice_id, status)
    watch = deployment.run_watch(INPUT)
    assert deployment.entered(watch) == [*FIRST_POLL, *END]
    (payload,), sent = deployment.services.payloads, deployment.services.poll_queue.sent
    messages = [json.loads(message.body) for message in sent]
    assert (payload["state"], payload["started"]) == ({}, messages[0]["started"])
    assert {message["token"] for message in messages} == {messages[0]["token"]}
    assert all(
        (message["input"], message["watch"], message["started"]) == (INPUT, watch["executionArn"], payload["started"])
        for message in messages
    )
    waits = [message["state"]["wait"] for message in messages if message["state"]["delay"] <= 900]
    assert (len(waits), sum(message.delay for message in sent)) == (3, sum(waits))
    assert max(message.delay for message in sent) == 900  # a longer wait takes several messages


def test_the_execution_history_shows_only_news(deployment: Deployment, voice_id: Stubber) -> None:
    answers(voice_id, "SUBMITTED")
    for percent in (0, 10, 30, 40, 50, 55, 99):
        answers(voice_id, "IN_PROGRESS", JobProgress={"PercentComplete": percent})
    answers(voice_id, "COMPLETED")
    watch = deployment.run_watch(INPUT)
    assert deployment.news(watch) == ["status changed", "progressed", "ended"]
    assert deployment.entered(watch) == ["Describe", *["Ended?", "WaitForNews"] * 3, *END]


def test_without_a_heartbeat_the_state_machine_polls_and_sends_a_new_message(
    deployment: Deployment, voice_id: Stubber
) -> None:
    queue = deployment.services.poll_queue
    queue.function = None  # no message is delivered
    answers(voice_id, "IN_PROGRESS")
    answers(voice_id, "COMPLETED")
    watch = deployment.run_watch(INPUT)
    assert deployment.entered(watch) == [*FIRST_POLL, "Describe", *END]
    assert deployment.clock.now == 2_700  # three times 15 minutes
    assert deployment.clock.delays == []  # a missing heartbeat isn't retried
    (timed_out,) = deployment.history(watch, "TaskTimedOut")
    assert timed_out["taskTimedOutEventDetails"]["error"] in ("States.HeartbeatTimeout", "States.Timeout")
    first, second = deployment.services.payloads
    assert (first["state"], second["state"]["polls"]) == ({}, 1)
    (event,) = deployment.received("bus")
    assert event["detail"]["outcome"] == "succeeded"


def test_a_message_of_an_earlier_token_is_dropped_without_a_poll(deployment: Deployment, voice_id: Stubber) -> None:
    queue, lost = deployment.services.poll_queue, list[str]()

    def lose_the_first_and_repeat_it(body: str) -> None:
        if not lost:
            lost.append(body)
            return
        poll_function(lost[0])
        poll_function(body)

    queue.function = lose_the_first_and_repeat_it
    for status in ("IN_PROGRESS", "IN_PROGRESS", "COMPLETED"):
        answers(voice_id, status)
    watch = deployment.run_watch(INPUT)
    assert deployment.entered(watch) == [*FIRST_POLL, *FIRST_POLL, *END]
    assert len({json.loads(message.body)["token"] for message in queue.sent}) == 2


def test_if_sqs_fails_the_state_machine_polls_about_once_an_hour(deployment: Deployment, voice_id: Stubber) -> None:
    deployment.services.faults.append(failing("SendMessage", "ServiceUnavailable"))
    answers(voice_id, "IN_PROGRESS")
    answers(voice_id, "IN_PROGRESS")
    answers(voice_id, "COMPLETED")
    watch = deployment.run_watch(INPUT)
    assert deployment.entered(watch) == [*FIRST_POLL, *FIRST_POLL, "Describe", *END]
    assert deployment.clock.delays == [10, 30, 90, 270, 810, 900, 900, 900] * 2


def test_an_extra_check_of_a_running_job_ends_without_a_notification(deployment: Deployment, voice_id: Stubber) -> None:
    answers(voice_id, "IN_PROGRESS")
    watch = deployment.run_watch({**INPUT, "check_once": True})
    assert deployment.entered(watch) == ["Describe", "Ended?", "CheckedOnce"]
    assert (watch["status"], deployment.notifications()) == ("SUCCEEDED", [])


def test_a_job_that_another_watch_has_reported_is_not_reported_again(deployment: Deployment, voice_id: Stubber) -> None:
    for _ in range(2):
        answers(voice_id, "COMPLETED")
    first, second = deployment.run_watch(INPUT, "first"), deployment.run_watch(INPUT, "second")
    assert deployment.entered(first) == ["Describe", *END]
    assert deployment.entered(second) == ["Describe", *END, "Succeeded"]
    (failed,) = deployment.history(second, "TaskFailed")
    assert failed["taskFailedEventDetails"]["error"] == "StepFunctions.ExecutionAlreadyExistsException"
    assert deployment.clock.delays == []
    details = [json.loads(watch["output"]) for watch in (first, second)]
    assert details[1] == {**details[0], "watch": second["executionArn"], "links": details[1]["links"]}
    assert len(deployment.notifications()) == len(deployment.received("people")) == 1


def test_an_outcome_in_fail_on_fails_the_watch_with_the_detail_as_its_cause(
    deployment: Deployment, voice_id: Stubber
) -> None:
    answers(voice_id, "FAILED", FailureDetails={"Message": STRANGE, "StatusCode": 400})
    watch = deployment.run_watch({**INPUT, "fail_on": ["failed"]})
    assert deployment.entered(watch) == ["Describe", *REPORT, "Failed"]
    assert (watch["status"], watch["error"]) == ("FAILED", "JobFailed")
    (event,) = deployment.received("bus")
    assert json.loads(watch["cause"]) == event["detail"]


def test_a_cause_that_would_be_too_long_leaves_out_the_job(deployment: Deployment, voice_id: Stubber) -> None:
    answers(voice_id, "FAILED", FailureDetails={"Message": STRANGE * 1000, "StatusCode": 400})
    watch = deployment.run_watch({**INPUT, "fail_on": ["failed"]})
    (event,) = deployment.received("bus")
    job = event["detail"].pop("job")
    assert len(json.dumps(job)) > MAX_CAUSE >= len(watch["cause"])
    assert json.loads(watch["cause"]) == event["detail"]


def test_a_watch_that_cannot_continue_fails_with_the_reason(deployment: Deployment) -> None:
    deployment.services.function = describe_function
    watch = deployment.run_watch({"kind": "glue/NoSuchJob", "request": {}})
    assert deployment.entered(watch) == ["Describe", *REPORT, "Failed"]
    assert (watch["status"], watch["error"]) == ("FAILED", "WatchLost")
    (event,), (notification,) = deployment.received("bus"), deployment.notifications()
    assert (event["detail-type"], event["detail"]["reason"]) == ("Watch Lost", watch["cause"])
    assert notification["name"] == f"lost-{watch['name']}"


@pytest.mark.parametrize("given", [None, [], "text", 7, [{"kind": KIND, "request": REQUEST}]])
def test_an_input_that_is_not_an_object_ends_the_watch_with_a_notification(deployment: Deployment, given: Any) -> None:
    deployment.services.function = describe_function
    watch = deployment.run_watch(given)
    assert (watch["status"], watch["error"]) == ("FAILED", "WatchLost")
    assert [payload["input"] for payload in deployment.services.payloads] == [given]
    assert [event["detail"]["outcome"] for event in deployment.received("bus")] == ["lost"]


def test_an_input_that_is_too_long_is_not_passed_to_the_function(deployment: Deployment) -> None:
    deployment.services.function = describe_function
    given = {"kind": KIND, "request": {"DomainId": "x" * 40_000}}
    watch = deployment.run_watch(given)
    size = len(json.dumps(given, separators=(",", ":")))
    assert [payload["input"] for payload in deployment.services.payloads] == [{"characters": size}]
    assert (watch["error"], f"{size} characters" in watch["cause"]) == ("WatchLost", True)


def test_progress_is_reported_once_per_step_and_the_watch_goes_on(
    deployment: Deployment, voice_id: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    from job_watcher import describe

    monkeypatch.setattr(describe, "RULES", replace(describe.RULES, progress_step=25))
    for status, percent in [("IN_PROGRESS", 10), ("IN_PROGRESS", 30), ("IN_PROGRESS", 40), ("COMPLETED", 100)]:
        answers(voice_id, status, JobProgress={"PercentComplete": percent})
    watch = deployment.run_watch(INPUT)
    expected = [*FIRST_POLL, *REPORT, "WaitForNews", *END]
    assert deployment.entered(watch) == expected
    assert deployment.news(watch) == ["progressed", "ended"]
    events = deployment.received("bus")
    assert [event["detail-type"] for event in events] == ["Job Progressed", "Job Ended"]
    assert (events[0]["detail"]["percent"], events[0]["detail"]["outcome"]) == (30, "running")
    assert len(deployment.received("people")) == len(deployment.received("programs")) == 1


def test_an_overdue_job_is_reported_once_to_the_bus_and_both_topics_and_the_watch_goes_on(
    deployment: Deployment, voice_id: Stubber
) -> None:
    for status in ("IN_PROGRESS", "IN_PROGRESS", "COMPLETED"):
        answers(voice_id, status)
    watch = deployment.run_watch({**INPUT, "overdue_after": 3_600})
    assert deployment.entered(watch) == ["Describe", *REPORT, "WaitForNews", *END]
    assert deployment.news(watch) == ["ended"]
    # The notifications are two executions, so each topic can receive them in any order.
    details = {event["detail-type"]: event["detail"] for event in deployment.received("bus")}
    assert details.keys() == {"Job Overdue", "Job Ended"}
    messages = [json.loads(message["Message"]) for message in deployment.received("programs")]
    assert sorted(messages, key=str) == sorted(details.values(), key=str)
    subjects = [message["Subject"].partition(":")[0] for message in deployment.received("people")]
    assert sorted(subjects) == ["Overdue", "Succeeded"]


def test_the_state_machine_times_out_a_watch_that_never_gives_up(deployment: Deployment) -> None:
    waiting = {"wait": 900, "delay": 900, "heartbeat": 86_400}
    deployment.services.function = lambda payload: waiting
    deployment.services.poll_queue.function = None
    watch = deployment.run_watch(INPUT)
    assert watch["status"] == "TIMED_OUT"
    assert [*deployment.clock.timeouts.values()] == [deployment.clock.now] == [21 * 86_400]
    assert deployment.notifications() == []
