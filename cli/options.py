"""Options that several commands share."""

from typing import Annotated

import typer

Stack = Annotated[str, typer.Option(metavar="NAME", help="The name of the deployed stack.")]
DEFAULT_STACK = "JobWatcher"
