"""Build notifications: a job has ended, progressed or become overdue, or its watch can't continue."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from . import email_message
from .catalogue import Observation
from .chat_message import chat_message
from .detail import JOB_OVERDUE, MAX_NAME_LENGTH, RESERVES, Detail, Notification, execution_name, fits, truncate
from .expressions import search
from .facts import OVERDUE, describe_job, job_facts, one_line, place, shorten, summarize
from .links import job_links
from .poll_state import PollState, ProgressUpdate
from .redaction import mask_signatures, remove_signed_urls
from .to_json import text, to_json
from .watch import Watch

LOST_PREFIX = "lost-"  # the same as in watch.asl.json
MAX_ERROR_LENGTH = 200  # characters of an error code


def build_job_ended(watch: Watch, observation: Observation) -> Notification:
    """Return the notification that a job has ended. It is named after the job, so that it is sent only once."""
    detail = _detail(watch, observation.outcome, observation)
    name = execution_name(detail["kind"], detail["request"], _identity(watch, observation))
    failed = observation.outcome in watch.input.get("fail_on", ())
    return _notification(watch, detail, name, "JobFailed" if failed else None)


def build_watch_lost(watch: Watch, error: str, reason: str, observation: Observation | None = None) -> Notification:
    """Return the notification that this watch can't continue.

    It is named after the watch and not after the job, so that a later watch can still report the job's end.
    """
    lost = {"error": text(error, MAX_ERROR_LENGTH), "reason": text(shorten(reason))}
    status = {"status": watch.state["status"]} if "status" in watch.state and observation is None else {}
    detail = _detail(watch, "lost", observation, **status, **lost)
    return _notification(watch, detail, lost_name(watch), "WatchLost")


def lost_name(watch: Watch) -> str:
    """Return the name of the notification that a watch is lost.

    The prefix keeps it apart from the names of jobs' ends, because whoever starts a watch chooses its name.
    """
    name = watch.arn.rpartition(":")[2]
    return LOST_PREFIX + name[: MAX_NAME_LENGTH - len(LOST_PREFIX)]


def add_progress(watch: Watch, state: PollState, observation: Observation) -> PollState | ProgressUpdate:
    """Return the state, with a Job Progressed notification if the status changed or the percentage passed a step."""
    step = watch.rules.progress_step
    before = watch.state.get("status"), _steps_reached(watch.state.get("percent"), step)
    after = observation.short_status, _steps_reached(observation.percent, step)
    if step is None or before[0] is None or before == after:
        return state
    detail = _detail(watch, "running", None, status=observation.short_status, percent=observation.percent)
    name = execution_name(detail["kind"], detail["request"], [_identity(watch, observation), *after])
    update = cast(ProgressUpdate, {**state, "name": name, "detail": detail, "subject": "", "text": ""})
    return update if fits(update) else {**update, "detail": {**detail, "request": {}, "omitted": ["request"]}}


def add_overdue(watch: Watch, state: PollState, observation: Observation, reason: str, now: float) -> ProgressUpdate:
    """Return the state with a Job Overdue notification. `now` is in seconds since 1970.

    It is named after the job, so that it is sent once, whatever the reason and however many watches the job has. It
    replaces a Job Progressed notification, and has the status and the percentage too.
    """
    reasons = " The service says: ".join(text for text in (reason, _running_reason(watch, observation)) if text)
    detail = _overdue_detail(watch, state, observation, reason=reasons, changed=_last_change(state, now))
    name = execution_name(detail["kind"], detail["request"], [_identity(watch, observation), OVERDUE])
    update = _overdue_update(watch, state, name, detail)
    if fits(update):
        return update
    return _overdue_update(watch, state, name, {**detail, "request": {}, "omitted": ["request"]})


def _overdue_update(watch: Watch, state: PollState, name: str, detail: Detail) -> ProgressUpdate:
    shown = cast(Detail, {**detail, "outcome": OVERDUE})
    messages = _messages(watch, shown, email_message.body(watch.kind, shown))
    return cast(ProgressUpdate, {**state, "detail_type": JOB_OVERDUE, "name": name, "detail": detail, **messages})


def _messages(watch: Watch, detail: Detail, text: str) -> dict[str, str]:
    """Return the texts for people: the email's `subject` and `text` and, if the deployment has channels, `chat`."""
    subject = email_message.subject(_job(watch, detail), detail)
    chat = {"chat": chat_message(watch.kind, subject, detail)} if watch.rules.chat else {}
    return {"subject": subject, "text": text, **chat}


def _overdue_detail(watch: Watch, state: PollState, observation: Observation, **members: Any) -> Detail:
    """Return the detail without the Job dict, because the state machine passes it to the next poll."""
    percent = {} if observation.percent is None else {"percent": observation.percent}
    known_start = observation.created is not None and watch.kind is not None and not watch.kind.recurs
    seconds = {"seconds": round(state["last_answer"])} if known_start else {}
    whole = _detail(watch, "running", observation, **percent, **seconds, **members)
    detail = {name: value for name, value in whole.items() if name not in ("job", "omitted")}
    return cast(Detail, {**detail, "summary": summarize(_job(watch, detail), {**detail, "outcome": OVERDUE})})


def _running_reason(watch: Watch, observation: Observation) -> str:
    """Return what the service says about a running job. That of a recurring resource may be about its last run."""
    return "" if watch.kind is None or watch.kind.recurs else one_line(search(watch.kind.reason, observation.job))


def _last_change(state: PollState, now: float) -> str:
    """Return the time of the poll that last found another status or a higher percentage, or of the first poll."""
    age = state["last_answer"]
    changed = max(state.get("status_since", age), state["last_progress"] if state.get("percent") is not None else 0)
    return str(to_json(datetime.fromtimestamp(round(now - (age - changed)), UTC)))


def _steps_reached(percent: float | None, step: float | None) -> int:
    return int((percent or 0) // step) if step else 0


def _identity(watch: Watch, observation: Observation) -> Any:
    """Return what distinguishes this run from others with the same request: the watch if it recurs, or a time."""
    return watch.arn if watch.kind and watch.kind.recurs else to_json(observation.created)


def _detail(watch: Watch, outcome: str, observation: Observation | None, **members: Any) -> Detail:
    """Return the event's detail. `members` replace those that are read from the job."""
    watch_input = mask_signatures(to_json(watch.input)) if isinstance(watch.input, dict) else {}
    request = watch_input["request"] if isinstance(watch_input.get("request"), dict) else {}
    job, signed = remove_signed_urls(to_json(observation.job)) if observation else (None, [])
    status = {"status": observation.short_status} if observation else {}
    facts = mask_signatures({**status, **job_facts(watch.kind, request, job, outcome), **members})
    detail = {
        "kind": watch_input.get("kind"),
        "request": request,
        "outcome": outcome,
        **facts,
        **({"links": links} if (links := job_links(watch.kind, request, job, watch.arn)) else {}),
        **place(watch.arn),
        **({"job": job} if observation else {}),
        **({"omitted": omitted} if (omitted := _omitted(observation, signed)) else {}),
        "watch": watch.arn,
        "polls": watch.state["polls"],
    }
    return cast(Detail, {**detail, "summary": summarize(_job(watch, detail), detail)})


def _omitted(observation: Observation | None, signed: Sequence[str]) -> list[str]:
    """Return the paths of the members that were removed because they may contain secrets."""
    return mask_signatures([*to_json(observation.omitted), *signed]) if observation else []


def _job(watch: Watch, detail: Mapping[str, Any]) -> str:
    service = watch.rules.services.get(watch.kind.service, watch.kind.service) if watch.kind else ""
    return describe_job(service, watch.kind, detail)


def _notification(watch: Watch, detail: Detail, name: str, error: str | None) -> Notification:
    """Return the notification, truncated to the size limit. Its email is written again without the removed members."""
    body = email_message.body(watch.kind, detail)
    for reserve in RESERVES:
        truncated = truncate(detail, body, reserve)
        text = body if truncated == detail else email_message.body(watch.kind, truncated)
        messages = _messages(watch, truncated, text)
        members = {"outcome": detail["outcome"], "name": name, "detail": truncated, **messages}
        notification = cast(Notification, members if error is None else {**members, "error": error})
        if fits(notification):
            break
    return notification
