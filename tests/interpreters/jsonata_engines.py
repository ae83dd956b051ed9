"""Evaluate JSONata with two engines: the reference implementation (npm's `jsonata`) and jsonata-python."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import get_ident
from types import MappingProxyType
from typing import Any

from jsonata import Jsonata, jexception  # type: ignore[import-untyped]
from jsonata.functions import Functions  # type: ignore[import-untyped]

from tests.node import run_script

SCRIPT = Path(__file__).with_name("evaluate.mjs")
Bindings = Mapping[str, Any]
Result = dict[str, Any]
"""`{"value": …}`; `{}` if the result is undefined; `{"error": code}` if the evaluation fails."""


def reference(cases: Sequence[tuple[str, Bindings]]) -> list[Result]:
    """Return the reference implementation's result of each expression with its bindings, from one Node process."""
    data = [{"expression": expression, "bindings": bindings} for expression, bindings in cases]
    results: list[Result] = run_script(SCRIPT, data)
    return results


def in_python(expression: str, bindings: Bindings) -> Result:
    """Return jsonata-python's result."""
    try:
        value = evaluate(expression, bindings)
        if value is None and not evaluate(f"$exists(({expression}))", bindings):
            return {}
    except jexception.JException as error:
        return {"error": error.error}
    return {"value": value}


def evaluate(expression: str, bindings: Bindings = MappingProxyType({})) -> Any:
    """Return jsonata-python's result, None if it is undefined; raise JException."""
    parsed = _parse(expression, get_ident())
    Jsonata.CURRENT.jsonata = parsed  # functions such as $map look here for the expression that calls them
    return parsed.evaluate(None, bindings)


@cache
def _parse(expression: str, thread: int) -> Any:
    """Return an expression with the functions of Step Functions. A parsed expression can be used by one thread."""
    parsed = Jsonata(expression)
    parsed.register_lambda("parse", json.loads)  # Step Functions adds this function and `hash`
    parsed.register_lambda("hash", _hash)
    parsed.register_lambda("string", _string)
    return parsed


def _lookup(frame: Any, name: str) -> Any:
    """Return a variable's value, as the original does, but without recursion, and without callbacks, which nobody sets.

    The original takes a quarter of an evaluation's time.
    """
    if name in ("__evaluate_entry", "__evaluate_exit"):
        return None
    while frame and name not in frame.bindings:
        frame = frame.parent
    return frame.bindings[name] if frame else None


Jsonata.Frame.lookup = _lookup


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def _string(value: Any) -> str | None:
    """Return a value as text. As in the reference implementation, only lone surrogates are escaped."""
    text: str | None = Functions.string(value, False)
    if not isinstance(value, dict | list) or text is None:
        return text
    unescaped = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return re.sub("[\ud800-\udfff]", lambda surrogate: f"\\u{ord(surrogate[0]):04x}", unescaped)
