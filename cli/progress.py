"""Show the progress of watches: a bar for each in a terminal, else a line for each poll."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from . import watches
from .output import Output

COLOURS = {"succeeded": "green", "partial": "yellow"}


def follow(
    states: Any, titles: Mapping[str, str], every: float = 2, output: Output | None = None
) -> dict[str, dict[str, Any]]:
    """Show the progress of watches until all have ended, and return the ended executions by their ARNs.

    `titles` maps the watches' ARNs to the names that are shown. `every` is the number of seconds between two checks.
    """
    output = output or Output()
    changes = watches.updates(states, titles, every)
    if output.console.is_terminal and not output.console.is_dumb_terminal:
        return _bars(output.console, titles, changes)
    return _lines(output, titles, changes)


def _bars(console: Console, titles: Mapping[str, str], changes: Iterable[watches.Update]) -> dict[str, dict[str, Any]]:
    with _progress(console) as progress:
        bars = {watch: progress.add_task(title, total=None, text="Starting") for watch, title in titles.items()}
        ended = {}
        for watch, poll, execution in changes:
            if poll:
                _show_poll(progress, bars[watch], poll)
            if execution:
                ended[watch] = execution
                _show_end(progress, bars[watch], execution)
    return ended


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
        console=console,
        expand=True,
    )


def _show_poll(progress: Progress, bar: TaskID, poll: dict[str, Any]) -> None:
    percent = poll.get("percent")
    text = escape(f"{_state(poll)}, next poll in {poll['wait']} s")
    progress.update(bar, completed=percent or 0, total=None if percent is None else 100, text=text)


def _show_end(progress: Progress, bar: TaskID, execution: dict[str, Any]) -> None:
    detail = watches.detail(execution)
    colour = COLOURS.get(detail["outcome"], "red")
    progress.update(bar, completed=100, total=100, text=f"[{colour}]{escape(end(detail))}[/]")
    progress.stop_task(bar)


def _lines(output: Output, titles: Mapping[str, str], changes: Iterable[watches.Update]) -> dict[str, dict[str, Any]]:
    ended = {}
    for watch, poll, execution in changes:
        if poll:
            output.line(f"{titles[watch]}, poll {poll['polls']}: {_state(poll)}, next in {poll['wait']} s")
        if execution:
            ended[watch] = execution
            output.line(f"{titles[watch]}, end: {end(watches.detail(execution))}")
    return ended


def end(detail: Mapping[str, Any]) -> str:
    """Return an ended job's outcome with its status, such as `partial (COMPLETED_WITH_ERRORS)`."""
    return f"{detail['outcome']} ({detail['status']})" if detail.get("status") else str(detail["outcome"])


def _state(poll: Mapping[str, Any]) -> str:
    percent = "" if poll.get("percent") is None else f" {poll['percent']:.0f} %"
    return f"{poll.get('status', 'no answer')}{percent}"
