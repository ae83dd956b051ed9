"""The JSONata expressions of a state machine's definition."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

INFRA = Path(__file__).parents[2] / "infra"
OPEN, CLOSE = "{%", "%}"


def expressions() -> dict[str, str]:
    """Return all machines' expressions by the machine, the state and the field: `watch Wait.Seconds`."""
    found: dict[str, str] = {}
    for path in sorted(INFRA.glob("*.asl.json")):
        text = path.read_text().replace("${limit}", "5").replace("${chatOutcomes}", "failed lost")
        for field, expression in _expressions(json.loads(text)):
            found[f"{path.name.removesuffix('.asl.json')} {field}"] = expression
    return found


def _expressions(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield each expression with its field. A state's name begins a new path."""
    if isinstance(value, str):
        if value.startswith(OPEN) and value.endswith(CLOSE):
            yield field, value.removeprefix(OPEN).removesuffix(CLOSE).strip()
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _expressions(inner, "" if key == "States" else f"{field}.{key}".removeprefix("."))
