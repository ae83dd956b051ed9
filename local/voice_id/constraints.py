"""What a service model demands of a value: types, required members, lengths, ranges, patterns and enums."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore.model import ListShape, Shape, StructureShape

Path = tuple[str | int, ...]
TYPES: dict[str, Any] = {"structure": dict, "list": list, "string": str, "integer": int}


class Violation(NamedTuple):
    """Where (member names and list indices from 0), the value there (None: missing), and the demand it breaks."""

    path: Path
    value: Any
    demand: str
    sensitive: bool


def violations(value: Any, shape: Shape, path: Path = ()) -> Iterator[Violation]:
    """Everything about `value` that the shape forbids. Members the shape does not name are passed over, as AWS does.

    botocore's own ParamValidator is no help here: it refuses unknown members, knows no maximum, pattern or enum,
    and its sentences are not the service's.
    """
    for demand in broken(value, shape):
        yield Violation(path, value, demand, bool(shape.metadata.get("sensitive")))
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from violations(value[name], member, (*path, name))
            elif name in shape.required_members:
                yield Violation((*path, name), None, "Member must not be null", False)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from violations(item, shape.member, (*path, index))


def broken(value: Any, shape: Shape) -> Iterator[str]:
    """The demands of one shape that one value breaks, in the service's own words where it has words."""
    demands = shape.metadata
    if type(value) is not TYPES[shape.type_name]:  # not isinstance: true is no integer
        yield f"Member must be of type {shape.type_name}"
        return
    size, what = (value, "value") if isinstance(value, int) else (len(value), "length")
    if size < demands.get("min", size):
        yield f"Member must have {what} greater than or equal to {demands['min']}"
    if size > demands.get("max", size):
        yield f"Member must have {what} less than or equal to {demands['max']}"
    if "pattern" in demands and not re.fullmatch(python_pattern(demands["pattern"]), value):
        yield f"Member must satisfy regular expression pattern: {demands['pattern']}"
    if value not in demands.get("enum", [value]):
        yield f"Member must satisfy enum value set: [{', '.join(demands['enum'])}]"


def python_pattern(pattern: str) -> str:
    """Service models write Java's regular expressions; this is the one class among Voice ID's that Python lacks."""
    return pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]")
