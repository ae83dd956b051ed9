"""Which job an event of the default bus is about: pure, from the catalogue and the event alone."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import catalogue
from .catalogue import Kind, search
from .job import job_name

Index = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
"""Names of kinds: `calls` by eventSource and eventName, `news` by source and detail-type."""

API_CALL = "AWS API Call via CloudTrail"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


class NoRequest(Exception):
    """The event is of a kind of job that is watched here, but does not say which job."""


@dataclass(frozen=True)
class Found:
    """A job that an event names; `news` when its own service says that something happened to it."""

    kind: Kind
    request: Mapping[str, Any]
    news: bool


def found(event: Mapping[str, Any], index: Index) -> Iterator[Found]:
    """The jobs an EventBridge event is about; NoRequest where it should name one and does not."""
    detail = event.get("detail") or {}
    if event.get("detail-type") == API_CALL:
        names = index["calls"].get(str(detail.get("eventSource")), {}).get(str(detail.get("eventName")), ())
        request_of, news = _of_call, False
    else:
        names = index["news"].get(str(event.get("source")), {}).get(str(event.get("detail-type")), ())
        request_of, news = _of_news, True
    if "errorCode" in detail and not news:
        return  # the call failed: no job has begun
    for name in names:
        kind = catalogue.load(name.partition("/")[0])[name]
        yield Found(kind, _complete(kind, request_of(kind, detail)), news)


def watch_name(found: Found, which: str | None = None) -> str:
    """The name of the first watch of this job, or of one more: which, by an event's id or the end of the one before."""
    return job_name(found.kind.name, found.request, which)


def _of_call(kind: Kind, detail: Mapping[str, Any]) -> dict[str, Any]:
    if kind.started:
        return {member: search(path, detail) for member, path in kind.started.items()}
    places = (detail.get("responseElements"), detail.get("requestParameters"))
    return {member: next((v for p in places if (v := _member(p, member)) is not None), None) for member in kind.request}


def _of_news(kind: Kind, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {member: search(path, detail) for member, path in kind.event["request"].items()}


def _complete(kind: Kind, request: dict[str, Any]) -> dict[str, Any]:
    missing = [member for member, value in request.items() if _absent(value)]
    if missing:
        raise NoRequest(f"The event of a {kind.name} does not say its {', '.join(missing)}.")
    return request


def _absent(value: Any) -> bool:
    """Whether a value, or any part of it, is not there or not told."""
    if isinstance(value, Mapping | list):
        parts = value.values() if isinstance(value, Mapping) else value
        return not value or any(_absent(part) for part in parts)
    return value in (None, HIDDEN)


def _member(data: Any, name: str) -> Any:
    """The value of the outermost member of that name, in whatever case: CloudTrail writes lowerCamelCase."""
    level = deque([data])
    while level:
        here = level.popleft()
        if isinstance(here, Mapping):
            for key, value in here.items():
                if key.lower() == name.lower() and not isinstance(value, Mapping):
                    return value
            level.extend(here.values())
    return None
