"""Remove members that may contain secrets: those that botocore marks as sensitive, and those with telling names."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_NAMES = re.compile(
    r"environment(_?variables)?|env_?vars?|user_?data|script_?body|connection_?string|credentials?|token|salt"
    r"|(presigned|download)_?ur[il]|\w*password|\w*secret(_?(access_?key|key|value|string))?"
    r"|\w*(auth|access|session|api|bearer|activation|license|private|static)_?(key|token)(_?value)?",
    re.IGNORECASE,
)


def redact(value: Any, shape: Shape | None, path: str = "") -> tuple[Any, list[str]]:
    """Return the value without members that may contain secrets, and the paths of the removed members."""
    if isinstance(value, list) and isinstance(shape, ListShape):
        kept = [redact(item, shape.member, path) for item in value]
        return [item for item, _ in kept], list(dict.fromkeys(one for _, left in kept for one in left))
    if not isinstance(value, Mapping) or not isinstance(shape, StructureShape | MapShape):
        return value, []
    members: dict[str, Any] = {}
    omitted: list[str] = []
    for name, inner in value.items():
        member = shape.value if isinstance(shape, MapShape) else shape.members.get(name)
        place = f"{path}.{name}".lstrip(".")
        if _NAMES.fullmatch(name) or is_sensitive(member):
            omitted.append(place)
        else:
            members[name], more = redact(inner, member, place)
            omitted += more
    return members, omitted


def is_sensitive(shape: Shape | None) -> bool:
    """Whether the model marks the shape, or its items, as sensitive."""
    inner = shape.member if isinstance(shape, ListShape) else shape.value if isinstance(shape, MapShape) else None
    return shape is not None and (bool(shape.metadata.get("sensitive")) or is_sensitive(inner))
