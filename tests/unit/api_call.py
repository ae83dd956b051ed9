"""CloudTrail's events of API calls, generated from botocore's models with all members and distinct strings."""

import re
import string as characters
from collections.abc import Iterator, Mapping
from itertools import count, product
from typing import Any

from botocore.model import OperationModel, Shape, StructureShape

from infra import cloudtrail
from infra.service_models import service_model
from job_watcher.trigger import API_CALL
from tests.unit.example import example_string, fill_shape

ALPHABETS = (characters.digits, characters.ascii_lowercase + characters.digits, characters.ascii_uppercase)


def api_call_event(
    service: str, name: str, *, optional: bool = True, overrides: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the event of a successful call.

    Without `optional`, the request has only the required members. `overrides` sets string members by their names in the
    event.

    CloudTrail starts each member's name with a lower-case letter: `dBInstanceIdentifier`.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
    """
    operation = operation_model(service, name)
    values = UniqueValues()
    request = record_structure(operation.input_shape, values, overrides or {})
    if not optional and operation.input_shape:
        required = {_lower(member) for member in operation.input_shape.required_members}
        request = {member: value for member, value in request.items() if member in required}
    return {
        "source": f"aws.{service}",
        "detail-type": API_CALL,
        "account": "111122223333",
        "region": "eu-west-1",
        "detail": {
            "eventSource": cloudtrail.event_sources(service)[0],
            "eventName": name,
            "requestParameters": request or None,
            "responseElements": record_structure(operation.output_shape, values, overrides or {}) or None,
        },
    }


def operation_model(service: str, name: str) -> OperationModel:
    model = service_model(service)
    assert model is not None, service
    return model.operation_model(name)


def record_structure(
    shape: StructureShape | None, values: "UniqueValues", overrides: Mapping[str, str]
) -> dict[str, Any]:
    """Return a request or a response as CloudTrail records it."""
    return _rename(fill_shape(shape, values), overrides) if shape else {}


def _rename(value: Any, overrides: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_rename(item, overrides) for item in value]
    if not isinstance(value, dict):
        return value
    names = {_lower(str(name)): inner for name, inner in value.items()}
    return {name: overrides.get(name) or _rename(inner, overrides) for name, inner in names.items()}


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


class UniqueValues:
    """Return scalars that their shapes accept. Strings and integers are different each time if the shape allows it."""

    def __init__(self) -> None:
        self.used: set[Any] = set()
        self._numbers = count(1)
        self._variants: dict[Any, Iterator[str]] = {}

    def __call__(self, shape: Shape) -> Any:
        if shape.type_name == "string":
            return self._unique_string(shape)
        if shape.type_name in ("integer", "long"):
            return max(next(self._numbers), shape.metadata.get("min", 0))
        others = {"boolean": True, "timestamp": "Mar 1, 2026 9:30:00 AM", "blob": ""}
        return others.get(shape.type_name, 0.5)

    def _unique_string(self, shape: Shape) -> str:
        try:
            base = example_string(shape)
        except (AssertionError, StopIteration):  # no example was found for the pattern
            base = "x" * max(1, shape.metadata.get("min", 1))
        rules = tuple(str(shape.metadata.get(name)) for name in ("enum", "pattern", "min", "max"))
        variants = self._variants.setdefault((base, rules), _variants(base, shape))
        value = next((variant for variant in variants if variant not in self.used), base)
        self.used.add(value)
        return value


def _variants(base: str, shape: Shape) -> Iterator[str]:
    """Yield variants of the example that the shape accepts, with characters replaced or added at the end."""
    rules = shape.metadata
    if rules.get("enum"):
        return
    max_length = rules.get("max", 10**6)
    for alphabet, length, cut in product(ALPHABETS, (3, 2, 1), (len(base), -3, -2, -1)):
        for end in product(alphabet, repeat=length):
            value = base[:cut] + "".join(end)
            if rules.get("min", 0) <= len(value) <= max_length and _matches(rules.get("pattern"), value):
                yield value
            else:
                break  # the pattern doesn't allow such characters here


def _matches(pattern: str | None, value: str) -> bool:
    try:
        return pattern is None or re.fullmatch(pattern, value) is not None
    except re.error:  # the pattern is valid only in Java
        return True
