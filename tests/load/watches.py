"""Watch many jobs at the same time with a quota of describe calls, and measure the watches."""

import itertools
import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean
from typing import Any

from infra.setting_types import OUTCOMES
from local.cloud import TIMEOUT, Cloud
from tests.bench.report import percentile

from .jobs import DESCRIBE, KIND, THREADS, Job, Jobs
from .memory import Memory, Sample
from .notifications import Notifications

names = (f"load-{number}" for number in itertools.count(1))


@dataclass(frozen=True)
class Load:
    """How many jobs are watched. `quota` is the number of describe calls per second; jobs take `seconds`.

    `wait_scale` is the local cloud's: in its time, a second of the waits, the quota and the jobs takes this long.
    """

    jobs: int
    quota: float
    wait_scale: float
    seconds: tuple[float, float] = (900, 2700)

    @property
    def real_seconds(self) -> tuple[float, float]:
        """Return the shortest and the longest duration in real time."""
        return self.seconds[0] * self.wait_scale, self.seconds[1] * self.wait_scale


@dataclass(frozen=True)
class Measured:
    """The results. `notified` jobs have one event, and `lost` jobs have none. The memory is in megabytes.

    `delays` are in scaled seconds. `starting` and `took` are in real seconds.
    """

    load: Load
    problems: Sequence[str]
    notified: int
    lost: int
    starting: float
    took: float
    polls: float
    most_polls: int
    calls: int
    throttled: int
    delays: Mapping[str, float]
    before: Sample
    peak: Sample


def measure(
    cloud: Cloud, outputs: Mapping[str, str], load: Load, address: str, emailed: Collection[str] = OUTCOMES
) -> Measured:
    """Start all watches at once, wait until all jobs are notified, and return what was measured."""
    jobs = Jobs(cloud, load.jobs, load.real_seconds)
    notifications = Notifications(cloud, outputs["BusName"], jobs.all, next(names))
    dead_letters = dead_letter_count(cloud)
    with Memory(cloud.pid) as memory, _quota(cloud, load) as count, jobs:
        began = time.monotonic()
        watches = _start(cloud, outputs["WatchArn"], jobs.all)
        starting = time.monotonic() - began
        notifications.wait()
        took = time.monotonic() - began
        problems = [*_unsuccessful(cloud, watches), *notifications.problems(emailed, address)]
    if (lost := dead_letter_count(cloud) - dead_letters) != 0:
        problems.append(f"{lost} messages in the dead-letter queues")
    return Measured(
        load=load,
        problems=problems,
        starting=starting,
        took=took,
        **count,
        **_evaluate(jobs, notifications, load.wait_scale),
        before=memory.before,
        peak=memory.peak,
    )


@contextmanager
def _quota(cloud: Cloud, load: Load) -> Iterator[dict[str, Any]]:
    """Limit the describe calls. When the block ends, the dict contains the number of calls and of throttled calls."""
    emulator, count = cloud.voice_id, dict[str, Any]()
    calls, throttled = emulator.calls[DESCRIBE], emulator.throttled[DESCRIBE]
    emulator.calls_per_second = load.quota / load.wait_scale
    yield count
    emulator.calls_per_second = None
    count.update(calls=emulator.calls[DESCRIBE] - calls, throttled=emulator.throttled[DESCRIBE] - throttled)


def _evaluate(jobs: Jobs, notifications: Notifications, wait_scale: float) -> dict[str, Any]:
    """Return the results that follow from the notifications."""
    counts = [len(notifications.by_job[job.id]) for job in jobs.all]
    received = [(job, notification) for job in jobs.all for notification in notifications.by_job[job.id]]
    delays = [(notification.arrived - jobs.ended[job.id]) / wait_scale for job, notification in received]
    polls = [int(notification.event["detail"]["polls"]) for _, notification in received]
    return {
        "notified": counts.count(1),
        "lost": counts.count(0),
        "polls": mean(polls),
        "most_polls": max(polls),
        "delays": {f"p{percent}": percentile(delays, percent) for percent in (50, 95, 100)},
    }


def dead_letter_count(cloud: Cloud) -> int:
    """Return the number of messages in the stack's dead-letter queues, including the queue of unreported watches."""
    sqs = cloud.client("sqs")
    queues = [url for url in sqs.list_queues()["QueueUrls"] if "DLQ" in url or "Unreported" in url]
    assert queues
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in queues]
    return sum(int(queue[name]) for queue in counts for name in names)


def _start(cloud: Cloud, machine: str, jobs: Sequence[Job]) -> list[str]:
    states = cloud.client("stepfunctions")

    def start(job: Job) -> str:
        watch_input = json.dumps({"kind": KIND, "request": job.request})
        return str(states.start_execution(stateMachineArn=machine, input=watch_input)["executionArn"])

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(start, jobs))


def _unsuccessful(cloud: Cloud, watches: Sequence[str]) -> Iterator[str]:
    """Wait until the watches have ended, and yield those that didn't succeed."""
    states, deadline = cloud.client("stepfunctions"), time.monotonic() + TIMEOUT
    for watch in watches:
        while (described := states.describe_execution(executionArn=watch))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if described["status"] != "SUCCEEDED":
            yield f"{watch} is {described['status']}: {described.get('error')} {described.get('cause')}"
