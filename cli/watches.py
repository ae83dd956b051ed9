"""Start, list and follow watches. Nothing here prints."""

import json
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

NEWEST = 50
RECENT_EVENTS = 25  # of an execution's history; news adds about ten
POLLED = ("Describe", "WaitForNews")  # the states whose output is the state after a poll


class Update(NamedTuple):
    """A change of a watch: the state after its latest poll with news, or the ended execution."""

    watch: str
    poll: dict[str, Any] | None
    execution: dict[str, Any] | None = None


def start(states: Any, machine: str, kind: str, request: Mapping[str, Any], **options: Any) -> str:
    """Start a watch and return its execution's ARN. `options` are further members of the watch's input."""
    watch_input = json.dumps({"kind": kind, "request": request, **options})
    return str(states.start_execution(stateMachineArn=machine, input=watch_input)["executionArn"])


def newest(states: Any, machine: str) -> list[dict[str, Any]]:
    """Return the newest watches as ListExecutions does, the newest first."""
    executions: list[dict[str, Any]] = states.list_executions(stateMachineArn=machine, maxResults=NEWEST)["executions"]
    return executions


def updates(states: Any, watches: Collection[str], every: float) -> Iterator[Update]:
    """Yield an update for each poll with news and for the end of each of these watches, until all have ended.

    The watches are checked every `every` seconds. If a watch has news several times in between, only the last counts.
    """
    polls = dict.fromkeys(watches, 0)
    while polls:
        for watch in list(polls):
            execution = states.describe_execution(executionArn=watch)
            poll = _latest_poll(states, watch)
            if poll.get("polls", 0) > polls[watch]:
                polls[watch] = poll["polls"]
                yield Update(watch, poll)
            if execution["status"] != "RUNNING":
                del polls[watch]
                yield Update(watch, None, execution)
        time.sleep(every if polls else 0)


def detail(execution: dict[str, Any]) -> dict[str, Any]:
    """Return the event's detail from an ended watch. If the watch has none, return an outcome and a reason."""
    if execution["status"] == "SUCCEEDED":
        return dict(json.loads(execution["output"]))
    if execution.get("error") == "JobFailed":
        return dict(json.loads(execution["cause"]))
    outcome = "lost" if execution.get("error") == "WatchLost" else execution["status"].lower().replace("_", " ")
    return {
        "outcome": outcome,
        "reason": execution.get("cause") or f"The watch ended with the status {execution['status']}.",
    }


def _latest_poll(states: Any, watch: str) -> dict[str, Any]:
    """Return the state after the watch's latest poll with news; an empty dict if there is none."""
    history = states.get_execution_history(executionArn=watch, reverseOrder=True, maxResults=RECENT_EVENTS)["events"]
    exits = [event["stateExitedEventDetails"] for event in history if event["type"] == "TaskStateExited"]
    outputs = [json.loads(exit_["output"]) for exit_ in exits if exit_["name"] in POLLED]
    return dict(outputs[0]) if outputs else {}
