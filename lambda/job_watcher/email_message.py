"""Compose the email about a job: its subject and its text."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

from .catalogue import Kind
from .detail import Detail
from .escape import escape
from .expressions import search
from .to_json import compact_json, parse_time

MAX_SUBJECT_LENGTH = 99  # characters; SNS accepts fewer than 100, ASCII only, without newlines
MAX_JOB_LINES, MAX_JOB_LENGTH = 40, 12_000  # lines and characters of the Job dict
MAX_REQUEST_LINES = 20  # only a rejected input has more
MAX_VALUE_LENGTH, MAX_LABEL_LENGTH = 1_000, 100  # characters

_HEADLINES = {
    "succeeded": "The {job} succeeded.",
    "partial": "The {job} ended, but part of its work failed.",
    "failed": "The {job} failed.",
    "stopped": "The {job} was stopped before it finished.",
    "lost": "Job Watcher stopped watching the {job}.",
}
_ADVICE = {
    "succeeded": "No action needed.",
    "partial": "Check the results and rerun the failed parts.",
    "failed": "Fix the problem and start the job again.",
    "stopped": "If nobody stopped it on purpose, start the job again.",
    "lost": "The job may still be running. Fix the problem, then start a new watch.",
}
_CONSOLE_DOMAINS = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def subject(kind: Kind | None, detail: Detail) -> str:
    """Return a subject that starts with the outcome: `Partial: SpeakerEnrollmentJob u9c… (COMPLETED_WITH_ERRORS)`."""
    name = kind.noun if kind else "job"
    members = [member for member in (kind.request if kind else detail["request"]) if member in detail["request"]]
    job_id = "".join(f" {short_name(detail['request'][member])}" for member in members[-1:])
    whole = f"{detail['outcome'].capitalize()}: {name}{job_id} ({detail.get('error') or detail.get('status')})"
    line = " ".join(whole.split())[:MAX_VALUE_LENGTH]
    # A link to a console isn't kept either, because it could be truncated within the domain.
    ascii_line = re.sub(r"[^\x20-\x7e]", "?", escape(line.replace("://", "[:]//")))
    return ascii_line if len(ascii_line) <= MAX_SUBJECT_LENGTH else ascii_line[: MAX_SUBJECT_LENGTH - 3] + "..."


def short_name(value: Any) -> str:
    """Return the part of a request's value that identifies the job: its last text, or the last part of an ARN."""
    texts = list(_texts(value)) or [""]
    last = texts[-1].rpartition(": ")[2]
    return re.split("[/:]", last)[-1] if last.startswith("arn:") else last


def body(kind: Kind | None, detail: Detail) -> str:
    """Return the email's text: the outcome, the facts, the recommended action, links, and the Job dict."""
    outcome, job = detail["outcome"], detail.get("job")
    advice = (kind.advice if kind else {}).get(outcome, _ADVICE[outcome])
    parts = [
        _HEADLINES[outcome].format(job=kind.label if kind else "job"),
        _table(_facts(kind, detail)),
        f"Recommended action: {advice}",
        f"Watch: {console_link(detail['watch'])}",
    ]
    if job:
        parts.append("Job details from the service:\n" + _job_lines(job))
    return "\n\n".join(parts) + "\n"


def console_link(watch_arn: str) -> str:
    """Return the link to the watch's execution in the Step Functions console, in its partition and Region."""
    _, partition, _, region, *_ = watch_arn.split(":")
    domain = _CONSOLE_DOMAINS.get(partition, "console.aws.amazon.com")
    return f"https://{region}.{domain}/states/home?region={region}#/v2/executions/details/{quote(watch_arn, safe=':')}"


def _facts(kind: Kind | None, detail: Detail) -> Iterator[tuple[str, Any]]:
    job = detail.get("job")
    yield "Outcome", f"{detail['outcome']} (status {detail['status']})" if "status" in detail else detail["outcome"]
    yield "Kind", detail["kind"]
    yield from islice(detail["request"].items(), MAX_REQUEST_LINES)
    if kind and job:
        created, ended = parse_time(search(kind.created, job)), parse_time(search(kind.ended, job))
        seconds = None if kind.recurs else duration(created, ended)
        yield "Created", _format_time(created)
        yield "Ended", _format_time(ended)
        yield "Duration", None if seconds is None else format_duration(seconds)
        if detail["outcome"] != "succeeded":
            yield "Reason", format_one_line(search(kind.reason, job))
        yield "Results", format_one_line(search(kind.results, job))
    yield "Reason", detail.get("reason")
    yield "Omitted", ", ".join(detail.get("omitted", ()))


def duration(created: datetime | None, ended: datetime | None) -> float | None:
    """Return the seconds between a job's start and end; None if one is missing or they belong to different runs.

    Some services truncate one of the times to the minute, so a job may seem to end shortly before it starts.
    """
    if created is None or ended is None:
        return None
    seconds = (ended - created).total_seconds()
    return None if seconds < -60 else max(0.0, seconds)


def format_one_line(value: Any) -> str:
    """Return all texts in a nested value as one line. All but the first are in parentheses: `No such file. (404)`."""
    return _join_texts(list(dict.fromkeys(_texts(value))))


def _join_texts(texts: list[str]) -> str:
    first, *others = texts or [""]
    return f"{first} ({', '.join(others)})" if others else first


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a nested value, each on one line. In a dict, they follow the member's name and a colon."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from (f"{name[:MAX_LABEL_LENGTH]}: {line}" for line in _texts(inner))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and (line := " ".join(str(value).split())):
        yield line


def _table(facts: Iterator[tuple[str, Any]]) -> str:
    shown = [(escape(label[:MAX_LABEL_LENGTH]), escape(_format_value(value))) for label, value in facts]
    rows = [(label, line) for label, line in shown if line]
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"  {label:<{width}}  {value}" for label, value in rows)


def _job_lines(job: dict[str, Any]) -> str:
    """Return the Job dict with one member on each line. Members beyond the limits are only counted."""
    lines: list[str] = []
    left_out = 0
    for path, value in _leaves(job):
        line = "" if left_out or len(lines) == MAX_JOB_LINES else f"  {escape(path)}: {escape(_format_value(value))}"
        if line and sum(map(len, lines)) + len(line) <= MAX_JOB_LENGTH:
            lines.append(line)
        else:
            left_out += 1
    if left_out:
        lines.append(f"  … and {left_out} more lines in the event")
    return "\n".join(lines)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of each member that isn't a dict. Lists are values."""
    if isinstance(value, dict) and value:
        for member, inner in value.items():
            inner_path = f"{path}.{member[:MAX_VALUE_LENGTH]}" if path else member
            yield from _leaves(inner, inner_path[:MAX_VALUE_LENGTH])
    else:
        yield path, value


def _format_value(value: Any) -> str:
    """Return a value as text. The items of a list after the first are in parentheses: `No such file. (404)`."""
    if value is None:
        return ""
    if isinstance(value, list) and value and not any(isinstance(item, dict | list) for item in value):
        shown = _join_texts([str(item) for item in value if item is not None])
    else:
        shown = value if isinstance(value, str) else compact_json(value)
    return shown if len(shown) <= MAX_VALUE_LENGTH else shown[:MAX_VALUE_LENGTH] + "…"


def _format_time(time: datetime | None) -> str | None:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else None


def format_duration(seconds: float) -> str:
    """Return a duration in its two largest units: `2 h 5 min`."""
    rest, parts = round(seconds), []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        parts.append((count, unit))
    shown = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "less than a second"
