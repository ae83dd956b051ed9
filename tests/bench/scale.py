"""Calculate the load of many open watches on each of AWS's quotas, from the polls that Job Watcher's own code makes."""

import random
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

from job_watcher import news
from job_watcher.poll_state import PollState

from . import costs, email_load, simulated_watch
from .fleet import BURST
from .jobs import HOUR, Job
from .polling import MAX_FIRST_POLL
from .strategies import POLL_DURATION

SIZES = (1, 10_000, 1_000_000)
SEED = 20_260_520
BEFORE_WAITING = 3  # transitions until a watch waits for news: Describe, Ended? and WaitForNews
EXTRA_CHECK = Counter(start=1, describe=2)
"""The calls of the Start function for a service event about a watched job; test_start.py counts them."""


@dataclass(frozen=True)
class Quota:
    """A quota of one account in one Region, as in quotas.toml."""

    name: str
    unit: str
    large: float
    other: float
    soft: bool
    link: str
    then: str
    remedy: str


@dataclass(frozen=True)
class Share:
    """An equal share of the open watches: watches of jobs with this duration and progress."""

    job: Job
    service_event: bool = False

    def loads(self) -> Iterator[tuple[float, Counter[str]]]:
        """Yield what one watch adds to each quota's load, and the job's age in seconds at that time.

        `invoked` counts the invocations of all functions. The other names are those in quotas.toml.
        """
        fixed, notification = costs.transitions(polls=2), sum(1 for _ in costs.notify_states())
        # With a place among the limited emails, which is an execution. `load` leaves the others out.
        notified = Counter(transitions=notification, start=1, events=1, publish=2, email=1)
        yield 0, Counter(start=1, invocations=1, invoked=1)
        first, *polls = polls_of(self.job, self.service_event)
        yield first.age, Counter(transitions=BEFORE_WAITING, invoked=1)
        for poll in polls:
            # The last message of a wait causes the poll. The others cause a heartbeat and the next message.
            yield poll.age, Counter(invoked=poll.messages, heartbeats=poll.messages, transitions=2 * poll.reported)
        end = Counter(start=1, transitions=fixed - notification - BEFORE_WAITING)
        yield polls[-1].age, end if self.service_event else end + notified
        if self.service_event:
            extra_check = Counter(start=1, invocations=1, invoked=2)  # the notification; Start; Start and Poll
            yield self.job.duration, extra_check + EXTRA_CHECK + notified


Loads = Mapping[str, tuple[float, float]]
"""Load by the quota's name: steady, and in a burst."""
MIX: Sequence[Share] = [
    Share(Job(hours * HOUR, shape), service_event)
    for hours in (1, 8)
    for shape, service_event in (("linear", False), ("none", False), ("none", True))
]
"""The jobs of the open watches, in equal shares."""


@cache
def quotas() -> Mapping[str, Quota]:
    """Return the quotas by their names in quotas.toml."""
    tables = tomllib.loads(Path(__file__).with_name("quotas.toml").read_text(encoding="utf-8"))
    return {name: Quota(remedy=table.pop("raise"), **table) for name, table in tables.items()}


class Poll(NamedTuple):
    """A poll of a watch: the job's age in seconds, the messages of the wait before it, and whether it was reported."""

    age: float
    messages: int
    reported: bool


def polls_of(job: Job, service_event: bool) -> Iterator[Poll]:
    """Yield each poll of a job's watch. The last poll finds that the job has ended."""
    rules = simulated_watch.RULES_WITH_EVENTS if service_event else simulated_watch.RULES
    state, start, messages = simulated_watch.NEW_WATCH, MAX_FIRST_POLL / 2, 0
    age, chance = start, random.Random(SEED)
    while True:
        watch = simulated_watch.next_poll(state, age - start, rules)
        result = simulated_watch.poll(watch, job, age, chance)
        running = result["outcome"] == "running"
        yield Poll(age, messages, running and messages > 0 and news.find_news(watch.state, result) is not None)
        if not running:
            return
        state = cast(PollState, result)
        messages = len(simulated_watch.delays(state))
        age += POLL_DURATION + state["wait"]


def poll_ages(job: Job, service_event: bool) -> Iterator[float]:
    """Yield the job's age in seconds at each poll of its watch."""
    return (poll.age for poll in polls_of(job, service_event))


def polls_per_second() -> tuple[float, float]:
    """Return the describe calls per second and open watch: steady, and in a burst."""
    only_polls = [[(age, Counter(poll=1)) for age in poll_ages(share.job, share.service_event)] for share in MIX]
    return _steady(only_polls)["poll"], _burst(only_polls)["poll"]


def load(watches: float, of_one: Loads) -> Loads:
    """Return the load of open watches on each quota. `of_one` is the result of `loads`."""
    cases = (email_load.limited({name: watches * both[case] for name, both in of_one.items()}) for case in (0, 1))
    steady, burst = cases
    return {name: (steady[name], burst[name]) for name in steady}


def loads() -> Loads:
    """Return the load on each quota per open watch, without a limit of emails: steady, and in a burst.

    Steady: as many jobs start as end. Burst: all jobs start within BURST seconds, and all jobs of one duration end so.
    """
    mix = [list(share.loads()) for share in MIX]
    steady, burst = _steady(mix), _burst(mix)
    both = {name: (steady[name], burst[name]) for name in steady}
    concurrency = tuple(POLL_DURATION * rate for rate in both.pop("invoked"))
    new_environments = concurrency[1] * 10 / BURST  # in 10 s; the concurrency rises during the burst
    return {**both, "open": (1, 1), "lambda": (concurrency[0], concurrency[1]), "scaling": (0, new_environments)}


Timed = Sequence[tuple[float, Counter[str]]]


def _steady(mix: Sequence[Timed]) -> Mapping[str, float]:
    """Return each load per second and open watch."""
    total: dict[str, float] = {}
    for timed in mix:
        open_seconds = max(age for age, _ in timed)
        for _, load in timed:
            for name, count in load.items():
                total[name] = total.get(name, 0) + count / open_seconds / len(mix)
    return total


def _burst(mix: Sequence[Timed]) -> Mapping[str, float]:
    """Return the highest load per second and watch, if the starts are spread evenly over BURST seconds."""
    timed = sorted((entry for one in mix for entry in one), key=lambda entry: entry[0])
    highest: dict[str, float] = {}
    window: Counter[str] = Counter()
    oldest = 0
    for age, load in timed:
        window.update(load)
        while timed[oldest][0] <= age - BURST:
            window.subtract(timed[oldest][1])
            oldest += 1
        for name, count in window.items():
            highest[name] = max(highest.get(name, 0), count / BURST / len(mix))
    return highest
