"""A watch of ours on a clock of the benchmark's: the real judgement of every poll, without AWS around it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, cast

from infra.config import WITH_EVENTS
from job_watcher import catalogue, judge
from job_watcher.catalogue import Seen
from job_watcher.job import End, Memory, Progress, remembered

from .jobs import Job

BIRTH = 1_767_225_600.0  # of every job, in seconds since 1970
KIND = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
INPUT = {"kind": KIND.name, "request": {"DomainId": "a" * 22, "JobId": "b" * 22}}
ARN = "arn:aws:states:us-east-1:123456789012:execution:Watch:x"
RULES = judge.Rules()
RULES_WITH_EVENTS = judge.Rules(event_pace=WITH_EVENTS)
NEW: Memory = {"polls": 0, "waited": 0, "outcome": "running"}


class Watched(NamedTuple):
    """What a watch came to: its polls, and the job's age in seconds when the last one had its answer."""

    polls: int
    seen_at: float


def asked(memory: Memory, rules: judge.Rules = RULES) -> judge.Watch:
    """The watch at its next poll, as the Lambda function makes it of the state."""
    kept = remembered(memory)
    return judge.Watch(INPUT, ARN, {**kept, "polls": kept["polls"] + 1}, rules, KIND)


def seen(job: Job, age: float, birth: float = BIRTH) -> Seen:
    """What the catalogue would read from the service's answer."""
    ended = age >= job.duration
    status = "COMPLETED" if ended else "IN_PROGRESS"
    created = datetime.fromtimestamp(birth, UTC)
    return Seen(
        job={}, status=status, outcome=KIND.outcome_of[status], known=True, percent=job.percent(age), created=created
    )


def poll(
    memory: Memory, job: Job, age: float, birth: float = BIRTH, rules: judge.Rules = RULES
) -> Memory | Progress | End:
    """The real judgement of one poll that had an answer."""
    return judge.news(asked(memory, rules), seen(job, age, birth), birth + age)


def watch(job: Job, first: float, *, calls: Iterable[float], scale: float = 1.0, rules: judge.Rules = RULES) -> Watched:
    """Follow the job from its age `first`; polls take so many seconds, and waits pass in `scale` of their time."""
    memory, age = NEW, first
    for polls, call in enumerate(calls, 1):
        answer = poll(memory, job, age, rules=rules)
        if answer["outcome"] != "running":
            return Watched(polls, age + call)
        memory = cast(Memory, answer)
        age += call + memory["wait"] * scale
    raise AssertionError("it takes more polls than there are calls")
