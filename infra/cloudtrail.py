"""How CloudTrail's events name the API calls that start jobs, and whether these events reach the default bus.

The exceptions are in cloudtrail.toml.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from job_watcher.catalogue import Kind

from .service_models import signing_name

FACTS: Mapping[str, Mapping[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def event_sources(service: str) -> Sequence[str]:
    """Return the values that `eventSource` can have in events about a service's calls; none for an unknown service."""
    name = signing_name(service)
    prefixes = FACTS["event-source"].get(service, [name] if name else [])
    return [f"{prefix}.amazonaws.com" for prefix in prefixes]


def event_names(service: str, call: str) -> Sequence[str]:
    """Return the values that `eventName` can have in events about a call."""
    versioned = FACTS["event-name"].get(service, {}).get(call)
    return [call, versioned] if versioned else [call]


def is_read_only(service: str, call: str) -> bool:
    """Whether CloudTrail records the call as read-only.

    Only rules in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS match the events about such calls.
    """
    return call.startswith(("Describe", "Get", "List")) or call in FACTS["read-only"].get(service, ())


def starts_automatically(kind: Kind) -> str:
    """Return whether events start watches of this kind, as the page of kinds shows it.

    The result is `yes`, `no`, `only in <Region>` or `needs CloudTrail data events`. Events about read-only calls don't
    start watches, because they don't include the response, which has the job's identifier:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    recorded = {call for call in kind.start if not is_read_only(kind.service, call)} - _facts("not-recorded", kind)
    if kind.event or recorded - _facts("data-events", kind):
        region = FACTS["regions"].get(kind.service)
        return f"only in {region}" if region else "yes"
    return "needs CloudTrail data events" if recorded else "no"


def _facts(table: str, kind: Kind) -> set[str]:
    """Return the calls that a table of cloudtrail.toml lists for the kind's service."""
    return set(FACTS[table].get(kind.service, ()))
