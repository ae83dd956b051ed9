"""Find a watch by its execution's ARN or name, by a value of its job's request, or by its title."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from job_watcher.filters import texts

from . import job_text, watches
from .errors import CommandError
from .listed_job import read_job

ARN = re.compile(r"arn:[\w-]+:states:[\w-]+:\d{12}:execution:[^:]+:[^:]+")
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
MAX_CALLS = 100  # of DescribeExecution, because only it returns a watch's request
SHORTENED = "…"  # the middle of a value in the output of `list`
ENOUGH = 25  # of these calls, once a watch is found
NOT_FOUND = (
    "No watch has the name {id!r}, and none of the newest {count} watches is about a job with this value in its "
    "request or with this title. "
    "Accepted are an execution's ARN or name, a value of the request, such as a RunId, or the title."
)
SEVERAL = "Several watches are about {id}. This is {which}: {name}"


def find_watch(states: Any, machine: Callable[[], str], id: str, note: Callable[[str], None]) -> dict[str, Any]:
    """Return the description of the watch that `id` identifies. Raise CommandError if there is none.

    `machine` returns the ARN of the Watch state machine. It isn't called for an ARN. If several watches are about the
    job, it is the newest that is running or, if none is running, the newest. `note` then tells people.
    """
    if ARN.fullmatch(id) and (by_arn := _describe(states, id)):
        return by_arn
    prefix = machine().replace(":stateMachine:", ":execution:")
    if NAME.fullmatch(id) and (by_name := _describe(states, f"{prefix}:{id}")):
        return by_name
    candidates = _candidates(states, machine())
    found = list(_matches(states, candidates, id))
    if not found:
        raise CommandError(NOT_FOUND.format(id=id, count=len(candidates)))
    if len(found) > 1:
        which = "the newest that is running" if found[0]["status"] == "RUNNING" else "the newest"
        note(SEVERAL.format(id=id, which=which, name=found[0]["name"]))
    return found[0]


def _describe(states: Any, arn: str) -> dict[str, Any] | None:
    """Return an execution if it exists and is a watch."""
    try:
        execution: dict[str, Any] = states.describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response["Error"].get("Code") == "ExecutionDoesNotExist":
            return None
        raise
    return execution if watches.read_input(execution) else None


def _candidates(states: Any, machine: str) -> Sequence[Mapping[str, Any]]:
    """Return the newest watches, those that are running first."""
    running = watches.newest(states, machine, MAX_CALLS, statusFilter="RUNNING")
    ended = [one for one in watches.newest(states, machine, MAX_CALLS) if one["status"] != "RUNNING"]
    return [*running, *ended][:MAX_CALLS]


def _matches(states: Any, candidates: Sequence[Mapping[str, Any]], id: str) -> Iterator[dict[str, Any]]:
    """Yield the watches of jobs with this value in their request, or with this title.

    Once there is one, only the first few candidates are read.
    """
    found = False
    for number, execution in enumerate(watches.describe_each(states, candidates), start=1):
        job = read_job(execution)
        if job and is_about(job.request, id, job.title) and not watches.is_extra_check(execution):
            found = True
            yield execution
        if found and number >= ENOUGH:
            return


def is_about(request: Any, id: str, title: str | None = None) -> bool:
    """Whether `id` is a value of a job's request, or its title. It can be shortened, as `list` shows it."""
    if id in (values := [*texts(request), *filter(None, [title])]):
        return True
    pattern = ".*".join(map(re.escape, id.split(SHORTENED)))
    shown = [*values, job_text.request_values(request, title)]
    return SHORTENED in id and id != SHORTENED and any(re.fullmatch(pattern, value) for value in shown)
