"""Simulate a watch: Job Watcher's own code evaluates each poll, with simulated answers and a simulated clock."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, cast

from job_watcher import catalogue, evaluate, news, schedule
from job_watcher.catalogue import Observation
from job_watcher.detail import Notification
from job_watcher.poll_state import PollState, ProgressUpdate, carry_over
from job_watcher.polling import LIMITS_WITH_EVENTS
from job_watcher.watch import Rules, Watch

from .jobs import Job

CREATED = 1_767_225_600.0  # when every job is created, in seconds since 1970
KIND = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
INPUT = {"kind": KIND.name, "request": {"DomainId": "a" * 22, "JobId": "b" * 22}}
ARN = "arn:aws:states:us-east-1:123456789012:execution:Watch:x"
RULES = Rules()
RULES_WITH_EVENTS = Rules(limits_with_events=LIMITS_WITH_EVENTS)
POLL_DURATION = 0.3  # seconds: a heartbeat, a describe call and the next message
HOP_DURATION = 0.1  # seconds: a heartbeat and the next message
STALE_DURATION = 0.05  # seconds: a heartbeat
# Seconds from the end of a message's delay until the Poll function has it. An assumption: without a delay, it was
# 0.016 s in the median and 0.105 s in 99 % of https://bitesizedserverless.com/bite/serverless-messaging-latency-compared/
QUEUE_LATENCY = (0.0, 0.2)
NEW_WATCH: PollState = {"polls": 0, "waited": 0, "outcome": "running"}
Result = PollState | ProgressUpdate | Notification


class WatchResult(NamedTuple):
    """What a watch took, and the job's age in seconds when the last poll was answered."""

    polls: int
    detected_at: float
    messages: int = 0
    """The messages of the poll queue: one for each poll but the first, and one more for each further 15 minutes."""
    news: int = 0
    """The polls that were reported to the state machine while the job ran."""


def next_poll(state: PollState, elapsed: float, rules: Rules = RULES) -> Watch:
    """Return the watch at a poll, as the functions create it. It started `elapsed` seconds ago."""
    kept = schedule.catch_up(carry_over(state), elapsed)
    return Watch(INPUT, ARN, {**kept, "polls": kept["polls"] + 1}, rules, KIND)


def observe(job: Job, age: float) -> Observation:
    """Return what the catalogue reads from the service's answer about a job of this age."""
    ended = age >= job.duration
    status = "COMPLETED" if ended else "IN_PROGRESS"
    created = datetime.fromtimestamp(CREATED, UTC)
    return Observation(
        job={}, status=status, outcome=KIND.outcome_of[status], known=True, percent=job.percent(age), created=created
    )


def poll(at_poll: Watch, job: Job, age: float, chance: random.Random, spread: float = 0) -> Result:
    """Return Job Watcher's evaluation of an answered poll of a job of this age."""
    return evaluate.after_answer(at_poll, observe(job, age), CREATED + age, chance.random(), spread)


def queue_latency(chance: random.Random) -> float:
    """Return the seconds from the end of a message's delay until the Poll function has it."""
    return chance.uniform(*QUEUE_LATENCY)


def delays(state: PollState) -> list[int]:
    """Return the delays in seconds of the messages that the wait takes."""
    parts = [state["delay"]]
    while state["delay"] < state["wait"]:
        state, before = schedule.add_delay(state), state["delay"]
        parts.append(state["delay"] - before)
    return parts


def watch(
    job: Job,
    first_poll: float,
    chance: random.Random,
    *,
    polls: Iterable[float],
    messages: Iterable[float],
    wait_scale: float = 1.0,
    rules: Rules = RULES,
) -> WatchResult:
    """Watch a job to its end. `first_poll` is the job's age in seconds at the first poll.

    `polls` are the seconds that each poll takes. `messages` are the seconds from the end of each message's delay
    until the Poll function reads it; if the message begins another delay, they include the invocation. `wait_scale`
    multiplies the delays.
    """
    state, age, sent, reported = NEW_WATCH, first_poll, 0, 0
    late = iter(messages)
    for count, duration in enumerate(polls, 1):
        at_poll = next_poll(state, age - first_poll, rules)
        result = poll(at_poll, job, age, chance)
        if result["outcome"] != "running":
            return WatchResult(count, age + duration, sent, reported)
        reported += count > 1 and news.find_news(at_poll.state, result) is not None
        state = {**cast(PollState, result), "reported": reported}
        parts = delays(state)
        sent += len(parts)
        age += duration + sum(delay * wait_scale + next(late) for delay in parts)
    raise AssertionError("the watch needs more polls than there are durations")
