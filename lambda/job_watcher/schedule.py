"""Update a watch's state after an answer, and schedule its next poll."""

import math
from datetime import datetime

from . import overdue, polling
from .catalogue import Observation
from .poll_state import PollState
from .to_json import parse_time
from .watch import Watch

JITTER = 0.05  # of a wait
MAX_LATENESS = 60  # seconds
MAX_RUN_AGE = 366 * 24 * 3600  # seconds; an earlier creation time isn't the run's, because no watch lasts longer


def update_state(watch: Watch, observation: Observation, now: float) -> PollState:
    """Return the state after an answer at `now`, in seconds since 1970.

    The run's age is measured by the clock, but it grows by at least the time waited, because clocks can be set back.
    """
    state, percent = watch.state, observation.percent
    age = max(state.get("age", 0), _age(watch, observation, now))
    highest = state.get("highest_percent", -1)
    reached = -1 if percent is None else int(min(percent, polling.NEARLY_DONE))
    updated: PollState = {
        "polls": state["polls"],
        "waited": state["waited"],
        "reported": state.get("reported", 0),
        "outcome": observation.outcome,
        "status": observation.short_status,
        "percent": percent,
        "age": age,
        "last_answer": age,
        "highest_percent": max(highest, reached),
        "last_progress": age if reached > highest else state.get("last_progress", age),
        "status_since": state.get("status_since", age) if state.get("status") == observation.short_status else age,
    }
    if "last_disruption" in state:
        updated["last_disruption"] = state["last_disruption"]
    if "overdue" in state:
        updated["overdue"] = state["overdue"]
    return updated


def interval(watch: Watch, state: PollState) -> float:
    """Return the seconds to the next poll if this one was answered."""
    age = state.get("age", 0)
    stalled, since_answer = age - state.get("last_progress", age), age - state.get("last_answer", age)
    return polling.interval(
        watch.limits, age, state.get("percent"), stalled, since_answer, disrupted=_is_disrupted(state)
    )


def _is_disrupted(state: PollState) -> bool:
    """Whether a poll was throttled or failed within the last hour."""
    return state["waited"] - state.get("last_disruption", -polling.DISRUPTED_PERIOD) < polling.DISRUPTED_PERIOD


def add_wait(watch: Watch, state: PollState, seconds: float, random: float = 0) -> PollState:
    """Return the state with a wait, so that the next poll follows this one after `seconds`.

    The wait is up to 5 % shorter, so that watches that started together don't poll together. `random` is a number from
    0 to 1. The next poll is no later than the time at which the watch gives up, and if the minimum interval allows it,
    no later than the time at which the job becomes overdue.
    """
    time_left = watch.rules.give_up_after - state["waited"]
    seconds = max(watch.limits.min_interval, min(seconds * (1 - JITTER * random), _time_to_overdue(watch, state)))
    if watch.in_loop:
        seconds = max(seconds, polling.spread(state["polls"], polling.MAX_LOOP_POLLS, time_left))
    until_next = max(1, round(min(seconds, time_left)))
    wait = max(1, until_next - polling.POLL_SECONDS)
    age = state.get("age", 0) + wait
    heartbeat = max(
        watch.limits.heartbeat, round(polling.spread(state.get("reported", 0), polling.MAX_REPORTED, time_left))
    )
    waited = state["waited"] + until_next
    return add_delay({**state, "wait": wait, "delay": 0, "waited": waited, "age": age, "heartbeat": heartbeat})


def _time_to_overdue(watch: Watch, state: PollState) -> float:
    """Return the interval after which the next poll finds that the job is overdue, if it doesn't change until then."""
    left = overdue.time_left(watch.overdue_rule, state)
    return math.inf if left is None else math.ceil(left) + polling.POLL_SECONDS


def add_delay(state: PollState) -> PollState:
    """Return the state with the delay at whose end the next message arrives: all of the wait, or its next part.

    A part is at most 15 minutes, and at most half of the heartbeat time-out, because only messages cause heartbeats.
    """
    longest = min(polling.MAX_DELAY, state.get("heartbeat", 2 * polling.MAX_DELAY) // 2)
    return {**state, "delay": min(state["wait"], state.get("delay", 0) + max(1, longest))}


def catch_up(state: PollState, elapsed: float) -> PollState:
    """Return the state of a watch that started `elapsed` seconds ago and may be polled later than planned.

    If it is more than a minute late, the queue or a function was unavailable, which counts as a disruption. The delay
    doesn't count as time without an answer, unless the last poll had none.
    """
    late = max(0, round(elapsed - state["waited"]))
    age, last_answer = state.get("age", 0), state.get("last_answer")
    caught_up: PollState = {**state, "waited": state["waited"] + late, "age": age + late}
    if last_answer is not None and last_answer >= age - state.get("wait", 0):
        caught_up["last_answer"] = last_answer + late
    return {**caught_up, "last_disruption": caught_up["waited"]} if late > MAX_LATENESS else caught_up


def is_late(state: PollState) -> bool:
    """Whether `catch_up` found that the upcoming poll is more than a minute late."""
    return state.get("last_disruption") == state["waited"]


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
