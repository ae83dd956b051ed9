"""The polling strategies that are compared: their waits and prices."""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from . import costs, simulated_watch
from .jobs import Job
from .simulated_watch import WatchResult

EVENT_ARRIVES, EVENT_LOST = "Job Watcher, service event arrives", "Job Watcher, service event is lost"
EVENT_DELAY = (0.5, 4.0)  # seconds from a job's end to the Start function's call: EventBridge and possibly a cold start
POLL_DURATION = 0.3  # seconds from the beginning of a poll to the beginning of the next wait, in all strategies
Waits = Callable[[random.Random], Iterator[float]]


@dataclass(frozen=True)
class Strategy:
    """A polling strategy. Transitions, history events and USD are pairs: the value per poll, and the fixed value."""

    name: str
    waits: Waits | None
    transitions: tuple[int, int]
    events: tuple[int, int]
    usd: tuple[float, float]
    gives_up: str = "no"
    """When it stops polling by default. The simulation doesn't stop."""

    def watch(self, job: Job, first_poll: float, chance: random.Random) -> WatchResult:
        """Watch a job to its end. `first_poll` is the job's age in seconds at the first poll."""
        assert self.waits
        age = first_poll
        waits = self.waits(chance)
        for polls in itertools.count(1):
            if age >= job.duration:
                return WatchResult(polls, age + POLL_DURATION)
            age += POLL_DURATION + next(waits)
        raise AssertionError("unreachable")

    def exceeds_history(self, polls: int) -> bool:
        """Return whether the execution fails before the job ends, because its history has too many events."""
        return self.history(polls) > costs.MAX_HISTORY_EVENTS

    def entered(self, polls: int) -> int:
        """Return the state transitions of a watch with this number of polls."""
        return self.transitions[0] * polls + self.transitions[1]

    def history(self, polls: int) -> int:
        """Return the history events of a watch with this number of polls."""
        return self.events[0] * polls + self.events[1]

    def price(self, polls: float) -> float:
        """Return the price in USD of a job with this number of polls."""
        return self.usd[0] * polls + self.usd[1]


class JobWatcher(Strategy):
    """Job Watcher: its own code evaluates each poll and returns the next wait."""

    def watch(self, job: Job, first_poll: float, chance: random.Random) -> WatchResult:
        return simulated_watch.watch(job, first_poll, durations=itertools.repeat(POLL_DURATION))


class JobWatcherWithEvents(JobWatcher):
    """Job Watcher for a kind whose service sends an event at the end. It polls less often, in case events are lost."""

    def watch(self, job: Job, first_poll: float, chance: random.Random) -> WatchResult:
        durations, rules = itertools.repeat(POLL_DURATION), simulated_watch.RULES_WITH_EVENTS
        polled = simulated_watch.watch(job, first_poll, durations=durations, rules=rules)
        if self.name == EVENT_LOST:
            return polled
        notified_at = job.duration + chance.uniform(*EVENT_DELAY) + POLL_DURATION
        return WatchResult(polled.polls, min(polled.detected_at, notified_at))


class PollAtEnd(Strategy):
    """The lower bound: one poll, when the job ends."""

    def watch(self, job: Job, first_poll: float, chance: random.Random) -> WatchResult:
        return WatchResult(1, max(first_poll, job.duration) + POLL_DURATION)


def _exponential(first: float, factor: float, maximum: float) -> Iterator[float]:
    return (min(maximum, first * factor ** min(step, 64)) for step in itertools.count())


def _full_jitter(chance: random.Random) -> Iterator[float]:
    """Yield exponential waits with full jitter, rounded up to whole seconds."""
    return (float(max(1, math.ceil(chance.uniform(0, wait)))) for wait in _exponential(5, 1.5, 300))


NOTIFICATION = costs.EVENT + 2 * costs.MESSAGE


def _loop(name: str, waits: Waits, gives_up: str = "no") -> Strategy:
    """Return a loop of Task, Choice and Wait, as in AWS's job poller sample, with one more state that notifies."""
    usd = 3 * costs.TRANSITION + costs.call(), costs.TRANSITION + NOTIFICATION
    return Strategy(name, waits, (3, 1), (9, 5), usd, gives_up)


def _job_watcher(type_: type[Strategy], name: str) -> Strategy:
    """Return a strategy with the transitions, history events and prices of Job Watcher's state machines."""
    transitions, events = costs.per_poll_and_fixed(), costs.events_per_poll_and_fixed()
    usd = transitions[0] * costs.TRANSITION + costs.call(), transitions[1] * costs.TRANSITION + NOTIFICATION
    return type_(name, None, transitions, events, usd)


def _with_events(name: str) -> Strategy:
    """Return Job Watcher with service events. An event that arrives costs a call of Start and a watch with one poll."""
    strategy = _job_watcher(JobWatcherWithEvents, name)
    if name == EVENT_LOST:
        return strategy
    extra_check = sum(1 for _ in costs.watch_states(1)) * costs.TRANSITION + 2 * costs.call()
    return replace(strategy, usd=(strategy.usd[0], strategy.usd[1] + extra_check))


JOB_WATCHER = _job_watcher(JobWatcher, "Job Watcher")
JOB_WATCHER_WITH_EVENTS = _with_events(EVENT_ARRIVES), _with_events(EVENT_LOST)
FIXED_15 = _loop("fixed 15 s (botocore waiters)", lambda _: itertools.repeat(15.0), "10 min")
FIXED_30 = _loop("fixed 30 s", lambda _: itertools.repeat(30.0))
LOWER_BOUND = _job_watcher(PollAtEnd, "lower bound: one poll at the end")
STRATEGIES = [
    JOB_WATCHER,
    *JOB_WATCHER_WITH_EVENTS,
    FIXED_15,
    FIXED_30,
    _loop("fixed 60 s (AWS's sample)", lambda _: itertools.repeat(60.0)),
    # A poll is a retry of one Task state: one transition and three history events. The framework's function calls the
    # user's: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html
    Strategy(
        "CDK provider framework, 5 s",
        lambda _: itertools.repeat(5.0),
        (1, 1),
        (3, 4),
        (costs.TRANSITION + costs.call() + costs.call(memory=0.125), costs.TRANSITION + NOTIFICATION),
        "30 min",
    ),
    _loop("60 s doubling to 600 s (as Airflow)", lambda _: _exponential(60, 2, 600)),
    # The defaults: 5 s, times 1.5 per poll, at most 300 s, full jitter, 60 attempts. A poll is one operation:
    # https://docs.aws.amazon.com/durable-execution/sdk-reference/operations/wait-for-condition/
    # https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-sdk-retries.html
    Strategy(
        "durable function, wait_for_condition",
        _full_jitter,
        (0, 0),
        (0, 0),
        (costs.OPERATION + costs.call(), 2 * costs.OPERATION + NOTIFICATION),
        "60 polls, about 2 h",
    ),
    LOWER_BOUND,
]
