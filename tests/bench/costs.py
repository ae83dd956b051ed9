"""What a watch costs: states entered and history events from the definition files' own arrows, and AWS's prices."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

INFRA = Path(__file__).parents[2] / "infra"
TRANSITION = 0.025 / 1_000  # USD, us-east-1, as all here: https://aws.amazon.com/step-functions/pricing/
REQUEST = 0.20 / 1e6  # https://aws.amazon.com/lambda/pricing/
GB_SECOND = 0.0000133334  # arm64
OPERATION = 8.00 / 1e6  # of a durable function
EVENT, MESSAGE = 1.00 / 1e6, 0.50 / 1e6  # an event on the bus, and a message on one topic without its deliveries
MEMORY = 0.5  # GB of the Describe function
BILLED = 0.1  # seconds of a warm describe call
COLD = 1.0  # seconds of a cold one, billed since AWS bills the start too
MOST_EVENTS = 25_000  # of one execution's history: it fails there
_EVENTS = {"Task": 5, "Parallel": 4}  # entered, scheduled, started, succeeded, exited; other states: entered, exited


def definition(name: str) -> dict[str, Any]:
    """A state machine's definition file."""
    read: dict[str, Any] = json.loads((INFRA / name).read_text())
    return read


def watch_states(polls: int) -> Iterator[tuple[str, str]]:
    """The states a watch enters that sees the end at its `polls`-th poll, in order: name and type."""
    machine, asked = definition("watch.asl.json"), 0
    name = machine["StartAt"]
    while name:
        state = machine["States"][name]
        yield name, state["Type"]
        asked += name == "Describe"
        ways = {choice["Next"] for choice in state.get("Choices", ())} | {state.get("Default")}
        chosen = ("Wait" if asked < polls else "Notify") if name == "Ended?" else state.get("Default")
        assert state["Type"] != "Choice" or chosen in ways
        name = chosen if state["Type"] == "Choice" else state.get("Next")


def notify_states() -> Iterator[tuple[str, str]]:
    """The states of one notification of an end."""
    states = definition("notify.asl.json")["States"]
    yield "Progress?", states["Progress?"]["Type"]
    parallel = states["Progress?"]["Default"]
    yield parallel, states[parallel]["Type"]
    for branch in states[parallel]["Branches"]:
        yield from ((name, state["Type"]) for name, state in branch["States"].items())


def events(types: Iterator[tuple[str, str]]) -> int:
    """History events of an execution that succeeds, with its own start and end."""
    return 2 + sum(_EVENTS.get(kind, 2) for _, kind in types)


def line(first: int, second: int) -> tuple[int, int]:
    """Of a count with one and with two polls: how many for each poll, and how many besides."""
    return second - first, 2 * first - second


def per_poll_and_fixed() -> tuple[int, int]:
    """States entered by watch and notification: for each poll, and besides."""
    one, two = (sum(1 for _ in watch_states(polls)) for polls in (1, 2))
    each, fixed = line(one, two)
    return each, fixed + sum(1 for _ in notify_states())


def events_per_poll_and_fixed() -> tuple[int, int]:
    """History events of the watch's execution: for each poll, and besides."""
    return line(events(watch_states(1)), events(watch_states(2)))


def call(seconds: float = BILLED, memory: float = MEMORY) -> float:
    """USD of one invocation."""
    return REQUEST + memory * seconds * GB_SECOND
