"""Least privilege, derived: the describe calls of the enabled kinds, on what their services let a policy name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from job_watcher.catalogue import Kind

from .lint import service_model


def action(kind: Kind) -> str:
    """The IAM action of a kind's describe call; its prefix is the name the service signs with."""
    model = service_model(kind.service)
    assert model is not None, f"{kind.name} passed the catalogue's check"
    return kind.action or f"{model.signing_name}:{kind.describe}"


def statements(kinds: Iterable[Kind]) -> Mapping[str, list[str]]:
    """Actions by resource, in the notation of AWS's documentation: `arn:${Partition}:voiceid:…:domain/*`."""
    grouped: dict[str, set[str]] = defaultdict(set)
    for kind in kinds:
        grouped[kind.resource].add(action(kind))
    return {resource: sorted(actions) for resource, actions in sorted(grouped.items())}
