"""Read the history of an execution of the Watch state machine."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

Event = Mapping[str, Any]
POLLED = ("Describe", "WaitForNews")  # the states whose output is the state after a poll
ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
REDRIVEN = "ExecutionRedriven"
RECENT_EVENTS = 25  # news adds about ten


class Poll(NamedTuple):
    """A poll of a running job that the history shows: its time, and the watch's state after it (PollState)."""

    time: datetime
    state: Mapping[str, Any]


def recent(states: Any, watch: str) -> list[Event]:
    """Return the newest events of a watch's history, the newest first. This is one call."""
    found = states.get_execution_history(executionArn=watch, reverseOrder=True, maxResults=RECENT_EVENTS)
    return list(found["events"])


def polls(events: Iterable[Event]) -> Iterator[Poll]:
    """Yield the polls of a running job, in the order of the events."""
    for event in events:
        details = exit_of(event)
        if details and details["name"] in POLLED:
            state = parse(details.get("output"))
            if "polls" in state:
                yield Poll(event["timestamp"], state)


def has_ended(events: Iterable[Event]) -> bool:
    """Whether the events, the newest first, show that the execution has ended and hasn't been redriven."""
    last = next((event["type"] for event in events if event["type"] in (*ENDS, REDRIVEN)), REDRIVEN)
    return last != REDRIVEN


def exit_of(event: Event) -> Mapping[str, Any] | None:
    """Return the details of an event about a state that a task left; None for other events."""
    return event["stateExitedEventDetails"] if event["type"] == "TaskStateExited" else None


def parse(text: Any) -> dict[str, Any]:
    """Return the object in an event's JSON text; an empty dict if there is none."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
