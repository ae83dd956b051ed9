"""Which kinds a deployment enables, from its stack's output Kinds.

The output has the setting `kinds`: names and patterns. A stack of an older version has no such output, and one of
another CDK app may have none. CloudFormation limits an output to 1,024 characters, so a long setting ends with `...`.
In these cases, it isn't known whether other kinds are enabled.
"""

import json
from collections.abc import Sequence

from job_watcher import catalogue

from .deployment import Deployment

OUTPUT, MORE = "Kinds", "..."


def patterns(deployment: Deployment | None) -> Sequence[str]:
    """Return the setting `kinds` as far as it is known; it ends with `...` if there may be more."""
    return deployment.outputs.get(OUTPUT, MORE).split() if deployment else [MORE]


def is_enabled(name: str, enabled: Sequence[str]) -> bool | None:
    """Whether a kind is enabled; None if that isn't known."""
    if catalogue.is_enabled(name, enabled):
        return True
    return None if MORE in enabled else False


def describe(name: str, enabled: Sequence[str]) -> str:
    """Return whether a kind is enabled, and if it isn't, the setting that enables it."""
    known = is_enabled(name, enabled)
    if known is None:
        return "not known"
    return "yes" if known else f'not enabled: redeploy with "kinds": {json.dumps([*enabled, name])}'
