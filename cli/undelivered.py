"""A notification or an event that can be delivered again, and how it is shown."""

import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from job_watcher.to_json import to_json

from .errors import EXPECTED, sentence
from .find_watch import is_about
from .job_text import table
from .local_time import format_time


@dataclass(frozen=True)
class Undelivered:
    """A failed notification, or an event that couldn't start a watch."""

    type: str
    """`notification` or `event`."""
    id: str
    """The execution's ARN, or the message's id."""
    redeliver: Callable[[], object]
    """Deliver it again. It raises one of `errors.EXPECTED` if that fails."""
    title: str = ""
    """The kind of event."""
    jobs: Sequence[Mapping[str, Any]] = ()
    """The jobs it is about: `kind` and `request`."""
    outcome: str | None = None
    time: datetime | None = None
    branches: Sequence[str] = ()
    """The states of the Notify state machine that failed."""
    reason: str = ""
    ids: frozenset[str] = field(default_factory=frozenset)
    """Other ids by which users may know it."""

    def is_about(self, id: str | None) -> bool:
        """Whether this is about an execution's name or ARN, or a job's id; None stands for everything."""
        is_own = id in {self.id, self.id.rpartition(":")[2], *self.ids}
        return id is None or is_own or any(is_about(job["request"], id) for job in self.jobs)

    def text(self) -> str:
        """Return what people see: the id, and a line for each property."""
        rows = [
            ("about", self.title),
            ("time", format_time(self.time)),
            *(("job", _job(job)) for job in self.jobs),
            ("outcome", self.outcome),
            ("failed", ", ".join(self.branches)),
            ("reason", self.reason),
        ]
        return f"{self.type} {self.id}\n{textwrap.indent(table(rows), '  ')}"

    def to_json(self, error: str | None) -> dict[str, Any]:
        """Return the result for programs. `error` says why it couldn't be delivered."""
        return {
            "type": self.type,
            "id": self.id,
            "title": self.title,
            "jobs": to_json([dict(job) for job in self.jobs]),
            "outcome": self.outcome,
            "time": to_json(self.time),
            "branches": list(self.branches),
            "reason": self.reason,
            "redelivered": error is None,
            "error": error,
        }

    def try_again(self) -> str | None:
        """Deliver it again, and return None or, in one sentence, why that failed."""
        try:
            self.redeliver()
        except EXPECTED as error:
            return sentence(error)
        return None


def _job(job: Mapping[str, Any]) -> str:
    request = to_json(dict(job["request"])).items()
    members = (
        f"{name}={value}" if isinstance(value, str) else f"{name}:={json.dumps(value)}" for name, value in request
    )
    return " ".join([str(job["kind"]), *members])
