"""What happened to a watch, according to the history of its execution."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from job_watcher.escape import one_line

from .history import ENDS, POLLED, REDRIVEN, Event, entered_of, exit_of, parse, polls
from .job_progress import after_poll
from .progress import end

HALF = 50  # percent; the only percentage that is news
NOTIFY = ("NotifyEnd", "Notify")  # the states that start the notification of the end
ALREADY_EXISTS = "ExecutionAlreadyExists"
HEARTBEAT = "HeartbeatTimeout"
MAX_LENGTH = 200  # characters of an error


class Moment(NamedTuple):
    """Something that happened at a time."""

    time: datetime
    text: str


def timeline(events: Iterable[Event]) -> Iterator[Moment]:
    """Yield what happened: the start, new statuses, 50 percent, polls without an answer, failures, and the end."""
    status, half = None, False
    for event in events:
        time = event["timestamp"]
        if text := _describe(event):
            yield Moment(time, text)
        for poll in polls([event]):
            known = after_poll(poll)
            if not _was_answered(poll.state):
                yield Moment(time, "no answer: throttled, failed, denied or not found")
            elif known.status != status or (not half and (known.percent or 0) >= HALF):
                yield Moment(time, known.describe_state())
                status, half = known.status, (known.percent or 0) >= HALF


def _was_answered(state: Any) -> bool:
    """Whether the poll that returned this PollState had an answer."""
    age = state.get("age", 0) - state.get("wait", 0)
    return "age" not in state or ("last_answer" in state and age < state["last_answer"] + 1)


def _describe(event: Event) -> str | None:
    """Return what an event other than a poll means; None if it doesn't matter to people."""
    kind = event["type"]
    if kind == "ExecutionStarted":
        watch_input = parse(event.get("executionStartedEventDetails", {}).get("input"))
        return "the watch started, because of an event" if watch_input.get("trigger") else "the watch started"
    if (exit_ := exit_of(event)) and exit_["name"] in POLLED:
        return _describe_notification(parse(exit_.get("output")))
    if kind == REDRIVEN:
        return "the watch was redriven"
    if kind in ("TaskFailed", "TaskTimedOut"):
        return _describe_failure(_details(event))
    if kind == "TaskStateEntered":
        is_end = parse(entered_of(event).get("input")).get("outcome") != "running"
        return "the notification started" if entered_of(event)["name"] in NOTIFY and is_end else None
    return _describe_end(kind, _details(event)) if kind in ENDS else None


def _describe_notification(result: Any) -> str | None:
    """Return what a poll found that causes the last notification; None for other polls."""
    if "name" not in result or result.get("outcome") == "running":
        return None
    detail = parse(result.get("message")) or result
    if result["outcome"] == "lost":
        return one_line(f"the watch was lost: {str(detail.get('reason', ''))[:MAX_LENGTH]}")
    return f"the job ended: {end(detail)}"


def _describe_failure(details: Any) -> str:
    error, cause = str(details.get("error", "")), str(details.get("cause") or "")
    if ALREADY_EXISTS in error:
        return "the notification had already been sent"
    if HEARTBEAT in error:
        return "no poll was reported in time, so the watch polled the job itself"
    return one_line(f"{details.get('resource', 'a task')} failed: {error}: {cause[:MAX_LENGTH]}".rstrip(": "))


def _describe_end(kind: str, details: Any) -> str:
    if kind == "ExecutionSucceeded":
        return "the watch ended"
    verb = {"ExecutionFailed": "failed", "ExecutionAborted": "was stopped", "ExecutionTimedOut": "timed out"}[kind]
    error, cause = details.get("error"), details.get("cause") or ""
    reason = (
        error if error == "JobFailed" else ": ".join(filter(None, (error, cause[:MAX_LENGTH])))
    )  # its cause is the detail
    return one_line(f"the watch {verb}{f' ({reason})' if reason else ''}")


def _details(event: Event) -> Any:
    """Return the details of an event, whose member is named after its type."""
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})
