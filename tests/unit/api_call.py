"""CloudTrail events of API calls, made from botocore's models: every member filled, each string different."""

import re
import string as characters
from collections.abc import Iterator, Mapping
from itertools import count, product
from typing import Any

from botocore.model import OperationModel, Shape, StructureShape

from infra import cloudtrail
from infra.service_models import service_model
from job_watcher.trigger import API_CALL
from tests.unit.example import filled, string

ALPHABETS = (characters.digits, characters.ascii_lowercase + characters.digits, characters.ascii_uppercase)


def api_call(
    service: str, name: str, *, optional: bool = True, given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the event of a successful call; `given` sets string members by their CloudTrail name.

    CloudTrail starts each member's name with a lower-case letter: `dBInstanceIdentifier`.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
    """
    operation = operation_model(service, name)
    values = Values()
    request = recorded(operation.input_shape, values, given or {})
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
            "responseElements": recorded(operation.output_shape, values, given or {}) or None,
        },
    }


def operation_model(service: str, name: str) -> OperationModel:
    model = service_model(service)
    assert model is not None, service
    return model.operation_model(name)


def recorded(shape: StructureShape | None, values: "Values", given: Mapping[str, str]) -> dict[str, Any]:
    """A request or a response as CloudTrail records it."""
    return _renamed(filled(shape, values), given) if shape else {}


def _renamed(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, given) for item in value]
    if not isinstance(value, dict):
        return value
    names = {_lower(str(name)): inner for name, inner in value.items()}
    return {name: given.get(name) or _renamed(inner, given) for name, inner in names.items()}


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


class Values:
    """Makes scalars that their shapes accept; strings and integers only once each, where the shape leaves a choice."""

    def __init__(self) -> None:
        self.used: set[Any] = set()
        self._numbers = count(1)
        self._variants: dict[Any, Iterator[str]] = {}

    def __call__(self, shape: Shape) -> Any:
        if shape.type_name == "string":
            return self._unused(shape)
        if shape.type_name in ("integer", "long"):
            return max(next(self._numbers), shape.metadata.get("min", 0))
        others = {"boolean": True, "timestamp": "Mar 1, 2026 9:30:00 AM", "blob": ""}
        return others.get(shape.type_name, 0.5)

    def _unused(self, shape: Shape) -> str:
        try:
            base = string(shape)
        except (AssertionError, StopIteration):  # a pattern that the examples cannot follow
            base = "x" * max(1, shape.metadata.get("min", 1))
        rules = tuple(str(shape.metadata.get(name)) for name in ("enum", "pattern", "min", "max"))
        variants = self._variants.setdefault((base, rules), _variants(base, shape))
        value = next((one for one in variants if one not in self.used), base)
        self.used.add(value)
        return value


def _variants(base: str, shape: Shape) -> Iterator[str]:
    """The example with its last characters replaced or some added, as long as the shape accepts that."""
    rules = shape.metadata
    if rules.get("enum"):
        return
    longest = rules.get("max", 10**6)
    for alphabet, length, kept in product(ALPHABETS, (3, 2, 1), (len(base), -3, -2, -1)):
        for end in product(alphabet, repeat=length):
            value = base[: kept or None] + "".join(end)
            if rules.get("min", 0) <= len(value) <= longest and _matches(rules.get("pattern"), value):
                yield value
            else:
                break  # the pattern wants something else here, whatever the characters


def _matches(pattern: str | None, value: str) -> bool:
    try:
        return pattern is None or re.fullmatch(pattern, value) is not None
    except re.error:  # a pattern that only Java understands
        return True
