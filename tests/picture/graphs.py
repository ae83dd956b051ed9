"""The graphs of the dashboard, as series of the recorded values."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median, quantiles
from typing import NamedTuple

from infra.dashboard import OUTCOMES
from tests.unit.simulated_deployment import START

from .day import DAY, PERIOD, Value

Statistic = Callable[[Sequence[float]], float]
Series = Mapping[str, Mapping[float, float]]
"""The values by label and by time, in hours since the simulation's start."""


class Line(NamedTuple):
    """Values of a metric. `label` is the one of the graph; if it is empty, there is a line for each recorded label."""

    metric: str
    recorded: str = ""
    label: str = ""
    statistic: Statistic = sum


class Graph(NamedTuple):
    """A graph: its title, how many graphs its row has, its lines and its unit."""

    title: str
    of: int
    lines: Sequence[Line]
    unit: str = ""
    stacked: bool = False

    @property
    def period(self) -> int:
        """The seconds that a bar or a point stands for. Bars of five minutes would be too thin for a picture."""
        return 6 * PERIOD if self.stacked else PERIOD


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


BY_OUTCOME = [Line("JobsEnded", f" {outcome}", outcome) for outcome in OUTCOMES]
DELAYS: Mapping[str, Statistic] = {"median": median, "95 %": p95, "longest": max}
DELAY_LINES = [Line("NotificationDelay", "", label, statistic) for label, statistic in DELAYS.items()]
UNUSUAL = {"DescribeErrors": "no answer", "LatePolls": "late", "UnknownStatus": "unknown status"}
GRAPHS = (
    Graph("Ended jobs by kind and outcome", 2, [Line("JobsEnded")], stacked=True),
    Graph("Ended jobs by outcome", 2, BY_OUTCOME, stacked=True),
    Graph("Running watches", 2, [Line("PollQueue messages", statistic=max)]),
    Graph("Watches that started and ended", 2, [Line("Watches")]),
    Graph("Delay of notifications", 2, DELAY_LINES, "seconds"),
    Graph("Polls per job", 2, [Line("PollsPerJob", "", "mean", fmean), Line("PollsPerJob", "", "most", max)]),
    Graph("Errors of functions", 3, [Line("Errors")]),
    Graph("Throttled functions and state machines", 3, [Line("Throttles")]),
    Graph("Unusual polls", 3, [Line(name, "", label) for name, label in UNUSUAL.items()]),
    Graph("Age of the oldest message of the poll queue", 3, [Line("Age of oldest message", statistic=max)], "seconds"),
    Graph("Messages in the queues for people", 3, [Line("Messages for people", statistic=max)]),
    Graph("Notifications that failed", 3, [Line("Notifications that failed")]),
)


def series(graph: Graph, values: Sequence[Value]) -> Series:
    """Return the graph's series. Periods without values are left out."""
    return {label: of_period for line in graph.lines for label, of_period in _series(line, values, graph.period)}


def _series(line: Line, values: Sequence[Value], period: int) -> list[tuple[str, Mapping[float, float]]]:
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for value in values:
        if value.metric == line.metric and value.label.endswith(line.recorded) and value.time < START + DAY:
            hour = (value.time - START) // period * period / 3_600
            found[line.label or value.label][hour].append(value.value)
    return [
        (label, {hour: line.statistic(several) for hour, several in sorted(by_hour.items())})
        for label, by_hour in sorted(found.items())
    ]
