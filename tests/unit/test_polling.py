"""How long a watch waits: the formula's own points, and what they add up to over whole watches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from job_watcher import catalogue, evaluate, polling
from job_watcher.catalogue import Observation
from job_watcher.errors import Meaning
from job_watcher.poll_state import PollState
from job_watcher.polling import POLL_SECONDS, PollingLimits, backoff, interval
from job_watcher.watch import Rules, Watch

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
CALL = 2.0  # seconds a poll takes, whole seconds' rounding included
BIRTH = 1_767_225_600  # of every job here, in seconds since 1970
MOST_EVER = polling.MAX_POLLS  # by any limits
MOST = 2_500  # polls: 9 history events each stay under Step Functions' 25,000
Percent = float | None
SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        (0, 60),
        (20 * 60, 60),
        (HOUR, 180),
        (5 * HOUR, 900),
        (8 * HOUR, 900),
        (300_000, 900),
        (10 * DAY, 2_592),
        (YEAR, 94_608),
    ],
)
def test_without_a_percentage_the_wait_is_5_percent_of_the_age_within_bounds(age: float, seconds: float) -> None:
    assert interval(PollingLimits(), age) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("age", "percent", "still", "seconds"),
    [
        (0, 0, 0, 15),
        (60, 50, 0, 60 * 49 / 51 / 3),
        (HOUR, 0, 0, 180),  # the soonest end is 99 hours away, but 5 % of the age is the longest wait
        (HOUR, 50, 0, 180),
        (HOUR, 90, 0, 3600 * 9 / 91 / 3),
        (8 * HOUR, 95, 0, 400),
        (HOUR, 98, 0, 15),
        (HOUR, 99, 0, 15),
        (HOUR, 100, 0, 15),
        (HOUR, 99, 750, 15),
        (HOUR, 99, 1_000, 20),
        (8 * HOUR, 100, 10_000, 200),
        (8 * HOUR, 96, 10_000, 8 * HOUR * 3 / 97 / 3),
        (30 * HOUR, 100, 30 * HOUR, 900),
    ],
)
def test_with_a_percentage_the_wait_is_a_third_of_the_soonest_end(
    age: float, percent: float, still: float, seconds: float
) -> None:
    assert interval(PollingLimits(), age, percent, still) == pytest.approx(seconds)


@pytest.mark.parametrize(("absurd", "like"), [(-5, 0), (250, 100)])
def test_an_absurd_percentage_is_the_nearest_possible_one(absurd: float, like: Percent) -> None:
    assert interval(PollingLimits(), HOUR, absurd, 60) == interval(PollingLimits(), HOUR, like, 60)


@pytest.mark.parametrize(
    ("age", "percent", "seconds"), [(0, None, 60), (1_000, None, 100), (HOUR, None, 300), (HOUR, 100, 5)]
)
def test_a_pace_can_be_set(age: float, percent: Percent, seconds: float) -> None:
    assert interval(
        PollingLimits(max_delay_ratio=0.1, min_interval=5, max_interval=300), age, percent
    ) == pytest.approx(seconds)


@given(st.floats(0, YEAR), st.none() | st.floats(allow_nan=False), st.floats(-YEAR, YEAR))
def test_a_wait_is_never_over_the_one_without_a_percentage_nor_under_the_shortest(
    age: float, percent: Percent, still: float
) -> None:
    assert 15 <= interval(PollingLimits(), age, percent, still) <= interval(PollingLimits(), age)


@pytest.mark.parametrize(
    ("percent", "unanswered", "seconds"),
    [
        (90, 0, 3600 * 9 / 91 / 3),
        (90, 176, (3600 * 9 / 91 - 176) / 3),
        (90, 350, 15),  # the soonest end is 6 s away
        (90, 3600 * 9 / 91 + 1_000, 20),  # it has passed: 2 % of the time since
        (99, 1_000, 20),
        (None, 400, 200),
    ],
)
def test_without_an_answer_the_soonest_end_comes_nearer(percent: Percent, unanswered: float, seconds: float) -> None:
    assert interval(PollingLimits(), HOUR + unanswered, percent, unanswered, unanswered) == pytest.approx(seconds)


@given(st.floats(1, YEAR), st.floats(0, 98), st.floats(0, 1))
def test_without_an_answer_the_interval_is_the_one_of_steady_progress(
    answered: float, percent: float, share: float
) -> None:
    age = answered + share * answered * (99 - percent) / (percent + 1)
    steady = (percent + 1) * age / answered - 1
    assert interval(PollingLimits(), age, percent, age - answered, age - answered) == pytest.approx(
        interval(PollingLimits(), age, steady), rel=1e-4, abs=1e-4
    )


@pytest.mark.parametrize(
    ("usual", "chance", "seconds"), [(15, 0, 15), (15, 1, 45), (300, 0.5, 600), (900, 1, 1_800), (94_608, 1, 95_508)]
)
def test_back_off_is_full_jitter_of_twice_the_usual_interval(usual: float, chance: float, seconds: float) -> None:
    assert backoff(PollingLimits(), usual, chance) == seconds


@given(st.floats(1, YEAR), st.floats(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_back_off_never_passes_the_soonest_end_that_the_last_answer_allows(
    answered: float, percent: float, share: float, chance: float
) -> None:
    soonest_end = answered * (99 - percent) / (percent + 1)
    unanswered = share * soonest_end
    age, left = answered + unanswered, soonest_end - unanswered
    usual = interval(PollingLimits(), age, percent, unanswered, unanswered)
    assert backoff(PollingLimits(), usual, chance) <= max(left, 3 * 15, 3 * 0.0001 * age) * (1 + 1e-9)


@dataclass(frozen=True)
class Job:
    """A job and how its service tells of it. Times in seconds."""

    lasts: float
    percents: Sequence[Percent] = (None,)
    flickers: bool = False
    """Whether each poll sees the next of the percentages, round and round; else each has its share of the time."""
    created: float | None = 0
    """How far in the future the service says it was created; None: it does not say."""

    def seen(self, age: float, poll: int) -> Observation:
        step = poll if self.flickers else int(age / self.lasts * len(self.percents))
        percent = self.percents[step % len(self.percents)]
        return read("COMPLETED" if age >= self.lasts else "IN_PROGRESS", percent, self.created)


@cache
def read(status: str, percent: Percent, created: float | None) -> Observation:
    """What the catalogue makes of a describe answer."""
    job = {
        "JobStatus": status,
        **({} if percent is None else {"JobProgress": {"PercentComplete": percent}}),
        **({} if created is None else {"CreatedAt": datetime.fromtimestamp(BIRTH + created, UTC)}),
    }
    seen = SPEAKER.read({"Job": job})
    assert seen is not None
    return seen


@dataclass(frozen=True)
class Clock:
    """The watch's clock, wrong by so many seconds `before` the job reaches the age `jumps`, and `after` it."""

    before: float = 0
    after: float = 0
    jumps: float = 0

    def __call__(self, age: float) -> float:
        return BIRTH + age + (self.before if age < self.jumps else self.after)


TRUE = Clock()
RULES = Rules(give_up_after=10 * YEAR)
INPUT = {"kind": SPEAKER.name, "request": {"DomainId": "a" * 22, "JobId": "b" * 22}}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:x"
NEW: PollState = {"polls": 0, "waited": 0, "outcome": "running"}


def watching(state: PollState) -> Watch:
    return Watch(INPUT, ARN, state, RULES, SPEAKER)


def polls(
    job: Job,
    begins: float = 0,
    clock: Clock = TRUE,
    answered: Sequence[bool] = (True,),
    chance: float = 0,
    call: float = CALL,
) -> list[float]:
    """The job's ages at which a watch that begins at one asks for it, up to the poll that sees the end.

    `answered`: which polls are, round and round; the others are throttled.
    """
    state, age, ages = NEW, begins, [begins]
    while len(ages) <= MOST + 1:
        if answered[len(ages) % len(answered)]:
            answer = evaluate.after_answer(watching(state), job.seen(age, len(ages)), clock(age))
        else:
            answer = throttled(state, chance)
        if answer["outcome"] != "running":
            return ages
        state = cast(PollState, answer)
        assert type(state["wait"]) is int and state["wait"] >= 1
        age += call + state["wait"]
        ages.append(age)
    return ages


def throttled(state: PollState, chance: float, meaning: Meaning = Meaning.THROTTLED) -> PollState:
    return cast(PollState, evaluate.after_error(watching(state), meaning, "ThrottlingException", "Slow down.", chance))


def lateness(ages: Sequence[float], job: Job, call: float = CALL) -> float:
    """By how much the end was seen later than it may be."""
    return ages[-1] - job.lasts - max(60, 0.05 * job.lasts) - call


ABSURD = st.sampled_from([-5, 101, 250, math.nan, math.inf])
PATHS = st.lists(st.none() | st.integers(0, 100) | st.integers(95, 100) | ABSURD, min_size=1, max_size=8)
DURATIONS = st.just(float(YEAR)) | st.integers(0, 7_498).map(lambda thousandths: 10 ** (thousandths / 1_000))
JOBS = st.builds(Job, DURATIONS, PATHS, st.booleans(), st.none() | st.just(0) | st.floats(0, YEAR, exclude_min=True))


@given(JOBS, st.floats(0, 1), st.sampled_from([0.3, POLL_SECONDS, CALL]))
def test_an_end_is_seen_within_a_minute_or_5_percent_of_the_jobs_duration(job: Job, begins: float, call: float) -> None:
    assert lateness(polls(job, begins * job.lasts, call=call), job, call) <= 0


@settings(max_examples=40)
@given(JOBS)
@example(Job(YEAR))
@example(Job(YEAR, [50]))
@example(Job(YEAR, [100]))
@example(Job(YEAR, range(101)))
@example(Job(YEAR, [*range(99), *[98] * 200, *[99] * 50, *[100] * 40]))
@example(Job(YEAR, [99, 100], flickers=True))
@example(Job(YEAR, [0, 99], flickers=True))
@example(Job(YEAR, [None, 99], flickers=True))
@example(Job(YEAR, [math.nan, 99], flickers=True))
@example(Job(YEAR, [100, 250, 101], flickers=True))
@example(Job(YEAR, [99, 100], flickers=True, created=None))
@example(Job(YEAR, range(95, 10_000), flickers=True))
@example(Job(YEAR, [*[98] * 17, *[99] * 3]))
@example(Job(YEAR, [98 + step / 5_000 for step in range(5_000)]))  # some services tell fractions of a percent
def test_no_watch_of_a_year_asks_too_often(job: Job) -> None:
    assert len(polls(job)) <= MOST


@settings(max_examples=60)
@given(JOBS, st.lists(st.booleans(), min_size=1, max_size=12).filter(any), st.floats(0, 1))
@example(Job(YEAR, [50]), [True, False], 0)
@example(Job(YEAR, [99]), [True, False], 0)
@example(Job(YEAR, range(101)), [True, False], 0)
@example(Job(YEAR, range(101)), [True, *[False] * 11], 0)
@example(Job(YEAR, [99, 100], flickers=True), [True, False], 0)
@example(Job(YEAR, [None, 99], flickers=True), [True, False, False], 0)
@example(Job(YEAR, range(95, 10_000), flickers=True), [True, False], 0)
@example(Job(YEAR, [*range(99), *[98] * 200, *[99] * 50, *[100] * 40]), [True, False], 0)
@example(Job(YEAR, [98 + step / 5_000 for step in range(5_000)]), [True, False], 0)
@example(Job(YEAR, [99], created=None), [*[True] * 3, *[False] * 997], 0)
def test_no_watch_of_a_year_asks_too_often_however_it_is_throttled(
    job: Job, answered: Sequence[bool], chance: float
) -> None:
    assert sum(age <= YEAR for age in polls(job, answered=answered, chance=chance)) <= MOST


@given(st.lists(st.booleans(), min_size=1, max_size=6).filter(any), st.floats(0, 1))
def test_an_end_that_is_foreseen_is_seen_soon_though_polls_are_throttled(
    answered: Sequence[bool], chance: float
) -> None:
    job = Job(8 * HOUR, [share / 10 for share in range(1_000)])
    ages = polls(job, 30, answered=answered, chance=chance)
    assert ages[-1] - job.lasts <= len(answered) * (3 * 15 + CALL)


@pytest.mark.parametrize("give_up", [HOUR, 14 * DAY, 350 * DAY])
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
def test_a_watch_lives_until_it_gives_up_whatever_the_pace(
    limits: PollingLimits, give_up: float, percents: Sequence[Percent]
) -> None:
    job, state, age = Job(10 * YEAR, percents, flickers=True), NEW, 0.0
    rules = Rules(give_up_after=give_up, limits=limits)
    for polls in range(1, MOST_EVER + 2):
        asked = replace(watching({**state, "polls": polls}), rules=rules)
        answer = evaluate.after_answer(asked, job.seen(age, polls), TRUE(age))
        if answer["outcome"] != "running":
            break
        state = cast(PollState, answer)
        age += state["wait"] + CALL
    assert answer["outcome"] == "lost" and polls <= MOST_EVER + 1
    assert state["waited"] == give_up


AHEAD = st.builds(Clock, before=st.floats(0, YEAR), jumps=DURATIONS)
BEHIND = st.builds(Clock, after=st.floats(-YEAR, 0), jumps=DURATIONS)


@settings(max_examples=60)
@given(JOBS, st.floats(0, 1), AHEAD | BEHIND)
@example(Job(30 * DAY, [99]), 0, Clock(before=DAY, jumps=HOUR))
@example(Job(90 * DAY, [99]), 0.5, Clock(after=-30 * DAY, jumps=46 * DAY))
def test_a_clock_that_jumps_backwards_harms_nothing(job: Job, begins: float, clock: Clock) -> None:
    ages = polls(job, begins * job.lasts, clock)
    assert len(ages) <= MOST
    assert lateness(ages, job) <= 0.05 * clock.before


@pytest.mark.parametrize("ahead", [1, HOUR, DAY, 40 * DAY])
@pytest.mark.parametrize("percents", [(None,), (0, 50, 99), (99,)])
def test_a_job_created_in_the_future_is_as_old_as_its_watch(ahead: float, percents: Sequence[Percent]) -> None:
    job = Job(30 * HOUR, percents, created=ahead)
    assert lateness(polls(job), job) <= 0
    assert len(polls(job)) <= len(polls(Job(30 * HOUR, percents, created=None)))


def quiet(state: PollState, meaning: Meaning, chance: float, times: int) -> tuple[PollState, float]:
    """The state after so many polls in a row without news, and the seconds they took."""
    seconds = 0.0
    for _ in range(times):
        state = throttled(state, chance, meaning)
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
def test_back_off_is_never_below_the_wait_there_would_have_been_and_bounded(
    job: Job, begins: float, chance: float, silent: int, meaning: Meaning
) -> None:
    first = cast(PollState, evaluate.after_answer(watching(NEW), job.seen(begins, 1), TRUE(begins)))
    state, seconds = quiet(first, meaning, chance, silent)
    age = begins + first["wait"] + seconds
    percent = state.get("percent")
    if percent is not None:  # what the service would have told of a job that goes on as it did
        percent = min(100.0, (percent + 1) * state["age"] / state["last_answer"] - 1) if state["last_answer"] else 100.0
    news = cast(
        PollState, evaluate.after_answer(watching(state), replace(job, percents=[percent]).seen(age, 2), TRUE(age))
    )
    no_news, _ = quiet(state, meaning, chance, 1)
    cap = interval(PollingLimits(), age)
    assert news["wait"] - 1 <= no_news["wait"] <= min(3 * cap, cap + PollingLimits().max_interval) + 1


@settings(max_examples=20)
@given(st.floats(0, 1))
def test_a_service_that_never_answers_is_not_asked_too_often(chance: float) -> None:
    state, asked = NEW, 0
    while state["waited"] < YEAR and asked <= MOST:
        state, _ = quiet(state, Meaning.UNAVAILABLE, chance, 1)
        asked += 1
    assert asked <= MOST


def test_news_ends_the_back_off() -> None:
    job = Job(YEAR)
    state, seconds = quiet(NEW, Meaning.THROTTLED, 1, 5)
    told = cast(PollState, evaluate.after_answer(watching(state), job.seen(seconds, 6), TRUE(seconds)))
    assert state["wait"] == 3 * 60 - 1 and told["wait"] == 60 - 1
    assert told == evaluate.after_answer(
        watching({**NEW, "waited": state["waited"]}), job.seen(seconds, 6), TRUE(seconds)
    )
