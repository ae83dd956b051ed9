"""Read the progress of running watches, with one call at a time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from . import errors, history, job_progress, watches
from .dashboard_snapshot import RunningJob
from .job_call import JobCall, job_call

Read = Callable[[RunningJob, float], RunningJob]


class ProgressReader:
    """Reads a watch's history first, and then its job, if the caller is allowed to make the job's describe call."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client, self._states = client, client("stepfunctions")
        self._next: dict[str, Read] = {}
        """How each watch is read the next time; by default, from the history."""

    def read(self, job: RunningJob, now: float) -> RunningJob:
        """Make one call, and return the job as it is now, in seconds since 1970. Raise an error of AWS."""
        read = self._next.pop(job.watch, self._read_history)
        return replace(read(job, now), read=now)

    def _read_history(self, job: RunningJob, now: float) -> RunningJob:
        events = history.recent(self._states, job.watch)
        poll = next(history.polls(events), None)
        read = replace(job, progress=job_progress.after_poll(poll)) if poll else job
        if job.kind:
            return read
        first = next((one["executionStartedEventDetails"] for one in events if one["type"] == "ExecutionStarted"), None)
        if first:  # usually, it is among the newest events
            return self._with_input(read, first)
        self._next[job.watch] = self._read_input
        return read

    def _read_input(self, job: RunningJob, now: float) -> RunningJob:
        return self._with_input(job, self._states.describe_execution(executionArn=job.watch))

    def _with_input(self, job: RunningJob, execution: Mapping[str, Any]) -> RunningJob:
        watch_input = watches.read_input(execution)
        if call := job_call(self._client, job.watch, watch_input):
            self._next[job.watch] = partial(self._read_job, call)
        return replace(job, kind=watch_input.get("kind", ""), request=watch_input.get("request", {}))

    def _read_job(self, call: JobCall, job: RunningJob, now: float) -> RunningJob:
        """Return the progress that the job itself shows. After an error, the history is read from now on."""
        try:
            found = call.observe()
        except errors.AWS:
            return job
        self._next[job.watch] = partial(self._read_job, call)
        if found is None:
            return job
        return replace(job, progress=job_progress.after_answer(found, now, job.progress, call.run_start(found)))
