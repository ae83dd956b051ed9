"""Tables and goals, which are printed to the terminal and written as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

FOLDER = Path(__file__).parents[2] / "docs" / "bench"
console = Console(highlight=False, width=170)


@dataclass(frozen=True)
class Table:
    """A table with a title. `note` explains the figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def show(self) -> None:
        """Print the table."""
        table = RichTable(*self.columns, title=self.title, title_justify="left", caption=self.note or None)
        for number in range(1, len(self.columns)):
            table.columns[number].justify = "right" if _numeric(self.rows, number) else "left"
        for row in self.rows:
            table.add_row(*row)
        console.print(table)

    def lines(self) -> list[str]:
        """Return the lines of the Markdown table, without title and note."""
        right = [number > 0 and _numeric(self.rows, number) for number in range(len(self.columns))]
        rules = ["---:" if numeric else "---" for numeric in right]
        return ["| " + " | ".join(row) + " |" for row in (self.columns, rules, *self.rows)]

    def markdown(self) -> str:
        """Return title, table and note as Markdown."""
        note = f"\n\n{self.note}" if self.note else ""
        return f"### {self.title}\n\n" + "\n".join(self.lines()) + note + "\n"


@dataclass(frozen=True)
class Goal:
    """A goal, the measured value, and whether the goal is met."""

    text: str
    measured: str
    met: bool

    def row(self) -> list[str]:
        """Return the goal's row in the table of goals."""
        return [self.text, self.measured, "met" if self.met else "**missed**"]


@dataclass
class Part:
    """The results of one part. `agrees` is false if the simulation disagrees with the deployed stack."""

    name: str
    title: str
    tables: list[Table] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    text: str = ""
    plot: str = ""
    agrees: bool = True
    measured: Any = None
    """The data of the part's plot."""

    def show(self) -> None:
        """Print the part's tables and goals."""
        for table in self.tables:
            table.show()
        for goal in self.goals:
            console.print(f"[{'green' if goal.met else 'red'}]{' — '.join(goal.row())}[/]")

    def markdown(self) -> str:
        """Return the part's section of the page as Markdown."""
        plot = f"![{self.title}]({self.plot})\n\n" if self.plot else ""
        text = f"{self.text}\n\n" if self.text else ""
        return f"## {self.title}\n\n{text}{plot}" + "\n".join(table.markdown() for table in self.tables)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile by the nearest-rank method."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -(-round(percent * len(ordered)) // 100) - 1))]


def seconds(value: float) -> str:
    """Return a duration as `14 s`, `15 min` or `2.1 h`."""
    if value < 600:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def _numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Return whether most of the column's cells begin with a digit."""
    return 2 * sum(row[column][:1].isdigit() for row in rows) > len(rows)
