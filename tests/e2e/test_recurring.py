"""The number of API calls for one event after a resource has been watched 500 times.

tests/unit/test_start.py simulates up to 16,384 times.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from job_watcher import catalogue
from job_watcher.trigger import TriggeredJob, watch_name
from local.cloud import ACCOUNT, Cloud
from local.environment import REGION
from tests.settings import from_context

from .conftest import until

RUNS = 500
KIND = replace(catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"], recurs=True)
JOB = TriggeredJob(KIND, {"DomainId": "d" * 22, "JobId": "j" * 22}, service_event=False)
WATCH = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:watch"
SUCCEEDS_IMMEDIATELY = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
RUNS_FOR_AN_HOUR = {"StartAt": "Run", "States": {"Run": {"Type": "Wait", "Seconds": 3600, "End": True}}}


@pytest.fixture
def states() -> Iterator[Any]:
    """Yield a Step Functions client, with a state machine whose executions end immediately."""
    with Cloud() as cloud:
        client = cloud.client("stepfunctions")
        role = f"arn:aws:iam::{ACCOUNT}:role/watch"
        client.create_state_machine(name="watch", definition=json.dumps(SUCCEEDS_IMMEDIATELY), roleArn=role)
        yield client


@pytest.fixture
def start(states: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """Yield the Start function's module, configured as in its bundle, with the client above."""
    for name, text in {"settings.json": from_context({}).function_settings(), "triggers.json": "{}"}.items():
        (tmp_path / name).write_text(text)
    for name, value in {
        "WATCH_ARN": WATCH,
        "NOTIFY_ARN": WATCH.replace("watch", "notify"),
        "POLL_QUEUE_URL": "not used, because recurring jobs get no extra checks",
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "POWERTOOLS_SERVICE_NAME": "job-watcher",
        "POWERTOOLS_METRICS_NAMESPACE": "JobWatcher",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "job_watcher.start", None)  # the next test imports it with its own environment
    del sys.modules["job_watcher.start"]
    module = importlib.import_module("job_watcher.start")
    monkeypatch.setattr(module, "step_functions", lambda: states)
    yield module


def test_an_event_needs_at_most_20_calls_after_500_watches(
    start: ModuleType, states: Any, record_property: Any
) -> None:
    period = int(datetime.now(UTC).timestamp() // start.PERIOD)
    names = [watch_name(JOB, [period, number]) for number in range(RUNS)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: states.start_execution(stateMachineArn=WATCH, name=name, input="{}"), names))
    until(lambda: not states.list_executions(stateMachineArn=WATCH, statusFilter="RUNNING")["executions"])
    states.update_state_machine(stateMachineArn=WATCH, definition=json.dumps(RUNS_FOR_AN_HOUR))
    calls: list[str] = []
    states.meta.events.register("before-call", lambda model, **_: calls.append(model.name))
    assert start.start_if_needed(JOB, {"id": "the-event"}) == _arn(watch_name(JOB, [period, RUNS]))
    record_property("calls", len(calls))
    print(f"{len(calls)} calls: {', '.join(calls)}")
    assert len(calls) <= 20
    assert start.start_if_needed(JOB, {"id": "another"}) is None


def _arn(name: str) -> str:
    return WATCH.replace(":stateMachine:", ":execution:") + f":{name}"
