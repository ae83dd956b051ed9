"""What is known about a job that is still running, for people who follow it."""

from collections.abc import Iterator
from dataclasses import dataclass

from job_watcher import polling
from job_watcher.catalogue import Observation
from job_watcher.escape import one_line
from job_watcher.expressions import parse_number
from job_watcher.facts import format_duration

from .history import Poll


@dataclass(frozen=True)
class JobProgress:
    """A running job. Times are in seconds since 1970, and None if they aren't known."""

    status: str | None = None
    percent: float | None = None
    run_start: float | None = None
    earliest_end: float | None = None
    next_poll: float | None = None
    ended: bool = False
    """Whether the job has ended, but its watch hasn't noticed yet."""
    overdue: bool = False
    """Whether the watch has reported that the job is overdue."""

    def describe_state(self) -> str:
        """Return the status and the percentage, such as `RUNNING 50 %`."""
        percent = "" if self.percent is None else f" {self.percent:.0f} %"
        note = ", not reported yet" if self.ended else ", overdue" if self.overdue else ""
        return f"{one_line(self.status or 'waiting for the first answer')}{percent}{note}"

    def describe_times(self, now: float) -> str:
        """Return the earliest end and the next poll, as far as they are known and in the future."""
        return ", ".join(f"{name} in {format_duration(time - now)}" for name, time in self._times() if time - now >= 1)

    def elapsed(self, now: float) -> float | None:
        """Return for how many seconds the job has been running."""
        return None if self.run_start is None else max(0.0, now - self.run_start)

    def _times(self) -> Iterator[tuple[str, float]]:
        if self.earliest_end is not None:
            yield "earliest end", self.earliest_end
        if self.next_poll is not None:
            yield "next poll", self.next_poll


def after_poll(poll: Poll) -> JobProgress:
    """Return what a poll in the history shows. The next poll is known, the ones after it aren't."""
    time, state = poll.time.timestamp(), poll.state
    numbers = {name: parse_number(state.get(name)) for name in ("age", "wait", "last_answer", "percent")}
    wait, percent, last_answer = numbers["wait"] or 0, numbers["percent"], numbers["last_answer"]
    answered = time - max(0.0, (numbers["age"] or 0) - wait - (last_answer or 0))
    start = None if last_answer is None else answered - last_answer
    end, overdue = _earliest_end(start, answered, percent), bool(state.get("overdue"))
    return JobProgress(state.get("status"), percent, start, end, time + wait, overdue=overdue)


def after_answer(observation: Observation, now: float, before: JobProgress, run_start: float | None) -> JobProgress:
    """Return what the answer to a describe call shows. `before` is what the history shows."""
    start, ended = run_start or before.run_start, observation.outcome != "running"
    end = None if ended else _earliest_end(start, now, observation.percent)
    status, percent = observation.short_status, observation.percent
    return JobProgress(status, percent, start, end, before.next_poll, ended, before.overdue)


def _earliest_end(run_start: float | None, answered: float, percent: float | None) -> float | None:
    if run_start is None or percent is None:
        return None
    return answered + polling.earliest_end(answered - run_start, percent)
