"""Write the results of one run to docs/bench/README.md, with plots."""

import platform
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib

from . import costs_page, fleet
from .fleet import Case, Fleet
from .polling import PROGRESS, Grid, frontier
from .report import FOLDER, Part
from .strategies import FIXED_15

matplotlib.use("Agg")
import matplotlib.pyplot as plt

OWN_COLOUR, OTHER_COLOUR = "#1f6fb4", "#8c8c8c"
SIZE, DPI = (8, 4.5), 130


def write(parts: Sequence[Part]) -> None:
    """Write the goals and the measurements to docs/bench/README.md, and the figures to docs/costs.md."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    plots: Mapping[str, Callable[[Any], None]] = {"start": _start, "polling": _polling, "fleet": _fleet}
    for part in parts:
        if part.name in plots:
            plots[part.name](part.measured)
    goals = ["| goal | measured | |", "| --- | --- | --- |"]
    goals += [f"| {' | '.join(goal.row())} |" for part in parts for goal in part.goals]
    head = (
        "# Benchmark\n\n"
        f"`make bench` writes this page. All figures are from one run on {platform.system()}, {platform.machine()}, "
        f"Python {platform.python_version()}. "
        "The simulations have fixed seeds. Only the times in *Cold start* and *Local cloud* differ from run to run.\n\n"
    )
    (rows,) = (part.measured for part in parts if part.name == "polling")
    cost = f"## Cost\n\n{costs_page.cost(rows)}"
    sections = [part.markdown() for part in parts]
    (FOLDER / "README.md").write_text("\n".join([head + "\n".join(goals) + "\n", cost, *sections]))
    costs_page.write(rows)


def _start(measured: Mapping[str, tuple[float, float]]) -> None:
    """Plot the import and the first call of each handler as stacked bars."""
    figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
    names = [name.strip("*") for name in measured][::-1]
    imports, calls = zip(*list(measured.values())[::-1], strict=True)
    axes.barh(names, imports, color=OWN_COLOUR, label="import (and client, if it is created then)")
    bars = axes.barh(names, calls, left=imports, color="#f2a541", label="first call")
    axes.bar_label(bars, [f"{import_ + call:.0f} ms" for import_, call in zip(imports, calls, strict=True)], padding=4)
    axes.set(xlabel="milliseconds (medians)", xlim=(0, 1.15 * max(map(sum, zip(imports, calls, strict=True)))))
    axes.set_title("Cold start: import, client and first call", loc="left")
    _finish(figure, axes, "start.png", grid="x")


def _polling(rows: Grid) -> None:
    """Plot cost and delay of jobs of 8 h, both on logarithmic axes."""
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    label_offsets = {"Job Watcher, no percentage": 12, "Job Watcher, fails midway": -16, FIXED_15.name: 8}
    for label, (usd, delay) in frontier(rows).items():
        own = label.startswith("Job Watcher")
        axes.plot(
            usd, delay, "o" if own else "s", color=OWN_COLOUR if own else OTHER_COLOUR, markersize=8 if own else 6
        )
        left = not own and (usd > 100 or delay > 100)
        axes.annotate(
            label,
            (usd, delay),
            xytext=(-8 if left else 8, label_offsets.get(label, -3)),
            textcoords="offset points",
            ha="right" if left else "left",
            color=OWN_COLOUR if own else "#444444",
            fontsize=9,
            weight="bold" if label == "Job Watcher, linear progress" else "normal",
        )
    axes.set(xscale="log", yscale="log", xlabel="USD per 1,000 jobs", ylabel="p95 of the delay, seconds")
    axes.set(xlim=(0.15, 260), ylim=(0.15, 6000))
    axes.set_title("Jobs of 8 h: cost and delay (lower left is better)", loc="left")
    _finish(figure, axes, "polling.png", legend=False)


def _fleet(fleets: Mapping[Case, Fleet]) -> None:
    """Plot the delay by the number of jobs, for each quota and shape of progress."""
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    colours = {2.0: "#c0392b", 10.0: OWN_COLOUR}
    for rate in fleet.QUOTAS:
        for shape in fleet.SHAPES:
            delays = [fleets[Case(size, rate, shape)].delay(95) for size in fleet.SIZES]
            style = "-" if shape == "linear" else "--"
            label = f"{rate:.0f} calls per second, {PROGRESS[shape]}"
            axes.plot(fleet.SIZES, delays, f"o{style}", color=colours[rate], label=label, markersize=5)
        rounds = [fleet.one_round(size, rate) for size in fleet.SIZES]
        label = f"{rate:.0f} calls per second, one round"
        axes.plot(fleet.SIZES, rounds, ":", color=colours[rate], label=label, linewidth=1)
    axes.set(xscale="log", yscale="log", xlabel="jobs of 8 h that start within 8 h", ylabel="p95 of the delay, seconds")
    axes.set(ylim=(0.7, 200_000))  # leaves room for the legend above the lines
    axes.set_title("Many jobs with one quota of describe calls", loc="left")
    _finish(figure, axes, "fleet.png", columns=2)


def _finish(figure: Any, axes: Any, name: str, *, legend: bool = True, columns: int = 1, grid: str = "both") -> None:
    axes.grid(axis=grid, alpha=0.25)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(frameon=False, fontsize=9, ncols=columns)
    figure.savefig(FOLDER / name, dpi=DPI)
    plt.close(figure)
