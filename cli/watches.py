"""Start and describe watches, and read how they ended. Nothing here prints."""

import json
from collections.abc import Iterable, Iterator, Mapping
from time import sleep
from typing import Any, NamedTuple, TypeVar

from job_watcher import trigger
from job_watcher.catalogue import Kind

from .history import parse

MAX_NAMES = 4  # that are tried for a new watch; each takes up to two calls
# DescribeExecution's quota is a bucket of 250 or more calls that is refilled with 10 or 15 calls per second, that of
# GetExecutionHistory is larger:
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-api-action-throttling-general
BURST, PAUSE = 100, 0.1  # calls without a pause, and the seconds between later ones

T = TypeVar("T")


class Started(NamedTuple):
    """A watch's ARN, and whether it existed already."""

    watch: str
    joined: bool


def start(states: Any, machine: str, kind: str, request: Mapping[str, Any], **options: Any) -> str:
    """Start a watch and return its execution's ARN. `options` are further members of the watch's input."""
    watch_input = json.dumps({"kind": kind, "request": request, **options})
    return str(states.start_execution(stateMachineArn=machine, input=watch_input)["executionArn"])


def start_or_join(states: Any, machine: str, kind: Kind, watch_input: Mapping[str, Any], now: float) -> Started:
    """Start a watch, unless one with the same options is already running for this job. `now` is in seconds since 1970.

    The names are those that events would use. If earlier watches have all of the first names, the new one gets another.
    """
    for number in range(MAX_NAMES):
        started = start_as_event(states, machine, kind, watch_input, now, number)
        if not started.joined or _is_running(states.describe_execution(executionArn=started.watch), watch_input):
            return started
    return Started(start(states, machine, **watch_input), joined=False)


def start_as_event(
    states: Any, machine: str, kind: Kind, watch_input: Mapping[str, Any], now: float, number: int = 0
) -> Started:
    """Start a watch with the name that an event would use, so that events don't start a second one.

    `number` is that of the job's watches in this period, the first is 0. If the name is taken, return that watch, which
    may have ended.
    """
    job = trigger.TriggeredJob(kind, watch_input["request"], service_event=False)
    name = trigger.numbered_watch_name(job, now, number)
    try:  # if a watch with the same input is running, this returns it
        started = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(watch_input))
        return Started(started["executionArn"], joined=False)
    except states.exceptions.ExecutionAlreadyExists:
        return Started(f"{machine.replace(':stateMachine:', ':execution:')}:{name}", joined=True)


def _is_running(execution: Mapping[str, Any], watch_input: Mapping[str, Any]) -> bool:
    """Whether a running watch does what one with this input would do. Only what started it may differ."""
    own = {name: value for name, value in read_input(execution).items() if name != "trigger"}
    return execution["status"] == "RUNNING" and own == watch_input


def newest(states: Any, machine: str, count: int = 50, **filters: str) -> list[dict[str, Any]]:
    """Return the newest watches as ListExecutions does, the newest first, up to 1,000. This is one call."""
    listed = states.list_executions(stateMachineArn=machine, maxResults=count, **filters)
    return list(listed["executions"])


def describe_each(states: Any, executions: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the description of each execution that ListExecutions has returned, within DescribeExecution's quota."""
    for execution in paced(executions):
        yield states.describe_execution(executionArn=execution["executionArn"])


def paced(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, so that a call for each of them is within the quotas."""
    for number, item in enumerate(items):
        sleep(PAUSE if number >= BURST else 0)
        yield item


def read_input(execution: Mapping[str, Any]) -> dict[str, Any]:
    """Return a watch's input; an empty dict if it isn't that of a watch."""
    watch_input = parse(execution.get("input"))
    return watch_input if "kind" in watch_input and isinstance(watch_input.get("request"), dict) else {}


def is_extra_check(execution: Mapping[str, Any]) -> bool:
    """Whether the execution only checked a job once that another watch follows."""
    return read_input(execution).get("check_once") is True


def detail(execution: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event's detail from an ended watch. If the watch has none, return an outcome and a reason.

    A watch that failed with another error than JobFailed says nothing about its job.
    """
    status, error, cause = execution["status"], execution.get("error"), execution.get("cause")
    found = parse(execution.get("output") if status == "SUCCEEDED" else cause if error == "JobFailed" else None)
    if "outcome" in found:
        return found
    outcome = "lost" if status in ("SUCCEEDED", "FAILED") else status.lower().replace("_", " ")
    return {"outcome": outcome, "reason": cause or f"The watch ended with the status {status}."}
