"""`make schema`: write docs/events.schema.json, the JSON Schema of the events, from the types and docs/events.md."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from job_watcher.catalogue import FINAL_OUTCOMES
from job_watcher.detail import Detail

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "events.schema.json"
# Not `links`: there are none in partitions whose console isn't known.
ALWAYS = ("kind", "request", "outcome", "summary", "account", "region", "watch", "polls")
RUNNING = ("percent", "changed")  # members of events about running jobs
TYPES: Mapping[Any, dict[str, Any]] = {
    Any: {},
    str: {"type": "string"},
    int: {"type": "integer", "minimum": 0},
    float: {"type": "number"},
    type(None): {"type": "null"},
}
TIME = {"format": "date-time", "pattern": "Z$"}
RULES: Mapping[str, dict[str, Any]] = {
    "changed": TIME,
    "created": TIME,
    "ended": TIME,
    "summary": {"minLength": 1},
    "title": {"minLength": 1},
    "results": {"minLength": 1},
    "account": {"pattern": "^[0-9]{12}$"},
    "watch": {"pattern": "^arn:[^:]+:states:[^:]+:[0-9]{12}:execution:"},
    "links": {"minProperties": 1, "additionalProperties": {"type": "string", "format": "uri", "pattern": "^https://"}},
    "omitted": {"minItems": 1},
}
"""What the types don't express."""


class DetailType(NamedTuple):
    """The details of the events with one detail-type: the outcomes, and the members that they do and don't have."""

    description: str
    outcomes: tuple[str, ...]
    required: tuple[str, ...]
    absent: tuple[str, ...]


DETAIL_TYPES: Mapping[str, DetailType] = {
    "Job Ended": DetailType("A job has ended.", FINAL_OUTCOMES, (*ALWAYS, "status", "job"), ("error", *RUNNING)),
    # The state machine's own event, if the Describe function fails, has only the required members.
    "Watch Lost": DetailType(
        "A watch can't continue. The job may still be running.",
        ("lost",),
        (*ALWAYS, "error", "reason"),
        RUNNING,
    ),
    "Job Progressed": DetailType(
        "A job's status has changed, or its percentage has reached the next step.",
        ("running",),
        (*ALWAYS, "status", "percent"),
        ("error", "reason", "changed", "ended", "seconds", "job"),
    ),
    "Job Overdue": DetailType(
        "A running job is overdue. It is still being watched.",
        ("running",),
        (*ALWAYS, "status", "reason", "changed"),
        ("error", "ended", "job"),
    ),
}


def write() -> None:
    """Write docs/events.schema.json."""
    PAGE.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of an event. Its `$defs` are the details, by detail-type."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event of Job Watcher",
        "description": "Later versions can add members.",
        "type": "object",
        "required": ["source", "detail-type", "detail"],
        "properties": {"source": {"const": "job-watcher"}, "detail-type": {"enum": [*DETAIL_TYPES]}},
        "oneOf": [
            {"properties": {"detail-type": {"const": name}, "detail": {"$ref": f"#/$defs/{definition_name(name)}"}}}
            for name in DETAIL_TYPES
        ],
        "$defs": {definition_name(name): _definition(one) for name, one in DETAIL_TYPES.items()},
    }


def definition_name(detail_type: str) -> str:
    """Return the name in `$defs` of a detail-type: `JobEnded`."""
    return detail_type.replace(" ", "")


def _definition(detail_type: DetailType) -> dict[str, Any]:
    hints = get_type_hints(Detail)
    members = {name: hint for name, hint in hints.items() if name not in detail_type.absent}
    properties = {name: _member(name, hint, detail_type) for name, hint in members.items()}
    return {
        "description": detail_type.description,
        "type": "object",
        "required": [name for name in hints if name in detail_type.required],
        "properties": {**properties, **dict.fromkeys(detail_type.absent, False)},
    }


def _member(name: str, hint: Any, detail_type: DetailType) -> dict[str, Any]:
    rules = {**RULES, "outcome": {"enum": [*detail_type.outcomes]}}
    if detail_type.outcomes != ("lost",):  # the kind of a lost watch can be any value, because its input may be invalid
        rules["kind"] = {"type": ["string", "null"]}
    return {"description": descriptions()[name], **_of_type(hint), **rules.get(name, {})}


def _of_type(hint: Any) -> dict[str, Any]:
    """Return the schema of a type: a scalar, a union of scalars, a dict or a list."""
    if hint in TYPES:
        return TYPES[hint]
    parts = get_args(hint)
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": _of_type(parts[1])}
    if get_origin(hint) is list:
        return {"type": "array", "items": _of_type(parts[0])}
    return {"type": [TYPES[part]["type"] for part in parts]}


def descriptions() -> dict[str, str]:
    """Return the description of each member from the table in docs/events.md, as plain text."""
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    (rows,) = re.findall(r"^\| member \| value \|\n\|[-|]+\n((?:\|.*\n)+)", text, flags=re.MULTILINE)
    cells = [line.strip("| ").split(" | ", 1) for line in rows.splitlines()]
    return {name: _plain(value) for names, value in cells for name in re.findall(r"`(\w+)`", names)}


def _plain(markdown: str) -> str:
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", markdown).replace("`", "")


if __name__ == "__main__":
    write()
