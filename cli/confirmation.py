"""Ask before something is changed."""

import sys
from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]
NEEDED = "is needed without a terminal, because the command can't ask for confirmation."


def require(yes: bool) -> None:
    """Raise BadParameter if the command must ask for confirmation, but has no terminal."""
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter(f"--yes {NEEDED}")


def confirm(question: str, yes: bool) -> bool:
    """Return whether the user agrees. Ctrl-C raises KeyboardInterrupt."""
    try:
        return yes or typer.confirm(question, err=True)
    except typer.Abort as abort:
        raise KeyboardInterrupt from abort
