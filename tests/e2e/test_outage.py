"""A six-hour Lambda outage, in scaled time: Step Functions retries the invocations, and no watch is lost."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest

from tests.unit.retries import delays, retrier

from .conftest import SPEAKERS, World, until

OUTAGE = 6 * 3600  # seconds
THROTTLED = "Lambda.TooManyRequestsException"
OUTAGE_WAIT_SCALE, DEFAULT_WAIT_SCALE = 0.0002, 0.01  # six hours take 4 seconds


@pytest.fixture
def throttled(world: World) -> Iterator[str]:
    """Throttle every invocation of the Describe function, and yield the function's name."""
    functions = world.cloud.client("lambda")
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    (describe,) = [name for name in names if name.startswith("JobWatcher-JobsWatcherDescribe")]
    functions.put_function_concurrency(FunctionName=describe, ReservedConcurrentExecutions=0)
    world.cloud.scale_waits(OUTAGE_WAIT_SCALE)
    yield describe
    world.cloud.scale_waits(DEFAULT_WAIT_SCALE)
    functions.delete_function_concurrency(FunctionName=describe)


def test_no_watch_is_lost_in_a_lambda_outage_of_six_hours(world: World, throttled: str) -> None:
    attempts = 1 + sum(time < OUTAGE for time in accumulate(delays(retrier(THROTTLED))))
    assert attempts > 30
    request = world.start_job()
    watch = world.watch({"kind": SPEAKERS, "request": request})
    until(lambda: failed_attempts(world, watch) > attempts)
    assert world.states.describe_execution(executionArn=watch)["status"] == "RUNNING"
    assert world.all_events(request) == []
    world.cloud.client("lambda").delete_function_concurrency(FunctionName=throttled)
    end = world.end(watch)
    assert end["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["outcome"] == json.loads(end["output"])["outcome"] == "succeeded"
    assert metric_of_alarm(world, "DescribeFunctionThrottled") >= attempts


def metric_of_alarm(world: World, name: str) -> float:
    """Return the sum of an alarm's metric in the last hour."""
    cloudwatch, now = world.cloud.client("cloudwatch"), datetime.now(UTC)
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"JobWatcher-JobsMonitoring{name}")["MetricAlarms"]
    (alarm,) = [{key: one[key] for key in ("Namespace", "MetricName", "Dimensions")} for one in alarms]
    found = cloudwatch.get_metric_statistics(
        **alarm, StartTime=now - timedelta(hours=1), EndTime=now, Period=3600, Statistics=["Sum"]
    )
    return sum(float(point["Sum"]) for point in found["Datapoints"])


def failed_attempts(world: World, watch: str) -> int:
    """Return how often the watch couldn't invoke Describe. Fail if its history has any other error."""
    pages = world.states.get_paginator("get_execution_history").paginate(executionArn=watch)
    failures = [event["taskFailedEventDetails"] for page in pages for event in page["events"] if is_failure(event)]
    assert {failure["error"] for failure in failures} <= {THROTTLED}
    return len(failures)


def is_failure(event: dict[str, object]) -> bool:
    return event["type"] == "TaskFailed"
