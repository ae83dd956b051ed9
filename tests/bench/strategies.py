"""Who is compared: ours, what people take instead, and the one that knows the end; their waits and prices."""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from . import costs, ours
from .jobs import Job
from .ours import Watched

EVENT_ARRIVES, EVENT_LOST = "ours, the service's event arrives", "ours, the service's event is lost"
DELIVERY = (0.5, 4.0)  # seconds from a job's end to the Start function's call: EventBridge, and a cold start at times
CALL = 0.3  # seconds from a poll's beginning to the next wait's, for everybody
Waits = Callable[[random.Random], Iterator[float]]


@dataclass(frozen=True)
class Strategy:
    """A contender. Transitions, history events and USD are linear in the polls: (for each poll, besides)."""

    name: str
    waits: Waits | None
    transitions: tuple[int, int]
    events: tuple[int, int]
    usd: tuple[float, float]
    gives_up: str = "no"
    """After what time its own defaults stop asking; it is simulated as if they did not."""

    def watch(self, job: Job, first: float, chance: random.Random) -> Watched:
        """Follow the job; the first poll is at its age `first`."""
        assert self.waits
        age = first
        waits = self.waits(chance)
        for polls in itertools.count(1):
            if age >= job.duration:
                return Watched(polls, age + CALL)
            age += CALL + next(waits)
        raise AssertionError("unreachable")

    def dies(self, polls: int) -> bool:
        """Whether Step Functions ends such a long history before the job has ended."""
        return self.history(polls) > costs.MOST_EVENTS

    def entered(self, polls: int) -> int:
        """Transitions with so many polls."""
        return self.transitions[0] * polls + self.transitions[1]

    def history(self, polls: int) -> int:
        """History events with so many polls."""
        return self.events[0] * polls + self.events[1]

    def price(self, polls: float) -> float:
        """USD of one job with so many polls."""
        return self.usd[0] * polls + self.usd[1]


class Ours(Strategy):
    """The real judgement of every poll."""

    def watch(self, job: Job, first: float, chance: random.Random) -> Watched:
        return ours.watch(job, first, calls=itertools.repeat(CALL))


class WithEvents(Ours):
    """A kind whose service sends an event at the end; polled a quarter as often, for the events that are lost."""

    def watch(self, job: Job, first: float, chance: random.Random) -> Watched:
        polled = ours.watch(job, first, calls=itertools.repeat(CALL), rules=ours.RULES_WITH_EVENTS)
        if self.name == EVENT_LOST:
            return polled
        return Watched(polled.polls, min(polled.seen_at, job.duration + chance.uniform(*DELIVERY) + CALL))


class Clairvoyant(Strategy):
    """The bound: one poll, right at the end."""

    def watch(self, job: Job, first: float, chance: random.Random) -> Watched:
        return Watched(1, max(first, job.duration) + CALL)


def _exponential(shortest: float, factor: float, longest: float) -> Iterator[float]:
    return (min(longest, shortest * factor ** min(step, 64)) for step in itertools.count())


def _durable(chance: random.Random) -> Iterator[float]:
    """Full jitter, rounded up to whole seconds, at least one."""
    return (float(max(1, math.ceil(chance.uniform(0, wait)))) for wait in _exponential(5, 1.5, 300))


TOLD = costs.EVENT + 2 * costs.MESSAGE


def _loop(name: str, waits: Waits, gives_up: str = "no") -> Strategy:
    """Task, Choice, Wait, as in AWS's job poller sample, and one state that tells: a loop of ours with other waits."""
    usd = 3 * costs.TRANSITION + costs.call(), costs.TRANSITION + TOLD
    return Strategy(name, waits, (3, 1), (9, 5), usd, gives_up)


def _ours(type_: type[Strategy], name: str) -> Strategy:
    transitions, events = costs.per_poll_and_fixed(), costs.events_per_poll_and_fixed()
    usd = transitions[0] * costs.TRANSITION + costs.call(), transitions[1] * costs.TRANSITION + TOLD
    return type_(name, None, transitions, events, usd)


def _with_events(name: str) -> Strategy:
    """The same, and what the event costs: an invocation of Start, and a watch that polls once."""
    plain = _ours(WithEvents, name)
    look = sum(1 for _ in costs.watch_states(1)) * costs.TRANSITION + 2 * costs.call()
    return replace(plain, usd=(plain.usd[0], plain.usd[1] + look)) if name != EVENT_LOST else plain


OURS = _ours(Ours, "ours")
OURS_WITH_EVENTS = _with_events(EVENT_ARRIVES), _with_events(EVENT_LOST)
FIXED_15 = _loop("fixed 15 s (a botocore waiter's)", lambda _: itertools.repeat(15.0), "10 min")
FIXED_30 = _loop("fixed 30 s", lambda _: itertools.repeat(30.0))
CLAIRVOYANT = _ours(Clairvoyant, "knows the end")
STRATEGIES = [
    OURS,
    *OURS_WITH_EVENTS,
    FIXED_15,
    FIXED_30,
    _loop("fixed 60 s (AWS's sample)", lambda _: itertools.repeat(60.0)),
    # One Task whose Retry is the loop, so a poll is one transition and three events; the framework's function calls
    # the user's: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html
    Strategy(
        "CDK provider framework, 5 s",
        lambda _: itertools.repeat(5.0),
        (1, 1),
        (3, 4),
        (costs.TRANSITION + costs.call() + costs.call(memory=0.125), costs.TRANSITION + TOLD),
        "30 min",
    ),
    _loop("60 s doubling to 600 s (as Airflow)", lambda _: _exponential(60, 2, 600)),
    # 5 s times 1.5 up to 300 s, full jitter, 60 attempts; a poll is one operation:
    # https://docs.aws.amazon.com/durable-execution/sdk-reference/operations/wait-for-condition/
    # https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-sdk-retries.html
    Strategy(
        "durable function, wait_for_condition",
        _durable,
        (0, 0),
        (0, 0),
        (costs.OPERATION + costs.call(), 2 * costs.OPERATION + TOLD),
        "60 polls, about 2 h",
    ),
    CLAIRVOYANT,
]
