"""Show a snapshot of a deployment to people: tables of running watches, recent ends and alarms."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from job_watcher.escape import one_line

from . import job_text
from .dashboard_snapshot import Alarm, EndedJob, RunningJob, Snapshot
from .progress import COLOURS

WIDE = 110  # columns from which the service is shown, too
MIN_ROWS = 3  # of running watches, and of recent ends
MAX_ALARMS = 4
ADVICE = " (`doctor` says what to do)"
OTHER_ROWS = 11  # the heading, the tables' titles and headers, empty lines, and the last line
UNKNOWN = "…"

Row = Iterable[str | Text]


def screen(snapshot: Snapshot, now: float, title: str, columns: int, rows: int | None = None) -> RenderableType:
    """Return the dashboard at a time, in seconds since 1970. With `rows`, it fits into a terminal of this size."""
    alarms = snapshot.alarms[: MAX_ALARMS if rows else None]
    left = (rows or 1_000) - OTHER_ROWS - max(1, len(alarms)) - len(snapshot.problems)
    ended = snapshot.ended[: max(MIN_ROWS, left - max(1, len(snapshot.running)), left // 2)]
    running = snapshot.running[: max(MIN_ROWS, left - max(1, len(ended)))]
    is_wide = columns >= WIDE
    clock = f"{datetime.fromtimestamp(now).astimezone():%H:%M:%S %Z}"
    return Group(
        Text.assemble((title, "bold"), f"  {clock}", ("  q quits" if rows else "", "dim")),
        *(_problem(what, why, is_cut=rows is not None) for what, why in snapshot.problems.items()),
        Text(),
        _table(
            _title("Running", len(snapshot.running), len(running), snapshot.more_running),
            RUNNING,
            (_running(job, now, is_wide) for job in running),
            is_wide,
        ),
        Text(),
        _table("Recent ends", ENDED, (_ended(job, now, is_wide) for job in ended), is_wide),
        Text(),
        _table(
            _title("Alarms", len(snapshot.alarms), len(alarms)) + (ADVICE if alarms else ""),
            ALARMS,
            (_alarm(alarm, now) for alarm in alarms),
            is_wide,
        ),
    )


# The columns' headers with their relative widths; 0 is the width of the longest value. 80 columns have room for the ids
# of Voice ID jobs.
RUNNING = {"Kind": 20, "Job": 23, "Status": 0, "%": 0, "Elapsed": 0, "Poll in": 0}
ENDED = {"Reported": 0, "Outcome": 0, "Status": 13, "Kind": 20, "Job": 23}
ALARMS = {"Since": 0, "Alarm": 0, "Description": 1}
MIN_WIDTHS, MAX_WIDTHS = {"%": 3}, {"Status": 11}
NUMBERS = ("%", "Elapsed", "Poll in")


def _table(title: str, columns: Mapping[str, int], rows: Iterable[Row], is_wide: bool) -> RenderableType:
    table = Table(title=title, title_justify="left", title_style="bold cyan", box=None, expand=True, pad_edge=False)
    for name, ratio in columns.items():
        table.add_column(
            name,
            ratio=ratio or None,
            min_width=MIN_WIDTHS.get(name),
            max_width=None if is_wide else MAX_WIDTHS.get(name),
            justify="right" if name in NUMBERS else "left",
            no_wrap=True,
            overflow="ellipsis",
            header_style="dim",
        )
    for row in rows:
        table.add_row(*row)
    if not table.row_count:
        return Group(Text(title, style="bold cyan"), Text("none", style="dim"))
    return table


def _problem(what: str, why: str, is_cut: bool) -> Text:
    return Text(f"{what}: {one_line(why)}", style="yellow", no_wrap=is_cut, overflow="ellipsis")


def _title(name: str, count: int, shown: int, more: bool = False) -> str:
    hidden = f", {count - shown} not shown" if count > shown else ""
    return f"{name}: {count}{'+' if more else ''}{hidden}"


def _running(job: RunningJob, now: float, is_wide: bool) -> Row:
    progress = job.progress
    yield from _job(job.kind, job.request, is_wide)
    yield escape(one_line(progress.status or UNKNOWN))
    yield "" if progress.percent is None else f"{progress.percent:.0f}"
    yield _clock(job.elapsed(now))
    yield _clock(progress.next_poll - now) if progress.next_poll and progress.next_poll > now else ""


def _ended(job: EndedJob, now: float, is_wide: bool) -> Row:
    outcome = str(job.detail.get("outcome", UNKNOWN))
    yield _time(job.reported, now)
    yield Text(outcome, style=COLOURS.get(outcome, "red") if job.detail else "")
    yield escape(one_line(str(job.detail.get("status", ""))))
    yield from _job(job.detail.get("kind") or "", job.detail.get("request") or {}, is_wide)


def _alarm(alarm: Alarm, now: float) -> Row:
    yield _time(alarm.since, now)
    yield Text(alarm.name, style="red")
    yield escape(alarm.description)


def _job(kind: str, request: Mapping[str, object], is_wide: bool) -> Row:
    """Return the kind and the job. In a narrow terminal, these are the noun and the last value of the request."""
    yield escape(one_line(kind if is_wide else kind.rpartition("/")[2])) or UNKNOWN
    last = dict(list(request.items())[-1:])
    yield escape(job_text.request_values(request if is_wide else last)) or UNKNOWN


def _clock(seconds: float) -> str:
    """Return a duration such as 1:02:03 or 2:03."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _time(time: datetime, now: float) -> str:
    """Return a local time, with the date if it isn't today."""
    local, today = time.astimezone(), datetime.fromtimestamp(now).astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%m-%d %H:%M}"
