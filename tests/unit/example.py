"""Example values that botocore's shapes accept: structures with all members, and strings that match patterns."""

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from importlib import import_module
from string import ascii_letters, digits, punctuation
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from infra.service_models import service_model
from job_watcher.catalogue import Kind

# The standard library's parser of regular expressions. These modules are private, and exist since Python 3.11.
_parser, _compiler = import_module("re._parser"), import_module("re._compiler")
CHARACTERS = ascii_letters + digits + punctuation + " "
REPEAT_COUNTS = (1, 0, *range(2, 80))


def answer_of(kind: Kind, text: str) -> Any:
    """Return an answer to a kind's describe call whose strings are all this text."""

    def scalar(shape: Shape) -> Any:
        return text if shape.type_name == "string" else 1

    model = service_model(kind.service)
    assert model is not None
    output_shape = model.operation_model(kind.describe).output_shape
    assert output_shape is not None
    return fill_shape(output_shape, scalar)


def fill_shape(
    shape: Shape, make_scalar: Callable[[Shape], Any], prefer: Collection[str] = (), ancestors: tuple[str, ...] = ()
) -> Any:
    """Return a value of this shape with all members and one item in each list, but without recursive shapes.

    `make_scalar` returns the scalars. A union, which accepts only one member, has the first member in `prefer`, or its
    first member.
    """
    seen_names = (*ancestors, shape.name)
    if isinstance(shape, StructureShape):
        members = {name: member for name, member in shape.members.items() if member.name not in seen_names}
        if shape.is_tagged_union:
            name = max(members, key=lambda name: name in prefer)
            members = {name: members[name]}
        return {name: fill_shape(member, make_scalar, prefer, seen_names) for name, member in members.items()}
    if isinstance(shape, ListShape):
        count = 0 if shape.member.name in seen_names else max(1, shape.metadata.get("min", 1))
        return [fill_shape(shape.member, make_scalar, prefer, seen_names) for _ in range(count)]
    if isinstance(shape, MapShape):
        return (
            {}
            if shape.value.name in seen_names
            else {make_scalar(shape.key): fill_shape(shape.value, make_scalar, prefer, seen_names)}
        )
    return make_scalar(shape)


def replace_value(value: Any, old: Any, new: Any) -> Any:
    """Return the value with `new` in place of the object `old`, which is found by identity."""
    if value is old:
        return new
    if isinstance(value, dict):
        return {key: replace_value(inner, old, new) for key, inner in value.items()}
    return [replace_value(inner, old, new) for inner in value] if isinstance(value, list) else value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each scalar, such as `.job.tags.0` and its value."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{path}.{key}")
    else:
        yield path, value


def example_string(shape: Shape) -> str:
    """Return a string that the shape accepts: the first of its enum, or one that matches its pattern and length."""
    rules = shape.metadata
    if rules.get("enum"):
        return str(rules["enum"][0])
    return _find_example(rules.get("pattern", ".+"), rules.get("min", 1), rules.get("max", 10**6))


@cache
def _find_example(pattern: str, min_length: int, max_length: int) -> str:
    try:
        expression, parsed = re.compile(pattern), _parser.parse(pattern)
    except re.error:  # valid only in Java, so that no match can be found here
        return "x" * min_length
    for repeats in REPEAT_COUNTS:
        example = _generate(parsed, repeats)
        if min_length <= len(example) <= max_length and expression.search(example):
            return example
    raise AssertionError(f"no example of {min_length} to {max_length} characters found that matches {pattern}")


def _generate(parsed: Any, repeats: int) -> str:
    """Return a string that a parsed pattern matches, with repeated parts `repeats` times. Look-arounds are ignored."""
    parts = []
    for position, (operation, argument) in enumerate(parsed):
        match str(operation):
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, repeated = argument
                parts.append(_generate(repeated, repeats) * min(max(least, repeats), most))
            case "SUBPATTERN":
                parts.append(_generate(argument[-1], repeats))
            case "BRANCH":
                branches = argument[1]
                parts.append(_generate(branches[repeats % len(branches)], repeats))
            case "AT" | "ASSERT" | "ASSERT_NOT":
                pass
            case _:
                single = _compiler.compile(parsed[position : position + 1])
                parts.append(next(character for character in CHARACTERS if single.match(character)))
    return "".join(parts)
