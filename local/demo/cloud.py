"""The demo's local cloud, which shows each step of its start and deployment while it takes place."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from local.cloud import ROOT, Cloud
from local.demo.output import console

STEPS = {
    "bootstrap": "Bootstrapping the account with the CDK",
    "synth": "Synthesizing the stack and its Lambda bundle",
    "deploy": "Deploying the stack",
}


class DemoCloud(Cloud):
    """A local cloud that shows what it is doing."""

    def __enter__(self) -> Self:
        with step("Starting MiniStack and the Voice ID emulator"):
            return super().__enter__()

    def _cdk(self, *arguments: str, folder: Path = ROOT) -> None:
        with step(STEPS[arguments[0]]):
            super()._cdk(*arguments, folder=folder)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Show a spinner while a step takes place, and then how long it took; without a terminal, one line before it."""
    began = time.monotonic()
    if not console.is_terminal:
        print(f"{doing} …", flush=True)
        yield
        return
    with console.status(f"{doing} …"):
        yield
    console.print(f"[green]✓[/] {doing} ({time.monotonic() - began:.0f} s)", highlight=False)
