"""The costs of a watch: state transitions and history events according to the state machines, and AWS's prices."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

INFRA = Path(__file__).parents[2] / "infra"
TRANSITION = 0.025 / 1_000  # USD; all prices are those of us-east-1. https://aws.amazon.com/step-functions/pricing/
REQUEST = 0.20 / 1e6  # https://aws.amazon.com/lambda/pricing/
GB_SECOND = 0.0000133334  # arm64
OPERATION = 8.00 / 1e6  # one operation of a durable function. https://aws.amazon.com/lambda/pricing/
EVENT, MESSAGE = 1.00 / 1e6, 0.50 / 1e6  # one PutEvents entry; one SNS message, without its deliveries
MEMORY = 0.5  # GB; the Describe function's memory
BILLED = 0.1  # seconds; billed duration of a warm invocation of Describe
MAX_HISTORY_EVENTS = 25_000  # an execution with more events fails
_HISTORY_EVENTS = {"Task": 5, "Parallel": 4}  # by state type; the default is 2: entered and exited


def definition(name: str) -> dict[str, Any]:
    """Return a state machine's definition."""
    content: dict[str, Any] = json.loads((INFRA / name).read_text())
    return content


def watch_states(polls: int) -> Iterator[tuple[str, str]]:
    """Yield the name and type of each state that a watch enters if its `polls`-th poll finds that the job has ended."""
    machine, polled = definition("watch.asl.json"), 0
    name = machine["StartAt"]
    while name:
        state = machine["States"][name]
        yield name, state["Type"]
        polled += name == "Describe"
        targets = {choice["Next"] for choice in state.get("Choices", ())} | {state.get("Default")}
        chosen = ("Wait" if polled < polls else "Notify") if name == "Ended?" else state.get("Default")
        assert state["Type"] != "Choice" or chosen in targets
        name = chosen if state["Type"] == "Choice" else state.get("Next")


def notify_states() -> Iterator[tuple[str, str]]:
    """Yield the name and type of each state that the Notify state machine enters for one job."""
    states = definition("notify.asl.json")["States"]
    yield "Progress?", states["Progress?"]["Type"]
    parallel = states["Progress?"]["Default"]
    yield parallel, states[parallel]["Type"]
    for branch in states[parallel]["Branches"]:
        yield from ((name, state["Type"]) for name, state in branch["States"].items())


def events(states: Iterator[tuple[str, str]]) -> int:
    """Return the number of history events of an execution that enters these states and succeeds."""
    return 2 + sum(_HISTORY_EVENTS.get(type_, 2) for _, type_ in states)


def linear(one_poll: int, two_polls: int) -> tuple[int, int]:
    """Return a count per poll and the fixed count, given the counts with one poll and with two polls."""
    return two_polls - one_poll, 2 * one_poll - two_polls


def per_poll_and_fixed() -> tuple[int, int]:
    """Return the state transitions of a watch with its notification: per poll, and fixed."""
    one, two = (sum(1 for _ in watch_states(polls)) for polls in (1, 2))
    per_poll, fixed = linear(one, two)
    return per_poll, fixed + sum(1 for _ in notify_states())


def events_per_poll_and_fixed() -> tuple[int, int]:
    """Return the history events of a watch: per poll, and fixed."""
    return linear(events(watch_states(1)), events(watch_states(2)))


def call(seconds: float = BILLED, memory: float = MEMORY) -> float:
    """Return the price in USD of one invocation, by billed seconds and GB of memory."""
    return REQUEST + memory * seconds * GB_SECOND
