"""The event's detail and the notification that contains it: types, execution names, and size limits."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from .to_json import compact_json

MAX_BYTES = 250_000  # of a notification in Step Functions and of an SNS message, which may have 256 KiB
MAX_NAME_LENGTH = 80  # characters of an execution's name
MAX_ATTRIBUTE_LENGTH = 256  # characters of an SNS message attribute that filter policies match
MAX_CAUSE_LENGTH = 32_768  # characters of a failed execution's cause
MAX_OMITTED, MAX_OMITTED_LENGTH = 50, 100  # names in `omitted`, and characters of a name
ESCAPED = os.environ.get("AWS_EXECUTION_ENV") == "AWS_Lambda_python3.11"  # it escapes non-ASCII characters in results
_OVERHEAD = 12_288  # bytes of the name, the subject, the attributes, and an email's line about omitted members
_OMITTED = 20_000  # bytes of `omitted`
_DETAIL_TYPES = {"running": "Job Progressed", "lost": "Watch Lost"}


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


def published(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notification as the state machines receive it.

    The detail is JSON text, because JSONata would round numbers that a double can't represent.
    """
    detail: Detail = result["detail"]
    message = compact_json(detail)
    shown = {member: value for member, value in result.items() if member != "detail"}
    cause = {"cause": _cause(result, message)} if "error" in result else {}
    return {
        **shown,
        "detail_type": _DETAIL_TYPES.get(detail["outcome"], "Job Ended"),
        "message": message,
        "attributes": _attributes(detail),
        **cause,
    }


def _attributes(detail: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return SNS message attributes for filter policies. SNS rejects empty values."""
    values = {name: detail.get(name) for name in ("kind", "status", "outcome", "title")}
    return {
        name: {"DataType": "String", "StringValue": value[:MAX_ATTRIBUTE_LENGTH]}
        for name, value in values.items()
        if isinstance(value, str) and value
    }


def _cause(result: Mapping[str, Any], message: str) -> str:
    """Return the cause of a failed execution: why the watch was lost, or the detail, without the job if it is large."""
    detail: Detail = result["detail"]
    if result["error"] == "WatchLost":
        return str(detail.get("reason", ""))
    if len(message) <= MAX_CAUSE_LENGTH:
        return message
    return compact_json({member: value for member, value in detail.items() if member != "job"})


def truncate(detail: Detail, text: str) -> Detail:
    """Return the detail without the job's largest members if its notification would exceed MAX_BYTES.

    `text` is the email's text. `omitted` lists what was removed. The time is linear in the size of the job.
    """
    job = detail.get("job") or {}
    sizes = {member: _size(compact_json({member: value})) for member, value in job.items()}
    left = MAX_BYTES - _OVERHEAD - _size(text) - 2 * _size(compact_json({**detail, "job": {}}))  # also in the cause
    if left < 0:  # only a rejected input can be this large
        return {**detail, "kind": None, "request": {}, "omitted": ["kind", "request"]}
    removed = _largest(sizes, sum(sizes.values()) - left + _OMITTED) if sum(sizes.values()) > left else []
    return _without(detail, removed) if removed else detail


def _largest(sizes: Mapping[str, int], excess: int) -> list[str]:
    """Return the largest members, as many as it takes to remove the excess."""
    removed = []
    for member in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0:
            break
        removed.append(member)
        excess -= sizes[member]
    return removed


def _without(detail: Detail, removed: Sequence[str]) -> Detail:
    gone = set(removed)
    job = {member: value for member, value in (detail.get("job") or {}).items() if member not in gone}
    names = [*detail.get("omitted", ()), *(name[:MAX_OMITTED_LENGTH] for name in removed)]
    more = [f"… and {len(names) - MAX_OMITTED:,} more"] if len(names) > MAX_OMITTED else []
    return {**detail, "job": job, "omitted": [*names[:MAX_OMITTED], *more]}


def _size(text: str) -> int:
    """Return the size in bytes of a string in the JSON that Lambda returns and Step Functions passes on.

    Step Functions limits a state's input, a task's arguments and the input of the nested execution:
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    return len(json.dumps(text, ensure_ascii=ESCAPED).encode())
