"""Show the progress of watches: a bar for each in a terminal, else a line for each change."""

from collections.abc import Iterable, Mapping
from time import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from job_watcher.escape import one_line
from job_watcher.facts import format_duration

from . import watches
from .followed_watch import FollowedWatch
from .following import EVERY, Update, updates
from .job_call import JobCall
from .job_progress import JobProgress
from .output import Output, note

COLOURS = {"succeeded": "green", "partial": "yellow"}
QUIET = 300  # seconds after which a line is printed even if nothing has changed, so that CI systems don't give up
OTHER_COLUMNS = 12  # characters: a short bar, a time such as 12:30:00, and the spaces between the columns
MIN_QUIET = 60  # seconds between two lines if only the percentage has changed


def follow(
    states: Any,
    titles: Mapping[str, str],
    every: float = EVERY,
    output: Output | None = None,
    *,
    calls: Mapping[str, JobCall | None] | None = None,
    timeout: float | None = None,
) -> dict[str, dict[str, Any]]:
    """Show the progress of watches until all have ended, and return the ended executions by their ARNs.

    `titles` maps the watches' ARNs to the names that are shown. `every` is the number of seconds between two checks.
    `calls` has the describe calls of the watches' jobs. Raise FollowingTimedOut after `timeout` seconds.
    """
    output = output or Output()
    followed = {watch: FollowedWatch(states, watch, (calls or {}).get(watch), note) for watch in titles}
    found = updates(followed, every, timeout)
    if output.console.is_terminal and not output.console.is_dumb_terminal:
        return _bars(output.console, titles, found)
    return _lines(output, titles, found)


def end(detail: Mapping[str, Any]) -> str:
    """Return an ended job's outcome with its status, such as `partial (COMPLETED_WITH_ERRORS)`."""
    return f"{detail['outcome']} ({one_line(detail['status'])})" if detail.get("status") else str(detail["outcome"])


class _Times(ProgressColumn):
    """The earliest end and the next poll of a running job, on a second line below its status."""

    def render(self, task: Task) -> Text:
        progress: JobProgress = task.fields["progress"]
        times = "" if task.fields["ended"] else progress.describe_times(time())
        return Text.from_markup(task.fields["text"] + (f"\n[dim]{escape(times)}[/]" if times else ""))


class _Elapsed(ProgressColumn):
    """For how long the job has been running."""

    def render(self, task: Task) -> Text:
        progress: JobProgress = task.fields["progress"]
        known = progress.elapsed(task.fields["ended"] or time())
        hours, rest = divmod(int(task.elapsed or 0 if known is None else known), 3600)
        return Text(f"{hours}:{rest // 60:02}:{rest % 60:02}", style="progress.elapsed")


def _columns(width: int) -> tuple[ProgressColumn, ...]:
    """Return the columns of a bar. Long titles and statuses are shortened, so that the elapsed time is never cut."""
    title = width // 4
    return (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, max_width=title)),
        BarColumn(bar_width=None),
        _Times(Column(no_wrap=True, max_width=width - title - OTHER_COLUMNS)),
        _Elapsed(Column(no_wrap=True)),
    )


def _bars(console: Console, titles: Mapping[str, str], found: Iterable[Update]) -> dict[str, dict[str, Any]]:
    ended = {}
    with Progress(*_columns(console.width), console=console, expand=True) as progress:
        start: dict[str, Any] = {"total": None, "text": "Starting", "progress": JobProgress(), "ended": None}
        bars = {watch: progress.add_task(title, **start) for watch, title in titles.items()}
        for watch, _, check in found:
            if check.execution:
                ended[watch] = check.execution
                _show_end(progress, bars[watch], check.execution)
            else:
                _show_progress(progress, bars[watch], check.progress)
            progress.refresh()
    return ended


def _show_progress(progress: Progress, bar: TaskID, job: JobProgress) -> None:
    known: dict[str, Any] = {"total": None} if job.percent is None else {"total": 100, "completed": job.percent}
    progress.update(bar, text=escape(job.describe_state()), progress=job, **known)


def _show_end(progress: Progress, bar: TaskID, execution: dict[str, Any]) -> None:
    detail = watches.detail(execution)
    colour = COLOURS.get(detail["outcome"], "red")
    text = f"[{colour}]{escape(end(detail))}[/]"
    progress.update(bar, completed=100, total=100, text=text, ended=time())
    progress.stop_task(bar)


def _lines(output: Output, titles: Mapping[str, str], found: Iterable[Update]) -> dict[str, dict[str, Any]]:
    """Print a line for each change. If there are several watches, their titles are shown."""
    ended: dict[str, dict[str, Any]] = {}
    shown: dict[str, Update] = {}
    for update in found:
        watch, now, check = update
        title = f"{titles[watch]}: " if len(titles) > 1 else ""
        if check.execution:
            ended[watch] = check.execution
            output.line(f"{title}{end(watches.detail(check.execution))}")
        elif watch not in shown or _is_news(shown[watch], update):
            shown[watch] = update
            output.line(f"{title}{_line(check.progress, now)}")
    return ended


def _line(progress: JobProgress, now: float) -> str:
    elapsed = progress.elapsed(now)
    parts = (progress.describe_state(), f"elapsed {format_duration(elapsed)}" if elapsed else "")
    return ", ".join(filter(None, (*parts, progress.describe_times(now))))


def _is_news(before: Update, now: Update) -> bool:
    """Whether a line should be printed: the state changed, the percentage did, or nothing was printed for long."""
    passed, (old, new) = now.time - before.time, (before.check.progress, now.check.progress)
    changed = (old.status, old.ended, old.overdue) != (new.status, new.ended, new.overdue)
    return changed or passed >= QUIET or (old.percent != new.percent and passed >= MIN_QUIET)
