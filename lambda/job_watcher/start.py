"""Start a watch when somebody starts a job: events of CloudTrail and of the services themselves become executions."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from . import trigger
from .job import text
from .metric import count

WATCH = os.environ["WATCH"]
INDEX: trigger.Index = json.loads(Path(os.environ["LAMBDA_TASK_ROOT"], "triggers.json").read_text())

logger = Logger()


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Start what the event calls for; an event that names no job raises, and so ends in the dead-letter queue."""
    try:
        for found in trigger.found(event, INDEX):
            logger.info("started", watch=begin(found, str(event.get("id"))), kind=found.kind.name)
    except trigger.NoRequest:
        count("NoRequest")
        raise


def begin(found: trigger.Found, event_id: str) -> str | None:
    """The execution that this event started: named after the job, or after the event too where that name is taken.

    A running watch is enough for an API call; the service's own event makes one that looks once, unless both would
    announce what they see.
    """
    name, once = trigger.watch_name(found), {}
    status = watch_status(name)
    if status == "RUNNING" and (found.kind.recurs or not found.news):
        return None
    if status == "RUNNING":
        once = {"once": True}
    if status:
        name = trigger.watch_name(found, event_id)
    watch_input = {"kind": found.kind.name, "request": found.request, **once}
    try:
        started = states().start_execution(stateMachineArn=WATCH, name=name, input=text(watch_input))
    except states().exceptions.ExecutionAlreadyExists:  # the same event again, or another that came at the same instant
        return None
    return str(started["executionArn"])


def watch_status(name: str) -> str | None:
    """RUNNING, SUCCEEDED, …; None when no watch had this name in the last 90 days."""
    arn = WATCH.replace(":stateMachine:", ":execution:") + f":{name}"
    try:
        return str(states().describe_execution(executionArn=arn)["status"])
    except states().exceptions.ExecutionDoesNotExist:
        return None


@cache
def states() -> Any:
    """The Step Functions client, made once."""
    return botocore.session.get_session().create_client("stepfunctions")
