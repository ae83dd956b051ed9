"""Run the command line in a pseudo-terminal."""

import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local.cloud import TIMEOUT
from local.environment import ROOT

CTRL_C = "\x03"
COLUMNS, ROWS = 80, 24
# A process of its own, because forking this one, which has threads, isn't safe. It runs its arguments in a new
# pseudo-terminal, and connects that to its standard input and output.
SPAWN = """
import os, pty, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)  # nohup ignores it
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""
RESIZE = f'stty cols {COLUMNS} rows {ROWS} && exec "$@"'
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[@-Z\\-_=>]")


class Terminal:
    """A command that runs in a pseudo-terminal of 80 columns and 24 rows."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._output = b""

    @property
    def text(self) -> str:
        """What the command has written so far, standard output and error together, without escape sequences."""
        return ESCAPE_SEQUENCE.sub("", self.raw).replace("\r\n", "\n")

    @property
    def raw(self) -> str:
        """What the command has written so far, with escape sequences."""
        return self._output.decode(errors="replace")

    @property
    def lines(self) -> list[str]:
        """What each line showed last: a progress bar overwrites its line."""
        return [line.rstrip("\r").rpartition("\r")[2] for line in self.text.split("\n")]

    def wait_for(self, text: str) -> None:
        """Read until the command has written this text. Raise AssertionError if it ends before."""
        while text not in self.text:
            assert self._read(), f"no {text!r} in:\n{self.text}"

    def press(self, keys: str) -> None:
        """Type these keys."""
        assert self._process.stdin
        self._process.stdin.write(keys.encode())
        self._process.stdin.flush()

    def end(self) -> int:
        """Read until the command ends, and return its exit status."""
        while self._read():
            pass
        return self._process.wait(TIMEOUT)

    def _read(self) -> bytes:
        """Return what the command writes next; nothing if it has ended."""
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], TIMEOUT)
        assert ready, f"the command has written nothing for {TIMEOUT} s after:\n{self.text}"
        new = os.read(self._process.stdout.fileno(), 65_536)
        self._output += new
        return new


@contextmanager
def watch_py(*arguments: str, environment: Mapping[str, str], **variables: str) -> Iterator[Terminal]:
    """Run watch.py with these arguments in a terminal, and end it after the block. Variables are added."""
    command: list[Any] = [sys.executable, "-c", SPAWN, "sh", "-c", RESIZE, "sh", sys.executable, ROOT / "watch.py"]
    with subprocess.Popen(
        [*command, *arguments],
        env={**environment, "TERM": "xterm-256color", **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield Terminal(process)
        finally:
            process.kill()  # closes the terminal, which ends the command
