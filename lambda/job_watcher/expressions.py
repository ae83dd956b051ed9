"""Evaluate the catalogue's JMESPath expressions, with additional functions such as `uri`."""

import math
import posixpath
from collections.abc import Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError


class _Functions(jmespath.functions.Functions):
    def call_function(self, function_name: Any, resolved_args: Any) -> Any:
        """Return null for arguments of the wrong type, so that the rest of the expression is still evaluated."""
        try:
            return super().call_function(function_name, resolved_args)
        except (JMESPathTypeError, TypeError, ValueError, AttributeError, ArithmeticError):
            return None

    @jmespath.functions.signature({"types": ["string", "null"]})
    def _func_basename(self, path: str | None) -> str | None:
        """Return the last part of a path or an ARN."""
        return None if path is None else posixpath.basename(path)

    @jmespath.functions.signature({"types": ["string", "null"]})
    def _func_dirname(self, path: str | None) -> str | None:
        """Return a path or an ARN without its last part."""
        return None if path is None else posixpath.dirname(path)

    @jmespath.functions.signature({"types": [], "variadic": True})
    def _func_uri(self, *parts: Any) -> str | None:
        """Return the parts joined by slashes; null if one is missing, or the host or bucket is empty."""
        if not all(isinstance(part, str) for part in parts):
            return None
        joined = "/".join([*(part.rstrip("/") for part in parts[:-1]), parts[-1]])
        return None if ":///" in joined else joined

    @jmespath.functions.signature({"types": []}, {"types": []})
    def _func_ratio(self, done: Any, total: Any) -> float | None:
        """Return `done` as a percentage of `total`, 0 to 100; null unless both are numbers and `total` is above 0."""
        part, whole = parse_number(done), parse_number(total)
        return min(100.0, max(0.0, 100 * part / whole)) if part is not None and whole and whole > 0 else None

    @jmespath.functions.signature({"types": ["string"]}, {"types": []})
    def _func_count(self, label: str, amount: Any) -> str | None:
        """Return the label and the amount, such as `failed records: 3`; null unless the amount is a number above 0."""
        count = parse_number(amount)
        return f"{label}: {count:.0f}" if count and count > 0 else None


OPTIONS = jmespath.Options(custom_functions=_Functions())


def search(expression: str | None, data: Any) -> Any:
    """Return what an expression finds in `data`; None if it finds nothing or the data has an unexpected shape."""
    if expression is None:
        return None
    try:
        return jmespath.compile(expression).search(data, options=OPTIONS)
    except (JMESPathError, TypeError, ValueError, AttributeError, KeyError, ArithmeticError, RecursionError):
        return None  # jmespath's own functions raise some of these for unexpected types


def parse_number(value: Any) -> float | None:
    """Return a finite number from a number or a text such as `42` or `42%`; else None."""
    try:
        result = float(value.removesuffix("%") if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) and not isinstance(value, bool) else None


def without(data: Any, path: str) -> Any:
    """Return `data` without the member at a dotted path. If the path leads through a list, it applies to each item."""
    if isinstance(data, list):
        return [without(item, path) for item in data]
    member, _, inner = path.partition(".")
    if not isinstance(data, Mapping) or member not in data:
        return data
    if inner:
        return {**data, member: without(data[member], inner)}
    return {name: value for name, value in data.items() if name != member}
