"""Start a watch when an event shows that a job started or changed."""

import json
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from . import trigger
from .clients import client
from .metrics import count
from .to_json import compact_json, parse_time, to_json
from .trigger import PERIOD, TriggeredJob

WATCH_ARN, QUEUE_URL = os.environ["WATCH_ARN"], os.environ["POLL_QUEUE_URL"]
OWN_MACHINES = (WATCH_ARN, os.environ["NOTIFY_ARN"])
BUNDLE = Path(os.environ["LAMBDA_TASK_ROOT"])
SETTINGS = json.loads((BUNDLE / "settings.json").read_text())
MAX_WATCH_SECONDS = SETTINGS["give_up_after"] + 2 * 86_400  # includes the retries of its last poll
INDEX: trigger.Index = json.loads((BUNDLE / "triggers.json").read_text())
END_MARGIN = timedelta(seconds=5)  # maximum time from the poll that detects a job's end to the execution's end
PROBES = (1, 8, 256, 16_384)  # numbers looked up before the binary search; both together take up to 18 calls

Execution = Mapping[str, Any]
"""A watch as DescribeExecution returns it."""

logger = Logger()


@logger.inject_lambda_context(log_event=False)  # also if POWERTOOLS_LOGGER_LOG_EVENT is set
def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Start a watch for each job in the event, unless another watch covers it.

    Raise an exception if that fails. Lambda retries the event, then sends it to the dead-letter queue.
    """
    if trigger.is_own_execution(event, OWN_MACHINES):
        return
    try:
        jobs = trigger.find_jobs(event, INDEX, SETTINGS["filters"])
    except trigger.IncompleteEvent:
        count("IncompleteEvent")
        raise
    for job in jobs:
        watch = start_if_needed(job, event)
        logger.info("handled", watch=watch, kind=job.kind.name)


def start_if_needed(job: TriggeredJob, event: Mapping[str, Any]) -> str | None:
    """Start a watch unless another one covers the event, and return its ARN or None.

    It usually makes one call, and at most 20. If the job's watch is running, it may get an extra check.
    """
    now = time.time()
    period = int(now // PERIOD)
    if job.kind.recurs and now % PERIOD < MAX_WATCH_SECONDS:  # a watch of the last period may still be running
        if not describe_watch(job, [period, 0]):
            return None if _has_running_watch(job, period - 1) else start_watch(job, event, [period, 0])
    elif started := start_watch(job, event, [period, 0]):
        return started
    number, newest = find_newest_watch(job, period)
    if newest and _covers(newest, job, event):
        if _may_have_ended(job, newest, event):
            check_once(job, newest)
        return None
    return start_watch(job, event, [period, number + 1 if number < PROBES[-1] else event.get("id")])


def find_newest_watch(job: TriggeredJob, period: int) -> tuple[int, Execution | None]:
    """Return the number and description of the job's newest watch in this period; -1 and None if there is none."""
    watch = cache(lambda number: describe_watch(job, [period, number]))
    low = high = 0
    for high in PROBES:
        if not watch(high):
            break
        low = high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if watch(middle) else (low, middle)
    return (low, watch(low)) if watch(low) else (-1, None)


def start_watch(job: TriggeredJob, event: Mapping[str, Any], watch_key: Any) -> str | None:
    """Start the job's watch with this key. Return its ARN, or None if it exists already.

    The input includes the event's id, because StartExecution also succeeds if an execution with the same name and input
    is running.
    """
    started_by = {"id": event.get("id"), "time": event.get("time"), "service_event": job.service_event}
    watch_input = {"kind": job.kind.name, "request": job.request, "trigger": started_by}
    try:
        started = step_functions().start_execution(
            stateMachineArn=WATCH_ARN, name=trigger.watch_name(job, watch_key), input=compact_json(to_json(watch_input))
        )
    except step_functions().exceptions.ExecutionAlreadyExists:
        return None
    return str(started["executionArn"])


def describe_watch(job: TriggeredJob, watch_key: Any) -> Execution | None:
    """Return the job's watch with this key, or None if it doesn't exist or ended more than 90 days ago."""
    arn = WATCH_ARN.replace(":stateMachine:", ":execution:") + ":" + trigger.watch_name(job, watch_key)
    try:
        execution: Execution = step_functions().describe_execution(executionArn=arn)
    except step_functions().exceptions.ExecutionDoesNotExist:
        return None
    return execution


def check_once(job: TriggeredJob, watch: Execution) -> None:
    """Let the Poll function check a job that is being watched, now instead of at the watch's next poll."""
    watch_input = {"kind": job.kind.name, "request": job.request, "check_once": True}
    message = {"input": watch_input, "watch": watch["executionArn"], "state": {}}
    client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody=json.dumps(to_json(message)))


def step_functions() -> Any:
    """Return the Step Functions client."""
    return client("stepfunctions")


def _has_running_watch(job: TriggeredJob, period: int) -> bool:
    """Whether the job's newest watch of an earlier period is still running. Only recurring kinds need this check.

    It doesn't find watches that run for longer than a period, which requires a `give-up-after-days` above 58.
    """
    _, watch = find_newest_watch(job, period)
    return watch is not None and watch["status"] == "RUNNING"


def _covers(watch: Execution, job: TriggeredJob, event: Mapping[str, Any]) -> bool:
    """Whether a watch detects, or detected, what the event reports.

    It is running, it polled after the event and succeeded, or the same event started it and is now redelivered. An
    execution with this name that somebody started for another job doesn't cover the event.
    """
    watch_input = json.loads(watch.get("input") or "{}")
    if (watch_input.get("kind"), watch_input.get("request")) != (job.kind.name, job.request):
        return False
    started_by = watch_input.get("trigger") or {}
    if event.get("id") and started_by.get("id") == event["id"]:
        return True
    event_time = parse_time(event.get("time"))
    # Without the margin, the service's own event about the end of a recurring change would start a second watch.
    margin = timedelta(0) if job.service_event and job.kind.recurs else END_MARGIN
    ended_after = event_time is not None and "stopDate" in watch and event_time < watch["stopDate"] - margin
    return watch["status"] == "RUNNING" or (watch["status"] == "SUCCEEDED" and ended_after)


def _may_have_ended(job: TriggeredJob, watch: Execution, event: Mapping[str, Any]) -> bool:
    """Whether the service's own event may report the end of a job whose watch is running.

    A recurring job gets no extra check, because each watch of it sends a notification.
    """
    event_time = parse_time(event.get("time"))
    # EventBridge's times are whole seconds.
    is_later = watch["status"] == "RUNNING" and (
        event_time is None or event_time >= watch["startDate"].replace(microsecond=0)
    )
    return job.service_event and is_later and not job.kind.recurs and not trigger.reports_running(job.kind, event)
