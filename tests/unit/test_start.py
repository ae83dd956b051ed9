"""The Start function: which events start a watch, and what it is to do."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

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


def is_(states: Stubber, status: str) -> None:
    """The watch that is named after the job has this status."""
    arn = EXECUTION + watch_name(Found(SPEAKER, REQUEST, True))
    answer = {"executionArn": arn, "stateMachineArn": WATCH, "status": status, "startDate": 0}
    states.add_response("describe_execution", answer, {"executionArn": arn})


def starts(states: Stubber, **more: bool) -> None:
    name = watch_name(Found(SPEAKER, REQUEST, True), "the-event")
    given = json.dumps({"kind": SPEAKER.name, "request": REQUEST, **more}, separators=(",", ":"))
    asked = {"stateMachineArn": WATCH, "name": name, "input": given}
    states.add_response("start_execution", {"executionArn": EXECUTION + name, "startDate": 0}, asked)


def test_the_services_own_event_lets_a_second_watch_look_once(start: ModuleType, states: Stubber) -> None:
    is_(states, "RUNNING")
    starts(states, once=True)
    assert start.begin(Found(SPEAKER, REQUEST, news=True), "the-event")


@pytest.mark.parametrize("found", [Found(SPEAKER, REQUEST, news=False), Found(RECURRING, REQUEST, news=True)])
def test_a_running_watch_is_enough_for_a_call_and_for_news_of_what_each_watch_announces(
    start: ModuleType, states: Stubber, found: Found
) -> None:
    is_(states, "RUNNING")
    assert start.begin(found, "the-event") is None


@pytest.mark.parametrize("kind", [SPEAKER, RECURRING])
def test_a_watch_that_is_over_is_followed_by_another(start: ModuleType, states: Stubber, kind: catalogue.Kind) -> None:
    is_(states, "SUCCEEDED")
    starts(states)
    assert start.begin(Found(kind, REQUEST, news=True), "the-event")
