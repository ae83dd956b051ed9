"""Find the jobs that an event on the default bus starts watches of, without AWS."""

from collections.abc import Mapping
from typing import Any

from job_watcher import catalogue, trigger
from job_watcher.catalogue import Kind
from job_watcher.to_json import to_json
from job_watcher.trigger import IncompleteEvent

from .infra_modules import cloudtrail, trigger_rules


def explain_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `jobs` that an event is about, if all kinds are enabled.

    If the event should start a watch but doesn't identify the job, `reason` says what is missing.
    """
    if trigger.is_own_execution(event, ()):
        return {"jobs": []}
    kinds = [kind for kind in catalogue.kinds().values() if _may_concern(kind, event)]
    try:
        jobs = trigger.find_jobs(event, trigger_rules.index(kinds))
    except IncompleteEvent as incomplete:
        return {"jobs": [], "reason": str(incomplete)}
    return {"jobs": [{"kind": job.kind.name, "request": to_json(job.request)} for job in jobs]}


def _may_concern(kind: Kind, event: Mapping[str, Any]) -> bool:
    """Whether a kind is about the event's source or call. The index of all kinds would need every service's model."""
    detail = event.get("detail")
    name = str(detail.get("eventName")) if isinstance(detail, Mapping) else None
    calls = {called for call in kind.start for called in cloudtrail.event_names(kind.service, call)}
    return kind.event.get("source") == event.get("source") or name in calls
