"""`make picture`: write docs/images/cloudwatch-dashboard.png."""

from collections.abc import Sequence
from typing import Any

import matplotlib

from infra.dashboard import OUTCOMES
from local.environment import ROOT
from tests.unit.conftest import ENVIRONMENT  # it is set when this is imported, before the functions are

from .day import HOUR, Value, simulate
from .graphs import GRAPHS, Graph, Series, series

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PICTURE = ROOT / "docs" / "images" / "cloudwatch-dashboard.png"
COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf")
COLUMNS = 6
ROOM = 1.3  # for the legend above the values
CONTINUOUS = 200  # a metric with more points than this has a value in nearly every period, and is drawn as a line


def main() -> None:
    """Simulate a day and draw the dashboard."""
    assert ENVIRONMENT
    draw(simulate())


def draw(values: Sequence[Value]) -> None:
    """Draw all graphs from the recorded values."""
    rows = _rows()
    figure = plt.figure(figsize=(15, 3 * len(rows)), layout="constrained")
    grid = figure.add_gridspec(len(rows), COLUMNS)
    for row, graphs in enumerate(rows):
        width = COLUMNS // len(graphs)
        for column, graph in enumerate(graphs):
            axes = figure.add_subplot(grid[row, column * width : (column + 1) * width])
            _draw_graph(axes, graph, series(graph, values))
    figure.savefig(PICTURE, dpi=90)
    plt.close(figure)


def _rows() -> list[list[Graph]]:
    rows: list[list[Graph]] = []
    for graph in GRAPHS:
        if not rows or len(rows[-1]) == rows[-1][0].of:
            rows.append([])
        rows[-1].append(graph)
    return rows


def _draw_graph(axes: Any, graph: Graph, lines: Series) -> None:
    bottom: dict[float, float] = {}
    for number, (label, points) in enumerate(lines.items()):
        color = OUTCOMES.get(label, COLORS[number % len(COLORS)])
        hours, heights = list(points), list(points.values())
        if graph.stacked:
            below = [bottom.get(hour, 0) for hour in hours]
            axes.bar(hours, heights, 0.9 * graph.period / HOUR, below, align="edge", color=color, label=label)
            bottom |= {hour: under + height for hour, under, height in zip(hours, below, heights, strict=True)}
        else:
            style = "-" if len(points) > CONTINUOUS else "o"
            axes.plot(hours, heights, style, color=color, label=label, markersize=3, linewidth=1.5)
    axes.set_title(graph.title, loc="left", fontsize=11, weight="bold")
    axes.set(xlim=(0, 24), ylabel=graph.unit)
    axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * ROOM)
    axes.set_xticks(range(0, 25, 4), [f"{hour} h" for hour in range(0, 25, 4)])
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if lines:
        axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")
    else:
        axes.text(12, 0.5, "no values", ha="center", color="#777777")


if __name__ == "__main__":
    main()
