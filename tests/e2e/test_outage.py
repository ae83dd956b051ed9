"""Lambda can't run the watcher for six hours, in scaled time: no watch is lost."""

import json
from collections.abc import Iterator
from itertools import accumulate

import pytest

from tests.unit.retries import delays, retrier

from .conftest import SPEAKERS, World, until

OUTAGE = 6 * 3600  # seconds
THROTTLED = "Lambda.TooManyRequestsException"
FASTER, USUAL = 0.0005, 0.01  # wait scales: six hours take 11 seconds


@pytest.fixture
def throttled(world: World) -> Iterator[str]:
    """The name of the function Describe, which nobody can invoke."""
    functions = world.cloud.client("lambda")
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    (describe,) = [name for name in names if "Describe" in name]
    functions.put_function_concurrency(FunctionName=describe, ReservedConcurrentExecutions=0)
    world.cloud.scale_waits(FASTER)
    yield describe
    world.cloud.scale_waits(USUAL)
    functions.delete_function_concurrency(FunctionName=describe)


def test_six_hours_without_lambda_lose_no_watch(world: World, throttled: str) -> None:
    attempts = 1 + sum(time < OUTAGE for time in accumulate(delays(retrier(THROTTLED))))
    assert attempts > 30
    request = world.start_job()
    watch = world.watch({"kind": SPEAKERS, "request": request})
    until(lambda: failed_attempts(world, watch) > attempts)
    assert world.states.describe_execution(executionArn=watch)["status"] == "RUNNING"
    assert world.events(request) == []
    world.cloud.client("lambda").delete_function_concurrency(FunctionName=throttled)
    end = world.end(watch)
    assert end["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["outcome"] == json.loads(end["output"])["outcome"] == "succeeded"


def failed_attempts(world: World, watch: str) -> int:
    """How often the watch couldn't invoke Describe; any other error in its history fails the test."""
    pages = world.states.get_paginator("get_execution_history").paginate(executionArn=watch)
    failures = [event["taskFailedEventDetails"] for page in pages for event in page["events"] if failed(event)]
    assert {failure["error"] for failure in failures} <= {THROTTLED}
    return len(failures)


def failed(event: dict[str, object]) -> bool:
    return event["type"] == "TaskFailed"
