"""A job as `list` and `show` present it: what its newest watch knows about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from job_watcher import facts
from job_watcher.expressions import parse_number, search
from job_watcher.to_json import to_json

from . import job_text, watches
from .job_progress import JobProgress

OUTCOMES = ("running", "succeeded", "partial", "failed", "stopped", "lost", "aborted", "timed out")


@dataclass(frozen=True)
class ListedJob:
    """A job and its newest watch, as DescribeExecution returns it."""

    execution: Mapping[str, Any]
    kind: str
    request: Mapping[str, Any]
    outcome: str
    detail: Mapping[str, Any]
    """The event's detail; empty while the watch is running."""
    status: str | None = None
    percent: float | None = None

    @property
    def title(self) -> str | None:
        """The name that people use. While the job is running, it is known only if the request contains it."""
        if title := self.detail.get("title"):
            return str(title)
        kind = job_text.known_kind(self.kind)
        return facts.find_title(kind, self.request) or None if kind else None

    @property
    def started(self) -> datetime:
        """When the watch started."""
        started: datetime = self.execution["startDate"]
        return started

    @property
    def ended(self) -> datetime | None:
        """When the watch ended; None while it is running."""
        return self.execution.get("stopDate") if self.outcome != "running" else None

    def describe_status(self) -> str:
        """Return the status and the percentage of a running job, such as `RUNNING 50 %`; empty if unknown."""
        percent = self.percent if self.outcome == "running" else None
        return JobProgress(self.status, percent).describe_state() if self.status else ""

    def to_json(self) -> dict[str, Any]:
        """Return the members that a program can rely on."""
        return {
            "kind": self.kind,
            "request": self.request,
            "title": self.title,
            "outcome": self.outcome,
            "status": self.status,
            "percent": self.percent,
            "started": to_json(self.started),
            "ended": to_json(self.ended),
            "watch": self.execution["executionArn"],
        }


def read_job(execution: Mapping[str, Any]) -> ListedJob | None:
    """Return the job of a watch. None if the execution's input isn't that of a watch."""
    watch_input = watches.read_input(execution)
    if not watch_input:
        return None
    kind, request = str(watch_input["kind"]), watch_input["request"]
    if execution["status"] == "RUNNING":
        return ListedJob(execution, kind, request, "running", {})
    detail = watches.detail(dict(execution))
    known = job_text.known_kind(kind)
    percent = parse_number(search(known.percent, detail.get("job"))) if known else None
    return ListedJob(execution, kind, request, detail["outcome"], detail, detail.get("status"), percent)
