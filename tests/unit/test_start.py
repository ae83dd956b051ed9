"""The Start function: which events start a watch, and how many calls that takes."""

import importlib
import json
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given
from hypothesis import strategies as st

from job_watcher import catalogue
from job_watcher.trigger import TriggeredJob, watch_name
from tests.bench import scale
from tests.examples import examples
from tests.unit.fake_states import FakeStates

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
RECURRING = replace(SPEAKER, recurs=True)
REQUEST = {"DomainId": "d" * 22, "JobId": "j" * 22}
FROM_API_CALL = TriggeredJob(SPEAKER, REQUEST, service_event=False)
FROM_SERVICE_EVENT = TriggeredJob(SPEAKER, REQUEST, service_event=True)
RECURRING_JOB = TriggeredJob(RECURRING, REQUEST, service_event=False)
WATCH = "arn:aws:states:eu-west-1:123456789012:stateMachine:Watch"
DAY = timedelta(days=1)
PERIOD = datetime.fromtimestamp(0, UTC) + timedelta(days=60 * 347)  # the first day of a period
MIDDLE_OF_PERIOD = PERIOD + timedelta(days=40)  # no watch of the previous period can still be running


@pytest.fixture(scope="module")
def start() -> ModuleType:
    return importlib.import_module("job_watcher.start")


class World:
    """A fake Step Functions, the Start function, and their common clock."""

    def __init__(self, start: ModuleType, now: datetime) -> None:
        self.start_if_needed = start.start_if_needed
        self.states = FakeStates(start.step_functions().exceptions, now)
        self.extra_checks: list[dict[str, Any]] = []
        """The messages that were sent to the poll queue."""
        self._number = 0

    def send_event(
        self, job: TriggeredJob, ago: timedelta = timedelta(seconds=1), id: str | None = None, detail: Any = None
    ) -> str | None:
        """Send an event from `ago` before now. Return the ARN of the execution that it started, or None."""
        self._number += 1
        time = f"{self.states.now - ago:%Y-%m-%dT%H:%M:%SZ}"
        started: str | None = self.start_if_needed(
            job, {"id": id or f"event-{self._number}", "time": time, "detail": detail}
        )
        return started

    def start_numbered(self, job: TriggeredJob, number: int) -> str:
        """Start the watch with this number in the current period."""
        name = watch_name(job, [int(self.states.now.timestamp() // (60 * 86_400)), number])
        return str(self.states.start_execution(WATCH, name, "{}")["executionArn"])

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:
        """Receive a message as SQS does."""
        assert QueueUrl == os.environ["POLL_QUEUE_URL"]
        self.extra_checks.append(json.loads(MessageBody))

    def advance(self, time: timedelta) -> None:
        self.states.now += time


@pytest.fixture
def world(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(start, monkeypatch, MIDDLE_OF_PERIOD)


def make_world(start: ModuleType, patch: pytest.MonkeyPatch, now: datetime) -> World:
    world = World(start, now)
    patch.setattr(start, "step_functions", lambda: world.states)
    patch.setattr(start, "client", {"sqs": world}.__getitem__)
    patch.setattr(start.time, "time", lambda: world.states.now.timestamp())
    return world


def test_an_event_about_a_watch_starts_no_watch(
    start: ModuleType, world: World, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    detail_type = "Step Functions Execution Status Change"
    service_events = {"aws.states": {detail_type: ["stepfunctions/Execution"]}}
    monkeypatch.setattr(start, "INDEX", {"api_calls": {}, "service_events": service_events})
    for machine, calls in ((WATCH, []), (WATCH.replace("Watch", "Other"), ["StartExecution"])):
        detail = {"stateMachineArn": machine, "executionArn": "arn", "name": "run"}
        start.handler({"source": "aws.states", "detail-type": detail_type, "detail": detail}, context)
        assert world.states.calls == calls


@pytest.mark.parametrize("job", [FROM_API_CALL, FROM_SERVICE_EVENT, RECURRING_JOB])
def test_the_first_event_about_a_job_starts_a_watch_with_one_call(world: World, job: TriggeredJob) -> None:
    started = world.send_event(job)
    assert world.states.calls == ["StartExecution"]
    (watch,) = world.states.running()
    assert watch["executionArn"] == started
    assert json.loads(watch["input"]) == {
        "kind": SPEAKER.name,
        "request": REQUEST,
        "trigger": {"id": "event-1", "time": "2027-02-10T23:59:59Z", "service_event": job.service_event},
    }


def test_a_service_event_about_a_watched_job_sends_the_message_for_an_extra_check(world: World) -> None:
    watch = world.send_event(FROM_API_CALL)
    world.advance(timedelta(minutes=5))
    assert world.send_event(FROM_SERVICE_EVENT) is None
    watch_input = {"kind": SPEAKER.name, "request": REQUEST, "check_once": True}
    assert world.extra_checks == [{"input": watch_input, "watch": watch, "state": {}}]
    assert len(world.states.running()) == 1


def test_a_service_event_about_a_watched_job_makes_the_calls_that_docs_scale_md_counts(world: World) -> None:
    world.send_event(FROM_API_CALL)
    world.advance(timedelta(minutes=5))
    world.states.calls.clear()
    world.send_event(FROM_SERVICE_EVENT)
    calls = Counter(world.states.calls)
    assert calls == {"StartExecution": scale.EXTRA_CHECK["start"], "DescribeExecution": scale.EXTRA_CHECK["describe"]}


def test_a_service_event_from_the_second_in_which_the_watch_started_causes_an_extra_check(world: World) -> None:
    world.advance(timedelta(milliseconds=100))
    world.send_event(FROM_API_CALL)
    world.advance(timedelta(milliseconds=400))
    world.send_event(FROM_SERVICE_EVENT, ago=timedelta(0))
    assert len(world.extra_checks) == 1


def test_a_service_event_with_a_running_status_causes_no_extra_check(world: World) -> None:
    world.send_event(FROM_API_CALL)
    world.advance(timedelta(minutes=5))
    for status, extra_checks in (("IN_PROGRESS", 0), ("COMPLETED", 1)):
        world.send_event(FROM_SERVICE_EVENT, detail={"status": status})
        assert len(world.extra_checks) == extra_checks


def test_simultaneous_events_start_one_watch(world: World) -> None:
    assert world.send_event(FROM_API_CALL)
    assert world.send_event(FROM_SERVICE_EVENT) is None
    assert world.send_event(FROM_API_CALL) is None
    assert len(world.states.executions) == 1


def test_an_event_that_is_delivered_twice_starts_one_watch(world: World) -> None:
    world.send_event(FROM_SERVICE_EVENT, id="same")
    world.advance(timedelta(minutes=5))
    assert world.send_event(FROM_SERVICE_EVENT, id="same") is None
    assert len(world.states.executions) == 1


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_an_event_that_is_delivered_again_after_the_end_starts_no_watch(world: World, status: str) -> None:
    world.states.end(world.send_event(RECURRING_JOB, id="same"), status)
    assert world.send_event(RECURRING_JOB, id="same") is None


def test_no_event_causes_an_extra_check_of_a_recurring_job(world: World) -> None:
    world.send_event(RECURRING_JOB)
    world.advance(timedelta(minutes=5))
    assert world.send_event(TriggeredJob(RECURRING, REQUEST, service_event=True)) is None
    assert world.extra_checks == []


@pytest.mark.parametrize("job", [FROM_API_CALL, FROM_SERVICE_EVENT, RECURRING_JOB])
def test_an_event_from_before_the_end_of_a_watch_starts_no_watch(world: World, job: TriggeredJob) -> None:
    first = world.send_event(job)
    world.advance(timedelta(minutes=5))
    world.states.end(first)
    assert world.send_event(job, ago=timedelta(seconds=30)) is None


@pytest.mark.parametrize("job", [FROM_API_CALL, FROM_SERVICE_EVENT, RECURRING_JOB])
@pytest.mark.parametrize("ago", [0, 4])
def test_an_event_from_after_the_end_of_a_watch_starts_the_next_watch(
    world: World, job: TriggeredJob, ago: int
) -> None:
    first = world.send_event(job)
    world.advance(timedelta(minutes=5))
    world.states.end(first)
    assert world.send_event(job, ago=timedelta(seconds=ago)) not in (None, first)


def test_an_execution_with_the_watchs_name_that_follows_another_job_does_not_cover_an_event(world: World) -> None:
    world.states.start_execution(
        WATCH,
        watch_name(FROM_API_CALL, [int(world.states.now.timestamp() // (60 * 86_400)), 0]),
        '{"kind": "glue/JobRun"}',
    )
    started = world.send_event(FROM_API_CALL)
    assert started and len(world.states.running()) == 2


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_event_after_a_failed_watch_starts_another_watch(world: World, status: str) -> None:
    first = world.send_event(FROM_API_CALL)
    world.advance(timedelta(minutes=5))
    world.states.end(first, status)
    assert world.send_event(FROM_API_CALL, ago=timedelta(minutes=4)) not in (None, first)
    assert len(world.states.running()) == 1


@pytest.mark.parametrize("runs", [1, 2, 7, 8, 9, 255, 256, 257, 5_000, 16_384])
@pytest.mark.parametrize("job", [FROM_API_CALL, RECURRING_JOB])
def test_an_event_takes_at_most_20_calls_regardless_of_the_number_of_earlier_watches(
    world: World, job: TriggeredJob, runs: int
) -> None:
    for number in range(runs):
        world.states.end(world.start_numbered(job, number))
    world.advance(timedelta(minutes=1))
    world.states.calls.clear()
    assert world.send_event(job) is not None
    assert len(world.states.calls) <= 20
    assert len(world.states.running()) == 1
    assert world.send_event(job) is None


def test_a_job_with_more_watches_than_the_maximum_number_is_still_watched(world: World) -> None:
    for number in range(16_386):
        world.states.end(world.start_numbered(RECURRING_JOB, number))
    world.advance(timedelta(minutes=1))
    assert world.send_event(RECURRING_JOB) is not None


@pytest.mark.parametrize("age", [1, 10, 59])
def test_a_running_watch_from_the_previous_period_is_found(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, age: int
) -> None:
    monkeypatch.setattr(start, "MAX_WATCH_SECONDS", 90 * 86_400)
    world = make_world(start, monkeypatch, PERIOD - age * DAY)
    world.states.end(world.send_event(RECURRING_JOB))
    world.advance(timedelta(minutes=1))
    running = world.send_event(RECURRING_JOB)
    world.advance((age + 2) * DAY)
    assert running is not None and world.send_event(RECURRING_JOB) is None
    world.states.end(running)
    world.advance(timedelta(minutes=1))
    assert world.send_event(RECURRING_JOB) is not None


def test_a_search_across_two_periods_takes_at_most_20_calls(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(start, monkeypatch, PERIOD - DAY)
    for number in range(10_000):
        world.states.end(world.start_numbered(RECURRING_JOB, number))
    world.advance(2 * DAY)
    world.states.calls.clear()
    assert world.send_event(RECURRING_JOB) is not None
    assert len(world.states.calls) <= 20


actions = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(0, 30)),
        st.tuples(st.just("advance"), st.floats(0, 40)),
        st.tuples(st.just("end"), st.sampled_from(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])),
    ),
    max_size=40,
)


@given(actions)
@examples(100)
def test_a_recurring_job_never_has_two_watches_and_every_event_is_covered_by_a_watch(
    start: ModuleType, history: list[tuple[str, Any]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = make_world(start, patch, PERIOD - 20 * DAY)
        for action, argument in history:
            if action == "event":
                world.send_event(RECURRING_JOB, ago=timedelta(seconds=argument))
                event_time = world.states.now - timedelta(seconds=argument)
                ended = [watch for watch in world.states.executions.values() if watch["status"] == "SUCCEEDED"]
                covered = any(watch["stopDate"] - event_time >= timedelta(seconds=5) for watch in ended)
                assert len(world.states.running()) == 1 or covered
                assert len(world.states.running()) <= 1
            elif action == "advance":
                world.advance(argument * DAY)
                for watch in world.states.running():
                    if world.states.now - watch["startDate"] > 14 * DAY:  # it gave up
                        watch |= {"status": "FAILED", "stopDate": watch["startDate"] + 14 * DAY}
            elif running := world.states.running():
                world.states.end(running[0]["executionArn"], argument)
