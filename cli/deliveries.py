"""Find out whether a job's notification was delivered: to the bus, to programs, to people and to chat channels."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from job_watcher.to_json import to_json

from . import history
from .history import Event, entered_of, parse
from .local_time import format_time
from .timeline import NOTIFY

NAMES = {
    "PutEvent": "event",
    "PublishToPrograms": "programs",
    "ReserveEmail": "people",
    "CountEmail": "people",
    "StartDigest": "people",
    "PublishToPeople": "people",
    "PublishEmail": "people",
    "PublishToChat": "chat",
}
"""The branches by their states, in the order of the states."""
ALWAYS = ["PutEvent", "PublishToPrograms", "PublishToPeople"]  # the states of every notification
BEFORE_DELIVERY = ("ReserveEmail", "CountEmail")
EXISTING = re.compile(r"arn:[^']+:execution:[^']+")
LEFT_OUT = "StartDigest"  # the state after which an email is left out, if no other state follows


def find_notification(events: Iterable[Event]) -> str | None:
    """Return the ARN of the execution that notifies of the job's end, from its watch's history; None if there is none.

    Another watch may have started it. The execution's name is then in the arguments of the task that failed. Emulators
    leave them out, but the task's error has the ARN, too.
    """
    found, is_end = None, False
    for event in events:
        if event["type"] == "TaskStateEntered":
            entered = entered_of(event)
            is_end = entered["name"] in NOTIFY and parse(entered.get("input")).get("outcome") != "running"
        elif is_end and event["type"] == "TaskScheduled":
            arguments = parse(event["taskScheduledEventDetails"].get("parameters"))
            if "StateMachineArn" in arguments:
                found = f"{arguments['StateMachineArn'].replace(':stateMachine:', ':execution:')}:{arguments['Name']}"
        elif is_end and event["type"] == "TaskFailed":
            named = EXISTING.search(event["taskFailedEventDetails"].get("cause") or "")
            found = found or (named and named[0])
        elif is_end and event["type"] == "TaskSucceeded":
            found = parse(event["taskSucceededEventDetails"].get("output")).get("ExecutionArn", found)
    return found


def read_deliveries(states: Any, notification: str) -> dict[str, Any]:
    """Return the state of a notification and of its branches, with two calls: what `show --json` prints."""
    execution = states.describe_execution(executionArn=notification)
    events = history.whole(states, notification, includeExecutionData=False)
    # The history of an emulator may lack the states of branches.
    entered = [entered_of(event)["name"] for event in events if event["type"] == "TaskStateEntered"] or ALWAYS
    left = {exit_["name"]: event["timestamp"] for event in events if (exit_ := history.exit_of(event))}
    otherwise = {"RUNNING": "waiting", "SUCCEEDED": "delivered"}.get(execution["status"], "failed")
    branches = {
        NAMES.get(name, name): _branch(name, left.get(name), otherwise)
        for name in sorted(set(entered), key=[*NAMES, *entered].index)
    }
    reason = ": ".join(filter(None, (execution.get("error"), execution.get("cause"))))
    return {"notification": notification, "status": execution["status"], "reason": reason or None, **branches}


def _branch(state: str, left: datetime | None, otherwise: str) -> dict[str, Any]:
    """Return the state of a branch whose last state is this one. `left` is when the execution left it."""
    if left is None or state in BEFORE_DELIVERY:
        return {"state": otherwise, "time": None}
    return {"state": "left out" if state == LEFT_OUT else "delivered", "time": to_json(left)}


def has_failed(deliveries: Mapping[str, Any]) -> bool:
    """Whether a part of the notification wasn't delivered and won't be delivered by itself."""
    return deliveries["status"] not in ("RUNNING", "SUCCEEDED")


def rows(deliveries: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield a row for each branch, and the reason if one failed."""
    for name, branch in deliveries.items():
        if isinstance(branch, Mapping):
            yield name, " ".join(filter(None, (branch["state"], format_time(branch["time"]))))
    yield "reason", deliveries["reason"] or ""
