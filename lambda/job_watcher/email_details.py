"""Select the members of the request and of the Job dict that the email shows. The event has all of them."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .detail import Detail
from .facts import parse_structure, shorten
from .to_json import parse_time, to_json

MAX_REQUEST_LINES, MAX_JOB_LINES = 6, 10
MAX_VALUE_LENGTH, MAX_PATH_LENGTH = 200, 100  # characters
MAX_LEAVES = 1_000  # members that are considered
# Names of members that say why a job failed: they are shown first.
_CAUSES = re.compile(r"error|fail|reason|message|cause|exit", re.IGNORECASE)
_TIMES = re.compile(r"(At|Time|Date|Timestamp)$")  # how the names of times end
_LOGS = re.compile(r"log(s\.)?_?(group|stream|uri|file)(_?(name|arn))?$", re.IGNORECASE)  # a link leads there
_MIN_REASON_LENGTH = 4  # shorter values are part of a reason by chance
_FACTS = ("title", "status", "created", "ended", "results")  # members of the detail that the email shows elsewhere


def important_members(detail: Detail) -> Iterator[tuple[str, str]]:
    """Yield the kind, the request, and the job's members that the rest of the email doesn't show, as label and text."""
    request = [("Kind", detail["kind"]), *islice(_leaves(detail["request"]), MAX_REQUEST_LINES)]
    yield from ((path, text) for path, value in request if value and (text := _format(value)))
    shown = {_format(detail.get(name)) for name in _FACTS} | {_format(value) for _, value in request}
    members = [(path, _time_of(path, value)) for path, value in islice(_leaves(detail.get("job")), MAX_LEAVES)]
    new = [(path, _format(value)) for path, value in members if _is_new(path, value, shown, detail)]
    best = sorted(new, key=lambda member: _CAUSES.search(member[0]) is None)[:MAX_JOB_LINES]
    yield from (member for member in new if member in best)
    if left_out := len(new) - len(best):
        yield "More", f"{left_out:,} other members are in the event"


def _is_new(path: str, value: Any, shown: set[str], detail: Detail) -> bool:
    """Whether the member says something that the email doesn't show yet. JSON in a text is never shown."""
    text = _format(value)
    has_link = _LOGS.search(path) and "logs" in detail.get("links", {})
    if not text or text in shown or has_link or parse_structure(str(value)) is not None:
        return False
    return len(text) < _MIN_REASON_LENGTH or text.removesuffix("…") not in detail.get("reason", "")


def _time_of(path: str, value: Any) -> Any:
    """Return a time in seconds or milliseconds since 1970 as ISO 8601; other values as they are."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return to_json(parse_time(value)) or value if is_number and _TIMES.search(path) else value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path, such as `containers[0].exitCode`, and the value of each member that isn't a structure."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _leaves(inner, shorten(f"{path}.{member}" if path else member, MAX_PATH_LENGTH))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(item, shorten(f"{path}[{number}]", MAX_PATH_LENGTH))
    elif value and value != "0":  # counters that are zero say nothing
        yield path, value


def _format(value: Any) -> str:
    """Return a value on one line. The items of a list are separated by commas."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return shorten(" ".join(text.split()), MAX_VALUE_LENGTH)
