"""What people ask first about a job: its title, its times, why it ended, and where its results are."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .catalogue import Kind
from .expressions import search
from .to_json import parse_time, to_json

MAX_TITLE_LENGTH, MAX_TEXT_LENGTH = 256, 2_000  # characters
MAX_SUMMARY_REASON_LENGTH = 300  # characters of the reason in the summary
MAX_NAME_LENGTH = 100  # characters of a member's name in a text
MIN_ARN_PARTS = 6
OVERDUE = "overdue"  # what emails and message attributes have as the outcome of a running job that is overdue
# Members of JSON in a text, such as the cause of a failed execution, that say what went wrong.
_MESSAGES = {
    "errormessage",
    "message",
    "cause",
    "reason",
    "failurereason",
    "statusreason",
    "stoppedreason",
    "errortype",
}
_SUMMARIES = {
    "running": "is running",
    "succeeded": "succeeded",
    "partial": "ended, but part of its work failed",
    "failed": "failed",
    "stopped": "was stopped",
}


def job_facts(kind: Kind | None, request: Mapping[str, Any], job: Any, outcome: str) -> dict[str, Any]:
    """Return the members of an event's detail that describe a job. Unknown values are left out.

    They are `title`, `reason`, `results`, `created`, `ended` (ISO 8601 in UTC) and `seconds`. A job that succeeded has
    no reason. A resource that can change repeatedly has no `seconds`, because its creation isn't the change's start.
    """
    if kind is None:
        return {}
    created, ended = (parse_time(search(path, job)) for path in (kind.created, kind.ended))
    seconds = None if kind.recurs else duration(created, ended)
    facts = {
        "title": find_title(kind, request, job),
        "reason": "" if outcome in ("succeeded", "running") else one_line(search(kind.reason, job)),
        "results": one_line(search(kind.results, job)),
        "created": to_json(created),
        "ended": to_json(ended) if outcome != "running" else None,
        "seconds": None if seconds is None else round(seconds),
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def find_title(kind: Kind, request: Mapping[str, Any], job: Any = None) -> str:
    """Return the name that people use for a job; an empty text if neither the job nor the request has one."""
    return one_line(search(kind.title, job) or search(kind.title, request), MAX_TITLE_LENGTH)


def describe_job(service: str, kind: Kind | None, detail: Mapping[str, Any]) -> str:
    """Return a job's service, noun and name: `Glue job run nightly-orders`."""
    # AWS Backup's backup job is a `Backup job`.
    words = (service, kind.label.removeprefix(f"{service.lower()} ")) if kind else ("a job",)
    return " ".join(word for word in (*words, job_name(kind, detail)) if word)


def summarize(job: str, detail: Mapping[str, Any]) -> str:
    """Return a sentence: `Glue job run nightly-orders failed after 42 min: Path does not exist: s3://…`."""
    if detail["outcome"] == "lost":
        article = "" if job.startswith("a job") else "the "
        return _with_reason(f"Job Watcher stopped watching {article}{job}", detail)
    if detail["outcome"] == OVERDUE:
        return _with_reason(f"{job} is overdue", detail)
    after = f" after {format_duration(detail['seconds'])}" if "seconds" in detail else ""
    verb, comma, rest = _SUMMARIES[detail["outcome"]].partition(",")
    return _with_reason(f"{job} {verb}{after}{comma}{rest}", detail)


def _with_reason(sentence: str, detail: Mapping[str, Any]) -> str:
    """Return the sentence with the reason. The beginning is enough if it's long, because the detail has all of it."""
    reason = detail.get("reason", "")
    return f"{sentence}: {shorten(reason, MAX_SUMMARY_REASON_LENGTH)}" if reason else f"{sentence}."


def job_name(kind: Kind | None, detail: Mapping[str, Any]) -> str:
    """Return the job's title, or else the value that identifies it: that of the request's last member."""
    request = detail["request"]
    values = [request[member] for member in (kind.request if kind else request) if member in request]
    return detail.get("title") or short_name(values[-1] if values else "")[:MAX_TITLE_LENGTH]


def short_name(value: Any) -> str:
    """Return the part of a request's value that identifies the job: its last text, or the last part of an ARN."""
    texts = list(_texts(value)) or [""]
    last = texts[-1].rpartition(": ")[2]
    return re.split("[/:]", last)[-1] if last.startswith("arn:") else last


def one_line(value: Any, max_length: int = MAX_TEXT_LENGTH) -> str:
    """Return all texts in a nested value as one line. All but the first are in parentheses: `No such file. (404)`."""
    return shorten(join_texts(list(dict.fromkeys(_texts(value)))), max_length)


def shorten(text: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """Return a text. If it is longer than `max_length`, `…` replaces the rest."""
    return text if len(text) <= max_length else text[:max_length] + "…"


def join_texts(texts: list[str]) -> str:
    """Return texts as one, all but the first in parentheses."""
    first, *others = texts or [""]
    return f"{first} ({', '.join(others)})" if others else first


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a nested value, each on one line. In a dict, they follow the member's name and a colon."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from (f"{name[:MAX_NAME_LENGTH]}: {line}" for line in _texts(inner))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and (messages := _messages(value)):
        yield from _texts(messages)
    elif value is not None and (line := " ".join(str(value).split())):
        yield line


def _messages(text: str) -> list[Any]:
    """Return the messages in a text that is a JSON object; an empty list if it isn't one or has none."""
    members = parse_structure(text)
    named = members.items() if isinstance(members, dict) else ()
    return [value for name, value in named if name.lower() in _MESSAGES]


def parse_structure(text: str) -> Any:
    """Return the object or array that a text contains as JSON; None if it contains something else."""
    try:
        return json.loads(text) if text[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        return None


def duration(created: datetime | None, ended: datetime | None) -> float | None:
    """Return the seconds between a job's start and end; None if one is missing or they belong to different runs.

    Some services truncate one of the times to the minute, so a job may seem to end shortly before it starts.
    """
    if created is None or ended is None:
        return None
    seconds = (ended - created).total_seconds()
    return None if seconds < -60 else max(0.0, seconds)


def format_duration(seconds: float) -> str:
    """Return a duration in its two largest units: `2 h 5 min`."""
    rest, parts = round(seconds), []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        parts.append((count, unit))
    shown = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "less than a second"


def place(watch_arn: str) -> dict[str, str]:
    """Return the members of an event's detail that say where the watch runs: `account` and `region`."""
    parts = watch_arn.split(":")
    return {"account": parts[4], "region": parts[3]} if len(parts) >= MIN_ARN_PARTS else {}
