"""Parse a request's members: Member=value for strings, Member:=JSON for other types."""

import json
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
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} has no valid JSON after the :=. {error}") from error
