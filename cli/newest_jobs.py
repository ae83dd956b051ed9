"""Find the newest jobs: one for all watches of a job, of which the newest counts."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from . import errors, history, watches
from .job_progress import after_poll
from .listed_job import ListedJob, read_job

MIN_READ, READ_PER_JOB = 100, 3  # executions that are described, because only DescribeExecution returns the request


class NewestJobs(NamedTuple):
    """Jobs, the newest first; whether there may be more of them; and how many watches were read at most."""

    jobs: list[ListedJob]
    more: bool
    read: int


def newest_jobs(
    states: Any, executions: Sequence[Mapping[str, Any]], wanted: Callable[[ListedJob], bool], limit: int
) -> NewestJobs:
    """Return up to `limit` of the wanted jobs. `executions` are watches as ListExecutions returns them.

    The number of calls is bounded: if few of many jobs are wanted, older ones aren't found.
    """
    most = max(MIN_READ, READ_PER_JOB * limit)
    found: dict[str, ListedJob] = {}
    for execution in watches.describe_each(states, executions[:most]):
        if job := read_job(execution):
            _add(found, job)
        if sum(map(wanted, found.values())) > limit:
            break
    jobs = list(filter(wanted, found.values()))
    return NewestJobs(jobs[:limit], len(jobs) > limit or len(executions) > most, most)


def with_progress(states: Any, jobs: Iterable[ListedJob], note: Callable[[str], None]) -> Iterable[ListedJob]:
    """Yield the jobs. Those that are running get the status and the percentage of the last news.

    After an error, `note` tells people, and the others are yielded as they are.
    """
    readable = True
    for job in watches.paced(jobs):
        if job.outcome == "running" and readable:
            try:
                poll = next(history.polls(history.recent(states, job.execution["executionArn"])), None)
            except errors.AWS as error:
                note(f"The status of running jobs isn't shown. {errors.sentence(error)}")
                readable, poll = False, None
            known = after_poll(poll) if poll else None
            job = replace(job, status=known.status, percent=known.percent) if known else job
        yield job


def _add(found: dict[str, ListedJob], job: ListedJob) -> None:
    """Add a job, unless a newer watch of it was found that isn't only an extra check."""
    key = json.dumps([job.kind, job.request], sort_keys=True)
    if key not in found or watches.is_extra_check(found[key].execution):
        found[key] = job
