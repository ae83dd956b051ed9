"""The program's name in help and errors: the script in a checkout, or the installed command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from job_watcher import __version__

NAME = "watch.py" if Path(sys.argv[0]).name == "watch.py" else "job-watcher"
IS_INSTALLED = NAME != "watch.py"
COMMAND = NAME if IS_INSTALLED else f".venv/bin/python {NAME}"


def examples(*commands: str) -> str:
    """Return the examples that end a command's help; the \\b keeps its lines as they are."""
    lines = [f"  {COMMAND} {command}" for command in commands]
    return "\n".join(["\b", "Examples:", *lines])


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"job-watcher {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)]
