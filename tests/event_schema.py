"""Check events against docs/events.schema.json. Unlike subscribers, the tests don't accept unknown members."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from infra.catalogue.event_schema import PAGE, definition_name

FORMATS = FormatChecker(["date-time", "uri"])


@cache
def strict_schema() -> dict[str, Any]:
    """Return the schema, but details have no members that it doesn't list."""
    schema: dict[str, Any] = json.loads(PAGE.read_text(encoding="utf-8"))
    for definition in schema["$defs"].values():
        definition["additionalProperties"] = False
        for member in definition["properties"].values():
            if member and member.get("additionalProperties") == {}:
                del member["additionalProperties"]  # means the same, but takes time for each member of a job
    return schema


@cache
def _validator(detail_type: str | None) -> Draft202012Validator:
    """Return a validator of the details with this detail-type, or of whole events."""
    schema = strict_schema()["$defs"][definition_name(detail_type)] if detail_type else strict_schema()
    return Draft202012Validator(schema, format_checker=FORMATS)


def check_detail(detail_type: str, detail: Any) -> None:
    """Raise jsonschema.ValidationError unless the detail is one of an event with this detail-type."""
    _validator(detail_type).validate(detail)


def check_event(event: Mapping[str, Any]) -> None:
    """Raise jsonschema.ValidationError unless it is an event of Job Watcher."""
    check_detail(event["detail-type"], event["detail"])  # its errors say more than those of `oneOf`
    _validator(None).validate(event)
