"""Validate a kind's catalogue table: its keys and types, and whether it agrees with botocore's model of the service."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ServiceModel

from job_watcher.catalogue import Kind, parse_kind

from ..service_models import service_model
from ..suggestion import unaccepted
from . import validate_answer, validate_events, validate_links, validate_request, validate_table


def problems(name: str, table: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each problem of the kind `service/Noun`; an empty list if its table is valid."""
    service = name.partition("/")[0]
    model = service_model(service)
    found = list(validate_table.problems(table))
    if model is None:
        found.append(f"{service!r} is not a boto3 service.")
    if found or model is None:
        return found  # the other checks rely on the types, and on the model
    return list(_disagreements(parse_kind(name, table), table, model))


def _disagreements(kind: Kind, table: Mapping[str, Any], model: ServiceModel) -> Iterator[str]:
    """Yield where a well-formed table disagrees with the service's model, or with EventBridge's event patterns."""
    for key, operations in (("describe", [kind.describe]), ("start", kind.start)):
        unknown = unaccepted(operations, model.operation_names, f"an operation of {kind.service}")
        yield from (f"{key}: {problem}" for problem in unknown)
    if kind.describe in model.operation_names:
        operation = model.operation_model(kind.describe)
        yield from validate_request.problems(kind, operation)
        yield from validate_answer.problems(kind, table, operation)
        yield from validate_links.problems(kind, operation)
    yield from validate_events.problems(kind)
