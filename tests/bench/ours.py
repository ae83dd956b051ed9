"""A watch of ours on a clock of the benchmark's: the real judgement of every poll, without AWS around it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, cast

from infra.settings import DEFAULT_LIMITS_WITH_EVENTS
from job_watcher import catalogue, evaluate
from job_watcher.catalogue import Observation
from job_watcher.detail import Notification
from job_watcher.poll_state import PollState, ProgressUpdate, carried_over
from job_watcher.watch import Rules, Watch

from .jobs import Job

BIRTH = 1_767_225_600.0  # of every job, in seconds since 1970
KIND = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
INPUT = {"kind": KIND.name, "request": {"DomainId": "a" * 22, "JobId": "b" * 22}}
ARN = "arn:aws:states:us-east-1:123456789012:execution:Watch:x"
RULES = Rules()
RULES_WITH_EVENTS = Rules(limits_with_events=DEFAULT_LIMITS_WITH_EVENTS)
NEW: PollState = {"polls": 0, "waited": 0, "outcome": "running"}


class Watched(NamedTuple):
    """What a watch came to: its polls, and the job's age in seconds when the last one had its answer."""

    polls: int
    seen_at: float


def asked(state: PollState, rules: Rules = RULES) -> Watch:
    """The watch at its next poll, as the Lambda function makes it of the state."""
    kept = carried_over(state)
    return Watch(INPUT, ARN, {**kept, "polls": kept["polls"] + 1}, rules, KIND)


def seen(job: Job, age: float, birth: float = BIRTH) -> Observation:
    """What the catalogue would read from the service's answer."""
    ended = age >= job.duration
    status = "COMPLETED" if ended else "IN_PROGRESS"
    created = datetime.fromtimestamp(birth, UTC)
    return Observation(
        job={}, status=status, outcome=KIND.outcome_of[status], known=True, percent=job.percent(age), created=created
    )


def poll(
    state: PollState, job: Job, age: float, birth: float = BIRTH, rules: Rules = RULES
) -> PollState | ProgressUpdate | Notification:
    """The real judgement of one poll that had an answer."""
    return evaluate.after_answer(asked(state, rules), seen(job, age, birth), birth + age)


def watch(job: Job, first: float, *, calls: Iterable[float], scale: float = 1.0, rules: Rules = RULES) -> Watched:
    """Follow the job from its age `first`; polls take so many seconds, and waits pass in `scale` of their time."""
    state, age = NEW, first
    for polls, call in enumerate(calls, 1):
        answer = poll(state, job, age, rules=rules)
        if answer["outcome"] != "running":
            return Watched(polls, age + call)
        state = cast(PollState, answer)
        age += call + state["wait"] * scale
    raise AssertionError("it takes more polls than there are calls")
