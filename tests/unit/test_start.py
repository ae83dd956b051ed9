"""The Start function: which events start a watch, and what it is to do."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

from job_watcher import catalogue
from job_watcher.trigger import Found, watch_name

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
RECURRING = replace(SPEAKER, recurs=True)
REQUEST = {"DomainId": "d" * 22, "JobId": "j" * 22}
WATCH = "arn:aws:states:eu-west-1:123456789012:stateMachine:Watch"
EXECUTION = WATCH.replace(":stateMachine:", ":execution:") + ":"


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The module as it is imported in its bundle."""
    (tmp_path / "triggers.json").write_text("{}")
    monkeypatch.setenv("WATCH", WATCH)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    return importlib.import_module("job_watcher.start")


@pytest.fixture
def states(start: ModuleType) -> Iterator[Stubber]:
    """The function's own Step Functions client, which answers what it is told to, and nothing else."""
    with Stubber(start.states()) as stub:
        yield stub
        stub.assert_no_pending_responses()


ENDED = datetime(2026, 3, 1, 9, 30, 30, tzinfo=UTC)
BEFORE, AFTER = {"id": "the-event", "time": "2026-03-01T09:30:00Z"}, {"id": "the-event", "time": "2026-03-01T09:31:00Z"}
FIRST = watch_name(Found(SPEAKER, REQUEST, True))
SECOND = watch_name(Found(SPEAKER, REQUEST, True), str(ENDED.timestamp()))
LOOK = watch_name(Found(SPEAKER, REQUEST, True), "the-event")


def is_(states: Stubber, status: str | None, name: str = FIRST) -> None:
    """The watch of this name has this status; None for no such watch."""
    arn = EXECUTION + name
    if status is None:
        states.add_client_error("describe_execution", "ExecutionDoesNotExist", expected_params={"executionArn": arn})
        return
    answer: dict[str, Any] = {"executionArn": arn, "stateMachineArn": WATCH, "status": status, "startDate": 0}
    states.add_response(
        "describe_execution", answer | ({} if status == "RUNNING" else {"stopDate": ENDED}), {"executionArn": arn}
    )


def starts(states: Stubber, name: str, **more: bool) -> None:
    given = json.dumps({"kind": SPEAKER.name, "request": REQUEST, **more}, separators=(",", ":"))
    asked = {"stateMachineArn": WATCH, "name": name, "input": given}
    states.add_response("start_execution", {"executionArn": EXECUTION + name, "startDate": 0}, asked)


def test_the_first_event_of_a_job_starts_its_watch(start: ModuleType, states: Stubber) -> None:
    is_(states, None)
    starts(states, FIRST)
    assert start.begin(Found(SPEAKER, REQUEST, news=False), BEFORE) == EXECUTION + FIRST


def test_the_services_own_event_lets_a_second_watch_look_once(start: ModuleType, states: Stubber) -> None:
    is_(states, "RUNNING")
    starts(states, LOOK, once=True)
    assert start.begin(Found(SPEAKER, REQUEST, news=True), BEFORE) == EXECUTION + LOOK


@pytest.mark.parametrize("found", [Found(SPEAKER, REQUEST, news=False), Found(RECURRING, REQUEST, news=True)])
def test_a_running_watch_is_enough_for_a_call_and_for_news_of_what_each_watch_announces(
    start: ModuleType, states: Stubber, found: Found
) -> None:
    is_(states, "RUNNING")
    assert start.begin(found, BEFORE) is None


@pytest.mark.parametrize(
    "found", [Found(kind, REQUEST, news) for kind in (SPEAKER, RECURRING) for news in (True, False)]
)
def test_what_happened_before_a_watch_saw_the_end_starts_no_other(
    start: ModuleType, states: Stubber, found: Found
) -> None:
    is_(states, "SUCCEEDED")
    assert start.begin(found, BEFORE) is None


@pytest.mark.parametrize("event", [AFTER, {"id": "the-event"}, {"time": "2026-03-01T09:30:28Z"}])
def test_what_happens_after_that_is_watched_anew(start: ModuleType, states: Stubber, event: dict[str, str]) -> None:
    is_(states, "SUCCEEDED")
    is_(states, None, SECOND)
    starts(states, SECOND)
    assert start.begin(Found(RECURRING, REQUEST, news=True), event) == EXECUTION + SECOND


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_watch_that_was_lost_is_followed_by_another_whatever_came_first(
    start: ModuleType, states: Stubber, status: str
) -> None:
    is_(states, status)
    is_(states, None, SECOND)
    starts(states, SECOND)
    assert start.begin(Found(SPEAKER, REQUEST, news=False), BEFORE) == EXECUTION + SECOND


def test_all_events_of_a_second_run_find_its_one_watch(start: ModuleType, states: Stubber) -> None:
    for _ in range(3):
        is_(states, "SUCCEEDED")
        is_(states, "RUNNING", SECOND)
        assert start.begin(Found(RECURRING, REQUEST, news=True), AFTER) is None
