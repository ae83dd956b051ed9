"""Evaluate the answer of a describe call as the first poll of a watch does, without AWS."""

from collections.abc import Mapping
from typing import Any, cast

from job_watcher import email_message, evaluate, polling
from job_watcher.catalogue import Kind, Observation
from job_watcher.errors import Meaning
from job_watcher.expressions import search
from job_watcher.poll_state import PollState
from job_watcher.to_json import to_json
from job_watcher.watch import Rules, Watch

ARN = "arn:aws:states:us-east-1:111122223333:execution:Watch:example"
RULES = Rules(limits_with_events=polling.LIMITS_WITH_EVENTS)  # those of a deployment with the default settings


def explain_answer(kind: Kind, answer: Mapping[str, Any], request: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return how Job Watcher interprets an answer. Members that don't apply are None.

    `now` is in seconds since 1970. The email and its subject are those of the notification if the job has ended, and
    `next_poll_seconds` is the polling interval if it hasn't. Members of the request that aren't given are read from the
    job if it has members with the same names.
    """
    filtered = kind.filter_lists(answer, request) if set(kind.pick.values()) <= set(request) else answer
    observation = kind.read(filtered)
    if observation is None or observation.absent:
        return _explain_missing(kind, request)
    request = {**_request_in_job(kind, observation), **request}
    result = evaluate.after_answer(_watch(kind, request), observation, now)
    return {
        "outcome": observation.outcome,
        "status": observation.short_status,
        "known": observation.known,
        "percent": observation.percent,
        "title": _title(kind, request),
        "reason": _reason(kind, observation),
        "results": email_message.format_one_line(to_json(search(kind.results, observation.job))) or None,
        **_consequence(result),
    }


def _explain_missing(kind: Kind, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer without a job means: the watch polls again, and is lost if the job remains missing."""
    reason = f"{kind.describe} didn't find the job."
    result = evaluate.after_error(_watch(kind, request), Meaning.MISSING, "NotFound", reason, random=0)
    unknown = dict.fromkeys(("outcome", "status", "known", "percent"))
    return {**unknown, "title": _title(kind, request), "reason": reason, "results": None, **_consequence(result)}


def _watch(kind: Kind, request: Mapping[str, Any]) -> Watch:
    state: PollState = {"polls": 1, "waited": 0, "outcome": "running"}
    return Watch({"kind": kind.name, "request": request}, ARN, state, RULES, kind)


def _consequence(result: Any) -> dict[str, Any]:
    """Return the notification, or the seconds to the next poll. `waited` was 0 before this poll."""
    poll_again = "wait" in result
    return {
        "subject": None if poll_again else result["subject"],
        "email": None if poll_again else result["text"],
        "next_poll_seconds": result["waited"] if poll_again else None,
    }


def _reason(kind: Kind, observation: Observation) -> str | None:
    """Return why the job didn't succeed, as the email shows it."""
    if observation.outcome in ("running", "succeeded"):
        return None
    return email_message.format_one_line(to_json(search(kind.reason, observation.job))) or None


def _request_in_job(kind: Kind, observation: Observation) -> dict[str, Any]:
    job = cast(Mapping[str, Any], to_json(observation.job))
    return {name: job[name] for name in kind.request if isinstance(job.get(name), str)}


def _title(kind: Kind, request: Mapping[str, Any]) -> str | None:
    """Return the name of the job in the email's subject."""
    given = [request[name] for name in kind.request if name in request]
    return email_message.short_name(given[-1]) if given else None
