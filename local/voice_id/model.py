"""botocore's model of Voice ID: validates requests and builds the errors that the model defines."""

from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from local.voice_id.aws_json import Members, ServiceError, lower_camel
from local.voice_id.constraints import Violation, violations

DESCRIPTION = Loader().load_service_model("voice-id", "service-2")
SERVICE = ServiceModel(DESCRIPTION, "voice-id")


def service_error(code: str, message: str, **members: str) -> ServiceError:
    """Return one of the model's errors, with the HTTP status that the model defines for it."""
    shape = DESCRIPTION["shapes"][code]
    status = shape.get("error", {}).get("httpStatusCode", 500 if shape.get("fault") else 400)
    return ServiceError(code, message, status, **members)


def validated(operation: str, request: Members) -> Members:
    """Return the request without unknown members, which AWS ignores. Raise ValidationException if it isn't valid."""
    shape = SERVICE.operation_model(operation).input_shape
    assert shape is not None
    messages = [message(violation) for violation in violations(request, shape)]
    if messages:
        errors = "1 validation error" if len(messages) == 1 else f"{len(messages)} validation errors"
        raise service_error("ValidationException", f"{errors} detected: {'; '.join(messages)}")
    known: Members = without_unknown_members(request, shape)
    return known


def message(violation: Violation) -> str:
    """Return the service's message: `Value 'x' at 'domainId' failed to satisfy constraint: Member must …`."""
    value = "null" if violation.value is None else f"'{violation.value}'"
    path = ".".join(f"{step + 1}.member" if isinstance(step, int) else lower_camel(step) for step in violation.path)
    subject = "Value" if violation.sensitive else f"Value {value}"
    return f"{subject} at '{path}' failed to satisfy constraint: {violation.constraint}"


def without_unknown_members(value: Any, shape: Shape) -> Any:
    """Return the value without nulls and members that the shape doesn't define."""
    if isinstance(shape, StructureShape):
        members = [(name, member) for name, member in shape.members.items() if value.get(name) is not None]
        return {name: without_unknown_members(value[name], member) for name, member in members}
    if isinstance(shape, ListShape):
        return [without_unknown_members(item, shape.member) for item in value]
    return value
