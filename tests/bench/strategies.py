"""The polling strategies that are compared: their waits and prices."""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import costs, simulated_watch
from .jobs import Job
from .simulated_watch import WatchResult

EVENT_ARRIVES, EVENT_LOST = "Job Watcher, service event arrives", "Job Watcher, service event is lost"
EVENT_DELAY = (0.5, 4.0)  # seconds from a job's end to the Start function's call: EventBridge and possibly a cold start
POLL_DURATION = simulated_watch.POLL_DURATION  # of all strategies
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

    def exceeds_history(self, result: WatchResult) -> bool:
        """Return whether the execution fails before the job ends, because its history has too many events."""
        return self.history(result) > costs.MAX_HISTORY_EVENTS

    def entered(self, result: WatchResult) -> int:
        """Return the state transitions of a watch."""
        return self.transitions[0] * result.polls + self.transitions[1]

    def history(self, result: WatchResult) -> int:
        """Return the history events of a watch."""
        return self.events[0] * result.polls + self.events[1]

    def price(self, result: WatchResult) -> float:
        """Return the price in USD of a job."""
        return self.usd[0] * result.polls + self.usd[1]


class JobWatcher(Strategy):
    """Job Watcher: its own code evaluates each poll and returns the next wait. The pairs aren't used."""

    rules = simulated_watch.RULES

    def watch(self, job: Job, first_poll: float, chance: random.Random) -> WatchResult:
        latencies = (simulated_watch.queue_latency(chance) for _ in itertools.count())
        polls = itertools.repeat(POLL_DURATION)
        return simulated_watch.watch(job, first_poll, chance, polls=polls, messages=latencies, rules=self.rules)

    def entered(self, result: WatchResult) -> int:
        return costs.transitions(result.polls, result.news)

    def history(self, result: WatchResult) -> int:
        return costs.history(result.polls, result.news)

    def price(self, result: WatchResult) -> float:
        """Return the price: the first poll has no message, and a message that only begins another delay has a call."""
        messages = result.messages * costs.queued_call()
        return self.entered(result) * costs.TRANSITION + costs.call() + messages + NOTIFICATION


class JobWatcherWithEvents(JobWatcher):
    """Job Watcher for a kind whose service sends an event at the end. It polls less often, in case events are lost."""

    rules = simulated_watch.RULES_WITH_EVENTS

    def watch(self, job: Job, first_poll: float, chance: random.Random) -> WatchResult:
        polled = super().watch(job, first_poll, chance)
        if self.name == EVENT_LOST:
            return polled
        notified_at = job.duration + chance.uniform(*EVENT_DELAY) + POLL_DURATION
        return polled._replace(detected_at=min(polled.detected_at, notified_at))

    def price(self, result: WatchResult) -> float:
        """Return the price. An event that arrives costs a call of Start, and a message of the poll queue."""
        extra_check = costs.call() + costs.queued_call()
        return super().price(result) + (0 if self.name == EVENT_LOST else extra_check)


class PollAtEnd(JobWatcher):
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


def _job_watcher(type_: type[JobWatcher], name: str) -> JobWatcher:
    return type_(name, None, (0, 0), (0, 0), (0, 0))


JOB_WATCHER = _job_watcher(JobWatcher, "Job Watcher")
JOB_WATCHER_WITH_EVENTS = tuple(_job_watcher(JobWatcherWithEvents, name) for name in (EVENT_ARRIVES, EVENT_LOST))
FIXED_15 = _loop("fixed 15 s (botocore waiters)", lambda _: itertools.repeat(15.0), "10 min")
FIXED_30 = _loop("fixed 30 s", lambda _: itertools.repeat(30.0))
LOWER_BOUND = _job_watcher(PollAtEnd, "lower bound: one poll at the end")
# The defaults: 5 s, times 1.5 per poll, at most 300 s, full jitter, 60 attempts. A poll is one operation:
# https://docs.aws.amazon.com/durable-execution/sdk-reference/operations/wait-for-condition/
# https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-sdk-retries.html
DURABLE = Strategy(
    "durable function, wait_for_condition",
    _full_jitter,
    (0, 0),
    (0, 0),
    (costs.OPERATION + costs.call(), 2 * costs.OPERATION + NOTIFICATION),
    "60 polls, about 2 h",
)
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
    DURABLE,
    LOWER_BOUND,
]
