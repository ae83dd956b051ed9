"""What the dashboard shows at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from job_watcher.to_json import to_json

from .job_progress import JobProgress


@dataclass(frozen=True)
class RunningJob:
    """A watch that is running. The kind, the request and the progress are unknown until its history has been read."""

    watch: str
    started: datetime
    kind: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    progress: JobProgress = field(default_factory=JobProgress)
    read: float = 0
    """When the history was read, in seconds since 1970; 0 if it wasn't."""

    def elapsed(self, now: float) -> float:
        """Return for how many seconds the job has been running or, if that isn't known, its watch."""
        known = self.progress.elapsed(now)
        return max(0.0, now - self.started.timestamp()) if known is None else known

    def to_json(self, now: float) -> dict[str, Any]:
        """Return what is known, in JSON's types."""
        return {
            "watch": self.watch,
            "kind": self.kind or None,
            "request": self.request or None,
            "status": self.progress.status,
            "percent": self.progress.percent,
            "seconds": round(self.elapsed(now)),
            "next_poll": _time(self.progress.next_poll),
        }


@dataclass(frozen=True)
class EndedJob:
    """A job whose end was reported. `detail` is that of the event; empty if it isn't known yet."""

    reported: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what is known, in JSON's types."""
        known = {name: self.detail.get(name) for name in ("kind", "request", "outcome", "status", "watch")}
        return {"reported": to_json(self.reported), **known}


@dataclass(frozen=True)
class Alarm:
    """An alarm that is raised. The description says what to do."""

    name: str
    since: datetime
    description: str

    def to_json(self) -> dict[str, Any]:
        """Return the alarm in JSON's types."""
        return {"name": self.name, "since": to_json(self.since), "description": self.description}


@dataclass(frozen=True)
class Snapshot:
    """What is known at a time, in seconds since 1970. `problems` says what couldn't be read, and why."""

    time: float = 0
    running: Sequence[RunningJob] = ()
    more_running: bool = False
    """Whether more watches are running than were listed."""
    ended: Sequence[EndedJob] = ()
    alarms: Sequence[Alarm] = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot in JSON's types."""
        return {
            "time": _time(self.time),
            "running": [job.to_json(self.time) for job in self.running],
            "more_running": self.more_running,
            "ended": [job.to_json() for job in self.ended],
            "alarms": [alarm.to_json() for alarm in self.alarms],
            "problems": self.problems,
        }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else str(to_json(datetime.fromtimestamp(round(seconds), UTC)))
