"""Run the command line in this process."""

import sys
from collections.abc import Sequence
from typing import Any

import pytest

from cli import main


def exit_status(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]) -> Any:
    """Run the command line with these arguments, and return its exit status."""
    monkeypatch.setattr(sys, "argv", ["job-watcher", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main.main()
    return exit_.value.code
