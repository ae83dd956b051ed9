"""Simulate many watches that share one quota of describe calls: the throttled calls, and the detection delays."""

# ruff: noqa: RUF001 (the multiplication sign is meant)

import heapq
import itertools
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, cast

from job_watcher import evaluate
from job_watcher.call_rate import CALLS_PER_ANSWER, CallRate
from job_watcher.detail import Notification
from job_watcher.errors import Meaning
from job_watcher.poll_state import PollState, ProgressUpdate

from . import simulated_watch
from .jobs import HOUR, Job
from .polling import PROGRESS
from .report import Goal, Part, Table, percentile, seconds
from .strategies import POLL_DURATION

SIZES, QUOTAS, SHAPES = (10, 30, 100, 300, 1_000, 3_000, 10_000), (2.0, 10.0), ("none", "linear")
DURATION = 8 * HOUR
BURST = 600.0  # seconds in which all jobs of a burst start
INSTANCES = 10  # of the Poll function: the default of the setting `max-concurrency`
MAX_GROWTH = 2.0  # how much faster the delay may grow than the number of jobs
SEED = 20_260_520


@dataclass
class Quota:
    """The account's throttling limit in calls per second: a token bucket whose capacity is one second's calls."""

    rate: float
    tokens: float = 0.0
    counted_at: float = 0.0

    def acquire(self, now: float) -> bool:
        """Take a token for one call. Return False if the bucket is empty."""
        self.tokens = min(max(1.0, self.rate), self.tokens + (now - self.counted_at) * self.rate)
        self.counted_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Retries:
    """botocore's retry quota in standard mode, as if one warm function made all calls.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """

    left: int = 500

    def acquire(self) -> bool:
        """Return whether a throttled call may be retried, and take its cost from the quota."""
        granted = self.left >= 5
        self.left -= 5 * granted
        return granted

    def release(self, retried: bool) -> None:
        """Add to the quota after a successful call: the cost of its retry, or 1 if it was the first attempt."""
        self.left = min(500, self.left + (5 if retried else 1))


@dataclass(frozen=True)
class Fleet:
    """The results of many watches."""

    calls: float
    """Calls per second, including throttled ones, until the last job's end."""
    throttled: float
    """The share of throttled calls."""
    delays: list[float]
    lost: int

    @property
    def answered(self) -> float:
        """Return the calls per second that weren't throttled."""
        return self.calls * (1 - self.throttled)

    def delay(self, percent: float) -> float:
        """Return a percentile of the delay in seconds."""
        return percentile(self.delays, percent)


class Poll(NamedTuple):
    """A scheduled poll: its time in seconds, a sequence number that orders polls of the same time, and its watch."""

    at: float
    order: int
    watch: int
    retried: bool = False


class Simulation:
    """Watches of `size` jobs that start at random times within `within` seconds. `rate` is the quota per second."""

    def __init__(self, size: int, rate: float, shape: str, within: float) -> None:
        self.chance = random.Random(SEED)
        self.starts = [self.chance.uniform(0, within) for _ in range(size)]
        self.last_end = max(self.starts) + DURATION
        self.job, self.quota, self.retries = Job(DURATION, shape), Quota(rate), Retries()
        self.instances = [CallRate() for _ in range(INSTANCES)]
        self.states: list[PollState] = [simulated_watch.NEW_WATCH] * size
        self.order = itertools.count()
        self.queue: list[Poll] = []
        for watch, start in enumerate(self.starts):
            self._schedule(start + self.chance.uniform(1, 60), watch)
        self.calls = self.throttled = self.lost = 0
        self.delays: list[float] = []

    def run(self) -> Fleet:
        """Run all watches to their ends."""
        while self.queue:
            self._poll(heapq.heappop(self.queue))
        return Fleet(self.calls / self.last_end, self.throttled / max(1, self.calls), self.delays, self.lost)

    def _poll(self, poll: Poll) -> None:
        admitted = self.quota.acquire(poll.at)
        self.calls += poll.at < self.last_end
        self.throttled += not admitted and poll.at < self.last_end
        if not admitted and not poll.retried and self.retries.acquire():
            self._schedule(poll.at + self.chance.random(), poll.watch, retried=True)
            return
        if admitted:
            self.retries.release(poll.retried)
        self._evaluate(poll, admitted)

    def _evaluate(self, poll: Poll, admitted: bool) -> None:
        age = poll.at - self.starts[poll.watch]
        spread = self.chance.choice(self.instances).add_call(poll.at, answered=admitted)
        result = self._result(self.states[poll.watch], age, spread if admitted else None)
        if "wait" in result:
            state = self.states[poll.watch] = cast(PollState, result)
            self._schedule(poll.at + POLL_DURATION + state["wait"], poll.watch)
        elif result["outcome"] == "lost":
            self.lost += 1
        else:
            self.delays.append(age + POLL_DURATION - DURATION)

    def _result(self, state: PollState, age: float, spread: float | None) -> PollState | ProgressUpdate | Notification:
        """Return the result of a poll. `spread` is None if the call was throttled."""
        watch = simulated_watch.next_poll(state, age)
        if spread is not None:
            return simulated_watch.poll(watch, self.job, age, self.chance, spread)
        chance = self.chance.random()
        return evaluate.after_error(watch, Meaning.THROTTLED, "ThrottlingException", "Rate exceeded", chance)

    def _schedule(self, at: float, watch: int, *, retried: bool = False) -> None:
        heapq.heappush(self.queue, Poll(at, next(self.order), watch, retried))


def simulate(size: int, rate: float, shape: str, within: float = DURATION) -> Fleet:
    """Simulate watches until all of them have ended. The arguments are those of Simulation."""
    return Simulation(size, rate, shape, within).run()


class Case(NamedTuple):
    """The arguments of one simulation."""

    size: int
    rate: float
    shape: str
    within: float = DURATION


Fleets = Mapping[Case, Fleet]


def cases() -> list[Case]:
    """Return all cases, those that take longest first."""
    spread = [Case(size, rate, shape) for size in SIZES for rate in QUOTAS for shape in SHAPES]
    bursts = [Case(size, rate, "linear", BURST) for size in SIZES[-3:] for rate in QUOTAS]
    return sorted([*spread, *bursts], key=lambda case: -case.size / case.rate)


def run() -> Part:
    """Simulate all cases in two processes."""
    all_cases = cases()
    with ProcessPoolExecutor(2) as pool:
        fleets = dict(zip(all_cases, pool.map(simulate, *zip(*all_cases, strict=True)), strict=True))
    part = Part("fleet", "Fleet: many watches and one quota", plot="fleet.png", measured=fleets)
    part.tables = [
        _table("Jobs that start within 8 h", fleets, DURATION),
        _table("Jobs that start, and end, within 10 min", fleets, BURST),
    ]
    part.goals = _goals(fleets)
    part.text = (
        f"Simulated with Job Watcher's own code (`job_watcher.evaluate`). Jobs of {DURATION / HOUR:.0f} h start at "
        "random times. The account's quota of describe calls is a token bucket that holds one second's calls. "
        "botocore retries a throttled call once within a second, as long as its retry quota allows it. After that, the "
        "watch waits one to two times the usual interval. "
        f"{INSTANCES} instances of the Poll function share the polls at random, and each spreads the polls of jobs "
        f"without a percentage over time, at {CALLS_PER_ANSWER} times the rate at which the service answers it. "
        "The calls per second include throttled calls, from the "
        "first poll to the last job's end. *One round* is the time in which the quota allows one call for each job. "
        "If all jobs run at the same time, no polling strategy can have a delay much shorter than that."
    )
    return part


MEASURED = ("one round", "calls per s", "answered per s", "throttled", "delay p50", "p95", "max", "watches lost")


def _table(title: str, fleets: Fleets, within: float) -> Table:
    selected = sorted(case for case in fleets if case.within == within)
    rows = [[f"{case.size:,}", f"{case.rate:.0f} / s", case.shape, *_cells(case, fleets[case])] for case in selected]
    return Table(title, ["jobs", "quota", "progress", *MEASURED], rows)


def _cells(case: Case, fleet: Fleet) -> list[str]:
    delays = [seconds(fleet.delay(percent)) for percent in (50, 95, 100)]
    calls = [f"{fleet.calls:.2f}", f"{fleet.answered:.2f}", f"{fleet.throttled:.1%}"]
    return [seconds(one_round(case.size, case.rate)), *calls, *delays, str(fleet.lost)]


def one_round(size: int, rate: float) -> float:
    """Return the seconds in which the quota allows one call for each job."""
    return size / rate


def _goals(fleets: Fleets) -> list[Goal]:
    lost = sum(fleet.lost for fleet in fleets.values())
    growth, growth_step = max(_delay_growths(fleets))
    delay, delay_case = max((fleet.delay(95), case) for case, fleet in fleets.items())
    throughput, throughput_step = min(_throughput_growths(fleets))
    return [
        Goal("Fleet: no watch is lost", f"{lost} of {sum(case.size for case in fleets):,} lost", not lost),
        Goal(
            "Fleet: with more jobs, the answered calls per second don't decrease",
            f"at least {throughput:.2f} × ({throughput_step})",
            throughput >= 1,
        ),
        Goal(
            f"Fleet: p95 of the delay grows at most {MAX_GROWTH:.0f} × as fast as the number of jobs",
            f"at most {growth:.2f} × ({growth_step}); longest p95 {seconds(delay)} ({_describe(delay_case)})",
            growth <= MAX_GROWTH,
        ),
    ]


def _throughput_growths(fleets: Fleets) -> Iterator[tuple[float, str]]:
    """Yield the growth of the answered calls per second between consecutive sizes."""
    for small, large in _steps():
        yield fleets[large].answered / fleets[small].answered, f"{small.size:,} to {_describe(large)}"


def _delay_growths(fleets: Fleets) -> Iterator[tuple[float, str]]:
    """Yield the growth of the delay's p95 relative to that of the number of jobs, between consecutive sizes."""
    for small, large in _steps():
        growth = fleets[large].delay(95) / fleets[small].delay(95) * small.size / large.size
        yield growth, f"{small.size:,} to {_describe(large)}"


def _steps() -> Iterator[tuple[Case, Case]]:
    for rate, shape in itertools.product(QUOTAS, SHAPES):
        yield from pairwise(Case(size, rate, shape) for size in SIZES)


def _describe(case: Case) -> str:
    """Return the case as `3,000 jobs within 8.0 h, linear progress, 2 calls per s`."""
    progress = PROGRESS[case.shape]
    return f"{case.size:,} jobs within {seconds(case.within)}, {progress}, {case.rate:.0f} calls per s"
