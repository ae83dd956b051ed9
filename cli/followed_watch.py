"""Check a watch that is being followed: its history and, if the caller is allowed to, the job itself."""

from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from . import errors, history, job_progress
from .job_call import JobCall
from .job_progress import JobProgress

NOTED_FAILURES = 2  # in a row; a single one, such as a connection that was closed, doesn't matter
PAUSE = 60  # seconds for which the history isn't read after it was throttled
NO_HISTORY = "The history of the watch can't be read, so progress may be missing. {reason}"
NO_JOB = "The job itself can't be described, so only the news of its watch is shown. {reason}"
RETRYING = "{reason} Following continues."


class Check(NamedTuple):
    """What a check found: the progress of the job or, if the watch has ended, its execution."""

    progress: JobProgress
    execution: dict[str, Any] | None = None


class FollowedWatch:
    """A watch that is being followed. `note` tells people once what can't be read."""

    def __init__(self, states: Any, watch: str, call: JobCall | None, note: Callable[[str], None]) -> None:
        self._states, self._watch, self._call, self._note = states, watch, call, note
        self._history_from: float = 0
        self._failures = 0
        self._noted: set[str] = set()
        self._progress = JobProgress()

    def check(self, now: float) -> Check:
        """Make up to three calls. Raise an error of AWS only if it is permanent. `now` is in seconds since 1970."""
        try:
            execution = self._read_watch(now)
        except errors.AWS as error:
            if not errors.is_temporary(error):
                raise
            self._failures += 1
            if self._failures == NOTED_FAILURES:
                self._note(RETRYING.format(reason=errors.sentence(error)))
            return Check(self._progress)
        self._failures = 0
        if execution is None and self._call:
            self._progress = self._describe_job(self._call, now)
        return Check(self._progress, execution)

    def _read_watch(self, now: float) -> dict[str, Any] | None:
        """Return the execution if it has ended. Without its history, no more than that is known."""
        events = self._read_history(now)
        if not events or history.has_ended(events):
            execution: dict[str, Any] = self._states.describe_execution(executionArn=self._watch)
            return None if execution["status"] == "RUNNING" else execution
        poll = next(history.polls(events), None)
        if poll:
            self._progress = job_progress.after_poll(poll)
        return None

    def _read_history(self, now: float) -> list[history.Event] | None:
        if now < self._history_from:
            return None
        try:
            return history.recent(self._states, self._watch)
        except ClientError as error:
            if errors.is_denied(error):
                self._history_from = float("inf")
            elif errors.is_throttled(error):
                self._history_from = now + PAUSE
            else:
                raise
            self._note_once(NO_HISTORY, error)
            return None

    def _describe_job(self, call: JobCall, now: float) -> JobProgress:
        """Return the progress that the job itself shows. After AWS has rejected the call, it isn't repeated."""
        try:
            observation = call.observe()
        except errors.AWS as error:
            if isinstance(error, ClientError) or not errors.is_temporary(error):
                self._call = None
                self._note_once(NO_JOB, error)
            return self._progress
        if observation is None:
            return self._progress
        return job_progress.after_answer(observation, now, self._progress, call.run_start(observation))

    def _note_once(self, template: str, error: Exception) -> None:
        if template not in self._noted:
            self._noted.add(template)
            self._note(template.format(reason=errors.sentence(error)))
