"""The polling interval depends on the age of the run, not on the age of the resource that the run changes."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from infra.catalogue.sample_answer import sample
from infra.service_models import service_model
from job_watcher import catalogue, evaluate
from job_watcher.catalogue import Kind, Observation
from job_watcher.poll_state import PollState
from job_watcher.polling import PollingLimits
from job_watcher.watch import Rules, Watch
from tests.each_kind import each_kind
from tests.examples import FACTOR
from tests.unit.test_round_trip import ANSWER_BUILDERS, set_status, without_contradictions

KINDS = catalogue.kinds()
RECURRING = [name for name, kind in KINDS.items() if kind.recurs]
NOT_RECURRING = [name for name, kind in KINDS.items() if not kind.recurs]
WITH_EVENT = [name for name, kind in KINDS.items() if kind.event]
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400
POLL_DURATION = 2  # seconds
WATCH_START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
RULES_WITH_EVENTS = Rules(limits_with_events=PollingLimits(max_delay_ratio=0.25, max_interval=HOUR))
RESOURCE_AGES = (0, 5, MINUTE, HOUR, DAY, 30 * DAY, 100 * DAY, YEAR, 5 * YEAR)  # at the start of the watch, in seconds
WATCH_DURATIONS = (0.5 * MINUTE, 5 * MINUTE, HOUR, 5 * HOUR)  # the last one reaches every maximum interval
# An API call that starts a run at the same time as its watch.
API_CALL_TRIGGER = {"id": "1", "time": "2026-01-01T00:00:00Z", "service_event": False}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"


@each_kind(RECURRING)
def test_the_end_of_a_change_is_detected_in_time_at_any_age_of_the_resource(name: str) -> None:
    for age, duration in ages_and_durations(name, 2 * FACTOR):
        delay = detection_delay(KINDS[name], RULES_WITH_EVENTS, age, duration)
        assert delay <= max_delay(RULES_WITH_EVENTS.limits, duration), (age, duration)


@each_kind(NOT_RECURRING)
def test_the_end_of_a_run_is_detected_in_time_even_if_the_job_was_created_long_before(name: str) -> None:
    for age, duration in ages_and_durations(name, FACTOR):
        delay = detection_delay(KINDS[name], RULES_WITH_EVENTS, age, duration, trigger=API_CALL_TRIGGER)
        assert delay <= max_delay(expected_limits(KINDS[name]), duration), (age, duration)


@each_kind(NOT_RECURRING)
def test_the_end_of_a_run_is_detected_in_time_if_the_watch_starts_later(name: str) -> None:
    randomness = random.Random(name)
    for duration in randomness.sample(WATCH_DURATIONS, min(FACTOR, len(WATCH_DURATIONS))):
        before = randomness.choice((0, 5, MINUTE, HOUR))
        delay = detection_delay(KINDS[name], RULES_WITH_EVENTS, before, duration)
        assert delay <= max_delay(expected_limits(KINDS[name]), before + duration), (before, duration)


@each_kind(WITH_EVENT)
def test_a_kind_with_an_event_has_the_default_polling_limits_if_events_do_not_trigger_polls(name: str) -> None:
    delay = detection_delay(KINDS[name], Rules(), 0, 5 * HOUR)
    assert delay <= max_delay(Rules().limits, 5 * HOUR)


def test_the_age_of_a_running_crawl_does_not_include_the_previous_crawl() -> None:
    crawler = {"Name": "orders", "LastCrawl": {"StartTime": datetime(2025, 12, 1, tzinfo=UTC), "Status": "SUCCEEDED"}}
    running, ready = (
        KINDS["glue/Crawler"].read({"Crawler": {**crawler, "State": state}}) for state in ("RUNNING", "READY")
    )
    assert running and not running.created
    assert ready and ready.created == datetime(2025, 12, 1, tzinfo=UTC)


def ages_and_durations(name: str, count: int) -> list[tuple[float, float]]:
    """Return ages of the resource at the start of the watch, and durations of the watch.

    The first pair shows best whether the run's age is wrong. The others are random.
    """
    randomness = random.Random(name)
    others = [age for age in RESOURCE_AGES if age != YEAR]  # an age of more than 366 days isn't used as a run's
    ages = randomness.sample(others, min(count - 1, len(others)))
    return [(YEAR, WATCH_DURATIONS[0]), *((age, randomness.choice(WATCH_DURATIONS)) for age in ages)]


def expected_limits(kind: Kind) -> PollingLimits:
    """Return the polling limits of a kind that doesn't recur, with automatic watches."""
    assert RULES_WITH_EVENTS.limits_with_events is not None
    return RULES_WITH_EVENTS.limits_with_events if kind.event else RULES_WITH_EVENTS.limits


def max_delay(limits: PollingLimits, duration: float) -> float:
    """Return the accepted detection delay in seconds: a minute or a share of the duration, and the poll itself."""
    return max(MINUTE, limits.max_delay_ratio * duration) + POLL_DURATION


def detection_delay(kind: Kind, rules: Rules, age: float, duration: float, **watch_input: Any) -> float:
    """Return the seconds from a job's end until its watch detects it.

    The job or resource is created `age` seconds before the watch starts, and ends `duration` seconds after that.
    """
    created = datetime.fromtimestamp(WATCH_START - age, UTC) if kind.created else None
    running, ended = (replace(observation, created=created) for observation in observations(kind.name))
    state: PollState = {"polls": 0, "waited": 0, "outcome": "running"}
    time = 0.0
    while True:
        state = {**state, "polls": state["polls"] + 1}
        watch = Watch({"kind": kind.name, "request": {}, **watch_input}, ARN, state, rules, kind)
        observation = ended if time >= duration else running
        result = evaluate.after_answer(watch, observation, WATCH_START + time)
        assert result["outcome"] == observation.outcome
        if observation is ended:
            return time - duration
        state = cast(PollState, result)
        time += POLL_DURATION + state["wait"]


@cache
def observations(name: str) -> tuple[Observation, Observation]:
    """Return the kind's observations while its job runs and after it has ended, without the Job dict."""
    kind = KINDS[name]
    model = service_model(kind.service)
    assert model is not None
    answer = without_contradictions(kind, sample(model.operation_model(kind.describe).output_shape))
    read = [kind.read(ANSWER_BUILDERS.get(kind.name, set_status)(kind, answer, status)) for status in kind.outcome_of]
    found = [replace(observation, job={}) for observation in read if observation]
    return (
        next(observation for observation in found if observation.outcome == "running"),
        next(observation for observation in found if observation.outcome != "running"),
    )
