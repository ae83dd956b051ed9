"""Decide what one poll means for a watch: keep polling, the job has ended, or the watch is lost."""

from typing import cast

from . import overdue, polling, schedule
from .catalogue import Observation
from .detail import Notification
from .errors import Meaning
from .expressions import search
from .facts import format_duration
from .notification import add_overdue, add_progress, build_job_ended, build_watch_lost
from .poll_state import PollState, ProgressUpdate
from .to_json import parse_time
from .watch import Watch

GRACE_PERIOD = 120  # seconds in which a new job or role may not be visible yet
PATIENCE_RATIO = 0.1  # A watch tolerates a missing or denied job for this share of the time with answers.
DAY = 24 * 3600
UNANSWERED_PERIOD = DAY  # for which a new watch tolerates no connection; longer than an outage of a Region
UNREACHABLE_PERIOD = 15 * 60  # seconds for which a new watch tolerates that the endpoint's host name doesn't exist
MAX_EVENT_AGE = 80 * 24 * 3600  # seconds; Step Functions frees the names of notifications after 90 days
MAX_EXTRA_POLLS = 3  # polls of an extra check if the service throttles or fails


def after_answer(
    watch: Watch, observation: Observation, now: float, random: float = 0, spread: float = 0
) -> PollState | ProgressUpdate | Notification:
    """Return the next state while the job runs, or the notification if it has ended or the watch gives up.

    `now` is in seconds since 1970, and `random` is a number from 0 to 1. `spread` is the number of seconds after which
    the service will probably answer the next poll of a job without a percentage. Jobs with a percentage are polled
    first, when their end is near. A state without `wait` ends the watch without a notification.
    """
    state = schedule.update_state(watch, observation, now)
    if observation.outcome != "running":
        return state if _was_reported_before(watch, observation, now) else build_job_ended(watch, observation)
    if watch.check_once:
        return state
    if state["waited"] >= watch.rules.give_up_after:
        reason = f"Gave up after {format_duration(state['waited'])}: the job is still {observation.short_status}."
        return build_watch_lost(watch, "GaveUp", reason, observation)
    why = overdue.find_reason(watch.overdue_rule, state)
    usual = schedule.interval(watch, state)
    interval = max(usual, min(spread, polling.MAX_SPREAD * usual)) if observation.percent is None else usual
    waiting = schedule.add_wait(watch, {**state, "overdue": 1} if why else state, interval, random)
    return add_overdue(watch, waiting, observation, why, now) if why else add_progress(watch, waiting, observation)


def after_error(
    watch: Watch, meaning: Meaning, error: str, reason: str, random: float, *, reached: bool = True
) -> PollState | ProgressUpdate | Notification:
    """Return the next state after a poll without an answer, or the notification that the watch is lost.

    - A throttled or failed call doesn't end the watch until it gives up.
    - If there is no connection or the answers can't be read (not `reached`), a watch whose job has never been found
      ends after a day. The endpoint was shut down, or a proxy or a firewall is in between. No later call resolves that.
    - A missing or denied job ends the watch if this persists: for at least two polls and two minutes since the last
      answer and the last throttled or failed call, and for a tenth of the time with answers, up to a day. For example,
      a one-hour IAM mistake doesn't end a watch that has run for a day.
    - An invalid request ends the watch at once. If it has been answered before, it is treated like a denied one.
    - If the endpoint's host name doesn't exist, the watch ends after 15 minutes, or after a day if the service has
      answered before. A short DNS outage doesn't end it.

    If the service's own event started the watch and the job was never found, the watch ends without a notification: the
    returned state has no `wait`. `random` is a number from 0 to 1.
    """
    state = _add_unreachable_since(_add_last_answer(watch.state), meaning)
    is_temporary = meaning in (Meaning.UNAVAILABLE, Meaning.THROTTLED)
    if watch.check_once:
        return _extra_check_after_error(watch, state, is_temporary)
    interval = schedule.interval(watch, state)
    never_reached = not reached and "last_answer" not in state and state["waited"] >= UNANSWERED_PERIOD
    if never_reached or not (is_temporary or _is_tolerated(state, meaning, interval)):
        is_gone = watch.from_service_event and meaning is Meaning.MISSING and "last_answer" not in state
        return _remove_wait(state) if is_gone else build_watch_lost(watch, error, reason)
    if state["waited"] >= watch.rules.give_up_after:
        gave_up = f"Gave up after {format_duration(state['waited'])}; the last answer was {error}: {reason}"
        return build_watch_lost(watch, "GaveUp", gave_up)
    if is_temporary or meaning is Meaning.UNREACHABLE:
        state = {**state, "last_disruption": state["waited"]}
        interval = polling.backoff(interval, random)
    return schedule.add_wait(watch, state, interval)


def _extra_check_after_error(watch: Watch, state: PollState, is_temporary: bool) -> PollState:
    if is_temporary and state["polls"] < MAX_EXTRA_POLLS:
        return schedule.add_wait(watch, state, watch.limits.min_interval * state["polls"])
    return _remove_wait(state)


def _is_tolerated(state: PollState, meaning: Meaning, interval: float) -> bool:
    """Whether a watch continues after an error that may not be temporary. `interval` is the time to its next poll."""
    waited, was_answered = state["waited"], "last_answer" in state
    if meaning is Meaning.INVALID and not was_answered:
        return False
    if "unreachable_since" in state:
        return waited - state["unreachable_since"] < (DAY if was_answered else UNREACHABLE_PERIOD)
    since_answer = state.get("age", 0) - state["last_answer"] if was_answered else waited
    persisted = min(since_answer, waited - state.get("last_disruption", 0))
    two_polls = 2 * max(interval, state.get("wait", 0))
    is_short = persisted < max(GRACE_PERIOD, two_polls)
    return is_short or since_answer < min(DAY, PATIENCE_RATIO * (waited - since_answer))


def _add_unreachable_since(state: PollState, meaning: Meaning) -> PollState:
    """Return the state with `unreachable_since` if the endpoint's host name doesn't exist, else without it."""
    if meaning is Meaning.UNREACHABLE:
        return {**state, "unreachable_since": state.get("unreachable_since", state["waited"])}
    return cast(PollState, {member: value for member, value in state.items() if member != "unreachable_since"})


def _remove_wait(state: PollState) -> PollState:
    return cast(PollState, {member: value for member, value in state.items() if member != "wait"})


def _add_last_answer(state: PollState) -> PollState:
    """Return the state with `last_answer`. If an earlier version made the state without it, it is the current age."""
    age = state.get("age", 0)
    return {**state, "age": age, "last_answer": state.get("last_answer", age)} if "status" in state else state


def _was_reported_before(watch: Watch, observation: Observation, now: float) -> bool:
    """Whether an event started this watch for a job that ended so long ago that it would be reported twice.

    By then, Step Functions accepts the name of the job's notification again.
    """
    if watch.trigger is None or watch.kind is None or watch.kind.recurs or "status" in watch.state:
        return False
    ended = parse_time(search(watch.kind.ended, observation.job))
    return ended is not None and now - ended.timestamp() > MAX_EVENT_AGE
