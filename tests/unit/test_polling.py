"""Polling intervals: single values of the formula, and the polls of simulated watches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from job_watcher import catalogue, evaluate, polling
from job_watcher.catalogue import Observation
from job_watcher.errors import Meaning
from job_watcher.poll_state import PollState
from job_watcher.polling import POLL_SECONDS, PollingLimits, backoff, interval
from job_watcher.watch import Rules, Watch
from tests.examples import examples

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
POLL_DURATION = 2.0  # seconds, including the rounding to whole seconds
JOB_START = 1_767_225_600  # of every simulated job, in seconds since 1970
MAX_LOOP_POLLS = polling.MAX_LOOP_POLLS
MAX_EXTRA_POLLS = 300  # of a watch with a percentage, in addition to one poll every three minutes
Percent = float | None
SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        (0, 15),
        (5 * 60, 15),
        (10 * 60, 30),
        (50 * 60, 150),
        (HOUR, 180),
        (8 * HOUR, 180),
        (YEAR, 180),
    ],
)
def test_without_a_percentage_the_interval_is_5_percent_of_the_age_within_bounds(age: float, seconds: float) -> None:
    assert interval(PollingLimits(), age) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("age", "percent", "stalled", "seconds"),
    [
        (0, 0, 0, 15),
        (60, 50, 0, 60 * 49 / 51 / 3),
        (300, 10, 0, 30),  # 5 % of the age is below the minimum while the end is far away
        (HOUR, 0, 0, 180),  # the earliest end is in 99 hours, but 5 % of the age is the maximum
        (HOUR, 50, 0, 180),
        (HOUR, 90, 0, 3600 * 9 / 91 / 3),
        (8 * HOUR, 95, 0, 240),  # 4/3 of the maximum interval
        (8 * HOUR, 98, 0, 8 * HOUR / 99 / 3),
        (HOUR, 98, 0, 15),
        (HOUR, 99, 0, 15),
        (HOUR, 100, 0, 15),
        (HOUR, 99, 750, 15),
        (HOUR, 99, 1_000, 20),
        (8 * HOUR, 100, 5_000, 100),
        (8 * HOUR, 98, 6_000, 120),
        (30 * HOUR, 100, 30 * HOUR, 180),
        (10 * DAY, 100, 0, 86.4),
    ],
)
def test_with_a_percentage_the_interval_is_a_third_of_the_time_to_the_earliest_end(
    age: float, percent: float, stalled: float, seconds: float
) -> None:
    assert interval(PollingLimits(), age, percent, stalled) == pytest.approx(seconds)


@pytest.mark.parametrize(("invalid", "nearest"), [(-5, 0), (250, 100)])
def test_a_percentage_out_of_range_counts_as_the_nearest_valid_percentage(invalid: float, nearest: Percent) -> None:
    assert interval(PollingLimits(), HOUR, invalid, 60) == interval(PollingLimits(), HOUR, nearest, 60)


@pytest.mark.parametrize(
    ("age", "percent", "seconds"), [(0, None, 5), (1_000, None, 100), (HOUR, None, 300), (HOUR, 100, 5)]
)
def test_the_polling_limits_can_be_changed(age: float, percent: Percent, seconds: float) -> None:
    assert interval(
        PollingLimits(max_delay_ratio=0.1, min_interval=5, max_interval=300), age, percent
    ) == pytest.approx(seconds)


@given(st.floats(0, YEAR), st.none() | st.floats(allow_nan=False), st.floats(-YEAR, YEAR))
def test_an_interval_is_between_the_minimum_and_5_percent_of_the_age_up_to_the_maximum(
    age: float, percent: Percent, stalled: float
) -> None:
    assert 15 <= interval(PollingLimits(), age, percent, stalled) <= accepted_delay(age, percent is not None)


@pytest.mark.parametrize(
    ("percent", "since_answer", "seconds"),
    [
        (90, 0, 3600 * 9 / 91 / 3),
        (90, 176, (3600 * 9 / 91 - 176) / 3),
        (90, 350, 15),  # the earliest end is in 6 s
        (90, 3600 * 9 / 91 + 1_000, 20),  # the earliest end has passed, so that the interval is 2 % of the time since
        (99, 1_000, 20),
        (None, 400, 180),
    ],
)
def test_without_an_answer_the_interval_gets_shorter_until_the_earliest_end(
    percent: Percent, since_answer: float, seconds: float
) -> None:
    assert interval(PollingLimits(), HOUR + since_answer, percent, since_answer, since_answer) == pytest.approx(seconds)


@given(st.floats(1, YEAR), st.floats(0, 98), st.floats(0, 1))
def test_without_an_answer_the_interval_is_that_of_steady_progress(
    last_answer: float, percent: float, share: float
) -> None:
    age = last_answer + share * last_answer * (99 - percent) / (percent + 1)
    steady_percent = (percent + 1) * age / last_answer - 1
    assert interval(PollingLimits(), age, percent, age - last_answer, age - last_answer) == pytest.approx(
        interval(PollingLimits(), age, steady_percent), rel=1e-4, abs=1e-4
    )


@pytest.mark.parametrize(("usual", "random", "seconds"), [(15, 0, 15), (15, 1, 30), (60, 0.5, 90), (180, 1, 360)])
def test_the_backoff_adds_jitter_of_up_to_the_usual_interval(usual: float, random: float, seconds: float) -> None:
    assert backoff(usual, random) == seconds


@pytest.mark.parametrize(
    ("minutes_ago", "percent", "seconds"),
    [(0, 10, 900), (59, 10, 900), (60, 10, 240), (None, 10, 240), (0, 98, 97), (0, None, 180)],
)
def test_for_an_hour_after_a_throttled_poll_the_maximum_interval_with_a_percentage_is_15_minutes(
    minutes_ago: int | None, percent: float | None, seconds: int
) -> None:
    job = Job(YEAR, percents=[percent], created=0)
    disruption = {} if minutes_ago is None else {"last_disruption": 8 * HOUR - 60 * minutes_ago}
    state = cast(PollState, {**NEW_WATCH, "waited": 8 * HOUR, **disruption})
    result = evaluate.after_answer(watch_with(state), job.observe(8 * HOUR, 6), EXACT(8 * HOUR))
    assert cast(PollState, result)["wait"] == seconds - 1


@given(st.floats(1, YEAR), st.floats(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_the_backoff_never_ends_after_the_earliest_end_that_the_last_answer_allows(
    last_answer: float, percent: float, share: float, random: float
) -> None:
    earliest_end = last_answer * (99 - percent) / (percent + 1)
    since_answer = share * earliest_end
    age, time_left = last_answer + since_answer, earliest_end - since_answer
    usual = interval(PollingLimits(), age, percent, since_answer, since_answer)
    assert backoff(usual, random) <= max(time_left, 2 * 15, 2 * 0.0001 * age) * (1 + 1e-9)


@dataclass(frozen=True)
class Job:
    """A simulated job and what its service returns. Times are in seconds."""

    duration: float
    percents: Sequence[Percent] = (None,)
    alternates: bool = False
    """Whether each poll gets the next percentage, in a cycle. Otherwise each lasts for an equal share of the time."""
    created: float | None = 0
    """Seconds by which the reported creation time is in the future; None if no creation time is reported."""

    def observe(self, age: float, poll: int) -> Observation:
        step = poll if self.alternates else int(age / self.duration * len(self.percents))
        percent = self.percents[step % len(self.percents)]
        return read_answer("COMPLETED" if age >= self.duration else "IN_PROGRESS", percent, self.created)


@cache
def read_answer(status: str, percent: Percent, created: float | None) -> Observation:
    """Return the observation for a describe answer with these values."""
    job = {
        "JobStatus": status,
        **({} if percent is None else {"JobProgress": {"PercentComplete": percent}}),
        **({} if created is None else {"CreatedAt": datetime.fromtimestamp(JOB_START + created, UTC)}),
    }
    observation = SPEAKER.read({"Job": job})
    assert observation is not None
    return observation


@dataclass(frozen=True)
class Clock:
    """A clock that is wrong by `before` seconds before the age `changes_at`, and by `after` from then on."""

    before: float = 0
    after: float = 0
    changes_at: float = 0

    def __call__(self, age: float) -> float:
        return JOB_START + age + (self.before if age < self.changes_at else self.after)


EXACT = Clock()
RULES = Rules(give_up_after=10 * YEAR)
LOOP_RULES = Rules(give_up_after=350 * DAY)
INPUT = {"kind": SPEAKER.name, "request": {"DomainId": "a" * 22, "JobId": "b" * 22}}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:x"
NEW_WATCH: PollState = {"polls": 0, "waited": 0, "outcome": "running"}


def watch_with(state: PollState, in_loop: bool = False) -> Watch:
    return Watch(INPUT, ARN, state, LOOP_RULES if in_loop else RULES, SPEAKER, in_loop)


def simulate_polls(
    job: Job,
    watch_start: float = 0,
    clock: Clock = EXACT,
    answered: Sequence[bool] = (True,),
    random: float = 0,
    poll_duration: float = POLL_DURATION,
    in_loop: bool = False,
) -> list[float]:
    """Return the job's ages at which a watch polls it, up to the poll that detects the end or gives up.

    The watch starts at the age `watch_start`. `answered` states in a cycle which polls are answered; the others are
    throttled.
    """
    state, age, ages = NEW_WATCH, watch_start, [watch_start]
    while True:
        watch = watch_with({**state, "polls": len(ages)}, in_loop)
        if answered[len(ages) % len(answered)]:
            result = evaluate.after_answer(watch, job.observe(age, len(ages)), clock(age), random)
        else:
            result = evaluate.after_error(watch, Meaning.THROTTLED, "ThrottlingException", "Slow down.", random)
        if result["outcome"] != "running":
            return ages
        state = cast(PollState, result)
        assert type(state["wait"]) is int and state["wait"] >= 1
        age += poll_duration + state["wait"]
        ages.append(age)


def fail_poll(state: PollState, random: float, meaning: Meaning = Meaning.THROTTLED) -> PollState:
    return cast(
        PollState, evaluate.after_error(watch_with(state), meaning, "ThrottlingException", "Slow down.", random)
    )


def accepted_delay(duration: float, has_percent: bool) -> float:
    """Return 5 % of a job's duration between the documented bounds, in seconds."""
    minimum, maximum = (30, 240) if has_percent else (15, 180)
    return min(maximum, max(minimum, 0.05 * duration))


def excess_delay(ages: Sequence[float], job: Job, poll_duration: float = POLL_DURATION) -> float:
    """Return the seconds by which the end was detected later than accepted; negative if it was detected in time."""
    return ages[-1] - job.duration - accepted_delay(job.duration, set(job.percents) != {None}) - poll_duration


INVALID_PERCENTS = st.sampled_from([-5, 101, 250, math.nan, math.inf])
PERCENTS = st.lists(st.none() | st.integers(0, 100) | st.integers(95, 100) | INVALID_PERCENTS, min_size=1, max_size=8)
DURATIONS = st.just(float(YEAR)) | st.integers(0, 7_498).map(lambda thousandths: 10 ** (thousandths / 1_000))
JOBS = st.builds(Job, DURATIONS, PERCENTS, st.booleans(), st.none() | st.just(0) | st.floats(0, YEAR, exclude_min=True))


def start_of_watch(job: Job, share: float) -> float:
    """Return the job's age after this share of its duration, but at most a day before its end."""
    return max(share * job.duration, job.duration - DAY)


@given(JOBS, st.floats(0, 1), st.sampled_from([0.3, POLL_SECONDS, POLL_DURATION]), st.floats(0, 1))
def test_the_end_is_detected_within_5_percent_of_the_jobs_duration_or_the_maximum_interval(
    job: Job, share: float, poll_duration: float, random: float
) -> None:
    ages = simulate_polls(job, start_of_watch(job, share), poll_duration=poll_duration, random=random)
    assert excess_delay(ages, job, poll_duration) <= 0


@given(JOBS, st.floats(0, 1), st.lists(st.booleans(), min_size=1, max_size=12).filter(any))
@example(Job(DAY, [98 + step / 5_000 for step in range(5_000)]), 0, [True])
@example(Job(DAY, [99, 100], alternates=True), 0, [True, False])
@example(Job(DAY, [*range(99), *[98] * 200, *[99] * 50, *[100] * 40]), 0, [True])
def test_a_percentage_adds_a_few_hundred_polls_to_those_every_three_minutes(
    job: Job, share: float, answered: Sequence[bool]
) -> None:
    watch_start = start_of_watch(job, share)
    polls = len(simulate_polls(job, watch_start, answered=answered))
    assert polls <= (job.duration - watch_start) / 180 + MAX_EXTRA_POLLS


@examples(5)
@given(JOBS)
@example(Job(YEAR))
@example(Job(YEAR, [50]))
@example(Job(YEAR, [100]))
@example(Job(YEAR, range(101)))
@example(Job(YEAR, [*range(99), *[98] * 200, *[99] * 50, *[100] * 40]))
@example(Job(YEAR, [99, 100], alternates=True))
@example(Job(YEAR, [0, 99], alternates=True))
@example(Job(YEAR, [None, 99], alternates=True))
@example(Job(YEAR, [math.nan, 99], alternates=True))
@example(Job(YEAR, [100, 250, 101], alternates=True))
@example(Job(YEAR, [99, 100], alternates=True, created=None))
@example(Job(YEAR, range(95, 10_000), alternates=True))
@example(Job(YEAR, [*[98] * 17, *[99] * 3]))
@example(Job(YEAR, [98 + step / 5_000 for step in range(5_000)]))  # some services report fractions of a percent
def test_a_watch_of_an_earlier_version_stays_below_the_maximum_number_of_polls_in_a_year(job: Job) -> None:
    assert len(simulate_polls(job, in_loop=True)) <= MAX_LOOP_POLLS + 1


@examples(5)
@given(JOBS, st.lists(st.booleans(), min_size=1, max_size=12).filter(any), st.floats(0, 1))
@example(Job(YEAR, [50]), [True, False], 0)
@example(Job(YEAR, [99]), [True, False], 0)
@example(Job(YEAR, range(101)), [True, False], 0)
@example(Job(YEAR, range(101)), [True, *[False] * 11], 0)
@example(Job(YEAR, [99, 100], alternates=True), [True, False], 0)
@example(Job(YEAR, [None, 99], alternates=True), [True, False, False], 0)
@example(Job(YEAR, range(95, 10_000), alternates=True), [True, False], 0)
@example(Job(YEAR, [*range(99), *[98] * 200, *[99] * 50, *[100] * 40]), [True, False], 0)
@example(Job(YEAR, [98 + step / 5_000 for step in range(5_000)]), [True, False], 0)
@example(Job(YEAR, [99], created=None), [*[True] * 3, *[False] * 997], 0)
def test_a_watch_of_an_earlier_version_stays_below_the_maximum_number_of_polls_when_throttled(
    job: Job, answered: Sequence[bool], random: float
) -> None:
    assert len(simulate_polls(job, answered=answered, random=random, in_loop=True)) <= MAX_LOOP_POLLS + 1


@given(st.lists(st.booleans(), min_size=1, max_size=6).filter(any), st.floats(0, 1))
def test_the_end_of_a_steadily_progressing_job_is_detected_quickly_even_if_polls_are_throttled(
    answered: Sequence[bool], random: float
) -> None:
    job = Job(8 * HOUR, [share / 10 for share in range(1_000)])
    ages = simulate_polls(job, 30, answered=answered, random=random)
    assert ages[-1] - job.duration <= len(answered) * (3 * 15 + POLL_DURATION)


@pytest.mark.parametrize("give_up_after", [HOUR, 14 * DAY, 350 * DAY])
@pytest.mark.parametrize(
    "limits",
    [
        PollingLimits(max_delay_ratio=0.001),
        PollingLimits(min_interval=1, max_interval=1),
        PollingLimits(max_interval=60),
        PollingLimits(min_interval=1),
    ],
)
@pytest.mark.parametrize("percents", [[None], [99], range(101), [98, 100]])
def test_a_watch_of_an_earlier_version_continues_until_it_gives_up_with_any_polling_limits(
    limits: PollingLimits, give_up_after: float, percents: Sequence[Percent]
) -> None:
    job, state, age = Job(10 * YEAR, percents, alternates=True), NEW_WATCH, 0.0
    rules = Rules(give_up_after=give_up_after, limits=limits)
    for polls in range(1, MAX_LOOP_POLLS + 2):
        watch = replace(watch_with({**state, "polls": polls}, in_loop=True), rules=rules)
        result = evaluate.after_answer(watch, job.observe(age, polls), EXACT(age))
        if result["outcome"] != "running":
            break
        state = cast(PollState, result)
        age += state["wait"] + POLL_DURATION
    assert result["outcome"] == "lost" and polls <= MAX_LOOP_POLLS + 1
    assert state["waited"] == give_up_after


AHEAD = st.builds(Clock, before=st.floats(0, YEAR), changes_at=DURATIONS)
BEHIND = st.builds(Clock, after=st.floats(-YEAR, 0), changes_at=DURATIONS)


@examples(40)
@given(JOBS, st.floats(0, 1), AHEAD | BEHIND)
@example(Job(30 * DAY, [99]), 0, Clock(before=DAY, changes_at=HOUR))
@example(Job(90 * DAY, [99]), 0.5, Clock(after=-30 * DAY, changes_at=46 * DAY))
def test_a_clock_that_is_set_back_delays_the_detection_only_slightly(job: Job, share: float, clock: Clock) -> None:
    watch_start = start_of_watch(job, share)
    ages = simulate_polls(job, watch_start, clock)
    assert len(ages) <= (job.duration - watch_start) / 180 + MAX_EXTRA_POLLS
    assert excess_delay(ages, job) <= min(240, 0.05 * clock.before)


@pytest.mark.parametrize("ahead", [1, HOUR, DAY, 40 * DAY])
@pytest.mark.parametrize("percents", [(None,), (0, 50, 99), (99,)])
def test_a_job_with_a_creation_time_in_the_future_is_as_old_as_its_watch(
    ahead: float, percents: Sequence[Percent]
) -> None:
    job = Job(30 * HOUR, percents, created=ahead)
    assert excess_delay(simulate_polls(job), job) <= 0
    assert len(simulate_polls(job)) <= len(simulate_polls(Job(30 * HOUR, percents, created=None)))


def fail_polls(state: PollState, meaning: Meaning, random: float, count: int) -> tuple[PollState, float]:
    """Return the state after `count` polls in a row without an answer, and the seconds waited."""
    seconds = 0.0
    for _ in range(count):
        state = fail_poll(state, random, meaning)
        assert type(state["wait"]) is int and state["wait"] >= 1
        seconds += state["wait"]
    return state, seconds


@given(
    st.builds(Job, st.just(10 * YEAR), st.tuples(st.none() | st.integers(0, 100)), created=st.none() | st.just(0)),
    DURATIONS,
    st.floats(0, 1),
    st.integers(0, 12),
    st.sampled_from([Meaning.THROTTLED, Meaning.UNAVAILABLE]),
)
@example(Job(10 * YEAR, created=0), HOUR, 0, 8, Meaning.THROTTLED)
def test_the_backoff_is_bounded_and_never_shorter_than_the_wait_after_an_answer(
    job: Job, watch_start: float, random: float, failed_polls: int, meaning: Meaning
) -> None:
    first = cast(
        PollState, evaluate.after_answer(watch_with(NEW_WATCH), job.observe(watch_start, 1), EXACT(watch_start))
    )
    state, seconds = fail_polls(first, meaning, random, failed_polls)
    age = watch_start + first["wait"] + seconds
    percent = state.get("percent")
    if percent is not None:  # the percentage of a job that progresses at the same speed
        percent = min(100.0, (percent + 1) * state["age"] / state["last_answer"] - 1) if state["last_answer"] else 100.0
    answered = cast(
        PollState,
        evaluate.after_answer(watch_with(state), replace(job, percents=[percent]).observe(age, 2), EXACT(age)),
    )
    unanswered, _ = fail_polls(state, meaning, random, 1)
    usual = accepted_delay(age, False) if percent is None else min(900, max(30, 0.05 * age))
    assert answered["wait"] - 1 <= unanswered["wait"] <= 2 * usual + 1


@examples(10)
@given(st.floats(0, 1))
def test_a_service_that_never_answers_is_polled_every_three_minutes_at_most(random: float) -> None:
    state, polls = NEW_WATCH, 0
    while state["waited"] < DAY:
        state, _ = fail_polls(state, Meaning.UNAVAILABLE, random, 1)
        polls += 1
    assert polls <= DAY / 180 + MAX_EXTRA_POLLS


def test_an_answer_ends_the_backoff() -> None:
    job = Job(YEAR)
    state, seconds = fail_polls(NEW_WATCH, Meaning.THROTTLED, 1, 5)
    result = cast(PollState, evaluate.after_answer(watch_with(state), job.observe(seconds, 6), EXACT(seconds)))
    assert state["wait"] == 2 * 15 - 1 and result["wait"] == 15 - 1
    new_watch = cast(PollState, {**NEW_WATCH, "waited": state["waited"], "last_disruption": state["last_disruption"]})
    assert result == evaluate.after_answer(watch_with(new_watch), job.observe(seconds, 6), EXACT(seconds))


@given(
    st.floats(1, 86_400),
    st.floats(0, YEAR),
    st.none() | st.floats(0, 100),
    st.floats(0, YEAR),
)
def test_no_interval_is_below_the_minimum(minimum: float, age: float, percent: float | None, stalled: float) -> None:
    limits = PollingLimits(min_interval=minimum, max_interval=86_400)
    assert interval(limits, age, percent, stalled) >= minimum
