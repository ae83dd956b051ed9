"""Evaluate the expressions that moto's interpreter writes: the data is bound as values, so it needn't be parsed.

moto writes the variables and their data in front of an expression: `($states:={"input":{}};$states.input)`. Each text
is new, and jsonata-python takes longer to parse it than to evaluate it. Without the data, the texts are the same few.
"""

import json
import re
from typing import Any

from jsonata.utils import Utils  # type: ignore[import-untyped]
from moto.stepfunctions.parser.asl.component.intrinsic.jsonata import _DECLARATION_BY_VARIABLE_REFERENCE

from .jsonata_engines import evaluate

# The start of an expression that moto evaluates, or of one with which it asks for a result's type or existence.
START = re.compile(r"(\$(exists|type)\()?\(")
FUNCTIONS = tuple(filter(None, _DECLARATION_BY_VARIABLE_REFERENCE.values()))
VARIABLE = re.compile(r"\$(\w+):=")


def _number(text: str) -> Any:
    """Return a number as jsonata-python's parser does: with the precision of JavaScript."""
    return Utils.convert_number(float(text))


DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number)


def evaluate_composed(text: str) -> Any:
    """Return jsonata-python's result of an expression with the declarations of its variables."""
    return evaluate(*separate(text))


def separate(text: str) -> tuple[str, dict[str, Any]]:
    """Return the expression without the variables in front whose values are JSON, and these variables' values."""
    start = START.match(text)
    kept = place = start.end() if start else 0
    while function := next((each for each in FUNCTIONS if text.startswith(each, place)), None):
        kept = place = place + len(function)
    bindings = {}
    while variable := VARIABLE.match(text, place):
        try:
            value, end = DECODER.raw_decode(text, variable.end())
        except json.JSONDecodeError:
            break
        if not text.startswith(";", end):
            break
        bindings[variable[1]], place = _as_parsed(value), end + 1
    return text[:kept] + text[place:], bindings


def _as_parsed(value: Any) -> Any:
    """Return a JSON value with jsonata-python's null in place of None, which would be undefined."""
    if isinstance(value, dict):
        return {name: _as_parsed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_parsed(item) for item in value]
    return Utils.NULL_VALUE if value is None else value
