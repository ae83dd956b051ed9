"""Values that botocore's shapes accept: a structure with every member filled, and strings by their patterns."""

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from importlib import import_module
from string import ascii_letters, digits, punctuation
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

# The standard library's own reading of a pattern; private, and since Python 3.11 in these places.
_parser, _compiler = import_module("re._parser"), import_module("re._compiler")
CHARACTERS = ascii_letters + digits + punctuation + " "
REPEATS = (1, 0, *range(2, 80))


def filled(
    shape: Shape, leaf: Callable[[Shape], Any], prefer: Collection[str] = (), above: tuple[str, ...] = ()
) -> Any:
    """A value with all members that `leaf` makes the scalars of: one item in a list, recursive shapes left out.

    Of a union, which takes one member only, the first that is preferred.
    """
    inside = (*above, shape.name)
    if isinstance(shape, StructureShape):
        members = {name: member for name, member in shape.members.items() if member.name not in inside}
        if shape.is_tagged_union:
            name = max(members, key=lambda name: name in prefer)
            members = {name: members[name]}
        return {name: filled(member, leaf, prefer, inside) for name, member in members.items()}
    if isinstance(shape, ListShape):
        count = 0 if shape.member.name in inside else max(1, shape.metadata.get("min", 1))
        return [filled(shape.member, leaf, prefer, inside) for _ in range(count)]
    if isinstance(shape, MapShape):
        return {} if shape.value.name in inside else {leaf(shape.key): filled(shape.value, leaf, prefer, inside)}
    return leaf(shape)


def replaced(value: Any, old: Any, new: Any) -> Any:
    """The same value with `new` for the very object `old`."""
    if value is old:
        return new
    if isinstance(value, dict):
        return {key: replaced(inner, old, new) for key, inner in value.items()}
    return [replaced(inner, old, new) for inner in value] if isinstance(value, list) else value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The scalars in a value, and where they are."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{path}.{key}")
    else:
        yield path, value


def string(shape: Shape) -> str:
    """A string by the shape's enum, or else by its pattern and lengths."""
    rules = shape.metadata
    if rules.get("enum"):
        return str(rules["enum"][0])
    return _string(rules.get("pattern", ".+"), rules.get("min", 1), rules.get("max", 10**6))


@cache
def _string(pattern: str, shortest: int, longest: int) -> str:
    try:
        expression, parsed = re.compile(pattern), _parser.parse(pattern)
    except re.error:  # Java's alone; nobody here can say what matches
        return "x" * shortest
    for times in REPEATS:
        example = _written(parsed, times)
        if shortest <= len(example) <= longest and expression.search(example):
            return example
    raise AssertionError(f"no example of {shortest} to {longest} characters found that matches {pattern}")


def _written(parsed: Any, times: int) -> str:
    """What a parsed pattern matches, look-arounds aside: its parts repeated `times` where they may be."""
    parts = []
    for place, (operation, given) in enumerate(parsed):
        match str(operation):
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, repeated = given
                parts.append(_written(repeated, times) * min(max(least, times), most))
            case "SUBPATTERN":
                parts.append(_written(given[-1], times))
            case "BRANCH":
                branches = given[1]
                parts.append(_written(branches[times % len(branches)], times))
            case "AT" | "ASSERT" | "ASSERT_NOT":
                pass
            case _:
                one = _compiler.compile(parsed[place : place + 1])
                parts.append(next(character for character in CHARACTERS if one.match(character)))
    return "".join(parts)
