"""Read what botocore's parser can't: members that its model doesn't know yet, and values of unexpected types."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from .to_json import parse_time


def add_unmodeled_members(answer: dict[str, Any], body: bytes, operation: OperationModel) -> dict[str, Any]:
    """Return the answer with the members of its body, the unparsed JSON, that the model doesn't know.

    Answers in XML or CBOR, and those whose body is a single member (`payload`), are returned as they are.
    """
    shape, is_json = operation.output_shape, operation.service_model.resolved_protocol in ("json", "rest-json")
    if not body or not is_json or shape is None or "payload" in shape.serialization:
        return answer
    merged: dict[str, Any] = _merge(answer, json.loads(body), shape)
    return merged


def read_leniently(body: bytes, shape: StructureShape) -> dict[str, Any]:
    """Return an answer that botocore can't parse. Its members have the model's names, and values can have any type.

    Raise ValueError if the body isn't a JSON object.
    """
    raw = json.loads(body)
    if not isinstance(raw, dict):
        raise ValueError("the answer isn't a JSON object")
    payload = shape.serialization.get("payload")
    found: dict[str, Any] = _read({payload: raw} if payload else raw, shape)
    return found


def _read(raw: Any, shape: Shape | None) -> Any:
    if isinstance(shape, StructureShape) and isinstance(raw, dict):
        return _read_members(raw, shape)
    if isinstance(shape, ListShape) and isinstance(raw, list):
        return [_read(item, shape.member) for item in raw]
    if isinstance(shape, MapShape) and isinstance(raw, dict):
        return {key: _read(value, shape.value) for key, value in raw.items()}
    if shape is not None and shape.type_name == "timestamp":
        return parse_time(raw) or raw
    return raw


def _read_members(raw: Mapping[str, Any], shape: StructureShape) -> dict[str, Any]:
    """Return a structure's members, without those that the protocol adds, such as `__type`."""
    names = _names_by_key(shape)
    members = {names.get(key, key): value for key, value in raw.items() if not key.startswith("__")}
    return {name: _read(value, shape.members.get(name)) for name, value in members.items()}


def _merge(parsed: Any, raw: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape) and isinstance(parsed, dict) and isinstance(raw, dict):
        names = _names_by_key(shape)
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


def _names_by_key(shape: StructureShape) -> dict[str, str]:
    """Return the names of a structure's members by their keys in the JSON."""
    return {member.serialization.get("name", name): name for name, member in shape.members.items()}
