"""Print results for people, or as JSON for programs."""

import json
import sys
from functools import cached_property
from typing import Any

import typer
from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise the error, which Rich would turn into an exit without a message."""
        raise BrokenPipeError


def note(text: str) -> None:
    """Tell people something on standard error."""
    typer.echo(text, err=True)


class Output:
    """Where a command prints. With `as_json`, only JSON goes to standard output, and all else to standard error."""

    def __init__(self, as_json: bool = False, no_color: bool = False) -> None:
        self.as_json, self._no_color = as_json, no_color or None

    @cached_property
    def console(self) -> Console:
        """For people: standard output, or standard error if standard output is for JSON."""
        return _Console(stderr=self.as_json, no_color=self._no_color, highlight=False)

    def line(self, text: str) -> None:
        """Print a line for people. It isn't wrapped, so that ARNs can be copied and lines can be searched."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def json(self, value: Any) -> None:
        """Print a result as JSON on one line."""
        print(json.dumps(value), flush=True)

    def result(self, value: Any, text: str) -> None:
        """Print a result: the value as JSON, or the text for people."""
        if self.as_json:
            self.json(value)
        else:
            self.line(text)
