"""The email: a detail and its kind become a subject and a text a person can act on."""

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .catalogue import Kind
from .expressions import search
from .job import Detail, moment, text

SUBJECT = 99  # characters, ASCII, no newline: SNS's rule
WHOLE_JOB = 40  # lines of the Job dict that an email shows
LONGEST_VALUE = 1_000  # characters

_HEADLINES = {
    "succeeded": "The {job} has succeeded.",
    "partial": "The {job} has ended, but part of its work failed.",
    "failed": "The {job} has failed.",
    "stopped": "The {job} was stopped before it finished.",
    "lost": "Job Watcher stopped watching the {job}.",
}
_ADVICE = {
    "succeeded": "No action needed.",
    "partial": "Check the results and rerun the failed parts.",
    "failed": "Fix the problem and start the job again.",
    "stopped": "If nobody stopped it on purpose, start the job again.",
    "lost": "The job itself may still be running. Fix the problem, then start a new watch of the job.",
}
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def subject(kind: Kind | None, detail: Detail) -> str:
    """Outcome first: `Partial: SpeakerEnrollmentJob u9c… (COMPLETED_WITH_ERRORS)`."""
    name = kind.noun if kind else "job"
    members = [member for member in (kind.request if kind else detail["request"]) if member in detail["request"]]
    which = "".join(f" {_short_name(detail['request'][member])}" for member in members[-1:])
    line = f"{detail['outcome'].capitalize()}: {name}{which} ({detail.get('error') or detail.get('status')})"
    ascii_line = re.sub(r"[^\x20-\x7e]", "?", line)
    return ascii_line if len(ascii_line) <= SUBJECT else ascii_line[: SUBJECT - 3] + "..."


def _short_name(value: Any) -> str:
    """Return what tells one job from another in a request's value: the last text in it, of an ARN the last part."""
    *_, last = ["", *_texts(value)]
    last = last.rpartition(": ")[2]
    return re.split("[/:]", last)[-1] if last.startswith("arn:") else last


def body(kind: Kind | None, detail: Detail) -> str:
    """What ended, how, when, how long it took, what went wrong, where the results are, what to do, where to look."""
    outcome, job = detail["outcome"], detail.get("job")
    advice = (kind.advice if kind else {}).get(outcome, _ADVICE[outcome])
    parts = [
        _HEADLINES[outcome].format(job=kind.title if kind else "job"),
        _table(_facts(kind, detail)),
        f"What to do: {advice}",
        f"The watch: {console_link(detail['watch'])}",
    ]
    if job:
        parts.append("The job, as the service describes it:\n" + _whole(job))
    return "\n\n".join(parts) + "\n"


def console_link(watch: str) -> str:
    """The console's page of an execution, in the watch's own partition and region."""
    _, partition, _, region, *_ = watch.split(":")
    console = _CONSOLES.get(partition, "console.aws.amazon.com")
    return f"https://{region}.{console}/states/home?region={region}#/v2/executions/details/{watch}"


def _facts(kind: Kind | None, detail: Detail) -> Iterator[tuple[str, Any]]:
    job = detail.get("job")
    yield "Outcome", f"{detail['outcome']} (status {detail['status']})" if "status" in detail else detail["outcome"]
    yield "Kind", detail["kind"]
    yield from detail["request"].items()
    if kind and job:
        created, ended = moment(search(kind.created, job)), moment(search(kind.ended, job))
        seconds = None if kind.recurs else duration(created, ended)
        yield "Created", _clock(created)
        yield "Ended", _clock(ended)
        yield "Took", None if seconds is None else span(seconds)
        if detail["outcome"] != "succeeded":
            yield "What went wrong", plain_text(search(kind.reason, job))
        yield "Results", plain_text(search(kind.results, job))
    yield "What went wrong", detail.get("reason")
    yield "Not shown", ", ".join(detail.get("omitted", ()))


def duration(created: datetime | None, ended: datetime | None) -> float | None:
    """Return the seconds between two times of a job; None if one is missing or they are of different runs.

    Some services cut one of the times to the minute, so an end may seem to be just before the beginning.
    """
    seconds = (ended - created).total_seconds() if created and ended else -math.inf
    return None if seconds < -60 else max(0.0, seconds)


def plain_text(value: Any) -> str:
    """Return the texts in a value, however nested, as one line: `No such file. (404)`; empty if there are none."""
    first, *others = [*dict.fromkeys(_texts(value))] or [""]
    return f"{first} ({', '.join(others)})" if others else first


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from (f"{name}: {line}" for line in _texts(inner))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and (line := " ".join(str(value).split())):
        yield line


def _table(facts: Iterator[tuple[str, Any]]) -> str:
    shown = [(label, " ".join(_prose(value).split())) for label, value in facts]
    rows = [(label, line) for label, line in shown if line]
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"  {label:<{width}}  {value}" for label, value in rows)


def _whole(job: dict[str, Any]) -> str:
    lines = [f"  {path}: {_prose(value)}" for path, value in _leaves(job)]
    more = [f"  … and {len(lines) - WHOLE_JOB} more lines; see the event"] if len(lines) > WHOLE_JOB else []
    return "\n".join(lines[:WHOLE_JOB] + more)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for member, inner in value.items():
            yield from _leaves(inner, f"{path}.{member}" if path else member)
    else:
        yield path, value


def _prose(value: Any) -> str:
    """A value as an email shows it; a list as its first item with the others in brackets: `No such file. (404)`."""
    if value is None:
        return ""
    if isinstance(value, list) and value and not any(isinstance(item, dict | list) for item in value):
        first, *others = [str(item) for item in value if item is not None] or [""]
        shown = f"{first} ({', '.join(others)})" if others else first
    else:
        shown = value if isinstance(value, str) else text(value)
    return shown if len(shown) <= LONGEST_VALUE else shown[:LONGEST_VALUE] + "…"


def _clock(time: datetime | None) -> str | None:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else None


def span(seconds: float) -> str:
    """Seconds in the two largest units that say something: `2 h 5 min`."""
    rest, parts = round(seconds), []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        parts.append((count, unit))
    told = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(told) or "less than a second"
