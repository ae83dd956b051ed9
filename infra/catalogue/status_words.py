"""Guess from names which members of an answer are a status, and which outcome a status means."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from botocore.model import ListShape, Shape, StructureShape

STATUS = re.compile(r"(status|state|phase)$", re.IGNORECASE)
# Words of each outcome. The first outcome with a matching word counts; words that end with -ING mean running.
WORDS = {
    "partial": "PARTIAL PARTIALLY WITH_ERRORS WITH_FAILURES WITH_ISSUES WITH_WARNINGS WITH_WARNING SOME",
    "failed": "FAIL FAILED FAILURE ERROR ERRORED TIMEOUT TIMED TIMEDOUT EXPIRED REJECTED INVALID FAULT DENIED "
    "UNHEALTHY FAULTED IMPAIRED UNSUCCESSFUL INCOMPATIBLE BROKEN LOST",
    "running": "PROGRESS INPROGRESS PENDING QUEUED SUBMITTED REQUESTED SCHEDULED STARTED INITIATED INITIALIZED "
    "ACCEPTED RECEIVED NEW RETRY DELAYED RUNNABLE UPDATE_REQUESTED NOT_STARTED NOTSTARTED CREATED REQUEST",
    "stopped": "STOPPED CANCELLED CANCELED ABORTED TERMINATED DELETED KILLED SKIPPED CLOSED INTERRUPTED SUSPENDED "
    "PAUSED DISABLED INACTIVE ARCHIVED DISCONNECTED ROLLED_BACK SUPERSEDED",
    "succeeded": "SUCCEEDED SUCCESS SUCCESSFUL SUCCEED COMPLETE COMPLETED DONE FINISHED PASSED AVAILABLE ACTIVE READY "
    "ENABLED DEPLOYED PUBLISHED TRAINED ISSUED VALID CONNECTED CREATE_COMPLETE IN_SERVICE INSERVICE OK RESOLVED "
    "HEALTHY ONLINE APPLIED EXECUTED IN_SYNC",
}
# Words that have different meanings at different services.
DOUBTFUL = {
    "ACTIVE",
    "AVAILABLE",
    "READY",
    "ENABLED",
    "CREATED",
    "STARTED",
    "PAUSED",
    "SUSPENDED",
    "DISABLED",
    "INACTIVE",
    "DELETED",
    "EXPIRED",
}


@dataclass(frozen=True)
class Status:
    """A probable status. `job` is the job's path in the answer, and `path` is the status's path in the job."""

    job: str
    path: str
    enum: Sequence[str]
    members: Sequence[str]
    """The names of the job's members."""

    @property
    def is_of_a_job(self) -> bool:
        """Whether one of its values means running and another means ended."""
        outcomes = {outcome(value) for value in self.enum}
        return "running" in outcomes and bool(outcomes - {"running", None})


def outcome(status: str) -> str | None:
    """Return the likely outcome of a status; None if no word is known."""
    word = _upper(status)
    padded = f"_{word}_"
    if re.search(r"(?<!WARN)ING(_|$)", word) and not word.endswith("FAILED"):
        return "running"
    return next((name for name, words in WORDS.items() if any(f"_{known}_" in padded for known in words.split())), None)


def doubtful(status: str) -> bool:
    """Whether the status has no known word, or a word with different meanings at different services."""
    return outcome(status) is None or _upper(status) in DOUBTFUL


def statuses(shape: Shape | None) -> Iterator[Status]:
    """Yield the statuses in an answer, the likeliest first.

    Likely are statuses whose values mean running and ended, that are near the top of the answer, and have plain names.
    """
    yield from sorted(_statuses(shape), key=_sort_key)


def _sort_key(status: Status) -> tuple[bool, int, bool, bool]:
    depth = (status.job != "@") + status.path.count(".")
    name = status.path.rpartition(".")[2].lower()
    return not status.is_of_a_job, depth, status.job.endswith("]"), name not in ("status", "state", "jobstatus")


def _statuses(shape: Shape | None) -> Iterator[Status]:
    if not isinstance(shape, StructureShape):
        return
    yield from _inside("@", shape)
    for name, member in shape.members.items():
        if isinstance(member, StructureShape) and not STATUS.search(name):
            yield from _inside(name, member)
        elif isinstance(member, ListShape) and isinstance(member.member, StructureShape):
            yield from _inside(f"{name}[0]", member.member)


def _inside(job: str, shape: StructureShape) -> Iterator[Status]:
    for name, member in shape.members.items():
        if _is_status(name, member):
            yield Status(job, name, member.metadata.get("enum", ()), tuple(shape.members))
        elif isinstance(member, StructureShape) and (job != "@" or STATUS.search(name)):
            for inner, leaf in member.members.items():
                if _is_status(inner, leaf):
                    yield Status(job, f"{name}.{inner}", leaf.metadata.get("enum", ()), tuple(shape.members))


def _is_status(name: str, shape: Shape) -> bool:
    return shape.type_name == "string" and bool(STATUS.search(name))


def _upper(status: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]+", "_", status).upper()
