"""The event's detail and the notification that contains it: types, execution names, and size limits."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from .to_json import compact_json

MAX_BYTES = 250_000  # Step Functions and SNS accept 256 KiB, which includes subject, attributes and metadata
MAX_NAME_LENGTH = 80  # characters of an execution's name


class Detail(TypedDict):
    """The detail of a Job Ended or Watch Lost event. A Job Progressed event has `percent` instead of `job`."""

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


class Notification(TypedDict):
    """The result of the last poll: what to publish and, if the execution should fail, its error."""

    outcome: str
    name: str
    detail: Detail
    subject: str
    text: str
    error: NotRequired[str]


def execution_name(kind: str, request: Mapping[str, Any], identity: Any) -> str:
    """Return an execution name for one job: up to 80 characters of A-Z, a-z, 0-9, - and _.

    `identity` distinguishes the job from others with the same request.
    """
    digest = hashlib.sha256(json.dumps([kind, request, identity], sort_keys=True).encode()).hexdigest()[:32]
    return re.sub(r"[^A-Za-z0-9_-]", "-", kind)[: MAX_NAME_LENGTH - len(digest) - 1] + "-" + digest


def truncate(detail: Detail, text: str) -> Detail:
    """Return the detail without the job's largest members if it would exceed a limit, together with the email's text.

    `omitted` lists what was removed.
    """
    omitted = [*detail.get("omitted", ())]
    job = dict(detail.get("job") or {})
    while job and _payload_size(detail, text) > MAX_BYTES:
        omitted.append(max(job, key=lambda member: len(compact_json(job[member]).encode())))
        del job[omitted[-1]]
        detail = {**detail, "job": job, "omitted": omitted}
    if _payload_size(detail, text) > MAX_BYTES:  # only a rejected input can still be this large
        detail = {**detail, "kind": None, "request": {}, "omitted": [*omitted, "kind", "request"]}
    return detail


def _payload_size(detail: Detail, text: str) -> int:
    """Return the size of the largest payload in bytes: the state, or the task that publishes the detail as a string.

    Step Functions also limits the size of a task's arguments, which contain that string with escaped characters:
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (States.DataLimitExceeded)
    """
    payloads = {"detail": detail, "text": text}, {"Message": compact_json(detail)}
    return max(len(compact_json(payload).encode()) for payload in payloads)
