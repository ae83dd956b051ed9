"""Update a watch's state after an answer, and schedule its next poll."""

from datetime import datetime

from . import polling
from .catalogue import Observation
from .poll_state import PollState
from .to_json import parse_time
from .watch import Watch

MAX_RUN_AGE = 366 * 24 * 3600  # seconds; an earlier creation time isn't the run's, because no watch lasts longer


def update_state(watch: Watch, observation: Observation, now: float) -> PollState:
    """Return the state after an answer at `now`, in seconds since 1970.

    The run's age is measured by the clock, but it grows by at least the time waited, because clocks can be set back.
    """
    state, percent = watch.state, observation.percent
    age = max(state.get("age", 0), _age(watch, observation, now))
    highest = state.get("highest_percent", -1)
    reached = -1 if percent is None else int(min(percent, polling.NEARLY_DONE))
    return {
        "polls": state["polls"],
        "waited": state["waited"],
        "outcome": observation.outcome,
        "status": observation.short_status,
        "percent": percent,
        "age": age,
        "last_answer": age,
        "highest_percent": max(highest, reached),
        "last_progress": age if reached > highest else state.get("last_progress", age),
    }


def interval(watch: Watch, state: PollState) -> float:
    """Return the seconds to the next poll while the service answers."""
    age = state.get("age", 0)
    stalled, since_answer = age - state.get("last_progress", age), age - state.get("last_answer", age)
    return polling.interval(watch.limits, age, state.get("percent"), stalled, since_answer, state["waited"])


def add_wait(watch: Watch, state: PollState, seconds: float) -> PollState:
    """Return the state with a wait, so that the next poll follows this one after `seconds`.

    The next poll is no later than the time at which the watch gives up.
    """
    time_left = watch.rules.give_up_after - state["waited"]
    spread_out = max(seconds, polling.min_interval_for_rest(state["polls"], time_left))
    until_next = max(1, round(min(spread_out, time_left)))
    wait = max(1, until_next - polling.POLL_SECONDS)
    return {**state, "wait": wait, "waited": state["waited"] + until_next, "age": state.get("age", 0) + wait}


def _age(watch: Watch, observation: Observation, now: float) -> float:
    start = run_start(watch, observation)
    age = now - start.timestamp() if start else 0
    return age if age < MAX_RUN_AGE else 0


def run_start(watch: Watch, observation: Observation) -> datetime | None:
    """Return when the run began: its creation time, or the time of the call that started it if that is later.

    None if the answer has no creation time. The creation time of a recurring resource isn't used, because the resource
    can be years older than its current change.
    """
    created = None if watch.kind and watch.kind.recurs else parse_time(observation.created)
    call_time = parse_time(watch.trigger.get("time")) if watch.trigger and not watch.from_service_event else None
    return max(created, call_time) if created and call_time else created
