"""`list`: list the newest jobs and how they are doing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Annotated

import typer

from job_watcher.facts import format_duration

from . import columns, job_text, local_time, watches
from .command import Context
from .durations import parse_since
from .kind_names import complete_kind
from .listed_job import OUTCOMES, ListedJob
from .newest_jobs import newest_jobs, with_progress
from .output import note

PAGE = 1_000  # executions; the most that ListExecutions returns
NONE, MORE = "No watches were found.", "There are more. Use --limit to see them."
OLDER = f"Older watches aren't listed, because only the newest {PAGE:,} are read."
NOT_AMONG_NEWEST = "None of the newest {count} watches match. Use a higher --limit to search more of them."
KIND, JOB, STATUS = range(3)
STEPS = ((JOB, 22), (KIND, 16), (JOB, 14), (STATUS, 16), (KIND, 12), (STATUS, 10))  # in which columns are shortened


def _parse_outcome(text: str) -> str:
    if text not in OUTCOMES:
        raise typer.BadParameter(f"{text!r} is not an outcome; accepted are {', '.join(OUTCOMES)}.")
    return text


Running = Annotated[bool, typer.Option("--running", help="Only jobs whose watch is running.")]
KindPattern = Annotated[
    str,
    typer.Option("--kind", metavar="PATTERN", help="Only these kinds, such as glue/*.", autocompletion=complete_kind),
]
Outcome = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome",
        metavar="OUTCOME",
        parser=_parse_outcome,
        help=f"Only this outcome: {', '.join(OUTCOMES)}. Can be repeated.",
        autocompletion=lambda incomplete: [one for one in OUTCOMES if one.startswith(incomplete)],
        show_default=False,
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="TIME",
        parser=parse_since,
        help="Only watches that started after a time, such as 2h, 7d, 2026-11-27 or 2026-11-27T14:00.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=PAGE, help="The number of jobs.")]


def list_watches(
    context: Context,
    running: Running = False,
    kind: KindPattern = "*",
    outcome: Outcome = None,
    since: Since = None,
    limit: Limit = 20,
) -> None:
    """List the newest jobs, one on each line, and how they are doing.

    If a job has several watches, the newest counts. AGE is the time since it started. Long values are
    shortened in the middle; `show` and `follow` accept them in this form, and --json prints all of them.
    """
    states = context.client("stepfunctions")
    filters = {"statusFilter": "RUNNING"} if running else {}
    executions = watches.newest(states, context.deployment.machine, PAGE, **filters)
    recent = [one for one in executions if since is None or one["startDate"] >= since]
    found = newest_jobs(states, recent, lambda job: _is_wanted(job, kind, outcome), limit)
    jobs = list(with_progress(states, found.jobs, note))
    if context.output.as_json:
        for job in jobs:
            context.output.json(job.to_json())
    elif jobs:
        for line in _table(jobs, context.output.console.width):
            context.output.line(line)
    if found.more:
        context.output.line(MORE if jobs else NOT_AMONG_NEWEST.format(count=found.read))
    elif len(recent) == PAGE:
        context.output.line(OLDER)
    elif not jobs:
        context.output.line(NONE)


def _is_wanted(job: ListedJob, pattern: str, outcomes: Sequence[str] | None) -> bool:
    return fnmatchcase(job.kind, pattern) and (not outcomes or job.outcome in outcomes)


def _table(jobs: Sequence[ListedJob], width: int) -> list[str]:
    now = datetime.now(UTC)
    header = ["KIND", "JOB", "STATUS", "OUTCOME", "AGE", f"ENDED ({local_time.zone(now)})"]
    rows = [_row(job, now) for job in jobs]
    shown = len(header) if any(row[-1] for row in rows) else len(header) - 1
    return columns.lay_out([row[:shown] for row in (header, *rows)], width, STEPS)


def _row(job: ListedJob, now: datetime) -> list[str]:
    age = " ".join(format_duration((now - job.started).total_seconds()).split()[:2])  # the largest unit
    ended = f"{job.ended.astimezone():%m-%d %H:%M}" if job.ended else ""
    return [job.kind, job_text.request_values(job.request, job.title), job.describe_status(), job.outcome, age, ended]
