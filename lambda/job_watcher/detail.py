"""The event's detail and the notification that contains it: types, execution names, and size limits."""

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from typing import Any, NotRequired, TypedDict, cast

from .facts import OVERDUE
from .to_json import compact_json

MAX_BYTES = 250_000  # of a notification in Step Functions and of an SNS message, which may have 256 KiB
MAX_PROGRESS_BYTES = 100_000  # of a progress notification, which is passed to the next poll with the watch's input
MAX_NAME_LENGTH = 80  # characters of an execution's name
MAX_ATTRIBUTE_LENGTH = 256  # characters of an SNS message attribute that filter policies match
MAX_CAUSE_BYTES = 32_768  # of a failed execution's cause, which may have 32,768 characters
MAX_OMITTED, MAX_OMITTED_LENGTH = 50, 120  # names in `omitted`, and characters of a name
# The runtime of Python 3.11 escapes non-ASCII characters in a function's result.
ESCAPED = os.environ.get("AWS_EXECUTION_ENV") == "AWS_Lambda_python3.11"
RESERVES = (12_288, 32_768, 65_536, 131_072, MAX_BYTES)
"""Bytes for the name, the subject and the attributes, and for what the email gains when members are removed."""
_SHORT_MEMBERS = ("kind", "status", "outcome", "created", "ended", "seconds", "account", "region", "watch", "polls")
_NOT_IN_SQS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # characters that SQS rejects
JOB_OVERDUE = "Job Overdue"
_DETAIL_TYPES = {"running": "Job Progressed", "lost": "Watch Lost"}  # by outcome; JOB_OVERDUE is the other exception


class Detail(TypedDict):
    """The detail of an event. If the job is still running, it has `percent` instead of `job`."""

    kind: Any
    request: dict[str, Any]
    title: NotRequired[str]
    status: NotRequired[str]
    outcome: str
    summary: NotRequired[str]
    error: NotRequired[str]
    reason: NotRequired[str]
    results: NotRequired[str]
    percent: NotRequired[float | None]
    changed: NotRequired[str]
    created: NotRequired[str]
    ended: NotRequired[str]
    seconds: NotRequired[int]
    links: NotRequired[dict[str, str]]
    account: NotRequired[str]
    region: NotRequired[str]
    job: NotRequired[dict[str, Any]]
    omitted: NotRequired[list[str]]
    watch: str
    polls: int


class Notification(TypedDict):
    """The result of the last poll: what to publish and, if the execution should fail, its error."""

    outcome: str
    name: str
    detail: Detail
    subject: str
    text: str
    chat: NotRequired[str]
    """The chat message as JSON, if the deployment has chat channels."""
    error: NotRequired[str]


def execution_name(kind: str, request: Mapping[str, Any], identity: Any) -> str:
    """Return an execution name for one job: up to 80 characters of A-Z, a-z, 0-9, - and _.

    `identity` distinguishes the job from others with the same request.
    """
    digest = hashlib.sha256(json.dumps([kind, request, identity], sort_keys=True).encode()).hexdigest()[:32]
    return re.sub(r"[^A-Za-z0-9_-]", "-", kind)[: MAX_NAME_LENGTH - len(digest) - 1] + "-" + digest


def serialize(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a poll's result as the state machines receive it.

    A notification's detail is JSON text, because JSONata would round numbers that a double can't represent.
    """
    if "detail" not in result:
        return {**result}
    detail: Detail = result["detail"]
    message = compact_json(detail).replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")  # SQS rejects both
    shown = {member: value for member, value in result.items() if member != "detail"}
    cause = {"cause": _cause(result, message)} if "error" in result else {}
    detail_type = result.get("detail_type", _DETAIL_TYPES.get(detail["outcome"], "Job Ended"))
    outcome = OVERDUE if detail_type == JOB_OVERDUE else detail["outcome"]
    return {
        **shown,
        "detail_type": detail_type,
        "message": message,
        "attributes": _attributes({**detail, "outcome": outcome}),
        **cause,
    }


def fits(result: Mapping[str, Any]) -> bool:
    """Whether a notification is within the limits, measured as the state machines receive it."""
    return _size(serialize(result)) <= (MAX_PROGRESS_BYTES if result["outcome"] == "running" else MAX_BYTES)


def _attributes(detail: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return SNS message attributes for filter policies. SNS rejects empty values, and SQS control characters."""
    values = {name: detail.get(name) for name in ("kind", "status", "outcome", "title")}
    return {
        name: {"DataType": "String", "StringValue": _NOT_IN_SQS.sub("?", value[:MAX_ATTRIBUTE_LENGTH])}
        for name, value in values.items()
        if isinstance(value, str) and value
    }


def _cause(result: Mapping[str, Any], message: str) -> str:
    """Return the cause of a failed execution: why the watch was lost, or the detail without members that are large."""
    detail: Detail = result["detail"]
    if result["error"] == "WatchLost":
        return str(detail.get("reason", ""))
    without_job = compact_json({member: value for member, value in detail.items() if member != "job"})
    causes = [cause for cause in (message, without_job) if len(cause.encode()) <= MAX_CAUSE_BYTES]
    if causes:
        return causes[0]
    short = {member: value for member, value in detail.items() if member in _SHORT_MEMBERS}
    return compact_json({**short, "request": {}, "omitted": [member for member in detail if member not in short]})


def truncate(detail: Detail, text: str, reserve: int = RESERVES[0]) -> Detail:
    """Return the detail without the job's largest members if its notification would exceed MAX_BYTES.

    `text` is the email's text, and `reserve` is the number of bytes for the rest. `omitted` lists what was removed, or
    how much. The time is linear in the size of the job.
    """
    job = detail.get("job") or {}
    sizes = {member: _size(compact_json({member: value})) for member, value in job.items()}
    without_job = _size(compact_json(_without(detail, job)))
    available = MAX_BYTES - reserve - _size(text) - 2 * without_job  # the cause contains it too
    if available < 0 and (detail["kind"] or detail["request"]):  # such as a rejected input
        omitted = ["kind", "request", *detail.get("omitted", ())]
        return truncate({**detail, "kind": None, "request": {}, "omitted": omitted}, "", reserve)
    return _without(detail, _largest(sizes, sum(sizes.values()) - available))


def _largest(sizes: Mapping[str, int], excess: int) -> list[str]:
    """Return as many of the largest members as are needed to remove the excess, in bytes."""
    removed = []
    for member in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0:
            break
        removed.append(member)
        excess -= sizes[member]
    return removed


def _without(detail: Detail, removed: Collection[str]) -> Detail:
    """Return the detail without these members of the job. `omitted` lists them."""
    removed_set = set(removed)
    kept = {member: value for member, value in (detail.get("job") or {}).items() if member not in removed_set}
    names = [*detail.get("omitted", ()), *removed]
    more = [f"… and {len(names) - MAX_OMITTED:,} more"] if len(names) > MAX_OMITTED else []
    omitted = [*(name[:MAX_OMITTED_LENGTH] for name in names[:MAX_OMITTED]), *more]
    job = {"job": kept} if "job" in detail else {}
    return cast(Detail, {**detail, **job, **({"omitted": omitted} if omitted else {})})


def _size(value: Any) -> int:
    """Return the size in bytes of a value in the JSON that Lambda returns and Step Functions passes on.

    Step Functions limits a state's input, a task's arguments and the input of the nested execution:
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    return len(json.dumps(value, ensure_ascii=ESCAPED).encode())
