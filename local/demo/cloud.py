"""A local cloud that shows the progress of its start and of the deployment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from local.cloud import Cloud
from local.demo.output import console
from local.environment import ROOT

STEPS = {
    "bootstrap": "Bootstrapping the account with the CDK",
    "deploy": "Synthesizing and deploying the stack and its Lambda bundle",
}


class DemoCloud(Cloud):
    """A local cloud that shows each step while it runs."""

    def __enter__(self) -> Self:
        with step("Starting MiniStack and the Voice ID emulator"):
            return super().__enter__()

    def _cdk(self, *arguments: str, folder: Path = ROOT) -> None:
        with step(STEPS[arguments[0]]):
            super()._cdk(*arguments, folder=folder)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a spinner while the block runs, and then its duration. Without a terminal, print one line before it."""
    began = time.monotonic()
    if not console.is_terminal:
        print(f"{name} …", flush=True)
        yield
        return
    with console.status(f"{name} …"):
        yield
    console.print(f"[green]✓[/] {name} ({time.monotonic() - began:.0f} s)", highlight=False)
