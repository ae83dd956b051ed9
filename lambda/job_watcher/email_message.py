"""Compose the email about a job: its subject and its text, which fits on one screen in any font."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from .catalogue import Kind
from .detail import Detail
from .email_details import important_members
from .escape import escape
from .facts import OVERDUE, format_duration, shorten
from .to_json import parse_time

MAX_SUBJECT_LENGTH = 99  # characters; SNS accepts fewer than 100, ASCII only, without newlines
MAX_NAME_LENGTH = 1_000  # characters of the job's name before it is escaped
MAX_OMITTED_LENGTH = 300  # characters of the names of omitted members

_ADVICE = {
    "succeeded": "No action needed.",
    "partial": "Check the results and rerun the failed parts.",
    "failed": "Fix the problem and start the job again.",
    "stopped": "If nobody stopped it on purpose, start the job again.",
    "lost": "The job may still be running. Fix the problem, then start a new watch.",
    OVERDUE: "Check whether the job makes progress, and stop it if it doesn't. Job Watcher will also report its end.",
}
_RESOURCE_ADVICE = {  # of a resource that can change repeatedly
    "failed": "Fix the problem and try again.",
    "stopped": "If nobody intended this, find out who made the change.",
}
_LOST_ADVICE = {
    "InvalidInput": "Correct the watch's input, then start a new watch.",
    "KindRemoved": "To continue, add the kind to the setting `kinds`, deploy, and start a new watch.",
    "NotFound": "Check the request, the account and the Region. The job may also have been deleted.",
    "GaveUp": "Check whether the job still makes progress. To keep watching it, start a new watch.",
}
_LINK_LABELS = {"job": "Job", "logs": "Logs", "results": "Results in S3", "watch": "Watch"}


def subject(job: str, detail: Detail) -> str:
    """Return a subject with the outcome, the job as `describe_job` returns it, and the Region.

    `Failed: Glue job run nightly-orders (eu-west-1)`.
    """
    region = f" ({detail['region']})" if "region" in detail else ""
    line = " ".join(f"{detail['outcome'].capitalize()}: {job}".split())[:MAX_NAME_LENGTH]
    ascii_line = re.sub(r"[^\x20-\x7e]", "?", escape(line))
    length = MAX_SUBJECT_LENGTH - len(region)
    return (ascii_line if len(ascii_line) <= length else ascii_line[: length - 3] + "...") + region


def body(kind: Kind | None, detail: Detail) -> str:
    """Return the email's text: the summary, the facts, the links, the recommended action, and important members."""
    parts = [
        escape(detail["summary"]),
        _lines(_reason(detail)),
        _lines([*facts(detail), *_omitted(detail)]),
        "\n".join(f"{label}: {link}" for label, link in labeled_links(detail)),
        f"Recommended action: {recommended_action(kind, detail)}",
        "Details:\n" + _lines(important_members(detail)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def labeled_links(detail: Detail) -> Iterator[tuple[str, str]]:
    """Yield the label and the URL of each page about the job. That of the results only if there may be any."""
    for name, link in detail.get("links", {}).items():
        if name != "results" or _may_have_results(detail):
            yield _LINK_LABELS[name], link


def facts(detail: Detail) -> Iterator[tuple[str, str]]:
    """Yield the label and the value of each fact about the job that is known, such as `Status` and `FAILED`."""
    known = {
        "Status": detail.get("status"),
        "Started": _format_time(parse_time(detail.get("created"))),
        "Ended": _format_time(parse_time(detail.get("ended"))),
        "Duration": format_duration(detail["seconds"]) if "seconds" in detail else None,
        "Progress": f"{percent:g} %" if (percent := detail.get("percent")) is not None else None,
        "Unchanged since": _format_time(parse_time(detail.get("changed"))),
        "Results": detail.get("results") if _may_have_results(detail) else None,
    }
    yield from ((label, value) for label, value in known.items() if value and value.strip())


def _lines(values: Iterable[tuple[str, str]]) -> str:
    """Return each value on a line after its label, as `Status: FAILED`."""
    return "\n".join(f"{escape(label)}: {escape(value)}" for label, value in values)


def _may_have_results(detail: Detail) -> bool:
    """Whether to say where the results are. The answers about failed and running jobs have the place too."""
    return detail["outcome"] not in ("failed", OVERDUE)


def _reason(detail: Detail) -> Iterator[tuple[str, str]]:
    """Yield the whole reason if the summary has only its beginning."""
    if (reason := detail.get("reason", "")) not in detail["summary"]:
        yield "Reason", reason


def _omitted(detail: Detail) -> Iterator[tuple[str, str]]:
    if omitted := ", ".join(detail.get("omitted", ())).strip():
        yield "Omitted", shorten(omitted, MAX_OMITTED_LENGTH)


def recommended_action(kind: Kind | None, detail: Detail) -> str:
    """Return the kind's advice or the default one. It mentions the logs only if the email links to them."""
    outcome = detail["outcome"]
    advice = (kind.advice if kind else {}).get(outcome) or _default_advice(kind, detail)
    has_logs = outcome in ("failed", "partial") and "logs" in detail.get("links", {})
    return f"Check the logs first. {advice}" if has_logs else advice


def _default_advice(kind: Kind | None, detail: Detail) -> str:
    outcome = detail["outcome"]
    if outcome == "lost":
        return _LOST_ADVICE.get(detail.get("error", ""), _ADVICE["lost"])
    advice = (_RESOURCE_ADVICE if kind and kind.recurs else {}).get(outcome, _ADVICE[outcome])
    is_unexplained = outcome == "failed" and "reason" not in detail
    return f"The service gives no reason. {advice}" if is_unexplained else advice


def _format_time(time: datetime | None) -> str | None:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else None
