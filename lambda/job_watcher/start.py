"""Start a watch when somebody starts a job: events of CloudTrail and of the services themselves become executions."""

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from . import trigger
from .job import moment, text
from .metric import count

WATCH = os.environ["WATCH"]
INDEX: trigger.Index = json.loads(Path(os.environ["LAMBDA_TASK_ROOT"], "triggers.json").read_text())
ENDING = timedelta(seconds=5)  # at most, from the poll that sees an end to the end of the watch

logger = Logger()


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Start what the event calls for; an event that names no job raises, and so ends in the dead-letter queue."""
    try:
        for found in trigger.found(event, INDEX):
            logger.info("started", watch=begin(found, event), kind=found.kind.name)
    except trigger.NoRequest:
        count("NoRequest")
        raise


def begin(found: trigger.Found, event: Mapping[str, Any]) -> str | None:
    """The execution that this event started, where it takes one more.

    A running watch is enough for an API call; the service's own event makes one that looks once, unless both would
    announce what they see. A watch that ended after the event has seen what it tells. One that ended before is
    followed by another, named after that end, so that all events of what comes next find it.
    """
    name, once, told = trigger.watch_name(found), {}, moment(event.get("time"))
    while (watch := execution(name)) and watch["status"] != "RUNNING":
        if watch["status"] == "SUCCEEDED" and told and told < watch["stopDate"] - ENDING:
            return None
        name = trigger.watch_name(found, str(watch["stopDate"].timestamp()))
    if watch and (found.kind.recurs or not found.news):
        return None
    if watch:
        name, once = trigger.watch_name(found, str(event.get("id"))), {"once": True}
    watch_input = {"kind": found.kind.name, "request": found.request, **once}
    try:
        started = states().start_execution(stateMachineArn=WATCH, name=name, input=text(watch_input))
    except states().exceptions.ExecutionAlreadyExists:  # the same event again, or another that came at the same instant
        return None
    return str(started["executionArn"])


def execution(name: str) -> Any:
    """The watch of this name, as Step Functions describes it; None when there was none in the last 90 days."""
    arn = WATCH.replace(":stateMachine:", ":execution:") + f":{name}"
    try:
        return states().describe_execution(executionArn=arn)
    except states().exceptions.ExecutionDoesNotExist:
        return None


@cache
def states() -> Any:
    """The Step Functions client, made once."""
    return botocore.session.get_session().create_client("stepfunctions")
