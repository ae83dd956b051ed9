"""Many watches of one service: who is answered when describe calls have a quota, and how late the ends are seen."""

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

from . import ours
from .jobs import HOUR, Job
from .report import Goal, Part, Table, percentile, seconds
from .strategies import CALL

SIZES, QUOTAS, SHAPES = (10, 30, 100, 300, 1_000, 3_000, 10_000), (2.0, 10.0), ("none", "linear")
DURATION = 8 * HOUR
TOGETHER = 600.0  # seconds in which all the jobs of a crowd begin
STEEP = 2.0  # how many times more than the number of jobs the delay may grow, to be called smooth
SEED = 20_260_520


@dataclass
class Quota:
    """A token bucket that holds what one second refills."""

    rate: float
    tokens: float = 0.0
    since: float = 0.0

    def admits(self, now: float) -> bool:
        """Whether there is a token for this call; it is spent."""
        self.tokens = min(max(1.0, self.rate), self.tokens + (now - self.since) * self.rate)
        self.since = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Retries:
    """botocore's own retry of a poll, within its quota of standard mode; as if one warm function made all the calls.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """

    left: int = 500

    def spend(self) -> bool:
        """Whether a throttled call may be tried again."""
        granted = self.left >= 5
        self.left -= 5 * granted
        return granted

    def earn(self, retried: bool) -> None:
        """A call was answered, and pays back its retry or earns a fifth of one."""
        self.left = min(500, self.left + (5 if retried else 1))


@dataclass(frozen=True)
class Fleet:
    """What many watches came to."""

    offered: float
    """Calls a second, between the first poll and the last job's end."""
    throttled: float
    delays: list[float]
    lost: int

    @property
    def answered(self) -> float:
        """Calls a second that were not throttled."""
        return self.offered * (1 - self.throttled)

    def p(self, percent: float) -> float:
        """A percentile of the delay in seconds."""
        return percentile(self.delays, percent)


def simulate(size: int, rate: float, shape: str, within: float = DURATION) -> Fleet:
    """Watches of so many jobs that begin at random `within` these seconds, until every watch has ended."""
    chance = random.Random(SEED)
    births = [chance.uniform(0, within) for _ in range(size)]
    job, quota, retries, order = Job(DURATION, shape), Quota(rate), Retries(), itertools.count()
    states_seen: list[PollState] = [ours.NEW] * size
    queue = [(birth + chance.uniform(1, 60), next(order), number, False) for number, birth in enumerate(births)]
    heapq.heapify(queue)
    offered, throttled, lost, delays, last = 0, 0, 0, [], max(births) + DURATION
    while queue:
        now, _, number, retried = heapq.heappop(queue)
        admitted = quota.admits(now)
        offered += now < last
        throttled += not admitted and now < last
        if not admitted and not retried and retries.spend():
            heapq.heappush(queue, (now + chance.random(), next(order), number, True))
            continue
        age = now - births[number]
        if admitted:
            retries.earn(retried)
            answer = ours.poll(states_seen[number], job, age)
        else:
            watch = ours.asked(states_seen[number])
            answer = evaluate.after_error(
                watch, Meaning.THROTTLED, "ThrottlingException", "Rate exceeded", chance.random()
            )
        if "wait" in answer:
            states_seen[number] = cast(PollState, answer)
            heapq.heappush(queue, (now + CALL + states_seen[number]["wait"], next(order), number, False))
        elif answer["outcome"] == "lost":
            lost += 1
        else:
            delays.append(age + CALL - DURATION)
    return Fleet(offered / last, throttled / max(1, offered), delays, lost)


class Case(NamedTuple):
    """The arguments of one simulation."""

    size: int
    rate: float
    shape: str
    within: float = DURATION


Fleets = Mapping[Case, Fleet]


def cases() -> list[Case]:
    """All of them, the longest first."""
    spread = [Case(size, rate, shape) for size in SIZES for rate in QUOTAS for shape in SHAPES]
    crowds = [Case(size, rate, "linear", TOGETHER) for size in SIZES[-3:] for rate in QUOTAS]
    return sorted([*spread, *crowds], key=lambda case: -case.size / case.rate)


def run() -> Part:
    """Every case, on both cores."""
    wanted = cases()
    with ProcessPoolExecutor(2) as pool:
        fleets = dict(zip(wanted, pool.map(simulate, *zip(*wanted, strict=True)), strict=True))
    part = Part("fleet", "Fleet: many watches, one quota", plot="fleet.png", measured=fleets)
    part.tables = [
        _table("Jobs that begin within 8 h", fleets, DURATION),
        _table("Jobs that all begin within 10 min, and so end", fleets, TOGETHER),
    ]
    part.goals = _goals(fleets)
    part.text = (
        f"Simulated with the real code, `job_watcher.evaluate`: jobs of {DURATION / HOUR:.0f} h that begin at random "
        f"within {DURATION / HOUR:.0f} h, and a "
        "token bucket for the account's describe calls that holds a second's calls. A throttled call is tried again "
        "once by botocore after up to a second, while botocore's own quota of retries lasts; then the watch waits one "
        "to three times as long as it would have. "
        "Offered are all calls a second, those that are throttled included, from the first poll to the last job's end. "
        "*One turn* is the time in which the quota suffices for one call for each job: nobody who cannot foresee the "
        "ends can see them much sooner when all the jobs run at once."
    )
    return part


MEASURED = ("one turn", "offered a second", "last_answer", "throttled", "delay p50", "p95", "max", "watches lost")


def _table(title: str, fleets: Fleets, within: float) -> Table:
    wanted = sorted(case for case in fleets if case.within == within)
    rows = [[f"{case.size:,}", f"{case.rate:.0f} / s", case.shape, *_cells(case, fleets[case])] for case in wanted]
    return Table(title, ["jobs", "quota", "progress", *MEASURED], rows)


def _cells(case: Case, fleet: Fleet) -> list[str]:
    delays = [seconds(fleet.p(percent)) for percent in (50, 95, 100)]
    calls = [f"{fleet.offered:.2f}", f"{fleet.answered:.2f}", f"{fleet.throttled:.1%}"]
    return [seconds(turn(case.size, case.rate)), *calls, *delays, str(fleet.lost)]


def turn(size: int, rate: float) -> float:
    """Seconds in which so many jobs have one call each."""
    return size / rate


def _goals(fleets: Fleets) -> list[Goal]:
    lost = sum(fleet.lost for fleet in fleets.values())
    steepest, where = max(_growths(fleets))
    worst, late = max((fleet.p(95), case) for case, fleet in fleets.items())
    least, step = min(_gains(fleets))
    return [
        Goal("fleet: no watch is lost", f"{lost} of {sum(case.size for case in fleets):,} lost", not lost),
        Goal(
            "fleet: nothing collapses: a larger fleet never gets fewer answers a second",
            f"at least {least:.2f} × ({step})",
            least >= 1,
        ),
        Goal(
            f"fleet: from one size to the next, p95 of the delay grows at most {STEEP:.0f} × as fast as the fleet",
            f"at most {steepest:.2f} × ({where}); longest p95 {seconds(worst)} ({_words(late)})",
            steepest <= STEEP,
        ),
    ]


def _gains(fleets: Fleets) -> Iterator[tuple[float, str]]:
    """Growth of the answers a second, for every step between two sizes."""
    for small, large in _steps():
        yield fleets[large].answered / fleets[small].answered, f"{small.size:,} to {_words(large)}"


def _growths(fleets: Fleets) -> Iterator[tuple[float, str]]:
    """Growth of the delay's p95 for growth of the number of jobs, for every step between two sizes."""
    for small, large in _steps():
        growth = fleets[large].p(95) / fleets[small].p(95) * small.size / large.size
        yield growth, f"{small.size:,} to {_words(large)}"


def _steps() -> Iterator[tuple[Case, Case]]:
    for rate, shape in itertools.product(QUOTAS, SHAPES):
        yield from pairwise(Case(size, rate, shape) for size in SIZES)


def _words(case: Case) -> str:
    crowd = f"{case.size:,} jobs within {seconds(case.within)}"
    return f"{crowd}, {case.shape}, {case.rate:.0f} / s"
