"""Simulate the polls, the cost and the delay of each strategy, for jobs of different durations and progress."""

# ruff: noqa: RUF001 (the multiplication sign is meant)

import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from job_watcher.polling import LIMITS_WITH_EVENTS

from .jobs import FIXED, HOUR, SHAPES, VARIED, Durations, Job
from .report import Goal, Part, Table, percentile, seconds
from .strategies import (
    DURABLE,
    EVENT_DELAY,
    FIXED_30,
    JOB_WATCHER,
    JOB_WATCHER_WITH_EVENTS,
    LOWER_BOUND,
    POLL_DURATION,
    STRATEGIES,
    Strategy,
)

JOBS = 200  # per row; each job has its own duration, progress and time of the first poll
MAX_FIRST_POLL = 60.0  # seconds from the job's start to the first poll, at most
TOLERANCE = 2 * POLL_DURATION + 0.5  # the last two polls, and the rounding of a wait to whole seconds
SEED = 20_260_520
PROGRESS = {**{shape: shape for shape in SHAPES}, "linear": "linear progress", "none": "no percentage"}
"""What the tables and the plot call each shape of progress."""


@dataclass(frozen=True)
class Row:
    """A strategy's results for many jobs of one duration and shape: means, and percentiles of the delay in seconds."""

    polls: float
    transitions: float
    events: float
    usd: float
    p50: float
    p95: float
    max: float
    exceeds_history: float
    """The share of watches that fail because of their history's length."""
    late: int
    """The number of jobs whose end was detected later than the documented maximum delay."""

    def delays(self) -> list[str]:
        """Return the table cells of the delay: p50, p95 and maximum."""
        return [seconds(value) for value in (self.p50, self.p95, self.max)]


def simulate(strategy: Strategy, durations: Durations, shape: str) -> Row:
    """Return the results of a strategy. All strategies get the same jobs."""
    jobs_chance, strategy_chance = random.Random(f"{SEED} {durations.name}"), random.Random(SEED)
    results, delays, late = [], [], 0
    for _ in range(JOBS):
        job = Job(durations.draw(jobs_chance), shape, jobs_chance.random())
        result = strategy.watch(job, jobs_chance.uniform(1, MAX_FIRST_POLL), strategy_chance)
        results.append(result)
        delays.append(result.detected_at - job.duration)
        late += delays[-1] > max(60, 0.05 * job.duration) + TOLERANCE
    return Row(
        polls=fmean(result.polls for result in results),
        transitions=fmean(map(strategy.entered, results)),
        events=fmean(map(strategy.history, results)),
        usd=1_000 * fmean(map(strategy.price, results)),
        p50=percentile(delays, 50),
        p95=percentile(delays, 95),
        max=max(delays),
        exceeds_history=sum(map(strategy.exceeds_history, results)) / JOBS,
        late=late,
    )


Grid = Mapping[tuple[str, str, str], Row]
"""Rows by strategy, durations and shape. Strategies that ignore the progress have only the shape `linear`."""


def grid() -> Grid:
    """Return all rows, simulated in two processes."""
    cases = [(one, durations, shape) for one in STRATEGIES for durations in FIXED + VARIED for shape in shapes(one)]
    numbers = [STRATEGIES.index(strategy) for strategy, _, _ in cases]
    with ProcessPoolExecutor(2) as pool:
        rows = pool.map(_row, numbers, [d for _, d, _ in cases], [s for _, _, s in cases], chunksize=4)
        return {(one.name, d.name, shape): row for (one, d, shape), row in zip(cases, rows, strict=True)}


def shapes(strategy: Strategy) -> Sequence[str]:
    """Return the shapes of progress that a strategy is simulated with: one if it ignores the progress."""
    if strategy is JOB_WATCHER:
        return list(SHAPES)
    return ["none"] if strategy in JOB_WATCHER_WITH_EVENTS else ["linear"]


def _row(strategy: int, durations: Durations, shape: str) -> Row:
    return simulate(STRATEGIES[strategy], durations, shape)


def run() -> Part:
    """Simulate all rows."""
    rows = grid()
    part = Part("polling", "Polling: number of polls, delay and cost", plot="polling.png")
    part.tables = [
        _at_eight_hours(rows),
        *(_job_watcher(rows, durations) for durations in (FIXED, VARIED)),
        _others(rows, FIXED + VARIED),
    ]
    part.goals = _goals(rows)
    part.measured = rows
    part.text = (
        f"Simulated with Job Watcher's own code (`job_watcher.evaluate`) and a simulated clock. A row has {JOBS} jobs. "
        f"The first poll is 1 to {MAX_FIRST_POLL:.0f} s after the job's start. A poll takes {POLL_DURATION} s. The "
        "service reports whole percentages. The delay is the time from the job's end to the answer that reports it. "
        "The cost consists of state transitions, SQS and Lambda requests, 0.1 s of 512 MB arm64 per invocation, one "
        "event and two messages, without free tiers. A message of the poll queue arrives up to 0.2 s late, which is an "
        "assumption. A service event arrives at the Start function "
        f"{EVENT_DELAY[0]:g} to {EVENT_DELAY[1]:g} s after the job's end, which is an assumption. It costs one more "
        "invocation, and a message of the poll queue."
    )
    return part


def _goals(rows: Grid) -> list[Goal]:
    late = sum(row.late for (name, _, _), row in rows.items() if name == JOB_WATCHER.name)
    arrives, lost = (rows[strategy.name, "8 h", "none"] for strategy in JOB_WATCHER_WITH_EVENTS)
    max_delay = LIMITS_WITH_EVENTS.max_interval + TOLERANCE
    count = JOBS * len(SHAPES) * len(FIXED + VARIED)
    return [
        *_row_goals(rows),
        Goal(
            "All jobs: the delay is at most 60 s or 5 % of the duration, whichever is longer, plus one poll",
            f"longer for {late} of {count:,} simulated jobs",
            late == 0,
        ),
        Goal("8 h, with service events: at most $0.50 per 1,000 jobs", f"${arrives.usd:.2f}", arrives.usd <= 0.5),
        Goal("8 h, the service event arrives: p95 of the delay at most 5 s", seconds(arrives.p95), arrives.p95 <= 5),
        Goal(
            f"8 h, the service event is lost: delay at most {max_delay:,.0f} s",
            seconds(lost.max),
            lost.max <= max_delay,
        ),
    ]


MAX_USD_AND_P95 = {("8 h", "none"): (0.80, 170), ("8 h", "linear"): (0.75, 14), ("72 h", "none"): (3.60, 180)}


def _row_goals(rows: Grid) -> Iterator[Goal]:
    for (length, shape), (usd, p95) in MAX_USD_AND_P95.items():
        row = rows[JOB_WATCHER.name, length, shape]
        goal = f"{length}, {PROGRESS[shape]}: at most ${usd:.2f} per 1,000 jobs, and p95 of the delay at most {p95} s"
        yield Goal(goal, f"${row.usd:.2f} and {row.p95:.1f} s", row.usd <= usd and row.p95 <= p95 + 0.05)
    long = [one for one in FIXED if one.median >= HOUR]
    own = [(one, shape, rows[JOB_WATCHER.name, one.name, shape]) for one in long for shape in SHAPES]
    beaten = [f"{one.name}, {shape}" for one, shape, row in own if better(rows, row, one)]
    goal = "From 1 h on: no other strategy is both cheaper and sooner"
    yield Goal(goal, f"{len(own) - len(beaten)} of {len(own)} rows", not beaten)
    durable = [
        (f"{one.name}, {shape}", row, rows[DURABLE.name, one.name, "linear"]) for one, shape, row in own[len(SHAPES) :]
    ]
    ahead = [name for name, row, other in durable if other.usd <= row.usd or other.p95 <= row.p95]
    goal = "From 8 h on: cheaper and sooner than a durable function"
    but = f"; not: {'; '.join(ahead)}" if ahead else ""
    yield Goal(goal, f"{len(durable) - len(ahead)} of {len(durable)} rows{but}", not ahead)


def _at_eight_hours(rows: Grid) -> Table:
    columns = [
        "strategy",
        "polls",
        "transitions",
        "history events",
        "USD per 1,000 jobs",
        "delay p50",
        "p95",
        "max",
        "gives up after",
    ]
    lines = []
    for strategy in STRATEGIES:
        for shape in ("linear", "none") if strategy is JOB_WATCHER else shapes(strategy):
            row = rows[strategy.name, "8 h", shape]
            name = f"**Job Watcher**, {PROGRESS[shape]}" if strategy is JOB_WATCHER else strategy.name
            counts = [f"{value:,.0f}" for value in (row.polls, row.transitions, row.events)]
            lines.append([name, *counts, f"{row.usd:.2f}", *row.delays(), strategy.gives_up])
    return Table("A job of 8 h", columns, lines, "Some strategies give up by default. The simulation doesn't give up.")


def _job_watcher(rows: Grid, durations: Sequence[Durations]) -> Table:
    columns = [
        "duration",
        "progress",
        "polls",
        "USD per 1,000 jobs",
        "delay p50",
        "p95",
        "max",
        "vs fixed 30 s",
        "cheaper and faster strategies",
    ]
    lines = []
    for length in durations:
        for shape in SHAPES:
            row, fixed = rows[JOB_WATCHER.name, length.name, shape], rows[FIXED_30.name, length.name, "linear"]
            ratio = f"{row.usd / fixed.usd:.2f} × cost, {row.p95 / fixed.p95:.1f} × p95"
            cells = [length.name, shape, f"{row.polls:.0f}", f"{row.usd:.2f}", *row.delays(), ratio]
            lines.append([*cells, "; ".join(better(rows, row, length)) or "none"])
    kind = "random durations (log-normal, sigma 1, 1 min to 72 h)" if durations[0].varied else "fixed durations"
    return Table(f"Job Watcher, {kind}", columns, lines)


def better(rows: Grid, own: Row, length: Durations) -> list[str]:
    """Return the strategies whose cost and p95 are at most those of Job Watcher, and whose watches all succeed."""
    others = [
        strategy for strategy in STRATEGIES if strategy not in (JOB_WATCHER, *JOB_WATCHER_WITH_EVENTS, LOWER_BOUND)
    ]
    found = [(other, rows[other.name, length.name, "linear"]) for other in others]
    return [other.name for other, row in found if row.usd <= own.usd and row.p95 <= own.p95 and not row.exceeds_history]


def _others(rows: Grid, durations: Sequence[Durations]) -> Table:
    columns = [
        "strategy",
        "duration",
        "polls",
        "transitions",
        "history events",
        "USD per 1,000 jobs",
        "delay p50",
        "p95",
        "max",
        "fail at 25,000 events",
    ]
    lines = []
    for strategy in STRATEGIES:
        for length in durations if strategy is not JOB_WATCHER else ():
            row = rows[strategy.name, length.name, shapes(strategy)[0]]
            counts = [f"{value:,.0f}" for value in (row.polls, row.transitions, row.events)]
            failed = f"{row.exceeds_history:.0%}" if row.exceeds_history else "none"
            lines.append([strategy.name, length.name, *counts, f"{row.usd:.2f}", *row.delays(), failed])
    return Table("Job Watcher with service events, and the other strategies, which ignore the progress", columns, lines)


def frontier(rows: Grid) -> Mapping[str, tuple[float, float]]:
    """Return the plot's points by label: USD per 1,000 jobs of 8 h, and p95 of the delay in seconds."""
    points = {f"Job Watcher, {PROGRESS[shape]}": rows[JOB_WATCHER.name, "8 h", shape] for shape in SHAPES}
    points |= {
        other.name: rows[other.name, "8 h", shapes(other)[0]] for other in STRATEGIES if other is not JOB_WATCHER
    }
    return {label: (row.usd, row.p95) for label, row in points.items()}
