"""Find the executions of the Notify state machine that failed, and redrive them."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from .errors import CommandError
from .undelivered import Undelivered

MACHINE = "NotifierNotify"
ENDS = ("FAILED", "TIMED_OUT", "ABORTED")
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
REDRIVABLE_FOR = timedelta(days=14)


def failed(states: Any, machine: str) -> Iterator[str]:
    """Yield the ARNs of the executions that failed, timed out or were stopped, and that can still be redriven."""
    oldest = datetime.now(UTC) - REDRIVABLE_FOR
    for status in ENDS:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter=status)
        for execution in (execution for page in pages for execution in page["executions"]):
            if execution["stopDate"] > oldest:
                yield execution["executionArn"]


def describe(states: Any, arn: str) -> Undelivered:
    """Return what is known about a failed execution."""
    execution = states.describe_execution(executionArn=arn)
    title, detail = _contents(execution)
    watch = str(detail.get("watch"))
    return Undelivered(
        type="notification",
        id=arn,
        redeliver=partial(_redrive, states, execution),
        title=title,
        jobs=[{"kind": detail["kind"], "request": detail.get("request") or {}}] if detail.get("kind") else [],
        outcome=detail.get("outcome"),
        time=execution["stopDate"],
        branches=_failed_states(states, arn),
        reason=": ".join(text for text in (execution.get("error"), execution.get("cause")) if text),
        ids=frozenset({watch, watch.rpartition(":")[2]}),
    )


def _contents(execution: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the detail-type and the detail in the input; empty ones if somebody started the execution by hand."""
    try:
        notification = json.loads(execution["input"])
        return str(notification["detail_type"]), dict(json.loads(notification["message"]))
    except (KeyError, TypeError, ValueError):
        return "unknown input", {}


def _redrive(states: Any, execution: Mapping[str, Any]) -> None:
    """Run the failed branches again. Step Functions keeps the results of the others."""
    if execution.get("redriveStatus") == "NOT_REDRIVABLE":
        raise CommandError(f"It can't be redriven: {execution.get('redriveStatusReason', 'no reason is given.')}")
    states.redrive_execution(executionArn=execution["executionArn"])


def _failed_states(states: Any, arn: str) -> list[str]:
    """Return the names of the tasks that didn't succeed. The history is read without inputs and outputs."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn, includeExecutionData=False)
    events = [event for page in pages for event in page["events"]]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if event["type"] == "TaskStateEntered"]
    exited = {event["stateExitedEventDetails"]["name"] for event in events if event["type"] == "TaskStateExited"}
    return [name for name in dict.fromkeys(entered) if name not in exited]
