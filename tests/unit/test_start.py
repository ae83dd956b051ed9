"""The Start function: which events start a watch, and with how many calls."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given, settings
from hypothesis import strategies as st

from job_watcher import catalogue
from job_watcher.trigger import TriggeredJob, watch_name
from tests.unit.fake_states import FakeStates

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
RECURRING = replace(SPEAKER, recurs=True)
REQUEST = {"DomainId": "d" * 22, "JobId": "j" * 22}
CALL, NEWS = TriggeredJob(SPEAKER, REQUEST, service_event=False), TriggeredJob(SPEAKER, REQUEST, service_event=True)
AGAIN = TriggeredJob(RECURRING, REQUEST, service_event=False)
WATCH = "arn:aws:states:eu-west-1:123456789012:stateMachine:Watch"
DAY = timedelta(days=1)
PERIOD = datetime.fromtimestamp(0, UTC) + timedelta(days=60 * 347)  # the first day of a period
MIDDLE = PERIOD + timedelta(days=40)  # when no watch of the period before can still run


@pytest.fixture(scope="module")
def start() -> Iterator[ModuleType]:
    """The module as its bundle imports it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATCH_ARN", WATCH)
        patch.setenv("NOTIFY_ARN", WATCH.replace("Watch", "Notify"))
        yield importlib.import_module("job_watcher.start")


class World:
    """Step Functions, and the clock that the function and Step Functions share."""

    def __init__(self, start: ModuleType, now: datetime) -> None:
        self.begin = start.start_if_needed
        self.states = FakeStates(start.step_functions().exceptions, now)
        self._number = 0

    def event(
        self, job: TriggeredJob, ago: timedelta = timedelta(seconds=1), id: str | None = None, detail: Any = None
    ) -> str | None:
        """An event of `ago` arrives now; the ARN of the execution it started."""
        self._number += 1
        time = f"{self.states.now - ago:%Y-%m-%dT%H:%M:%SZ}"
        started: str | None = self.begin(job, {"id": id or f"event-{self._number}", "time": time, "detail": detail})
        return started

    def begin_numbered(self, job: TriggeredJob, number: int) -> str:
        """Start the watch of this number, as the events before would have."""
        name = watch_name(job, [int(self.states.now.timestamp() // (60 * 86_400)), number])
        return str(self.states.start_execution(WATCH, name, "{}")["executionArn"])

    def pass_(self, time: timedelta) -> None:
        self.states.now += time


@pytest.fixture
def world(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(start, monkeypatch, MIDDLE)


def make_world(start: ModuleType, patch: pytest.MonkeyPatch, now: datetime) -> World:
    world = World(start, now)
    patch.setattr(start, "step_functions", lambda: world.states)
    patch.setattr(start.time, "time", lambda: world.states.now.timestamp())
    return world


def test_an_event_about_a_watch_starts_nothing(
    start: ModuleType, world: World, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    detail_type = "Step Functions Execution Status Change"
    news = {"aws.states": {detail_type: ["stepfunctions/Execution"]}}
    monkeypatch.setattr(start, "INDEX", {"api_calls": {}, "service_events": news})
    for machine, calls in ((WATCH, []), (WATCH.replace("Watch", "Other"), ["StartExecution"])):
        detail = {"stateMachineArn": machine, "executionArn": "arn", "name": "run"}
        start.handler({"source": "aws.states", "detail-type": detail_type, "detail": detail}, context)
        assert world.states.calls == calls


@pytest.mark.parametrize("job", [CALL, NEWS, AGAIN])
def test_the_first_event_of_a_job_starts_its_watch_with_one_call(world: World, job: TriggeredJob) -> None:
    started = world.event(job)
    assert world.states.calls == ["StartExecution"]
    (watch,) = world.states.running()
    assert watch["executionArn"] == started
    assert json.loads(watch["input"]) == {
        "kind": SPEAKER.name,
        "request": REQUEST,
        "trigger": {"id": "event-1", "time": "2027-02-10T23:59:59Z", "service_event": job.service_event},
    }


def test_the_services_own_event_makes_a_running_watch_look_at_once(world: World) -> None:
    world.event(CALL)
    world.pass_(timedelta(minutes=5))
    looking = world.event(NEWS)
    assert looking is not None
    assert json.loads(world.states.executions[looking]["input"])["check_once"] is True
    assert len(world.states.running()) == 2


def test_an_end_within_the_second_in_which_the_watch_started_is_looked_at(world: World) -> None:
    world.pass_(timedelta(milliseconds=100))
    world.event(CALL)
    world.pass_(timedelta(milliseconds=400))
    assert world.event(NEWS, ago=timedelta(0)) is not None


def test_an_event_that_says_that_its_job_runs_makes_no_watch_look(world: World) -> None:
    world.event(CALL)
    world.pass_(timedelta(minutes=5))
    assert world.event(NEWS, detail={"status": "IN_PROGRESS"}) is None
    assert world.event(NEWS, detail={"status": "COMPLETED"}) is not None


def test_two_events_at_the_same_instant_start_one_watch(world: World) -> None:
    assert world.event(CALL)
    assert world.event(NEWS) is None
    assert world.event(CALL) is None
    assert len(world.states.executions) == 1


def test_an_event_that_arrives_twice_starts_one_execution(world: World) -> None:
    world.event(CALL)
    world.pass_(timedelta(minutes=5))
    assert world.event(NEWS, id="same") == world.event(NEWS, id="same")
    assert len(world.states.executions) == 2


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_an_event_that_arrives_again_after_the_end_starts_nothing(world: World, status: str) -> None:
    world.states.end(world.event(AGAIN, id="same"), status)
    assert world.event(AGAIN, id="same") is None


def test_no_event_makes_a_watch_look_that_notifies_each_time(world: World) -> None:
    world.event(AGAIN)
    world.pass_(timedelta(minutes=5))
    assert world.event(TriggeredJob(RECURRING, REQUEST, service_event=True)) is None


@pytest.mark.parametrize("job", [CALL, NEWS, AGAIN])
def test_an_event_from_before_the_end_that_a_watch_saw_starts_nothing(world: World, job: TriggeredJob) -> None:
    first = world.event(job)
    world.pass_(timedelta(minutes=5))
    world.states.end(first)
    assert world.event(job, ago=timedelta(seconds=30)) is None


@pytest.mark.parametrize("job", [CALL, NEWS, AGAIN])
@pytest.mark.parametrize("ago", [0, 4])
def test_an_event_from_after_that_end_starts_the_next_watch(world: World, job: TriggeredJob, ago: int) -> None:
    first = world.event(job)
    world.pass_(timedelta(minutes=5))
    world.states.end(first)
    assert world.event(job, ago=timedelta(seconds=ago)) not in (None, first)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_watch_that_broke_is_followed_by_another_whatever_came_first(world: World, status: str) -> None:
    first = world.event(CALL)
    world.pass_(timedelta(minutes=5))
    world.states.end(first, status)
    assert world.event(CALL, ago=timedelta(minutes=4)) not in (None, first)
    assert len(world.states.running()) == 1


@pytest.mark.parametrize("runs", [1, 2, 7, 8, 9, 255, 256, 257, 5_000, 16_384])
@pytest.mark.parametrize("job", [CALL, AGAIN])
def test_an_event_costs_at_most_20_calls_however_often_a_job_ran(world: World, job: TriggeredJob, runs: int) -> None:
    for number in range(runs):
        world.states.end(world.begin_numbered(job, number))
    world.pass_(timedelta(minutes=1))
    world.states.calls.clear()
    assert world.event(job) is not None
    assert len(world.states.calls) <= 20
    assert len(world.states.running()) == 1
    assert world.event(job) is None


def test_a_job_that_ran_more_often_than_can_be_counted_is_still_watched(world: World) -> None:
    for number in range(16_386):
        world.states.end(world.begin_numbered(AGAIN, number))
    world.pass_(timedelta(minutes=1))
    assert world.event(AGAIN) is not None


@pytest.mark.parametrize("age", [1, 10, 59])
def test_a_watch_that_started_in_an_earlier_period_is_found(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, age: int
) -> None:
    monkeypatch.setattr(start, "MAX_WATCH_SECONDS", 90 * 86_400)
    world = make_world(start, monkeypatch, PERIOD - age * DAY)
    world.states.end(world.event(AGAIN))
    world.pass_(timedelta(minutes=1))
    running = world.event(AGAIN)
    world.pass_((age + 2) * DAY)
    assert running is not None and world.event(AGAIN) is None
    world.states.end(running)
    world.pass_(timedelta(minutes=1))
    assert world.event(AGAIN) is not None


def test_the_costliest_search_takes_20_calls(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(start, monkeypatch, PERIOD - DAY)
    for number in range(10_000):
        world.states.end(world.begin_numbered(AGAIN, number))
    world.pass_(2 * DAY)
    world.states.calls.clear()
    assert world.event(AGAIN) is not None
    assert len(world.states.calls) <= 20


moves = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(0, 30)),
        st.tuples(st.just("pass"), st.floats(0, 40)),
        st.tuples(st.just("end"), st.sampled_from(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])),
    ),
    max_size=40,
)


@given(moves)
@settings(max_examples=200)
def test_what_recurs_never_has_two_watches_and_no_event_is_left_unwatched(
    start: ModuleType, history: list[tuple[str, Any]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = make_world(start, patch, PERIOD - 20 * DAY)
        for move, how in history:
            if move == "event":
                world.event(AGAIN, ago=timedelta(seconds=how))
                told = world.states.now - timedelta(seconds=how)
                ended = [one for one in world.states.executions.values() if one["status"] == "SUCCEEDED"]
                seen = any(one["stopDate"] - told >= timedelta(seconds=5) for one in ended)
                assert len(world.states.running()) == 1 or seen
                assert len(world.states.running()) <= 1
            elif move == "pass":
                world.pass_(how * DAY)
                for old in world.states.running():
                    if world.states.now - old["startDate"] > 14 * DAY:  # it gave up
                        old |= {"status": "FAILED", "stopDate": old["startDate"] + 14 * DAY}
            elif running := world.states.running():
                world.states.end(running[0]["executionArn"], how)
