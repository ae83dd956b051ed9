"""Start a watch when an event says that a job began or changed."""

import json
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from . import trigger
from .job import moment, text
from .metric import count
from .trigger import Found

WATCH = os.environ["WATCH"]
OWN_MACHINES = (WATCH, os.environ["ANNOUNCE"])
BUNDLE = Path(os.environ["LAMBDA_TASK_ROOT"])
SETTINGS = json.loads((BUNDLE / "settings.json").read_text())
LONGEST_WATCH = SETTINGS["give_up_after"] + 2 * 86_400  # seconds; retries of its last poll included
INDEX: trigger.Index = json.loads((BUNDLE / "triggers.json").read_text())
ENDING = timedelta(seconds=5)  # at most, from the poll that sees a job's end to the end of the execution
# The watches of a job are numbered within a period that is shorter than the 90 days after which Step Functions frees an
# execution's name, so the numbers in use are always 0 to some n, and a binary search finds n.
PERIOD = 60 * 86_400  # seconds
STEPS = (1, 8, 256, 16_384)  # look-ups before the binary search; both together are at most 18

Execution = Mapping[str, Any]
"""What DescribeExecution returns."""

logger = Logger()


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Start the watches that the event calls for; raise if it should start one and can't.

    Lambda then retries the event and finally sends it to the dead-letter queue.
    """
    if trigger.is_own(event, OWN_MACHINES):
        return
    try:
        jobs = trigger.found(event, INDEX)
    except trigger.NoRequest:
        count("NoRequest")
        raise
    for job in jobs:
        logger.info("started", watch=begin(job, event), kind=job.kind.name)


def begin(job: Found, event: Mapping[str, Any]) -> str | None:
    """Start a watch unless another one covers the event; return its ARN, or None. At most 20 calls, usually one."""
    now = time.time()
    period = int(now // PERIOD)
    if job.kind.recurs and now % PERIOD < LONGEST_WATCH:
        if not execution(job, [period, 0]):
            return None if _runs_since(period - 1, job) else start_watch(job, event, [period, 0])
    elif started := start_watch(job, event, [period, 0]):
        return started
    number, newest = newest_watch(job, period)
    if newest and _covers(newest, job, event):
        return _look(job, newest, event)
    return start_watch(job, event, [period, number + 1 if number < STEPS[-1] else event.get("id")])


def newest_watch(job: Found, period: int) -> tuple[int, Execution | None]:
    """Return the number and the description of the job's newest watch in this period; -1 and None without one."""
    watch = cache(lambda number: execution(job, [period, number]))
    low = high = 0
    for high in STEPS:
        if not watch(high):
            break
        low = high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if watch(middle) else (low, middle)
    return (low, watch(low)) if watch(low) else (-1, None)


def start_watch(job: Found, event: Mapping[str, Any], which: Any, **more: Any) -> str | None:
    """Start the execution that `which` names and return its ARN; None if the name is taken.

    The input names the event, because StartExecution succeeds for a running execution with the same name and input.
    """
    told_by = {"id": event.get("id"), "time": event.get("time"), "news": job.news}
    watch_input = {"kind": job.kind.name, "request": job.request, "event": told_by, **more}
    try:
        started = states().start_execution(
            stateMachineArn=WATCH, name=trigger.watch_name(job, which), input=text(watch_input)
        )
    except states().exceptions.ExecutionAlreadyExists:
        return None
    return str(started["executionArn"])


def execution(job: Found, which: Any) -> Execution | None:
    """Describe the watch that `which` names; None if there was none in the last 90 days."""
    arn = WATCH.replace(":stateMachine:", ":execution:") + ":" + trigger.watch_name(job, which)
    try:
        described: Execution = states().describe_execution(executionArn=arn)
    except states().exceptions.ExecutionDoesNotExist:
        return None
    return described


@cache
def states() -> Any:
    """Return the Step Functions client, made once."""
    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return botocore.session.get_session().create_client("stepfunctions", config=config)


def _runs_since(period: int, job: Found) -> bool:
    """Whether the newest watch of an earlier period still runs; only kinds that recur need to know.

    A watch that runs for more than a whole period, which takes a `give-up-after-days` above 58, isn't found.
    """
    _, watch = newest_watch(job, period)
    return watch is not None and watch["status"] == "RUNNING"


def _covers(watch: Execution, job: Found, event: Mapping[str, Any]) -> bool:
    """Whether a watch sees, or saw, what the event says.

    It is running, it polled after the event and succeeded, or this same event started it and is delivered once more.
    """
    started_by = json.loads(watch.get("input") or "{}").get("event") or {}
    if event.get("id") and started_by.get("id") == event["id"]:
        return True
    told = moment(event.get("time"))
    # The service reports the end of a recurring change too. Without the margin, its event notifies nobody twice.
    margin = timedelta(0) if job.news and job.kind.recurs else ENDING
    ended_after = told is not None and "stopDate" in watch and told < watch["stopDate"] - margin
    return watch["status"] == "RUNNING" or (watch["status"] == "SUCCEEDED" and ended_after)


def _look(job: Found, watch: Execution, event: Mapping[str, Any]) -> str | None:
    """Start an execution that polls once, if the service's own event may report the end of a job that is being watched.

    Not for kinds that recur: each of their watches notifies.
    """
    told = moment(event.get("time"))
    # EventBridge gives times in whole seconds
    is_new = watch["status"] == "RUNNING" and (told is None or told >= watch["startDate"].replace(microsecond=0))
    if not (job.news and is_new) or job.kind.recurs or trigger.says_running(job.kind, event):
        return None
    return start_watch(job, event, ["look", event.get("id")], once=True)
