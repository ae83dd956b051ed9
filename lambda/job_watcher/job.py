"""The dicts that travel: what one poll remembers for the next, and what is announced at the end."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NotRequired, TypedDict, cast

LARGEST = 250_000  # bytes; Step Functions and SNS accept 256 KiB, which includes subject, attributes and metadata
FIRST = datetime(2004, 1, 1, tzinfo=UTC)  # no AWS job is older
NAME = 80  # characters of an execution's name


class Memory(TypedDict):
    """What a watch knows of its job between two polls. Times in seconds."""

    polls: int
    waited: int
    """From the first poll to the next, the polls' own time included."""
    outcome: str
    wait: NotRequired[int]
    status: NotRequired[str]
    percent: NotRequired[float | None]
    age: NotRequired[float]
    """The job's, when the wait is over."""
    answered: NotRequired[float]
    """The job's age at the last answer."""
    disturbed: NotRequired[int]
    """The value of `waited` at the last poll that was throttled or failed."""
    highest: NotRequired[float]
    moved: NotRequired[float]
    """The job's age when its percentage was last higher than ever before."""


class Progress(Memory):
    """The same, with an announcement that the job has come so far; it is named so that each step is told once."""

    name: str
    detail: "Detail"
    subject: str
    text: str


class Detail(TypedDict):
    """The detail of an event: Job Ended, Watch Lost or, with the percentage instead of the job, Job Progressed."""

    kind: Any
    request: Any
    outcome: str
    watch: str
    polls: int
    status: NotRequired[str]
    job: NotRequired[Any]
    percent: NotRequired[float | None]
    error: NotRequired[str]
    reason: NotRequired[str]
    omitted: NotRequired[list[str]]


class End(TypedDict):
    """The last poll's answer: an announcement and, where the execution is to fail, with which error."""

    outcome: str
    name: str
    detail: Detail
    subject: str
    text: str
    error: NotRequired[str]


def remembered(state: Mapping[str, Any]) -> Memory:
    """What a poll's answer leaves for the next poll: its memory without an announcement of progress."""
    return cast(Memory, {key: state[key] for key in Memory.__annotations__ if key in state})


def plain(value: Any) -> Any:
    """The same value in JSON's types: datetimes as ISO 8601 UTC with Z, bytes as base64, numbers as numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds")[:-6] + "Z"
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def moment(value: Any) -> datetime | None:
    """Return the time that a datetime, an ISO 8601 string or seconds (or milliseconds) since 1970 mean; else None.

    A time before there was AWS is none either: some services say 1970 for "not yet" or "never".
    """
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        time = value.astimezone(UTC) if isinstance(value, datetime) else None
    except (ValueError, OverflowError, OSError):
        return None
    return time if time and time >= FIRST else None


def text(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def job_name(kind: str, request: Mapping[str, Any], which: Any) -> str:
    """An execution name of this one job, told from its others by `which`: at most 80 characters of A-Za-z0-9_-."""
    digest = hashlib.sha256(json.dumps([kind, request, which], sort_keys=True).encode()).hexdigest()[:32]
    return re.sub(r"[^A-Za-z0-9_-]", "-", kind)[: NAME - len(digest) - 1] + "-" + digest


def fit(detail: Detail, message: str) -> Detail:
    """The detail, without its job's largest members if it would otherwise exceed a limit with its email text."""
    omitted = [*detail.get("omitted", ())]
    job = dict(detail.get("job") or {})
    while job and _size(detail, message) > LARGEST:
        omitted.append(max(job, key=lambda member: len(text(job[member]).encode())))
        del job[omitted[-1]]
        detail = {**detail, "job": job, "omitted": omitted}
    if _size(detail, message) > LARGEST:  # only a rejected input can still be this large
        detail = {**detail, "kind": None, "request": {}, "omitted": [*omitted, "kind", "request"]}
    return detail


def _size(detail: Detail, message: str) -> int:
    """Bytes of the largest payload: the state with detail and text, or the task that publishes the detail as a string.

    Step Functions limits a task's arguments too, in which that string is escaped:
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (States.DataLimitExceeded)
    """
    payloads = {"detail": detail, "text": message}, {"Message": text(detail)}
    return max(len(text(payload).encode()) for payload in payloads)
