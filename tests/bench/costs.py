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
MEMORY = 0.5  # GB; the functions' memory
BILLED = 0.1  # seconds; billed duration of a warm invocation that makes one poll
SQS_REQUEST = 0.40 / 1e6  # a standard queue. https://aws.amazon.com/sqs/pricing/
SQS_REQUESTS = (
    3  # of a message, at most: sent, received and deleted; those of a batch have one receipt and one deletion
)
# Without messages, Lambda makes long polls of 20 s with five pollers, also with a maximum concurrency:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS, LONG_POLL, MONTH = 5, 20, 30 * 24 * 3600
MAX_HISTORY_EVENTS = 25_000  # an execution with more events fails
_HISTORY_EVENTS = {"Task": 5, "Parallel": 4}  # by state type; the default is 2: entered and exited
_WAITING_TASK_EVENTS = 6  # also TaskSubmitted


def definition(name: str) -> dict[str, Any]:
    """Return a state machine's definition."""
    content: dict[str, Any] = json.loads((INFRA / name).read_text())
    return content


def watch_states(polls: int = 2, news: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the name and type of each state that a watch enters if a job ends after `polls` polls.

    `news` is the number of polls that were reported while the job ran.
    """
    machine, left = definition("watch.asl.json"), news + 1 if polls > 1 else 0
    name = machine["StartAt"]
    while name:
        state = machine["States"][name]
        yield name, state["Type"]
        targets = {choice["Next"] for choice in state.get("Choices", ())} | {state.get("Default")}
        chosen = ("WaitForNews" if left else "NotifyEnd") if name == "Ended?" else state.get("Default")
        left -= name == "Ended?"
        assert state["Type"] != "Choice" or chosen in targets
        name = chosen if state["Type"] == "Choice" else state.get("Next")


def notify_states() -> Iterator[tuple[str, str]]:
    """Yield the name and type of each state that Notify, and the execution that limits emails, enter for one job."""
    states = definition("notify.asl.json")["States"]
    yield "Progress?", states["Progress?"]["Type"]
    parallel = states["Progress?"]["Default"]
    yield parallel, states[parallel]["Type"]
    for branch in states[parallel]["Branches"]:
        yield from _path(branch)
    yield from _path(definition("email_limit.asl.json"))


def _path(machine: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and type of each state that is entered if no state fails."""
    name = machine["StartAt"]
    while name:
        state = machine["States"][name]
        yield name, state["Type"]
        name = state.get("Next")


def events(states: Iterator[tuple[str, str]]) -> int:
    """Return the number of history events of an execution that enters these states and succeeds."""
    waiting = {"WaitForNews": _WAITING_TASK_EVENTS}
    return 2 + sum(waiting.get(name, _HISTORY_EVENTS.get(type_, 2)) for name, type_ in states)


def transitions(polls: int, news: int = 0) -> int:
    """Return the state transitions of a watch and of its notification."""
    return sum(1 for _ in watch_states(polls, news)) + sum(1 for _ in notify_states())


def history(polls: int, news: int = 0) -> int:
    """Return the history events of a watch."""
    return events(watch_states(polls, news))


def queued_call(seconds: float = BILLED) -> float:
    """Return the price in USD of a message of the poll queue and the invocation that it causes."""
    return SQS_REQUESTS * SQS_REQUEST + call(seconds)


def idle_month() -> float:
    """Return the price in USD of the poll queue's long polls in a month without messages."""
    return POLLERS * MONTH / LONG_POLL * SQS_REQUEST


def call(seconds: float = BILLED, memory: float = MEMORY) -> float:
    """Return the price in USD of one invocation, by billed seconds and GB of memory."""
    return REQUEST + memory * seconds * GB_SECOND
