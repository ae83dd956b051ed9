"""Show jobs to people: names of one line, and what is known about the end of a job."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import typer

from job_watcher import facts
from job_watcher.catalogue import Kind
from job_watcher.escape import one_line
from job_watcher.to_json import parse_time

from .kind_names import find_kind
from .local_time import format_time
from .progress import end


def request_values(request: Mapping[str, Any], title: str | None = None) -> str:
    """Return the values of a request on one line, such as `nightly jr_0123`.

    The title is first, unless it is one of them.
    """
    values = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in request.values()]
    return one_line(" ".join([title, *values] if title and title not in values else values))


def table(rows: Iterable[tuple[str, Any]]) -> str:
    """Return a line for each row that has a value: its name and the value, on one line."""
    shown = [(name, one_line(str(value))) for name, value in rows if value not in (None, "")]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name:{width}}  {value}" for name, value in shown)


def end_rows(detail: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what an event's detail says about the end: outcome, reason, results, times and links.

    If an earlier version made the detail, it has only the Job dict.
    """
    kind, outcome = known_kind(detail.get("kind")), detail["outcome"]
    known = {**facts.job_facts(kind, detail.get("request") or {}, detail.get("job"), outcome), **detail}
    yield "outcome", end(detail)
    yield "reason", known.get("reason")
    yield "results", known.get("results")
    yield "created", format_time(parse_time(known.get("created")))
    yield "ended", format_time(parse_time(known.get("ended")))
    yield "duration", facts.format_duration(known["seconds"]) if "seconds" in known else None
    yield "omitted", ", ".join(detail.get("omitted") or ())
    yield from ((f"link to {name}", link) for name, link in (detail.get("links") or {}).items())


def known_kind(name: Any) -> Kind | None:
    """Return the kind with this name; None if only the deployment has it."""
    try:
        return find_kind(name) if isinstance(name, str) else None
    except typer.BadParameter:
        return None
