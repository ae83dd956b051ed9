"""Read the history of an execution of the Watch state machine."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

Event = Mapping[str, Any]
POLLED = ("Describe", "WaitForNews")  # the states whose output is the state after a poll
ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
PAGE = 1_000  # events; the most that a call returns
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


def whole(states: Any, execution: str, **options: Any) -> list[Event]:
    """Return the events of an execution, the oldest first, with up to two calls. A long history lacks its middle."""
    page = states.get_execution_history(executionArn=execution, maxResults=PAGE, **options)
    if "nextToken" not in page:
        return list(page["events"])
    newest = states.get_execution_history(executionArn=execution, maxResults=PAGE, reverseOrder=True, **options)
    last = page["events"][-1]["id"]
    return [*page["events"], *reversed([event for event in newest["events"] if event["id"] > last])]


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


def entered_of(event: Event) -> Mapping[str, Any]:
    """Return the details of an event about a state that was entered."""
    details: Mapping[str, Any] = event["stateEnteredEventDetails"]
    return details


def parse(text: Any) -> dict[str, Any]:
    """Return the object in an event's JSON text; an empty dict if there is none."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
