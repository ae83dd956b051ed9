"""The age that decides on the polling interval is the run's, whatever the age of the resource that it changes."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import pytest

from infra.catalogue.sample_answer import sample
from infra.service_models import service_model
from job_watcher import catalogue, evaluate
from job_watcher.catalogue import Kind, Observation
from job_watcher.poll_state import PollState
from job_watcher.polling import PollingLimits
from job_watcher.watch import Rules, Watch
from tests.unit.test_round_trip import ARRANGED, uncontradicted, with_status

KINDS = catalogue.kinds()
RECURRING = [name for name, kind in KINDS.items() if kind.recurs]
RUNS = [name for name, kind in KINDS.items() if not kind.recurs]
WITH_EVENT = [name for name, kind in KINDS.items() if kind.event]
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400
CALL = 2  # seconds that a poll takes
BEGIN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()  # of every watch
EVENTS = Rules(limits_with_events=PollingLimits(max_delay_ratio=0.25, max_interval=HOUR))
AGES = (0, 5, MINUTE, HOUR, DAY, 30 * DAY, 100 * DAY, YEAR, 5 * YEAR)  # of a resource when the watch begins
DURATIONS = (0.5 * MINUTE, 5 * MINUTE, HOUR, 8 * HOUR, 3 * DAY)  # of a watch
CALLED = {
    "id": "1",
    "time": "2026-01-01T00:00:00Z",
    "service_event": False,
}  # the call that starts a run when the watch begins
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"


@pytest.mark.parametrize("name", RECURRING)
def test_the_end_of_a_change_is_seen_in_time_whatever_the_age_of_the_resource(name: str) -> None:
    for age in AGES:
        lasts = random.Random(f"{name} {age}").choice(DURATIONS)
        late = lateness(KINDS[name], EVENTS, age, lasts)
        assert late <= allowed(EVENTS.limits, lasts), (age, lasts)


@pytest.mark.parametrize("name", RUNS)
def test_the_end_of_a_run_is_seen_in_time_however_long_before_it_was_created(name: str) -> None:
    for age in AGES[::2]:
        lasts = random.Random(f"{name} {age}").choice(DURATIONS)
        late = lateness(KINDS[name], EVENTS, age, lasts, trigger=CALLED)
        assert late <= allowed(limits(KINDS[name]), lasts), (age, lasts)


@pytest.mark.parametrize("name", RUNS)
def test_the_end_of_a_run_is_seen_in_time_if_the_watch_begins_later(name: str) -> None:
    for lasts in DURATIONS:
        before = random.Random(f"{name} {lasts}").choice((0, 5, MINUTE, HOUR))
        late = lateness(KINDS[name], EVENTS, before, lasts)
        assert late <= allowed(limits(KINDS[name]), before + lasts), (before, lasts)


@pytest.mark.parametrize("name", WITH_EVENT)
def test_a_kind_with_an_event_has_the_pace_of_all_kinds_if_events_start_no_polls(name: str) -> None:
    late = lateness(KINDS[name], Rules(), 0, 8 * HOUR)
    assert late <= allowed(Rules().limits, 8 * HOUR)


def test_a_crawl_is_not_as_old_as_the_crawl_before_it() -> None:
    crawler = {"Name": "orders", "LastCrawl": {"StartTime": datetime(2025, 12, 1, tzinfo=UTC), "Status": "SUCCEEDED"}}
    running, ready = (
        KINDS["glue/Crawler"].read({"Crawler": {**crawler, "State": one}}) for one in ("RUNNING", "READY")
    )
    assert running and not running.created
    assert ready and ready.created == datetime(2025, 12, 1, tzinfo=UTC)


def limits(kind: Kind) -> PollingLimits:
    """Return the limits of a kind that doesn't recur, with automatic watches."""
    assert EVENTS.limits_with_events is not None
    return EVENTS.limits_with_events if kind.event else EVENTS.limits


def allowed(limits: PollingLimits, duration: float) -> float:
    """Return how late an end may be seen: a minute or a share of the duration, and the poll itself."""
    return max(MINUTE, limits.max_delay_ratio * duration) + CALL


def lateness(kind: Kind, rules: Rules, age: float, lasts: float, **more: Any) -> float:
    """Return how long after the end a watch sees it, of a job or resource that was created `age` before the watch."""
    created = datetime.fromtimestamp(BEGIN - age, UTC) if kind.created else None
    running, ended = (replace(seen, created=created) for seen in answers(kind.name))
    state: PollState = {"polls": 0, "waited": 0, "outcome": "running"}
    time = 0.0
    while True:
        state = {**state, "polls": state["polls"] + 1}
        watch = Watch({"kind": kind.name, "request": {}, **more}, ARN, state, rules, kind)
        seen = ended if time >= lasts else running
        told = evaluate.after_answer(watch, seen, BEGIN + time)
        assert told["outcome"] == seen.outcome
        if seen is ended:
            return time - lasts
        state = cast(PollState, told)
        time += CALL + state["wait"]


@cache
def answers(name: str) -> tuple[Observation, Observation]:
    """Return what the kind reads while its job runs and when it has ended, without the job itself."""
    kind = KINDS[name]
    model = service_model(kind.service)
    assert model is not None
    answer = uncontradicted(kind, sample(model.operation_model(kind.describe).output_shape))
    found = [kind.read(ARRANGED.get(kind.name, with_status)(kind, answer, status)) for status in kind.outcome_of]
    seen = [replace(one, job={}) for one in found if one]
    return (
        next(one for one in seen if one.outcome == "running"),
        next(one for one in seen if one.outcome != "running"),
    )
