"""The program's name in help and errors: the script in a checkout, or the installed command."""

import sys
from pathlib import Path

NAME = "watch.py" if Path(sys.argv[0]).name == "watch.py" else "job-watcher"
COMMAND = f".venv/bin/python {NAME}" if NAME == "watch.py" else NAME


def examples(*commands: str) -> str:
    """Return the examples that end a command's help; the \\b keeps its lines as they are."""
    lines = [f"  {COMMAND} {command}" for command in commands]
    return "\n".join(["\b", "Examples:", *lines])
