"""Polling, simulated: what every strategy asks, costs and delays, over durations and shapes of progress."""

# ruff: noqa: RUF001 (the multiplication sign is meant)

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from infra.settings import DEFAULT_LIMITS_WITH_EVENTS

from .jobs import FIXED, SHAPES, VARIED, Durations, Job
from .report import Goal, Part, Table, percentile, seconds
from .strategies import CALL, CLAIRVOYANT, DELIVERY, FIXED_30, OURS, OURS_WITH_EVENTS, STRATEGIES, Strategy

JOBS = 200  # a row, each job with its own duration, progress and moment of the first poll
FIRST = 60.0  # a watch begins within so many seconds of the job
ONE_POLL = 2 * CALL + 0.5  # the poll itself, the one before, and the rounding of a wait to whole seconds
SEED = 20_260_520


@dataclass(frozen=True)
class Row:
    """A strategy over many jobs of one length and shape: means, and percentiles of the delay in seconds."""

    polls: float
    transitions: float
    events: float
    usd: float
    p50: float
    p95: float
    most: float
    dead: float
    late: int
    """Jobs whose end was seen later than the bound allows."""

    def delays(self) -> list[str]:
        """Three cells."""
        return [seconds(value) for value in (self.p50, self.p95, self.most)]


def simulate(strategy: Strategy, durations: Durations, shape: str) -> Row:
    """Many jobs; the same ones for every strategy."""
    drawn, own = random.Random(f"{SEED} {durations.name}"), random.Random(SEED)
    polls, delays, late = [], [], 0
    for _ in range(JOBS):
        job = Job(durations.draw(drawn), shape, drawn.random())
        first = drawn.uniform(1, FIRST)
        watched = strategy.watch(job, first, own)
        polls.append(watched.polls)
        delays.append(watched.seen_at - job.duration)
        late += delays[-1] > max(60, 0.05 * job.duration) + ONE_POLL
    return Row(
        polls=fmean(polls),
        transitions=fmean(map(strategy.entered, polls)),
        events=fmean(map(strategy.history, polls)),
        usd=1_000 * fmean(map(strategy.price, polls)),
        p50=percentile(delays, 50),
        p95=percentile(delays, 95),
        most=max(delays),
        dead=sum(map(strategy.dies, polls)) / JOBS,
        late=late,
    )


Grid = Mapping[tuple[str, str, str], Row]
"""By strategy, durations and shape; the others do not look at progress, so their shape is `linear`."""


def grid() -> Grid:
    """Every row, on both cores."""
    wanted = [(one, durations, shape) for one in STRATEGIES for durations in FIXED + VARIED for shape in shapes(one)]
    names = [STRATEGIES.index(one) for one, _, _ in wanted]
    with ProcessPoolExecutor(2) as pool:
        rows = pool.map(_row, names, [d for _, d, _ in wanted], [s for _, _, s in wanted], chunksize=4)
        return {(one.name, d.name, shape): row for (one, d, shape), row in zip(wanted, rows, strict=True)}


def shapes(strategy: Strategy) -> Sequence[str]:
    """The shapes of progress that make a difference to a strategy, or else one."""
    if strategy is OURS:
        return list(SHAPES)
    return ["none"] if strategy in OURS_WITH_EVENTS else ["linear"]


def _row(strategy: int, durations: Durations, shape: str) -> Row:
    return simulate(STRATEGIES[strategy], durations, shape)


def run() -> Part:
    """All rows; goals with linear progress at 8 h, and the bound everywhere."""
    rows = grid()
    part = Part("polling", "Polling: how often, how late, for how much", plot="polling.png")
    part.tables = [
        _at_eight_hours(rows),
        *(_ours(rows, durations) for durations in (FIXED, VARIED)),
        _others(rows, FIXED + VARIED),
    ]
    part.goals = _goals(rows)
    part.measured = rows
    part.text = (
        f"Simulated with the real code (`job_watcher.evaluate`) on a clock of the benchmark's: {JOBS} jobs a row, "
        "the first "
        f"poll 1 to {FIRST:.0f} s after the job's beginning, {CALL} s a poll, whole percent as the service tells it. "
        "A delay is from the job's end "
        "to the answer that tells it. USD are states entered, Lambda requests, 0.1 s of 512 MB arm64 a poll, and "
        "one event and two messages; free tiers left aside. Where the service sends an event at the end, it reaches "
        f"the Start function {DELIVERY[0]:g} to {DELIVERY[1]:g} s later (an assumption; the emulated part measures it "
        "in the local cloud), and costs one more invocation and a watch that polls once."
    )
    return part


def _goals(rows: Grid) -> list[Goal]:
    ours, fixed = rows[OURS.name, "8 h", "linear"], rows[FIXED_30.name, "8 h", "linear"]
    late = sum(row.late for (name, _, _), row in rows.items() if name == OURS.name)
    arrives, lost = (rows[strategy.name, "8 h", "none"] for strategy in OURS_WITH_EVENTS)
    bound = DEFAULT_LIMITS_WITH_EVENTS.max_interval + ONE_POLL
    count = JOBS * len(SHAPES) * len(FIXED + VARIED)
    return [
        Goal(
            "8 h, linear: at most 0.15 × the cost of fixed 30 s",
            f"{ours.usd / fixed.usd:.3f} × (${ours.usd:.2f} : ${fixed.usd:.2f} a thousand jobs)",
            ours.usd <= 0.15 * fixed.usd,
        ),
        Goal(
            "8 h, linear: p95 of the delay at most half of fixed 30 s's",
            f"{ours.p95 / fixed.p95:.3f} × ({ours.p95:.1f} : {fixed.p95:.1f} s)",
            ours.p95 <= 0.5 * fixed.p95,
        ),
        Goal(
            "no end seen later than max(60 s, 5 %) and one poll", f"{late} of {count:,} simulated jobs later", late == 0
        ),
        Goal("8 h, with the service's event: at most 30 polls", f"{arrives.polls:.0f} polls", arrives.polls <= 30),
        Goal("8 h, the event arrives: p95 of the delay at most 5 s", seconds(arrives.p95), arrives.p95 <= 5),
        Goal(f"8 h, the event is lost: no end seen later than {bound:,.0f} s", seconds(lost.most), lost.most <= bound),
    ]


def _at_eight_hours(rows: Grid) -> Table:
    columns = [
        "8 h",
        "calls",
        "transitions",
        "history",
        "USD / 1,000",
        "delay p50",
        "p95",
        "max",
        "its defaults give up",
    ]
    lines = []
    for strategy in STRATEGIES:
        for shape in ("linear", "none") if strategy is OURS else shapes(strategy):
            row = rows[strategy.name, "8 h", shape]
            name = f"**ours**, {shape if shape != 'none' else 'no percentage'}" if strategy is OURS else strategy.name
            counts = [f"{value:,.0f}" for value in (row.polls, row.transitions, row.events)]
            lines.append([name, *counts, f"{row.usd:.2f}", *row.delays(), strategy.gives_up])
    return Table("A job of 8 h", columns, lines, "Those that give up by their defaults are shown as if told not to.")


def _ours(rows: Grid, durations: Sequence[Durations]) -> Table:
    columns = [
        "ours",
        "progress",
        "calls",
        "USD / 1,000",
        "p50",
        "p95",
        "max",
        "of fixed 30 s",
        "who is both cheaper and sooner",
    ]
    lines = []
    for length in durations:
        for shape in SHAPES:
            row, fixed = rows[OURS.name, length.name, shape], rows[FIXED_30.name, length.name, "linear"]
            ratio = f"{row.usd / fixed.usd:.2f} × cost, {row.p95 / fixed.p95:.1f} × p95"
            cells = [length.name, shape, f"{row.polls:.0f}", f"{row.usd:.2f}", *row.delays(), ratio]
            lines.append([*cells, ", ".join(better(rows, row, length)) or "nobody"])
    kind = "about that long (log-normal, sigma 1, 1 min to 72 h)" if durations[0].varied else "exactly that long"
    return Table(f"Ours, jobs {kind}", columns, lines)


def better(rows: Grid, ours: Row, length: Durations) -> list[str]:
    """Those that cost no more and have no later p95 than ours."""
    others = [strategy for strategy in STRATEGIES if strategy not in (OURS, *OURS_WITH_EVENTS, CLAIRVOYANT)]
    found = [(other, rows[other.name, length.name, "linear"]) for other in others]
    return [other.name for other, row in found if row.usd <= ours.usd and row.p95 <= ours.p95 and not row.dead]


def _others(rows: Grid, durations: Sequence[Durations]) -> Table:
    columns = [
        "the others",
        "job",
        "calls",
        "transitions",
        "history",
        "USD / 1,000",
        "p50",
        "p95",
        "max",
        "die at 25,000 events",
    ]
    lines = []
    for strategy in STRATEGIES:
        for length in durations if strategy is not OURS else ():
            row = rows[strategy.name, length.name, shapes(strategy)[0]]
            counts = [f"{value:,.0f}" for value in (row.polls, row.transitions, row.events)]
            dead = f"{row.dead:.0%}" if row.dead else "none"
            lines.append([strategy.name, length.name, *counts, f"{row.usd:.2f}", *row.delays(), dead])
    return Table("The others, which do not look at progress, and ours for kinds with an event", columns, lines)


def frontier(rows: Grid) -> Mapping[str, tuple[float, float]]:
    """USD a thousand jobs and p95 of the delay at 8 h, by label: what the plot shows."""
    points = {f"ours, {shape}": rows[OURS.name, "8 h", shape] for shape in SHAPES}
    points |= {one.name: rows[one.name, "8 h", shapes(one)[0]] for one in STRATEGIES if one is not OURS}
    return {label: (row.usd, row.p95) for label, row in points.items()}
