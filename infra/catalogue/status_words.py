"""What the words of a model most likely mean: which members are a status, and which outcome a status is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from botocore.model import ListShape, Shape, StructureShape

STATUS = re.compile(r"(status|state|phase)$", re.IGNORECASE)
WORDS = {  # the first that fits; what is -ING runs
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
    """A status in an answer: `job` finds the job in the answer, `path` the status in the job."""

    job: str
    path: str
    enum: Sequence[str]
    members: Sequence[str]
    """The job's own members."""

    @property
    def is_of_a_job(self) -> bool:
        """Whether one of its values says that something runs and another that it has ended."""
        found = {outcome(value) for value in self.enum}
        return "running" in found and bool(found - {"running", None})


def outcome(status: str) -> str | None:
    """The likely outcome; None when a person must decide."""
    word = _upper(status)
    padded = f"_{word}_"
    if re.search(r"(?<!WARN)ING(_|$)", word) and not word.endswith("FAILED"):
        return "running"
    return next((name for name, words in WORDS.items() if any(f"_{one}_" in padded for one in words.split())), None)


def doubtful(status: str) -> bool:
    """Whether the word means one outcome at one service and another elsewhere."""
    return outcome(status) is None or _upper(status) in DOUBTFUL


def statuses(shape: Shape | None) -> Iterator[Status]:
    """The statuses in an answer, the likeliest first: near its top, with values that run and end, plainly named."""
    yield from sorted(_statuses(shape), key=_unlikeliness)


def _unlikeliness(status: Status) -> tuple[bool, int, bool, bool]:
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
