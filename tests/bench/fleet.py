"""Simulate many watches that share one quota of describe calls: the throttled calls, and the delay of the ends."""

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
from job_watcher.errors import Meaning
from job_watcher.poll_state import PollState

from . import simulated_watch
from .jobs import HOUR, Job
from .polling import PROGRESS
from .report import Goal, Part, Table, percentile, seconds
from .strategies import POLL_DURATION

SIZES, QUOTAS, SHAPES = (10, 30, 100, 300, 1_000, 3_000, 10_000), (2.0, 10.0), ("none", "linear")
DURATION = 8 * HOUR
BURST = 600.0  # seconds in which all jobs of a burst start
MAX_GROWTH = 2.0  # how many times faster than the number of jobs the delay may grow
SEED = 20_260_520


@dataclass
class Quota:
    """The account's throttling limit in calls per second: a token bucket whose capacity is one second's calls."""

    rate: float
    tokens: float = 0.0
    counted_at: float = 0.0

    def acquire(self, now: float) -> bool:
        """Take a token for one call. Return whether there was one."""
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
        """Return the cost of a retry to the quota after a successful call; 1 after a call without a retry."""
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

    def p(self, percent: float) -> float:
        """Return a percentile of the delay in seconds."""
        return percentile(self.delays, percent)


def simulate(size: int, rate: float, shape: str, within: float = DURATION) -> Fleet:
    """Simulate watches of `size` jobs until all watches have ended.

    `rate` is the quota in calls per second. The jobs start at random times `within` these seconds.
    """
    chance = random.Random(SEED)
    starts = [chance.uniform(0, within) for _ in range(size)]
    job, quota, retries, order = Job(DURATION, shape), Quota(rate), Retries(), itertools.count()
    states: list[PollState] = [simulated_watch.NEW_WATCH] * size
    queue = [(start + chance.uniform(1, 60), next(order), number, False) for number, start in enumerate(starts)]
    heapq.heapify(queue)
    calls, throttled, lost, delays, last = 0, 0, 0, [], max(starts) + DURATION
    while queue:
        now, _, number, retried = heapq.heappop(queue)
        admitted = quota.acquire(now)
        calls += now < last
        throttled += not admitted and now < last
        if not admitted and not retried and retries.acquire():
            heapq.heappush(queue, (now + chance.random(), next(order), number, True))
            continue
        age = now - starts[number]
        if admitted:
            retries.release(retried)
            answer = simulated_watch.poll(states[number], job, age)
        else:
            watch = simulated_watch.next_poll(states[number])
            answer = evaluate.after_error(
                watch, Meaning.THROTTLED, "ThrottlingException", "Rate exceeded", chance.random()
            )
        if "wait" in answer:
            states[number] = cast(PollState, answer)
            heapq.heappush(queue, (now + POLL_DURATION + states[number]["wait"], next(order), number, False))
        elif answer["outcome"] == "lost":
            lost += 1
        else:
            delays.append(age + POLL_DURATION - DURATION)
    return Fleet(calls / last, throttled / max(1, calls), delays, lost)


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
        "watch waits one to three times the usual interval. The calls per second include throttled calls, from the "
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
    delays = [seconds(fleet.p(percent)) for percent in (50, 95, 100)]
    calls = [f"{fleet.calls:.2f}", f"{fleet.answered:.2f}", f"{fleet.throttled:.1%}"]
    return [seconds(one_round(case.size, case.rate)), *calls, *delays, str(fleet.lost)]


def one_round(size: int, rate: float) -> float:
    """Return the seconds in which the quota allows one call for each job."""
    return size / rate


def _goals(fleets: Fleets) -> list[Goal]:
    lost = sum(fleet.lost for fleet in fleets.values())
    growth, growth_step = max(_delay_growths(fleets))
    delay, delay_case = max((fleet.p(95), case) for case, fleet in fleets.items())
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
        growth = fleets[large].p(95) / fleets[small].p(95) * small.size / large.size
        yield growth, f"{small.size:,} to {_describe(large)}"


def _steps() -> Iterator[tuple[Case, Case]]:
    for rate, shape in itertools.product(QUOTAS, SHAPES):
        yield from pairwise(Case(size, rate, shape) for size in SIZES)


def _describe(case: Case) -> str:
    """Return the case as `3,000 jobs within 8.0 h, linear progress, 2 calls per s`."""
    progress = PROGRESS[case.shape]
    return f"{case.size:,} jobs within {seconds(case.within)}, {progress}, {case.rate:.0f} calls per s"
