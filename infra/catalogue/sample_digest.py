"""Write the email about a sample of emails that were left out, with the expressions of the state machine Digest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonata import Jsonata  # type: ignore[import-untyped]

DEFINITION = Path(__file__).parents[1] / "email_digest.asl.json"


def email(kind: str, outcome: str, *, watch: str, begin: str, left_out: int, limit: int = 5) -> dict[str, Any]:
    """Return the `subject` and the `text`. `begin` is when the ten minutes begin: ISO 8601 in UTC, with milliseconds.

    `watch` is the ARN of a watch, and `limit` the setting email-limit.
    """
    states = json.loads(DEFINITION.read_text(encoding="utf-8").replace("${limit}", str(limit)))["States"]
    attributes = {"kind": {"StringValue": kind}, "outcome": {"StringValue": outcome}}
    given = {"group": "", "begin": begin, "attributes": attributes, "watch": watch}
    counting = _evaluate(states["WaitForEmails"]["Output"], {"input": given, "context": {"Execution": {"Id": watch}}})
    return _evaluate(states["WriteDigest"]["Output"], {"input": {**counting, "left_out": left_out}})


def _evaluate(template: Mapping[str, Any], states: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state's field with the values of its expressions. `states` is the value of `$states`."""
    return {name: _value(field, states) if isinstance(field, str) else field for name, field in template.items()}


def _value(field: str, states: Mapping[str, Any]) -> Any:
    expression = Jsonata(field.removeprefix("{%").removesuffix("%}"))
    frame = expression.create_frame()
    frame.bind("states", states)
    return expression.evaluate(None, frame)
