"""Read the errors that botocore models for describe operations."""

from collections.abc import Iterable
from typing import NamedTuple

from botocore.model import Shape

from job_watcher.catalogue import Kind

from ..service_models import require_service_model


class ModeledError(NamedTuple):
    """An error that a service's model lists for a describe operation."""

    service: str
    code: str
    status: int | None
    fault: str
    """`client`, `server`, or an empty string if the model doesn't say."""


def modeled_errors(kinds: Iterable[Kind]) -> set[ModeledError]:
    """Return the errors that botocore models for the kinds' describe operations."""
    operations = {(kind.service, kind.describe) for kind in kinds}
    return {
        _modeled_error(service, shape)
        for service, operation in operations
        for shape in require_service_model(service).operation_model(operation).error_shapes
    }


def _modeled_error(service: str, shape: Shape) -> ModeledError:
    modeled = shape.metadata.get("error", {})
    fault = "server" if shape.metadata.get("fault") else "client" if modeled.get("senderFault") else ""
    return ModeledError(service, modeled.get("code", shape.name), modeled.get("httpStatusCode"), fault)
