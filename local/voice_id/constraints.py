"""Check a value against a service model's constraints: types, required members, lengths, ranges, patterns, enums."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore.model import ListShape, Shape, StructureShape

Path = tuple[str | int, ...]
TYPES: dict[str, Any] = {"structure": dict, "list": list, "string": str, "integer": int}


class Violation(NamedTuple):
    """A violated constraint: the path (member names and list indices from 0), the value (None: missing), the message.

    If the model marks the member as sensitive, messages must not contain the value.
    """

    path: Path
    value: Any
    constraint: str
    sensitive: bool


def violations(value: Any, shape: Shape, path: Path = ()) -> Iterator[Violation]:
    """Yield every violation of the shape's constraints in `value`. Unknown members are ignored, as AWS does.

    botocore's ParamValidator can't be used: it rejects unknown members, doesn't check maximums, patterns or enums,
    and its messages differ from the service's.
    """
    for constraint in violated_constraints(value, shape):
        yield Violation(path, value, constraint, bool(shape.metadata.get("sensitive")))
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from violations(value[name], member, (*path, name))
            elif name in shape.required_members:
                yield Violation((*path, name), None, "Member must not be null", False)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from violations(item, shape.member, (*path, index))


def violated_constraints(value: Any, shape: Shape) -> Iterator[str]:
    """Yield a message for each constraint that the value itself violates, worded as the service does if known."""
    constraints = shape.metadata
    if type(value) is not TYPES[shape.type_name]:  # not isinstance: True is an instance of int
        yield f"Member must be of type {shape.type_name}"
        return
    size, what = (value, "value") if isinstance(value, int) else (len(value), "length")
    if size < constraints.get("min", size):
        yield f"Member must have {what} greater than or equal to {constraints['min']}"
    if size > constraints.get("max", size):
        yield f"Member must have {what} less than or equal to {constraints['max']}"
    if "pattern" in constraints and not re.fullmatch(python_pattern(constraints["pattern"]), value):
        yield f"Member must satisfy regular expression pattern: {constraints['pattern']}"
    if value not in constraints.get("enum", [value]):
        yield f"Member must satisfy enum value set: [{', '.join(constraints['enum'])}]"


def python_pattern(pattern: str) -> str:
    """Return a service model's Java pattern as Python's. Voice ID uses one class that Python lacks, `\\p{ASCII}`."""
    return pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]")
