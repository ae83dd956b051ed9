"""How CloudTrail names the API calls that start jobs, and whether their events reach the default bus."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from job_watcher.catalogue import Kind

from .service_models import service_model

FACTS: Mapping[str, Mapping[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def event_sources(service: str) -> Sequence[str]:
    """The values that `eventSource` may have in the events of a service's calls; none if botocore lacks the service."""
    model = service_model(service)
    names = FACTS["event-source"].get(service, [model.signing_name] if model else [])
    return [f"{name}.amazonaws.com" for name in names]


def event_names(service: str, call: str) -> Sequence[str]:
    """The values that `eventName` may have in the events of a call."""
    other = FACTS["event-name"].get(service, {}).get(call)
    return [call, other] if other else [call]


def is_read_only(service: str, call: str) -> bool:
    """Whether a rule must be in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS to match the call's events."""
    return call.startswith(("Describe", "Get", "List")) or call in FACTS["read-only"].get(service, ())


def starts_automatically(kind: Kind) -> str:
    """Whether events start a watch of such a job: yes, no, only in one Region, or only if a trail logs data events.

    A read-only call starts none: CloudTrail leaves out its response, which has the job's identifier.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    recorded = {call for call in kind.start if not is_read_only(kind.service, call)} - _calls("not-recorded", kind)
    if kind.event or recorded - _calls("data-events", kind):
        region = FACTS["regions"].get(kind.service)
        return f"only in {region}" if region else "yes"
    return "needs CloudTrail data events" if recorded else "no"


def _calls(table: str, kind: Kind) -> set[str]:
    return set(FACTS[table].get(kind.service, ()))
