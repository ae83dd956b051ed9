"""Write the figures in docs/costs.md: a small table, the plot, and the cost of a job, all from simulated polling."""

# ruff: noqa: RUF001 (the multiplication sign is meant)

from pathlib import Path

from job_watcher.polling import PollingLimits

from . import costs
from .jobs import FIXED, HOUR
from .polling import Grid, simulate
from .report import Table, seconds
from .strategies import FIXED_15, JOB_WATCHER, JOB_WATCHER_WITH_EVENTS, LOWER_BOUND, NOTIFICATION, STRATEGIES

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"
BEGIN, END = "<!-- make bench writes this -->\n", "<!-- to here -->\n"
LENGTH, LIMITS = "8 h", PollingLimits()
OTHERS = [
    strategy
    for strategy in STRATEGIES
    if strategy not in (JOB_WATCHER, *JOB_WATCHER_WITH_EVENTS, FIXED_15, LOWER_BOUND)
]
SHOWN = {
    (JOB_WATCHER, "linear"): "**Job Watcher**, linear progress",
    (JOB_WATCHER, "none"): "**Job Watcher**, no percentage",
    (JOB_WATCHER_WITH_EVENTS[0], "none"): "**Job Watcher**, no percentage, service event arrives",
    (JOB_WATCHER_WITH_EVENTS[1], "none"): "**Job Watcher**, no percentage, service event is lost",
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
    """Return only the rows that the block shows."""
    (durations,) = (one for one in FIXED if one.name == LENGTH)
    return {(strategy.name, LENGTH, shape): simulate(strategy, durations, shape) for strategy, shape in SHOWN}


def block(rows: Grid) -> str:
    """Return what is written between the two comments."""
    return (
        f"{_table(rows)}\n\n"
        f"Some strategies give up by default, but the table shows them as if they didn't: {_give_up_times()}.\n\n"
        "![Cost of a thousand 8-hour jobs, and the delay until their ends are detected](bench/polling.png)\n\n"
        f"{cost(rows)}\n"
        "See [the benchmark](bench/README.md) for all figures and the method. "
        "The simulation assumes that a service event arrives 0.5 to 4 s after the job's end.\n"
    )


def cost(rows: Grid) -> str:
    """Return how the cost depends on the number of polls, as Markdown."""
    fixed = costs.transitions(polls=2)
    per_poll = 1_000 * costs.queued_call()
    per_job = 1_000 * (fixed * costs.TRANSITION + costs.call() + NOTIFICATION) - per_poll
    early, late = LIMITS.min_interval / LIMITS.max_delay_ratio, LIMITS.max_interval / LIMITS.max_delay_ratio
    linear, none = (rows[JOB_WATCHER.name, LENGTH, shape] for shape in ("linear", "none"))
    news = 1_000 * costs.TRANSITION * (costs.transitions(2, news=1) - fixed)
    return (
        f"**USD per 1,000 jobs = polls of one job × {per_poll:.5f} + news × {news:.3f} + {per_job:.4f}**\n\n"
        f"A poll takes at most {costs.SQS_REQUESTS} SQS requests and one Lambda request of {costs.BILLED} s. A watch "
        f"takes {fixed} transitions, however often it polls, one event and two messages. Each poll that is reported to "
        "the state machine while the job runs takes two more transitions (us-east-1, without free tiers). Without "
        f"watches, the poll queue costs {costs.idle_month():.2f} USD a month, for Lambda's long polls.\n\n"
        f"Without a percentage, a job is polled every {LIMITS.min_interval:g} s in its first {early / 60:g} minutes, "
        f"then {1 / LIMITS.max_delay_ratio:g} × ln(age / {early / 60:g} min) times until it is {late / 60:g} minutes "
        f"old, then {HOUR / LIMITS.max_interval:g} times an hour. In the simulation, a job of 8 hours takes "
        f"{none.polls:.0f} polls, and a thousand such jobs cost {none.usd:.2f} USD. With linear progress, a job takes "
        f"{linear.polls:.0f} polls, and a thousand cost {linear.usd:.2f} USD.\n"
    )


def _table(rows: Grid) -> str:
    lines = []
    for (strategy, shape), name in SHOWN.items():
        row = rows[strategy.name, LENGTH, shape]
        lines.append([name, f"{row.polls:,.0f}", f"{row.usd:.2f}", seconds(row.p95)])
    return "\n".join(Table("", ["jobs of 8 h", "polls", "USD per 1,000 jobs", "delay p95"], lines).lines())


def _give_up_times() -> str:
    return "; ".join(f"{other.name} after {other.gives_up}" for other in OTHERS if other.gives_up != "no")
