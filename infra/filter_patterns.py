"""Express the setting `filters` in event patterns, so that EventBridge drops most of the events that it excludes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.model import Shape

from job_watcher.catalogue import Kind
from job_watcher.filters import Filters

from .service_models import service_model

Pattern = Mapping[str, Any]
# EventBridge rejects rules with too many wildcards. The documentation has no number, but examples with two in a value:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
MAX_WILDCARDS = 2
_PATH = re.compile(r'detail(\.(\w+|"[\w-]+"))+')  # of one value, in JMESPath


def filter_pattern(filters: Filters, kind: Kind, paths: Mapping[str, str]) -> Pattern:
    """Return a pattern that matches each event about a job that the filters select, and possibly others.

    `paths` has the JMESPath expressions that read the request from the event. If a member is missing, the event
    matches, and the Start function decides.
    """
    pattern: Pattern = {}
    globs_by_member = filters.get(kind.name, {})
    for member, globs in globs_by_member.items() if isinstance(globs_by_member, Mapping) else ():
        path, values = paths.get(member, ""), [_value(glob) for glob in globs]
        if _PATH.fullmatch(path) and None not in values and _is_string(kind, member):
            pattern = merged(pattern, _nested(path, [{"exists": False}, *values]))
    return pattern


def call_paths(kind: Kind, call: str) -> Mapping[str, str]:
    """Return the JMESPath expressions that read the request from CloudTrail's event of an API call, if they are known.

    Without `started`, the Start function takes each member from the response, or else from the call's parameters.
    """
    model = service_model(kind.service)
    if kind.started or model is None:
        return kind.started
    operation = model.operation_model(call)
    paths = {}
    for member in kind.request:
        found = _outermost(operation.output_shape, member, "detail.responseElements")
        found = found or _outermost(operation.input_shape, member, "detail.requestParameters")
        if len(found) == 1:  # otherwise, it depends on the order of the members in the event
            paths[member] = found[0]
    return paths


def merged(pattern: Pattern, other: Pattern) -> Pattern:
    """Return a pattern that matches what both match. If both restrict the same value, the first restriction is kept."""
    both = dict(pattern)
    for name, value in other.items():
        if isinstance(value, Mapping):
            both[name] = merged(both.get(name, {}), value)
        else:
            both.setdefault(name, value)
    return both


def _value(glob: str) -> str | dict[str, str] | None:
    """Return the value in an event pattern that matches what the glob matches; None if there is none."""
    start, *rest = glob.split("*")
    if re.search(r"[?\[\\]|\*\*|^\*$", glob) or len(rest) > MAX_WILDCARDS:
        return None
    if not rest:
        return glob
    if rest == [""]:
        return {"prefix": start}
    return {"suffix": rest[0]} if not start and len(rest) == 1 else {"wildcard": glob}


def _outermost(shape: Shape | None, member: str, path: str) -> list[str]:
    """Return the paths of the outermost members with this name in any case, spelled as CloudTrail does."""
    level, seen = [(path, shape)], set[str]()
    while level:
        inner = [
            (f"{start}.{name[:1].lower()}{name[1:]}", name, part)
            for start, outer in level
            for name, part in getattr(outer, "members", {}).items()
        ]
        if found := [path for path, name, part in inner if _is_value_of(part, name, member)]:
            return found
        seen |= {outer.name for _, outer in level if outer}
        level = [(path, part) for path, _, part in inner if part.name not in seen]
    return []


def _is_value_of(shape: Shape, name: str, member: str) -> bool:
    return name.lower() == member.lower() and shape.type_name not in ("structure", "map")


def _nested(path: str, values: Sequence[Any]) -> Pattern:
    pattern: Any = values
    for name in reversed(path.split(".")):
        pattern = {name.strip('"'): pattern}
    return dict(pattern)


def _is_string(kind: Kind, member: str) -> bool:
    """Whether the member is a string. In event patterns, `7` and `"7"` are different values."""
    model = service_model(kind.service)
    shape = model.operation_model(kind.describe).input_shape if model else None
    return shape is not None and member in shape.members and shape.members[member].type_name == "string"
