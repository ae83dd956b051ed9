"""Parse a request's members: Member=value for strings, Member:=JSON for other types."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import typer


class Member(NamedTuple):
    """A member's name and its value."""

    name: str
    value: Any


def parse_member(text: str) -> Member:
    """Return the member that an argument defines. Raise BadParameter, which says what is accepted."""
    name, equals, value = text.partition("=")
    is_json = name.endswith(":")
    name = name.removesuffix(":")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is neither Member=value nor Member:=JSON")
    if not is_json:
        return Member(name, value)
    try:
        return Member(name, json.loads(value))
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{text!r} has no valid JSON after the :=. {error}") from error


def to_request(members: Iterable[Member]) -> dict[str, Any]:
    """Return the request with these members. Raise BadParameter if it has two of the same name."""
    request: dict[str, Any] = {}
    for name, value in members:
        if name in request:
            raise typer.BadParameter(f"{name} is given twice; accepted is one value for each member.")
        request[name] = value
    return request
