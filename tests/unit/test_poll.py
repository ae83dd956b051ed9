"""The Poll function: what it does with each message, and which polls it reports to the Watch state machine."""

import io
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from job_watcher import aws_call, clients, describe, news, poll
from job_watcher.news import find_news
from job_watcher.poll_state import PollState
from job_watcher.polling import PollingLimits
from job_watcher.schedule import add_delay, catch_up
from job_watcher.to_json import compact_json
from tests.sizes.cases import MAX_INPUT_LENGTH
from tests.sizes.machine import MAX_TOKEN, definition, evaluate_template
from tests.sizes.page import limits
from tests.sizes.services import ARN, SQS_TEXT
from tests.unit.conftest import Invocation
from tests.unit.test_describe import metrics

CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
HOUR = 3_600
NOW = CREATED.timestamp() + HOUR
REQUEST = {"DomainId": "privateDomain890123456", "JobId": "privateJob567890123456"}
MESSAGE: dict[str, Any] = {
    "token": "the-token",
    "input": {"kind": "voice-id/SpeakerEnrollmentJob", "request": REQUEST},
    "watch": "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch",
    "started": "2026-03-01T09:30:00.000Z",
}
STATE: PollState = {
    "polls": 40,
    "waited": HOUR,
    "outcome": "running",
    "status": "IN_PROGRESS",
    "wait": 179,
    "delay": 179,
    "heartbeat": 540,
    "reported": 2,
    "age": HOUR,
    "last_answer": HOUR - 179,
}
CONTEXT = cast(LambdaContext, Invocation("Poll"))
MAX_DELAY = 900  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
STALE = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]
OTHER_ERRORS = ["ThrottlingException", "AccessDeniedException", "InternalFailure", "KmsThrottlingException"]


class Services:
    """The services that the function calls. Each call needs an expectation.

    `sent`, `reported` and `notifications` have what it sent.
    """

    def __init__(self) -> None:
        self.sqs, self.states = (Stubber(clients.client(service)) for service in ("sqs", "stepfunctions"))
        self.voice_id = Stubber(aws_call.client("voice-id"))
        self.sent: list[dict[str, Any]] = []
        self.reported: list[dict[str, Any]] = []
        self.notifications: list[dict[str, Any]] = []

    def expect_heartbeat(self, error: str = "", task: str = "the-token") -> None:
        self._expect(self.states, "send_task_heartbeat", {"taskToken": task}, {}, error)

    def expect_poll(
        self,
        status: str = "IN_PROGRESS",
        percent: float | None = None,
        name: str = "private-name",
        error: str = "",
        **members: Any,
    ) -> None:
        progress = {} if percent is None else {"JobProgress": {"PercentComplete": percent}}
        job = {"JobStatus": status, "JobName": name, "CreatedAt": CREATED, **progress, **members}
        self._expect(self.voice_id, "describe_speaker_enrollment_job", REQUEST, {"Job": job}, error)

    def expect_send(self, error: str = "") -> None:
        given = {"QueueUrl": poll.QUEUE_URL, "MessageBody": ANY, "DelaySeconds": ANY}
        self._expect(self.sqs, "send_message", given, {}, error)

    def expect_report(self, error: str = "", task: str = "the-token") -> None:
        self._expect(self.states, "send_task_success", {"taskToken": task, "output": ANY}, {}, error)

    def expect_notification(self, error: str = "") -> None:
        given = {"stateMachineArn": poll.NOTIFY_ARN, "name": ANY, "input": ANY}
        self._expect(self.states, "start_execution", given, {"executionArn": "arn", "startDate": CREATED}, error)

    def keep_message(self, params: dict[str, Any], **_: Any) -> None:
        assert 0 <= params["DelaySeconds"] <= MAX_DELAY and type(params["DelaySeconds"]) is int
        assert SQS_TEXT.fullmatch(params["MessageBody"])
        self.sent.append({**json.loads(params["MessageBody"]), "DelaySeconds": params["DelaySeconds"]})

    def keep_report(self, params: dict[str, Any], **_: Any) -> None:
        assert len(params["output"].encode()) <= limits()["state"].limit
        self.reported.append(json.loads(params["output"]))

    def keep_notification(self, params: dict[str, Any], **_: Any) -> None:
        self.notifications.append({"Name": params["name"], "Input": json.loads(params["input"])})

    def handlers(self) -> list[tuple[Any, str, Any]]:
        """Return the events of the clients, the names of those that keep what was sent, and the functions that do."""
        sqs, states = self.sqs.client.meta.events, self.states.client.meta.events
        return [
            (sqs, "provide-client-params.sqs.SendMessage", self.keep_message),
            (states, "provide-client-params.stepfunctions.SendTaskSuccess", self.keep_report),
            (states, "provide-client-params.stepfunctions.StartExecution", self.keep_notification),
        ]

    def _expect(self, stub: Stubber, method: str, params: Any, response: Any, error: str) -> None:
        if error:
            stub.add_client_error(method, error, "About private-name.", expected_params=params)
        else:
            stub.add_response(method, response, params)


@pytest.fixture
def services() -> Iterator[Services]:
    """Yield the services, and check at the end that all expected calls were made."""
    services = Services()
    handlers = services.handlers()
    for events, name, keep in handlers:
        events.register(name, keep)
    with services.sqs, services.states, services.voice_id:
        yield services
        for stub in (services.sqs, services.states, services.voice_id):
            stub.assert_no_pending_responses()
    for events, name, keep in handlers:
        events.unregister(name, keep)


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Set the time, use the usual intervals, and return the stream to which the function's log is written."""
    lines = io.StringIO()
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr(describe, "RULES", replace(describe.RULES, limits_with_events=None))
    for log_handler in poll.logger.handlers:
        monkeypatch.setattr(log_handler, "stream", lines)
    return lines


def message(state: Any = STATE, **members: Any) -> dict[str, Any]:
    return {**MESSAGE, "state": state, **members}


def record(body: Any, receives: int = 1, message_id: str = "id-1", sent: float = NOW - 180) -> dict[str, Any]:
    """Return a message as Lambda passes it to the function."""
    attributes = {"ApproximateReceiveCount": str(receives), "SentTimestamp": str(round(1000 * sent))}
    text = body if isinstance(body, str) else compact_json(body)
    return {"messageId": message_id, "body": text, "attributes": attributes}


def invoke(*records: dict[str, Any]) -> list[str]:
    """Invoke the function with a batch. Return the ids of the messages that SQS delivers again."""
    result = poll.handler({"Records": records}, CONTEXT)
    return [failure["itemIdentifier"] for failure in result["batchItemFailures"]]


def test_a_poll_without_news_sends_the_next_message_with_its_delay(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_send()
    assert invoke(record(message())) == []
    (sent,) = services.sent
    state = sent.pop("state")
    assert state["polls"] == 41 and 0.95 * 180 - 2 <= state["wait"] <= 179
    assert sent == {**MESSAGE, "confirmed": NOW, "DelaySeconds": state["delay"]}
    assert state["delay"] == state["wait"] and state["waited"] == HOUR + state["wait"] + 1
    assert state["reported"] == 2 and state["heartbeat"] == 540


def test_the_end_of_the_job_is_reported_and_no_message_is_sent(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll("COMPLETED")
    services.expect_report()
    assert invoke(record(message())) == []
    (report,) = services.reported
    assert (report["outcome"], report["news"], report["reported"]) == ("succeeded", "ended", 3)
    assert "wait" not in report and json.loads(report["message"])["job"]["JobName"] == "private-name"


def test_a_job_that_can_no_longer_be_watched_is_reported(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_report()
    assert invoke(record(message(input={"kind": "glue/JobRun", "request": {}}))) == []
    assert (services.reported[0]["outcome"], services.reported[0]["error"]) == ("lost", "WatchLost")


@pytest.mark.parametrize("error", STALE)
@pytest.mark.parametrize("receives", [1, 2])
def test_a_message_with_a_stale_token_is_dropped_without_a_describe_call(
    services: Services, error: str, receives: int
) -> None:
    services.expect_heartbeat(error)
    assert invoke(record(message(), receives)) == []


@pytest.mark.parametrize("error", OTHER_ERRORS)
def test_another_error_of_step_functions_does_not_stop_polling(services: Services, error: str) -> None:
    services.expect_heartbeat(error)
    services.expect_poll()
    services.expect_send()
    assert invoke(record(message(confirmed=NOW - 359))) == []
    assert services.sent[0]["confirmed"] == NOW - 359


def test_polling_continues_if_step_functions_cannot_be_reached(services: Services) -> None:
    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://states.eu-west-1.amazonaws.com")

    events, name = services.states.client.meta.events, "provide-client-params.stepfunctions.SendTaskHeartbeat"
    events.register(name, fail)
    services.expect_poll()
    services.expect_send()
    assert invoke(record(message(), sent=NOW - 181)) == []
    events.unregister(name, fail)
    assert services.sent[0]["confirmed"] == NOW - 181


@pytest.mark.parametrize("members", [{"confirmed": NOW - 540}, {}, {"state": {"polls": 1}, "confirmed": NOW}])
def test_a_message_is_dropped_once_the_waiting_task_must_have_timed_out(
    services: Services, members: dict[str, Any]
) -> None:
    """Otherwise it would be sent again and again, in addition to the state machine's new message."""
    services.expect_heartbeat("ThrottlingException")
    assert invoke(record(message(**members), sent=NOW - 540)) == []


def test_a_heartbeat_that_is_accepted_again_is_noted_in_the_next_message(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_send()
    assert invoke(record(message(confirmed=NOW - 5_000))) == []
    assert services.sent[0]["confirmed"] == NOW


def test_a_wait_above_15_minutes_takes_several_messages_and_one_poll(services: Services) -> None:
    state = add_delay({**STATE, "wait": 2_000, "delay": 0, "waited": 10 * HOUR, "heartbeat": 2_700})
    delays = [state["delay"]]
    for _ in range(2):
        services.expect_heartbeat()
        services.expect_send()
        assert invoke(record(message(state))) == []
        assert {**services.sent[-1]["state"], "delay": 0} == {**state, "delay": 0}
        state = services.sent[-1]["state"]
        delays.append(services.sent[-1]["DelaySeconds"])
    assert delays == [900, 900, 200]
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_send()
    assert invoke(record(message(state))) == [] and services.sent[-1]["state"]["polls"] == 41


@given(st.integers(1, 40 * 86_400), st.integers(300, 86_400))
def test_the_delays_of_a_wait_add_up_to_it_and_are_at_most_half_of_the_heartbeat_time_out(
    wait: int, heartbeat: int
) -> None:
    longest = min(MAX_DELAY, heartbeat // 2)
    state, before, messages = add_delay({**STATE, "wait": wait, "delay": 0, "heartbeat": heartbeat}), 0, 1
    while state["delay"] < wait:
        assert state["delay"] - before == longest
        before, state, messages = state["delay"], add_delay(state), messages + 1
    assert 0 < state["delay"] - before <= longest and state["delay"] == wait
    assert messages == -(-wait // longest)


@pytest.mark.parametrize("error", ["ServiceUnavailable", "AccessDenied", "QueueDoesNotExist"])
def test_a_message_is_delivered_again_if_the_next_one_cannot_be_sent(services: Services, error: str) -> None:
    for task in ("the-token", "other"):
        services.expect_heartbeat(task=task)
        services.expect_poll()
        services.expect_send(error if task == "the-token" else "")
    assert invoke(record(message()), record(message(token="other"), message_id="id-2")) == ["id-1"]


@pytest.mark.parametrize("error", OTHER_ERRORS)
def test_a_message_is_delivered_again_if_news_cannot_be_reported(services: Services, error: str) -> None:
    for task in ("the-token", "other"):
        services.expect_heartbeat(task=task)
        services.expect_poll("FAILED")
        services.expect_report(error if task == "other" else "", task)
    assert invoke(record(message()), record(message(token="other"), message_id="id-2")) == ["id-2"]


@pytest.mark.parametrize("error", STALE)
def test_news_that_the_watch_no_longer_waits_for_are_dropped(services: Services, error: str) -> None:
    services.expect_heartbeat()
    services.expect_poll("FAILED")
    services.expect_report(error)
    assert invoke(record(message())) == []


def test_the_poll_of_a_redelivered_message_is_reported_because_its_successor_may_exist(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_report()
    assert invoke(record(message(), receives=2)) == []
    assert services.reported[0]["news"] == "renewed" and services.reported[0]["wait"] >= 170


def test_a_redelivered_message_is_polled_before_its_wait_is_over(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_report()
    assert invoke(record(message({**STATE, "wait": 2_000, "delay": 900}), receives=2)) == []


def test_a_redelivered_message_of_an_ended_job_is_reported_as_ended(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll("COMPLETED")
    services.expect_report()
    assert invoke(record(message(), receives=5)) == [] and services.reported[0]["news"] == "ended"


DAMAGED = ["", "null", "7", '"text"', "[]", "[{}]", "{}", '{"state": {}}', "{", "\x00"]


@pytest.mark.parametrize("body", DAMAGED)
def test_a_damaged_message_fails_without_affecting_the_others(services: Services, body: str) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_send()
    assert invoke(record(body), record(message(), message_id="id-2")) == ["id-1"]


def test_the_function_fails_if_all_messages_of_a_batch_fail() -> None:
    with pytest.raises(poll.AllMessagesFailed, match=r"^$"):
        invoke(record("{"), record('{"private-name"', message_id="id-2"))


@pytest.mark.parametrize("state", [None, [], "x", 7, {}, {"wait": "soon", "delay": [], "polls": {}, "reported": None}])
def test_a_message_with_a_damaged_state_is_polled(services: Services, state: Any) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_report()
    assert invoke(record(message(state))) == []
    report = services.reported[0]
    assert (report["news"], report["polls"], report["reported"]) == ("status changed", 1, 1)
    assert report["heartbeat"] == 540 and report["delay"] == report["wait"]


def test_a_message_of_an_earlier_version_is_polled(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_send()
    names = ("polls", "waited", "outcome", "status", "age", "last_answer")
    kept = {name: STATE[name] for name in names}  # type: ignore[literal-required]
    earlier = {name: value for name, value in MESSAGE.items() if name != "started"}
    assert invoke(record({**earlier, "state": kept})) == []
    assert services.sent[0]["state"]["polls"] == 41 and services.sent[0]["state"]["heartbeat"] == 540


def test_the_members_of_a_later_version_are_passed_on(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_send()
    assert invoke(record(message(later={"a": 1}))) == [] and services.sent[0]["later"] == {"a": 1}


def test_the_log_contains_the_watch_and_nothing_about_the_job(
    services: Services, log: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    services.expect_heartbeat()
    services.expect_poll("COMPLETED")
    services.expect_report("ThrottlingException")
    services.expect_heartbeat("TaskTimedOut")
    services.expect_heartbeat()
    services.expect_poll(error="AccessDeniedException")
    services.expect_send("AccessDenied")
    invoke(record(message()), record(message(), 2, "id-2"), record(message(), 1, "id-3"), record("{private", 1, "id-4"))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["message"] for line in lines] == [
        "polled",
        "message failed",
        "no answer",
        "polled",
        "message failed",
        "message failed",
    ]
    assert [line["error"] for line in lines if line["message"] == "message failed"] == [
        "ClientError",
        "ClientError",
        "JSONDecodeError",
    ]
    assert {line.get("watch", MESSAGE["watch"]) for line in lines} == {MESSAGE["watch"]}
    assert not re.search("private|the-token", log.getvalue() + "".join(capsys.readouterr()))


BEFORE: PollState = {**STATE, "percent": 30.0, "highest_percent": 30, "last_progress": HOUR}
NO_NEWS: dict[str, Any] = {**BEFORE, "polls": 41, "waited": HOUR + 180, "age": HOUR + 179, "last_answer": HOUR}


@pytest.mark.parametrize(
    ("before", "result", "expected"),
    [
        ({}, {}, None),
        ({}, {"percent": 49.0, "highest_percent": 49}, None),
        ({}, {"percent": 20.0}, None),
        ({}, {"percent": 50.0, "highest_percent": 50}, "progressed"),
        ({"highest_percent": -1}, {"highest_percent": 0}, "progressed"),
        ({}, {"name": "a-step", "detail": {}}, "progressed"),
        ({}, {"status": "STOPPING"}, "status changed"),
        ({"status": None}, {}, "status changed"),
        ({"last_answer": 0}, {"last_answer": 0}, "no answer for an hour"),
        ({"last_answer": 1}, {"last_answer": 1}, None),
        ({"last_answer": -400}, {"last_answer": -400}, None),
        ({"last_answer": -400}, {}, "answered again"),
        ({"last_answer": 0}, {}, None),
        ({}, {"polls": 512}, None),
        ({}, {"polls": 1024}, "renewed"),
        ({}, {"polls": 1025}, None),
        ({}, {"polls": 1536}, None),
        ({}, {"polls": 2048}, "renewed"),
        ({"reported": 999}, {"status": "STOPPING"}, "status changed"),
        ({"reported": 1_000}, {"status": "STOPPING"}, None),
        ({"reported": 1_000}, {"name": "a-step"}, None),
        ({"reported": 1_000}, {"polls": 2048}, None),
        ({"reported": 1_000}, {"wait": None}, "ended"),
        ({}, {"wait": None}, "ended"),
    ],
)
def test_news_are_what_the_history_shows(before: dict[str, Any], result: dict[str, Any], expected: str | None) -> None:
    """A value of None stands for a member that is missing."""
    given, found = (
        {name: value for name, value in {**default, **changes}.items() if value is not None}
        for default, changes in ((BEFORE, before), (NO_NEWS, result))
    )
    assert find_news(cast(PollState, given), found) == expected


def test_a_job_whose_status_changes_at_each_poll_has_a_bounded_history(services: Services) -> None:
    """The state machine counts Describe's polls too: see `reported`."""
    state = {**STATE, "reported": news.MAX_NEWS - 1}
    for number, status in enumerate(("STOPPING", "IN_PROGRESS")):
        services.expect_heartbeat()
        services.expect_poll(status)
        (services.expect_send if number else services.expect_report)()
        assert invoke(record(message(state))) == []
        state = (services.sent if number else services.reported)[0]
    assert services.reported[0]["reported"] == news.MAX_NEWS == services.sent[0]["state"]["reported"]


def test_a_poll_of_the_describe_function_counts_as_reported(services: Services) -> None:
    services.expect_poll()
    services.expect_poll(error="ThrottlingException")
    for expected in (3, 4):
        event: Any = {**message({**STATE, "reported": expected - 1}), "token": None}
        assert describe.handler(event, CONTEXT)["reported"] == expected


def test_heartbeats_are_expected_less_often_if_polls_are_reported_too_often(
    services: Services, context: LambdaContext
) -> None:
    time_left = 14 * 86_400 - HOUR
    for reported, heartbeat in ((0, 540), (900, 540), (1_100, time_left / 100), (5_000, time_left)):
        services.expect_poll()
        event: Any = message({**STATE, "reported": reported})
        assert describe.handler(event, CONTEXT)["heartbeat"] == pytest.approx(heartbeat, abs=1)


@pytest.mark.parametrize("late", [-500, 0, 60, 61, 6 * HOUR])
def test_a_late_poll_moves_the_age_forward_and_counts_as_a_disruption_after_a_minute(late: int) -> None:
    state = catch_up(STATE, HOUR + late)
    moved = max(0, late)
    assert (state["waited"], state["age"]) == (HOUR + moved, HOUR + moved)
    assert state.get("last_disruption") == (HOUR + late if late > 60 else None)


@pytest.mark.parametrize(("late", "expected"), [(0, {}), (60, {}), (61, {"LatePolls": [1.0]})])
def test_polls_that_are_more_than_a_minute_late_are_counted(
    services: Services, capsys: pytest.CaptureFixture[str], late: int, expected: dict[str, Any]
) -> None:
    services.expect_heartbeat()
    services.expect_poll()
    services.expect_send()
    invoke(record(message({**STATE, "waited": HOUR - late})))
    assert metrics(capsys.readouterr().out) == expected


def test_a_late_message_that_no_watch_waits_for_is_not_counted(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    services.expect_heartbeat("TaskTimedOut")
    invoke(record(message({**STATE, "waited": HOUR - 540})))
    assert metrics(capsys.readouterr().out) == {}


def ended(seconds: float) -> dict[str, Any]:
    """Return the member of a job that ended this number of seconds ago."""
    return {"EndedAt": datetime.fromtimestamp(NOW - seconds, UTC)}


def emf(output: str) -> list[tuple[str, Any, dict[str, str]]]:
    """Return the metrics in CloudWatch's embedded metric format: the name, the value and the dimensions of each."""
    found = []
    for embedded in map(json.loads, output.splitlines()):
        ((directive,), rest) = embedded.pop("_aws")["CloudWatchMetrics"], embedded
        ((metric,), (names,)) = directive["Metrics"], directive["Dimensions"]
        (value,) = rest.pop(metric["Name"])
        assert set(rest) == set(names)  # the line has nothing else
        found.append((f"{metric['Name']} {metric['Unit']}", value, rest))
    return found


def end_metrics(
    kind: str, outcome: str, polls: int | None = None, delay: float | None = None
) -> list[tuple[str, Any, dict[str, str]]]:
    """Return the expected metrics of a job's end."""
    service = {"service": "job-watcher"}
    values = {"PollsPerJob Count": polls, "NotificationDelay Seconds": delay}
    return [
        ("JobsEnded Count", 1, {**service, "kind": kind, "outcome": outcome}),
        *((name, value, service) for name, value in values.items() if value is not None),
    ]


@pytest.mark.parametrize(
    ("status", "outcome", "seconds", "delay"),
    [("COMPLETED", "succeeded", 12.5, 12.5), ("FAILED", "failed", -3, 0), ("COMPLETED", "succeeded", 2 * HOUR, None)],
    ids=["it ended 12.5 s ago", "the service's clock is ahead", "it ended before the first poll"],
)
def test_the_end_of_a_job_is_counted_once_with_its_polls_and_its_delay(
    services: Services, capsys: pytest.CaptureFixture[str], status: str, outcome: str, seconds: float, delay: float
) -> None:
    services.expect_heartbeat()
    services.expect_poll(status, **ended(seconds))
    services.expect_report()
    invoke(record(message()))
    output = capsys.readouterr().out
    assert emf(output) == end_metrics("voice-id/SpeakerEnrollmentJob", outcome, 41, delay)
    assert "private" not in output


def test_a_job_without_an_end_time_is_counted_without_a_delay(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    services.expect_poll("COMPLETED")
    describe.handler(cast(Any, message()), CONTEXT)
    assert emf(capsys.readouterr().out) == end_metrics("voice-id/SpeakerEnrollmentJob", "succeeded", 41)


@pytest.mark.parametrize("kind", ["glue/JobRun", "voice-id/private name", 7, None, {"private": 1}, "x" * 9_999])
def test_a_lost_watch_of_an_unknown_kind_is_counted_without_its_input(
    capsys: pytest.CaptureFixture[str], kind: Any
) -> None:
    describe.handler(cast(Any, message({**STATE, "polls": 0}, input={"kind": kind, "request": REQUEST})), CONTEXT)
    assert emf(capsys.readouterr().out) == end_metrics("unknown", "lost")


def test_a_lost_watch_is_counted_without_a_delay(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    services.expect_poll(**ended(12))
    describe.handler(cast(Any, message({**STATE, "waited": 14 * 86_400})), CONTEXT)
    assert emf(capsys.readouterr().out) == end_metrics("voice-id/SpeakerEnrollmentJob", "lost", 41)


@pytest.mark.parametrize(("error", "sent"), [("", True), ("ExecutionAlreadyExists", False)])
def test_an_extra_check_publishes_only_the_delay_of_the_notification_that_it_sends(
    services: Services, capsys: pytest.CaptureFixture[str], error: str, sent: bool
) -> None:
    services.expect_poll("COMPLETED", **ended(2))
    services.expect_notification(error)
    invoke(record(EXTRA_CHECK))
    delay = ("NotificationDelay Seconds", 2, {"service": "job-watcher"})
    assert emf(capsys.readouterr().out) == ([delay] if sent else [])


def test_a_watch_that_gets_extra_checks_publishes_no_delay_because_they_may_have_sent_the_notification(
    services: Services, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describe, "RULES", replace(describe.RULES, limits_with_events=PollingLimits()))
    services.expect_poll("COMPLETED", **ended(2))
    describe.handler(cast(Any, message()), CONTEXT)
    assert emf(capsys.readouterr().out) == end_metrics("voice-id/SpeakerEnrollmentJob", "succeeded", 41)


def test_a_late_poll_is_no_time_without_an_answer_unless_the_last_poll_had_none() -> None:
    answered = catch_up(STATE, 7 * HOUR)
    unanswered = catch_up({**STATE, "last_answer": HOUR - 500}, 7 * HOUR)
    assert answered["age"] - answered["last_answer"] == STATE["wait"]
    assert unanswered["age"] - unanswered["last_answer"] == 6 * HOUR + 500
    assert "last_answer" not in catch_up({"polls": 1, "waited": 14, "outcome": "running", "wait": 14}, HOUR)


WIDEST = "\U0001f399"  # four bytes in UTF-8


@pytest.mark.parametrize("character", ["x", "é", WIDEST, "\x00", "\x1f", "\x7f", "\r", '"', "\ufeff", "\ufdd0"])
def test_messages_and_reports_stay_within_the_limits_with_the_largest_input(
    services: Services, character: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services checks what the function sends, and `body` is what the state machine sends to the queue."""
    monkeypatch.setattr(describe, "RULES", replace(describe.RULES, progress_step=25))
    task, watch_input = "t" * MAX_TOKEN, largest_input(character)
    capped = {**STATE, "reported": news.MAX_NEWS}
    for state, status in ((STATE, WIDEST * 300), (capped, WIDEST * 300), (STATE, "FAILED")):
        services.expect_heartbeat(task=task)
        services.expect_poll(status, 50)
        if state is capped:
            services.expect_send()
        else:
            services.expect_report(task=task)
        assert invoke(record(message(state, token=task, input=watch_input))) == []
    sent, (progress, end) = services.sent[0], services.reported
    assert sent["input"] == watch_input and len(compact_json(sent).encode()) <= limits()["state"].limit
    assert progress["detail_type"] == "Job Progressed" and end["outcome"] == "failed"
    execution = {"Id": ARN, "Input": watch_input, "StartTime": "2026-01-01T00:00:00.000Z"}
    states = {"input": progress, "context": {"Execution": execution, "Task": {"Token": "t" * MAX_TOKEN}}}
    arguments = definition("watch")["States"]["WaitForNews"]["Arguments"]
    body = compact_json(evaluate_template(arguments, states)["MessageBody"])
    assert SQS_TEXT.fullmatch(body) and len(body.encode()) <= limits()["state"].limit


def largest_input(character: str) -> dict[str, Any]:
    """Return an input with as many of these characters as the state machine accepts."""
    watch_input = {**MESSAGE["input"], "trigger": {"id": ""}}
    free = MAX_INPUT_LENGTH - len(compact_json(watch_input))
    return {**watch_input, "trigger": {"id": character * (free // (len(compact_json(character)) - 2))}}


def test_the_report_of_a_job_with_large_members_stays_within_the_limit(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll("FAILED", name=WIDEST * 300_000)
    services.expect_report()
    assert invoke(record(message())) == []
    assert json.loads(services.reported[0]["message"])["omitted"] == ["JobName"]


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\ud800", "\udfff"])
def test_an_input_with_a_character_that_sqs_rejects_ends_the_watch_before_a_message_is_sent(character: str) -> None:
    event: Any = message({}, input={**MESSAGE["input"], "trigger": {"id": character}})
    result = describe.handler(event, CONTEXT)
    assert (result["outcome"], result["error"]) == ("lost", "WatchLost")
    assert "accepted are characters that SQS accepts" in result["cause"]


@pytest.mark.parametrize("character", [chr(code) for code in range(32)] + ["\x7f", "\ufffe", "\uffff", "\ud800"])
def test_a_status_with_a_character_that_sqs_rejects_is_passed_on_in_another_form(
    services: Services, character: str
) -> None:
    status = STATE["status"]
    for _ in range(2):
        services.expect_heartbeat()
        services.expect_poll(f"A{character}")
        services.expect_report()
        assert invoke(record(message({**STATE, "status": status}), receives=2)) == []
        status = services.reported[0]["status"]
    assert SQS_TEXT.fullmatch(compact_json(status)) and status in (f"A{character}", "A\ufffd")
    assert [report["news"] for report in services.reported] == ["status changed", "renewed"]


EXTRA_CHECK = {"input": {**MESSAGE["input"], "check_once": True}, "watch": MESSAGE["watch"], "state": {}}


@pytest.mark.parametrize("error", ["", "ExecutionAlreadyExists"])
def test_an_extra_check_starts_the_notification_of_a_job_that_has_ended(services: Services, error: str) -> None:
    services.expect_poll("COMPLETED")
    services.expect_notification(error)
    assert invoke(record(EXTRA_CHECK)) == []


def test_an_extra_check_starts_the_same_notification_as_the_watch(services: Services) -> None:
    services.expect_heartbeat()
    services.expect_poll("COMPLETED")
    services.expect_report()
    assert invoke(record(message())) == []
    (news,) = services.reported
    services.expect_poll("COMPLETED")
    services.expect_notification()
    assert invoke(record(EXTRA_CHECK)) == []
    states = {"input": news, "context": {"Execution": {"Id": MESSAGE["watch"]}}}
    by_watch = evaluate_template(definition("watch")["States"]["NotifyEnd"]["Arguments"], states)
    (started,) = services.notifications
    details = [json.loads(notification["Input"].pop("message")) for notification in (started, by_watch)]
    assert {**details[0], "polls": 41} == details[1] and started["Input"] == by_watch["Input"]
    assert started["Name"] == by_watch["Name"]


def test_an_extra_check_of_a_running_job_does_nothing(services: Services) -> None:
    services.expect_poll()
    assert invoke(record(EXTRA_CHECK)) == []


def test_an_extra_check_is_repeated_if_the_notification_cannot_be_started(services: Services) -> None:
    services.expect_poll("COMPLETED")
    services.expect_notification("ThrottlingException")
    with pytest.raises(poll.AllMessagesFailed):
        invoke(record(EXTRA_CHECK))


def test_an_extra_check_is_repeated_twice_if_the_service_throttles(services: Services) -> None:
    body: Any = EXTRA_CHECK
    for _ in range(2):
        services.expect_poll(error="ThrottlingException")
        services.expect_send()
        assert invoke(record(body)) == []
        body = {name: value for name, value in services.sent[-1].items() if name != "DelaySeconds"}
    services.expect_poll(error="ThrottlingException")
    assert invoke(record(body)) == []
    assert [sent["DelaySeconds"] for sent in services.sent] == [14, 29]


def test_an_extra_check_never_reports_a_lost_watch(services: Services) -> None:
    removed = {**EXTRA_CHECK, "input": {**EXTRA_CHECK["input"], "kind": "glue/NoLongerWatched"}}
    assert invoke(record(removed)) == []
