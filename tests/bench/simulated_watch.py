"""Simulate a watch: Job Watcher's own code evaluates each poll, with simulated answers and a simulated clock."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, cast

from infra.settings import DEFAULT_LIMITS_WITH_EVENTS
from job_watcher import catalogue, evaluate
from job_watcher.catalogue import Observation
from job_watcher.detail import Notification
from job_watcher.poll_state import PollState, ProgressUpdate, carry_over
from job_watcher.watch import Rules, Watch

from .jobs import Job

CREATED = 1_767_225_600.0  # when every job is created, in seconds since 1970
KIND = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
INPUT = {"kind": KIND.name, "request": {"DomainId": "a" * 22, "JobId": "b" * 22}}
ARN = "arn:aws:states:us-east-1:123456789012:execution:Watch:x"
RULES = Rules()
RULES_WITH_EVENTS = Rules(limits_with_events=DEFAULT_LIMITS_WITH_EVENTS)
NEW_WATCH: PollState = {"polls": 0, "waited": 0, "outcome": "running"}


class WatchResult(NamedTuple):
    """The number of polls, and the job's age in seconds when the last poll was answered."""

    polls: int
    detected_at: float


def next_poll(state: PollState, rules: Rules = RULES) -> Watch:
    """Return the watch at its next poll, as the Describe function creates it from the state."""
    kept = carry_over(state)
    return Watch(INPUT, ARN, {**kept, "polls": kept["polls"] + 1}, rules, KIND)


def observe(job: Job, age: float) -> Observation:
    """Return what the catalogue reads from the service's answer about a job of this age."""
    ended = age >= job.duration
    status = "COMPLETED" if ended else "IN_PROGRESS"
    created = datetime.fromtimestamp(CREATED, UTC)
    return Observation(
        job={}, status=status, outcome=KIND.outcome_of[status], known=True, percent=job.percent(age), created=created
    )


def poll(state: PollState, job: Job, age: float, rules: Rules = RULES) -> PollState | ProgressUpdate | Notification:
    """Return Job Watcher's evaluation of an answered poll of a job of this age."""
    return evaluate.after_answer(next_poll(state, rules), observe(job, age), CREATED + age)


def watch(
    job: Job, first_poll: float, *, durations: Iterable[float], wait_scale: float = 1.0, rules: Rules = RULES
) -> WatchResult:
    """Watch a job to its end. `first_poll` is the job's age in seconds at the first poll.

    `durations` are the seconds that each poll takes. `wait_scale` multiplies the waits between polls.
    """
    state, age = NEW_WATCH, first_poll
    for polls, duration in enumerate(durations, 1):
        answer = poll(state, job, age, rules=rules)
        if answer["outcome"] != "running":
            return WatchResult(polls, age + duration)
        state = cast(PollState, answer)
        age += duration + state["wait"] * wait_scale
    raise AssertionError("the watch needs more polls than there are durations")
