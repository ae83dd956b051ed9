"""Compose the email about a job: its subject and its text."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from .catalogue import Kind
from .detail import Detail
from .escape import escape
from .facts import console_link, format_duration, join_texts, shorten
from .to_json import compact_json, parse_time

MAX_SUBJECT_LENGTH = 99  # characters; SNS accepts fewer than 100, ASCII only, without newlines
MAX_JOB_LINES, MAX_JOB_LENGTH = 20, 12_000  # lines and characters of the Job dict
MAX_REQUEST_LINES = 20  # only a rejected input has more
MAX_VALUE_LENGTH, MAX_LABEL_LENGTH = 1_000, 100  # characters

_ADVICE = {
    "succeeded": "No action needed.",
    "partial": "Check the results and rerun the failed parts.",
    "failed": "Fix the problem and start the job again.",
    "stopped": "If nobody stopped it on purpose, start the job again.",
    "lost": "The job may still be running. Fix the problem, then start a new watch.",
}


def subject(job: str, detail: Detail) -> str:
    """Return a subject with the outcome, the job as `describe_job` returns it, and the Region.

    `Failed: Glue job run nightly-orders (eu-west-1)`.
    """
    region = f" ({detail['region']})" if "region" in detail else ""
    line = " ".join(f"{detail['outcome'].capitalize()}: {job}".split())[:MAX_VALUE_LENGTH]
    # A link to a console isn't kept either, because it could be truncated within the domain.
    ascii_line = re.sub(r"[^\x20-\x7e]", "?", escape(line.replace("://", "[:]//")))
    length = MAX_SUBJECT_LENGTH - len(region)
    return (ascii_line if len(ascii_line) <= length else ascii_line[: length - 3] + "...") + region


def body(kind: Kind | None, detail: Detail) -> str:
    """Return the email's text: the summary, the facts, the recommended action, links, and the Job dict."""
    outcome, job = detail["outcome"], detail.get("job")
    advice = (kind.advice if kind else {}).get(outcome, _ADVICE[outcome])
    parts = [
        escape(_format_value(detail["summary"])),
        _table(_facts(detail)),
        f"Recommended action: {advice}",
        f"Watch: {console_link(detail['watch'])}",
    ]
    if job:
        parts.append("Job details from the service:\n" + _job_lines(job))
    return "\n\n".join(parts) + "\n"


def _facts(detail: Detail) -> Iterator[tuple[str, Any]]:
    yield "Outcome", f"{detail['outcome']} (status {detail['status']})" if "status" in detail else detail["outcome"]
    yield "Kind", detail["kind"]
    yield from islice(detail["request"].items(), MAX_REQUEST_LINES)
    yield "Created", _format_time(parse_time(detail.get("created")))
    yield "Ended", _format_time(parse_time(detail.get("ended")))
    yield "Duration", format_duration(detail["seconds"]) if "seconds" in detail else None
    yield "Reason", detail.get("reason")
    yield "Results", detail.get("results")
    yield "Omitted", ", ".join(detail.get("omitted", ()))


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
        shown = join_texts([str(item) for item in value if item is not None])
    else:
        shown = value if isinstance(value, str) else compact_json(value)
    return shorten(shown, MAX_VALUE_LENGTH)


def _format_time(time: datetime | None) -> str | None:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else None
