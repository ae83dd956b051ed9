"""Keep members that botocore's model doesn't know yet. botocore's parser removes them from answers."""

import json
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

BODY = "__raw"


def keep_body(
    operation_model: OperationModel, response_dict: Any, customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Add the raw body to the answer, as a botocore `before-parse` hook."""
    json_protocol = operation_model.service_model.resolved_protocol in ("json", "rest-json")
    if json_protocol and response_dict["status_code"] < 300:
        customized_response_dict[BODY] = response_dict["body"]


def add_unmodeled_members(answer: dict[str, Any], shape: StructureShape) -> dict[str, Any]:
    """Return the answer with the members of its raw JSON that the model doesn't know."""
    body = answer.pop(BODY, None)
    if not body or "payload" in shape.serialization:
        return answer
    merged: dict[str, Any] = _merge(answer, json.loads(body), shape)
    return merged


def _merge(parsed: Any, raw: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape) and isinstance(parsed, dict) and isinstance(raw, dict):
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        unmodeled = {key: raw[key] for key in raw if key not in names and not key.startswith("__")}
        modeled = {
            names[key]: _merge(parsed[names[key]], raw[key], shape.members[names[key]])
            for key in raw
            if names.get(key) in parsed
        }
        return {**parsed, **modeled, **unmodeled}
    if isinstance(shape, ListShape) and isinstance(parsed, list) and isinstance(raw, list) and len(parsed) == len(raw):
        return [_merge(*items, shape.member) for items in zip(parsed, raw, strict=True)]
    if isinstance(shape, MapShape) and isinstance(parsed, dict) and isinstance(raw, dict):
        return {key: _merge(value, raw.get(key), shape.value) for key, value in parsed.items()}
    return parsed
