"""`python -m tests.bench.monitoring_costs`: write the costs of alarms, metrics and the dashboard to docs/operations.md.

Prices of us-east-1: https://aws.amazon.com/cloudwatch/pricing/
"""

# ruff: noqa: RUF001 (the multiplication sign is meant)

import io
import os
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests.unit.conftest import ENVIRONMENT

from .costs import MONTH
from .report import Table

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN, END = "<!-- python -m tests.bench.monitoring_costs writes this -->\n", "<!-- to here -->\n"
HOURS = MONTH // 3_600
ALARM, METRIC, DASHBOARD, GIGABYTE = 0.10, 0.30, 3.00, 0.50  # USD a month; USD for logs
# A month, of the account. Three dashboards are free, too, if each has at most 50 metrics.
FREE_ALARMS, FREE_METRICS, FREE_GIGABYTES, FREE_DASHBOARD_METRICS = 10, 10, 5, 50
ALARMS = 20
DASHBOARD_METRICS = 31  # without those of ended jobs by kind and outcome
PER_DEPLOYMENT = 2  # metrics without the dimensions kind and outcome that each ended job has


class Deployment(NamedTuple):
    """A deployment in a month. `pairs` are the different pairs of kind and outcome in which jobs end."""

    name: str
    pairs: int
    hours: int
    """The hours in which each metric receives a value. AWS charges for metrics by the hour, only if it receives one.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_billing.html
    """
    jobs: int

    @property
    def metrics(self) -> int:
        return PER_DEPLOYMENT + self.pairs


DEPLOYMENTS = (
    Deployment("one kind, a job that succeeds every night", 1, 30, 30),
    Deployment("5 kinds with 3 outcomes each, 10,000 jobs, ends in every hour", 15, HOURS, 10_000),
    Deployment("20 kinds with 4 outcomes each, 1,000,000 jobs, ends in every hour", 80, HOURS, 1_000_000),
)


def main() -> None:
    """Replace the block in docs/operations.md."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE.name} has no {BEGIN.strip()} … {END.strip()}")
    PAGE.write_text(before + BEGIN + block() + END + after)


def block() -> str:
    """Return what is written between the two comments."""
    size = bytes_per_job()
    rows = [
        [deployment.name, *(f"{part:.2f}" for part in parts(deployment, size)), f"{free(deployment, size):.2f}"]
        for deployment in DEPLOYMENTS
    ]
    table = Table("", ["deployment", "alarms", "metrics", "logs", "dashboard", "with the free tier"], rows)
    return (
        f"**USD a month = {ALARM:.2f} × alarms + {METRIC:.2f} × metrics × hours / {HOURS} + {DASHBOARD:.2f} for the "
        f"dashboard + {1e6 * size / 1e9 * GIGABYTE:.2f} × million ended jobs**\n\n"
        f"There are {ALARMS} alarms. Each ended job has {PER_DEPLOYMENT} metrics that all jobs share, and one for each "
        "pair of kind and outcome. *hours* are those in which a metric receives a value. The other metrics are rare. "
        f"The log lines of an ended job's metrics have {size} bytes.\n\n" + "\n".join(table.lines()) + "\n\n"
        "The columns are USD a month in us-east-1. The last one is the sum if nothing else in the account uses AWS's "
        f"free tier: {FREE_ALARMS} alarms, {FREE_METRICS} metrics, {FREE_GIGABYTES} GB of logs, and 3 dashboards "
        f"with up to {FREE_DASHBOARD_METRICS} metrics each. The dashboard has {DASHBOARD_METRICS} metrics, and one for "
        "each pair of kind and outcome.\n"
    )


def parts(deployment: Deployment, size: int) -> tuple[float, float, float, float]:
    """Return the cost in USD a month of alarms, metrics, logs and the dashboard. `size` is in bytes per job."""
    metrics = METRIC * deployment.metrics * deployment.hours / HOURS
    return ALARM * ALARMS, metrics, deployment.jobs * size / 1e9 * GIGABYTE, DASHBOARD


def free(deployment: Deployment, size: int) -> float:
    """Return the cost in USD a month with the free tier."""
    metrics = max(0.0, deployment.metrics * deployment.hours / HOURS - FREE_METRICS)
    logs = max(0.0, deployment.jobs * size / 1e9 - FREE_GIGABYTES)
    dashboard = DASHBOARD if DASHBOARD_METRICS + deployment.pairs > FREE_DASHBOARD_METRICS else 0.0
    return ALARM * (ALARMS - FREE_ALARMS) + METRIC * metrics + GIGABYTE * logs + dashboard


def bytes_per_job() -> int:
    """Return the length of the lines that the functions print when a job ends."""
    os.environ |= ENVIRONMENT  # the functions read it when they are imported
    from job_watcher import catalogue, metrics
    from job_watcher.watch import Rules, Watch

    kind = catalogue.load("glue")["glue/JobRun"]
    watch = Watch({}, "arn", {"polls": 200, "waited": 36_000, "outcome": "running"}, Rules(), kind)
    ended = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    detail = {"outcome": "succeeded", "polls": 200, "ended": f"{ended:%Y-%m-%dT%H:%M:%SZ}"}
    lines = io.StringIO()
    with redirect_stdout(lines):
        metrics.publish_end(watch, {"detail": detail}, ended.timestamp() + 123.456)
    return len(lines.getvalue())


if __name__ == "__main__":
    main()
