"""Find the jobs that an event on the default bus is about."""

import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from . import catalogue
from .catalogue import Kind
from .detail import execution_name
from .event_pattern import matches
from .expressions import search
from .filters import Filters, selects

Index = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
"""Names of kinds: `api_calls` by eventSource and eventName, `service_events` by source and detail-type."""

API_CALL = "AWS API Call via CloudTrail"
# A job's watches are numbered within a period that is shorter than the 90 days for which Step Functions reserves the
# names of executions. Therefore the numbers in use are always 0 to n, and a binary search finds n.
PERIOD = 60 * 86_400  # seconds
# What services record instead of a value: HIDDEN_DUE_TO_SECURITY_REASONS, Hidden_For_Security_Reasons,
# "Value hidden due to security reasons." (Systems Manager), *** (Well-Architected, GameLift Streams, Polly).
_HIDDEN = re.compile(r"\*+|(value )?hidden[_ ](due[_ ]to|for)[_ ]security[_ ]reasons\.?", re.IGNORECASE)
_WATCH_OF_EXECUTION = re.compile(r"stepfunctions-Execution-[0-9a-f]{32}")  # as detail.execution_name builds them


class IncompleteEvent(Exception):
    """The event should start a watch but doesn't identify the job."""


@dataclass(frozen=True)
class TriggeredJob:
    """A job that an event identifies."""

    kind: Kind
    request: Mapping[str, Any]
    service_event: bool
    """Whether the event is the service's own, not CloudTrail's record of an API call."""


def find_jobs(event: Mapping[str, Any], index: Index, filters: Filters = MappingProxyType({})) -> list[TriggeredJob]:
    """Return the jobs that an EventBridge event is about.

    Events that don't start a job give an empty list: failed calls, events that `where` excludes, and events for which
    an expression of the kind's table finds `false` or an empty list, such as a RunTask call that placed no task. Jobs
    that the filters exclude are left out. A missing member raises IncompleteEvent, unless the filters exclude the job
    by other members, the event identifies a job of another kind, or it is about a read-only call, whose response
    CloudTrail leaves out:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    call = event.get("detail-type") == API_CALL
    jobs, errors = [], []
    for kind, request in _requests_from_calls(event, index) if call else _requests_from_events(event, index):
        if any(value is False or value == [] for value in request.values()):
            continue
        missing = [member for member, value in request.items() if _is_missing(value)]
        if not selects(filters, kind.name, {name: request[name] for name in request if name not in missing}):
            continue
        if missing:
            errors.append(f"The event of a {kind.name} job doesn't contain its {', '.join(missing)}.")
        else:
            jobs.append(TriggeredJob(kind, request, service_event=not call))
    if errors and not jobs and not _detail(event).get("readOnly"):
        raise IncompleteEvent(" ".join(errors))
    return jobs


def watch_name(job: TriggeredJob, watch_key: Any) -> str:
    """Return the execution name of a watch of this job. `watch_key` distinguishes it from the job's others."""
    return execution_name(job.kind.name, job.request, watch_key)


def numbered_watch_name(job: TriggeredJob, now: float, number: int) -> str:
    """Return the execution name of a watch that an event starts: 0 is the job's first one in this period.

    `now` is in seconds since 1970.
    """
    return watch_name(job, [int(now // PERIOD), number])


def reports_running(kind: Kind, event: Mapping[str, Any]) -> bool:
    """Whether all statuses in the service's own event mean that the job is running; False if there are none."""
    outcomes = {status.lower(): outcome for status, outcome in kind.outcome_of.items()}
    found = {outcomes.get(status.lower()) for status in _statuses(_detail(event))}
    return "running" in found and found <= {"running", None}


def _statuses(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        for name, value in data.items():
            if isinstance(value, str) and re.search("(status|state)$", name, re.IGNORECASE):
                yield value
            yield from _statuses(value)


def is_own_execution(event: Mapping[str, Any], machines: Collection[str]) -> bool:
    """Whether the event is about an execution of these state machines, or about a watch of an execution.

    Otherwise each watch would trigger a watch of its own execution, and two deployments would watch each other.
    """
    detail = _detail(event)
    own = detail.get("stateMachineArn") in machines or _WATCH_OF_EXECUTION.fullmatch(str(detail.get("name")))
    return event.get("source") == "aws.states" and bool(own)


def _requests_from_calls(event: Mapping[str, Any], index: Index) -> Iterator[tuple[Kind, dict[str, Any]]]:
    detail = _detail(event)
    if "errorCode" in detail:  # the call failed
        return
    for kind in _kinds(
        index["api_calls"].get(str(detail.get("eventSource")), {}).get(str(detail.get("eventName")), ())
    ):
        yield from ((kind, request) for request in _requests_from_call(kind, event))


def _requests_from_events(event: Mapping[str, Any], index: Index) -> Iterator[tuple[Kind, dict[str, Any]]]:
    for kind in _kinds(
        index["service_events"].get(str(event.get("source")), {}).get(str(event.get("detail-type")), ())
    ):
        if matches(kind.event.get("where", {}), event):
            items = search(kind.event.get("each", "[@]"), event)
            for item in items if items and isinstance(items, list) else [None]:
                yield kind, _search_all(kind.event["request"], {**event, "each": item})


def _kinds(names: Sequence[str]) -> list[Kind]:
    return [catalogue.load(name.partition("/")[0])[name] for name in names]


def _detail(event: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = event.get("detail")
    return detail if isinstance(detail, Mapping) else {}


def _requests_from_call(kind: Kind, event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the requests of the jobs that a call started: one, or with `each`, one for each item of a list."""
    if kind.started:  # a few services, such as GameLift Streams, use UpperCamelCase in their events
        found = [_search_each(kind.started, spelling) for spelling in (event, _lower_camel_case(event))]
        return next((requests for requests in found if not _is_missing(requests)), found[0])
    detail = _detail(event)
    response, request = detail.get("responseElements"), detail.get("requestParameters")
    return [
        {
            name: value if (value := _member(response, name)) is not None else _member(request, name)
            for name in kind.request
        }
    ]


def _search_each(started: Mapping[str, str], event: Mapping[str, Any]) -> list[dict[str, Any]]:
    paths = {member: path for member, path in started.items() if member != "each"}
    items = search(started.get("each", "[@]"), event)
    return [_search_all(paths, {**event, "each": item}) for item in (items if isinstance(items, list) else [None])]


def _search_all(paths: Mapping[str, str], event: Any) -> dict[str, Any]:
    return {member: search(path, event) for member, path in paths.items()}


def _lower_camel_case(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key[:1].lower() + key[1:]: _lower_camel_case(value) for key, value in data.items()}
    return [_lower_camel_case(item) for item in data] if isinstance(data, list) else data


def _is_missing(value: Any) -> bool:
    """Whether a value, or any part of it, is absent, empty or hidden."""
    if isinstance(value, Mapping | list):
        parts = value.values() if isinstance(value, Mapping) else value
        return not value or any(_is_missing(part) for part in parts)
    return value in (None, "") or (isinstance(value, str) and _HIDDEN.fullmatch(value) is not None)


def _member(data: Any, name: str) -> Any:
    """Return the value of the outermost member of that name in any case; CloudTrail uses lowerCamelCase."""
    queue = deque([data])
    while queue:
        node = queue.popleft()
        if isinstance(node, Mapping):
            for key, value in node.items():
                if key.lower() == name.lower() and not isinstance(value, Mapping):
                    return value
            queue.extend(node.values())
    return None
