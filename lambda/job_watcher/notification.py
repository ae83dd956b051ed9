"""Build notifications: a job has ended or progressed, or its watch can't continue."""

from typing import Any, cast

from . import email_message
from .catalogue import Observation
from .detail import Detail, Notification, execution_name, truncate
from .poll_state import PollState, ProgressUpdate
from .to_json import text, to_json
from .watch import Watch

MAX_REASON_LENGTH = 2_000  # characters
MAX_WORD_LENGTH = 200  # characters of a status or an error code


def build_job_ended(watch: Watch, observation: Observation) -> Notification:
    """Return the notification that a job has ended. It is named after the job, so that it is sent only once."""
    detail = _detail(watch, observation.outcome, observation)
    name = execution_name(detail["kind"], detail["request"], _identity(watch, observation))
    notification = _notification(watch, detail, name)
    failed = observation.outcome in watch.input.get("fail_on", ())
    return {**notification, "error": "JobFailed"} if failed else notification


def build_watch_lost(watch: Watch, error: str, reason: str, observation: Observation | None = None) -> Notification:
    """Return the notification that this watch can't continue.

    It is named after the watch and not after the job, so that a later watch can still report the job's end.
    """
    detail = _detail(watch, "lost", observation)
    shortened = reason if len(reason) <= MAX_REASON_LENGTH else reason[:MAX_REASON_LENGTH] + "…"
    detail |= {"error": text(error, MAX_WORD_LENGTH), "reason": text(shortened)}
    if "status" in watch.state:
        detail.setdefault("status", watch.state["status"])
    return {**_notification(watch, detail, watch.arn.rpartition(":")[2]), "error": "WatchLost"}


def add_progress(watch: Watch, state: PollState, observation: Observation) -> PollState | ProgressUpdate:
    """Return the state, with a Job Progressed notification if the status changed or the percentage passed a step."""
    step = watch.rules.progress_step
    before = watch.state.get("status"), _steps_reached(watch.state.get("percent"), step)
    after = observation.status, _steps_reached(observation.percent, step)
    if step is None or before[0] is None or before == after:
        return state
    detail = _detail(watch, "running", None)
    detail |= {"status": text(observation.status, MAX_WORD_LENGTH), "percent": observation.percent}
    name = execution_name(detail["kind"], detail["request"], [_identity(watch, observation), *after])
    return cast(ProgressUpdate, {**state, "name": name, "detail": detail, "subject": "", "text": ""})


def _steps_reached(percent: float | None, step: float | None) -> int:
    return int((percent or 0) // step) if step else 0


def _identity(watch: Watch, observation: Observation) -> Any:
    """Return what distinguishes this run from others with the same request: the watch if it recurs, or a time."""
    return watch.arn if watch.kind and watch.kind.recurs else to_json(observation.created)


def _detail(watch: Watch, outcome: str, observation: Observation | None) -> Detail:
    watch_input = watch.input if isinstance(watch.input, dict) else {}
    request = watch_input.get("request")
    detail = {
        "kind": to_json(watch_input.get("kind")),
        "request": to_json(request) if isinstance(request, dict) else {},
        **({"status": text(observation.status, MAX_WORD_LENGTH)} if observation else {}),
        "outcome": outcome,
        **({"job": to_json(observation.job)} if observation else {}),
        **({"omitted": list(observation.omitted)} if observation and observation.omitted else {}),
        "watch": watch.arn,
        "polls": watch.state["polls"],
    }
    return cast(Detail, detail)


def _notification(watch: Watch, detail: Detail, name: str) -> Notification:
    body = email_message.body(watch.kind, detail)
    truncated = truncate(detail, body)
    return {
        "outcome": detail["outcome"],
        "name": name,
        "detail": truncated,
        "subject": email_message.subject(watch.kind, truncated),
        "text": body if truncated is detail else email_message.body(watch.kind, truncated),
    }
