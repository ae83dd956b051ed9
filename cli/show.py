"""`show`: show all that is known about one job."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from job_watcher.expressions import parse_number
from job_watcher.facts import format_duration
from job_watcher.to_json import to_json

from . import deliveries, errors, history, job_text, watches
from .command import Context
from .find_watch import find_watch
from .follow import Id
from .listed_job import ListedJob, read_job
from .local_time import format_time
from .newest_jobs import with_progress
from .output import note
from .timeline import Moment, timeline

NO_HISTORY = "The timeline and the deliveries aren't shown. {reason}"
NO_DELIVERIES = "The deliveries aren't shown. {reason}"


def show(context: Context, id: Id) -> None:
    """Show one job in full.

    Prints the request, the status and the outcome, what happened to the watch, whether the notification was
    delivered, and the event's detail. Times are in the local time zone, and in UTC with --json.
    """
    states = context.client("stepfunctions")
    execution = find_watch(states, lambda: context.deployment.machine, id, note)
    (job,) = with_progress(states, filter(None, [read_job(execution)]), note)
    events = _read_history(states, job)
    moments, delivered = list(timeline(events)), _read_deliveries(states, events)
    if context.output.as_json:
        listed = [{"time": to_json(moment.time), "text": moment.text} for moment in moments]
        detail = job.detail or None
        context.output.json({**job.to_json(), "timeline": listed, "deliveries": delivered, "detail": detail})
    else:
        context.output.line("\n\n".join(_sections(job, moments, delivered)))
        if delivered and deliveries.has_failed(delivered):
            note(f"To deliver it again: {context.command_line('redeliver', job.execution['name'])}")


def _read_history(states: Any, job: ListedJob) -> Sequence[history.Event]:
    try:
        return history.whole(states, job.execution["executionArn"])
    except errors.AWS as error:
        note(NO_HISTORY.format(reason=errors.sentence(error)))
        return []


def _read_deliveries(states: Any, events: Sequence[history.Event]) -> dict[str, Any] | None:
    notification = deliveries.find_notification(events)
    try:
        return deliveries.read_deliveries(states, notification) if notification else None
    except errors.AWS as error:
        note(NO_DELIVERIES.format(reason=errors.sentence(error)))
        return None


def _sections(job: ListedJob, moments: Sequence[Moment], delivered: dict[str, Any] | None) -> Iterator[str]:
    yield job_text.table(_rows(job))
    if moments:
        yield "\n".join(["Timeline", *(f"  {format_time(moment.time)}  {moment.text}" for moment in moments)])
    if delivered:
        yield "\n".join(["Deliveries", *job_text.table(deliveries.rows(delivered)).splitlines()]).replace("\n", "\n  ")
    if job.detail:
        yield f"Detail\n{json.dumps(job.detail, indent=2)}"


def _rows(job: ListedJob) -> Iterator[tuple[str, Any]]:
    yield "kind", job.kind
    yield "title", job.title
    for name, value in job.request.items():
        yield name, value if isinstance(value, str) else json.dumps(value)
    yield "watch", job.execution["name"]
    watch_input = watches.read_input(job.execution)
    fail_on = watch_input.get("fail_on")
    yield "fails on", ", ".join(map(str, fail_on)) if isinstance(fail_on, list) else fail_on
    if after := parse_number(watch_input.get("overdue_after")):
        yield "overdue after", format_duration(after)
    if job.detail:
        yield from job_text.end_rows(job.detail)
    else:
        yield "outcome", job.outcome
        yield "status", job.describe_status()
