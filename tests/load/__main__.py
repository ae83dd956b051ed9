"""`make load`: run the load tests in the local cloud, print the results, and write docs/load.json and docs/load.md."""

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TypeVar

from local.cloud import Cloud
from tests.bench.report import console

from . import jobs, page, triggers, watches
from .watches import Load

T = TypeVar("T")
LOADS = (Load(jobs=2_000, quota=2, wait_scale=0.1), Load(jobs=2_000, quota=50, wait_scale=0.2))
TRIGGERED_JOBS, EVENTS = 4_000, 10_000
LONG_WAITS = 20.0  # the wait scale of the trigger events' watches, so that each of them polls once
EMAIL = "team@example.com"


def main() -> int:
    """Run all parts, and write the page if no part has a problem. Return the exit status."""
    machine = {
        "system": f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}",
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }
    measured = [_in_new_cloud(load.wait_scale, partial(_watch, load)) for load in LOADS]
    triggered = _in_new_cloud(LONG_WAITS, _trigger)
    problems = [*(problem for part in measured for problem in part.problems), *triggered.problems]
    results = {"machine": machine, "watches": [asdict(part) for part in measured], "triggers": asdict(triggered)}
    for table in page.tables(results):
        table.show()
    for problem in problems[:20]:
        console.print(f"[red]{problem}[/]")
    if problems:
        console.print(f"{len(problems)} problems; {page.PAGE.name} is unchanged")
        return 1
    page.write(results)
    return 0


def _watch(load: Load, cloud: Cloud) -> watches.Measured:
    console.print(f"{load.jobs:,} watches with a quota of {load.quota:g} describe calls per second …")
    outputs = cloud.deploy({"auto-watch": "false", "email": EMAIL, "email-limit": "0"})
    return watches.measure(cloud, outputs, load, EMAIL)


def _trigger(cloud: Cloud) -> triggers.Measured:
    console.print(f"{EVENTS:,} trigger events …")
    outputs = cloud.deploy({"email": EMAIL, "email-limit": "0"})
    return triggers.measure(cloud, outputs, jobs.start(cloud, TRIGGERED_JOBS), EVENTS)


def _in_new_cloud(wait_scale: float, measure: Callable[[Cloud], T]) -> T:
    with Cloud(wait_scale=wait_scale) as cloud:
        cloud.default_bus.cloudtrail_events.times = cloud.default_bus.service_events.times = 0
        return measure(cloud)


if __name__ == "__main__":
    sys.exit(main())
