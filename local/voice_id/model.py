"""botocore's model of Voice ID, put to the service's use: which inputs it refuses, and what its errors look like."""

from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from local.voice_id.aws_json import Members, Refusal, lower_camel
from local.voice_id.constraints import Violation, violations

DESCRIPTION = Loader().load_service_model("voice-id", "service-2")
SERVICE = ServiceModel(DESCRIPTION, "voice-id")


def refusal(code: str, message: str, **members: str) -> Refusal:
    """One of the model's errors, with the HTTP status the model gives it."""
    shape = DESCRIPTION["shapes"][code]
    status = shape.get("error", {}).get("httpStatusCode", 500 if shape.get("fault") else 400)
    return Refusal(code, message, status, **members)


def accepted(operation: str, given: Members) -> Members:
    """The operation's input without the members it does not know, which AWS ignores; or a ValidationException."""
    shape = SERVICE.operation_model(operation).input_shape
    assert shape is not None
    found = [said(violation) for violation in violations(given, shape)]
    if found:
        errors = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
        raise refusal("ValidationException", f"{errors} detected: {'; '.join(found)}")
    known: Members = pruned(given, shape)
    return known


def said(violation: Violation) -> str:
    """The service's sentence: `Value 'x' at 'domainId' failed to satisfy constraint: Member must …`"""
    value = "null" if violation.value is None else f"'{violation.value}'"
    path = ".".join(f"{step + 1}.member" if isinstance(step, int) else lower_camel(step) for step in violation.path)
    shown = "Value" if violation.sensitive else f"Value {value}"
    return f"{shown} at '{path}' failed to satisfy constraint: {violation.demand}"


def pruned(value: Any, shape: Shape) -> Any:
    """A value of the shape without unknown members and nulls."""
    if isinstance(shape, StructureShape):
        members = shape.members.items()
        return {name: pruned(value[name], member) for name, member in members if value.get(name) is not None}
    if isinstance(shape, ListShape):
        return [pruned(item, shape.member) for item in value]
    return value
