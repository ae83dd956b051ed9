"""Evaluate the answer of a describe call as the first poll of a watch does, without AWS."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from job_watcher import evaluate, facts, polling
from job_watcher.catalogue import Kind, Observation
from job_watcher.errors import Meaning
from job_watcher.poll_state import PollState
from job_watcher.to_json import to_json
from job_watcher.watch import Rules, Watch

from .infra_modules import service_names

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
        **_facts(kind, request, observation),
        **_consequence(result),
    }


def _explain_missing(kind: Kind, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer without a job means: the watch polls again, and is lost if the job remains missing."""
    reason = f"{kind.describe} didn't find the job."
    result = evaluate.after_error(_watch(kind, request), Meaning.MISSING, "NotFound", reason, random=0)
    unknown = dict.fromkeys(("outcome", "status", "known", "percent"))
    return {**unknown, "title": _title(kind, request, {}), "reason": reason, "results": None, **_consequence(result)}


def _watch(kind: Kind, request: Mapping[str, Any]) -> Watch:
    state: PollState = {"polls": 1, "waited": 0, "outcome": "running"}
    rules = replace(RULES, services={kind.service: service_names.short_name(kind.service)})
    return Watch({"kind": kind.name, "request": request}, ARN, state, rules, kind)


def _consequence(result: Any) -> dict[str, Any]:
    """Return the notification, or the seconds to the next poll. `waited` was 0 before this poll."""
    poll_again = "wait" in result
    return {
        "subject": None if poll_again else result["subject"],
        "email": None if poll_again else result["text"],
        "next_poll_seconds": result["waited"] if poll_again else None,
    }


def _facts(kind: Kind, request: Mapping[str, Any], observation: Observation) -> dict[str, Any]:
    """Return the job's title, the reason why it didn't succeed, and its results, as events have them."""
    found = facts.job_facts(kind, request, to_json(observation.job), observation.outcome)
    return {"title": _title(kind, request, found), "reason": found.get("reason"), "results": found.get("results")}


def _request_in_job(kind: Kind, observation: Observation) -> dict[str, Any]:
    job = cast(Mapping[str, Any], to_json(observation.job))
    return {name: job[name] for name in kind.request if isinstance(job.get(name), str)}


def _title(kind: Kind, request: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """Return the name of the job in the email's subject."""
    return facts.job_name(kind, {**found, "request": request}) or None
