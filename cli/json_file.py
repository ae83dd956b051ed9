"""Read a JSON object from a file or from standard input."""

import json
from pathlib import Path
from typing import Any

import typer


def read_object(path: str) -> dict[str, Any]:
    """Return the JSON object in a file; `-` is standard input. Raise BadParameter, which says what is wrong."""
    try:
        text = typer.get_text_stream("stdin").read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
        value = json.loads(text)
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{path} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{path} contains a JSON {type(value).__name__}; accepted is a JSON object.")
    return value
