"""Read keys from the terminal as they are pressed."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

try:
    import termios
    import tty
except ImportError:  # on Windows
    termios = None  # type: ignore[assignment]

Wait = Callable[[float], str]
"""Waits at most a number of seconds for a key. Returns the key, or an empty string. The end of the input is `q`."""
QUIT = "q"


@contextmanager
def keys() -> Iterator[Wait]:
    """Yield a function that waits for a key. The terminal's settings are restored afterwards.

    Without a terminal, and on Windows, there are no keys, and the function only waits.
    """
    if termios is None or not sys.stdin.isatty():
        yield _only_wait
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)  # Ctrl-C still raises KeyboardInterrupt
        yield _wait
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _only_wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _wait(seconds: float) -> str:
    terminal = sys.stdin.fileno()
    ready, _, _ = select.select([terminal], [], [], seconds)
    return (os.read(terminal, 1).decode(errors="replace") or QUIT) if ready else ""
