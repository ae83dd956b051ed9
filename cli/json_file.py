"""Read a JSON object from a file or from standard input."""

import json
from pathlib import Path
from typing import Any

import typer

TYPES = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def read_object(path: str) -> dict[str, Any]:
    """Return the JSON object in a file; `-` is standard input. Raise BadParameter, which says what is wrong."""
    name = "The input" if path == "-" else path
    try:
        content = typer.get_binary_stream("stdin").read() if path == "-" else Path(path).read_bytes()
        value = json.loads(content)  # in UTF-8 or, as PowerShell writes files, in UTF-16
    except OSError as error:
        raise typer.BadParameter(f"{name} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{name} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        found = TYPES.get(type(value), "a number")
        raise typer.BadParameter(f"{name} is {found}; accepted is a JSON object.")
    return value
