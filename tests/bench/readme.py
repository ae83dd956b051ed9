"""The figures in docs/costs.md: a small table, the plot, and what a job costs, all from the simulated polling."""

# ruff: noqa: RUF001 (the multiplication sign is meant)

from pathlib import Path

from job_watcher.polling import MINUTE, PollingLimits

from . import costs
from .jobs import FIXED, HOUR
from .polling import Grid, simulate
from .report import Table, seconds
from .strategies import FIXED_15, JOB_WATCHER, JOB_WATCHER_WITH_EVENTS, LOWER_BOUND, STRATEGIES

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"
BEGIN, END = "<!-- make bench writes this -->\n", "<!-- to here -->\n"
LENGTH, PACE = "8 h", PollingLimits()
OTHERS = [
    strategy
    for strategy in STRATEGIES
    if strategy not in (JOB_WATCHER, *JOB_WATCHER_WITH_EVENTS, FIXED_15, LOWER_BOUND)
]
SHOWN = {
    (JOB_WATCHER, "linear"): "**ours**, linear progress",
    (JOB_WATCHER, "none"): "**ours**, no percentage",
    (JOB_WATCHER_WITH_EVENTS[0], "none"): "**ours**, no percentage, with the service's event",
    (JOB_WATCHER_WITH_EVENTS[1], "none"): "**ours**, the same if the event is lost",
    **{(other, "linear"): other.name for other in OTHERS},
}
"""The rows, by strategy and shape."""


def write(rows: Grid) -> None:
    """Replace the block in docs/costs.md."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE.name} has no {BEGIN.strip()} … {END.strip()}")
    PAGE.write_text(before + BEGIN + block(rows) + END + after)


def simulated() -> Grid:
    """Only the rows that the block shows."""
    (durations,) = (one for one in FIXED if one.name == LENGTH)
    return {(strategy.name, LENGTH, shape): simulate(strategy, durations, shape) for strategy, shape in SHOWN}


def block(rows: Grid) -> str:
    """What is written between the two comments."""
    return (
        f"{_table(rows)}\n\n"
        f"Some time out by default; the table shows them without time-outs: {_impatient()}.\n\n"
        "![Jobs of 8 h: what a thousand cost, and how late their ends are seen](bench/polling.png)\n\n"
        f"{cost(rows)}\n"
        "See [the benchmark](bench/README.md) for all figures and the method. "
        "That an event arrives 0.5 to 4 s after the end is an assumption.\n"
    )


def cost(rows: Grid) -> str:
    """What a deployment costs, by the polls of its jobs."""
    transitions, fixed = costs.per_poll_and_fixed()
    each, besides = (1_000 * usd for usd in JOB_WATCHER.usd)
    early, late = MINUTE / PACE.max_delay_ratio, PACE.max_interval / PACE.max_delay_ratio
    told, untold = (rows[JOB_WATCHER.name, LENGTH, shape] for shape in ("linear", "none"))
    return (
        f"**USD for a thousand jobs = polls of one job × {each:.5f} + {besides:.4f}**\n\n"
        f"A poll costs {transitions} transitions and one Lambda request of {costs.BILLED} s; each watch adds {fixed} "
        "transitions, one event and two messages (us-east-1, without free tiers).\n\n"
        f"Without a percentage, a job is polled once a minute in its first {early / 60:g} minutes, then "
        f"{1 / PACE.max_delay_ratio:g} × ln(age / {early / 60:g} min) times until {late / HOUR:g} hours, then "
        f"{HOUR / PACE.max_interval:g} times an hour: {untold.polls:g} polls in 8 hours, simulated. "
        f"A thousand such jobs cost {untold.polls:g} × {each:.5f} + {besides:.4f} = {untold.usd:.2f} USD. "
        f"With linear progress it is {told.polls:.0f} polls and {told.usd:.2f} USD.\n"
    )


def _table(rows: Grid) -> str:
    lines = []
    for (strategy, shape), name in SHOWN.items():
        row = rows[strategy.name, LENGTH, shape]
        lines.append([name, f"{row.polls:,.0f}", f"{row.usd:.2f}", seconds(row.p95)])
    return "\n".join(Table("", ["jobs of 8 h", "calls", "USD a thousand jobs", "delay p95"], lines).lines())


def _impatient() -> str:
    return "; ".join(f"{other.name} after {other.gives_up}" for other in OTHERS if other.gives_up != "no")
