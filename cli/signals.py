"""Handle the end of a process like Ctrl-C, so that a command can clean up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP, which is sent when the terminal is closed


@contextmanager
def like_ctrl_c() -> Iterator[None]:
    """Raise KeyboardInterrupt in the block when the process is terminated or its terminal is closed."""
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    wanted = [number for number in numbers if before[number] is not signal.SIG_IGN]  # nohup ignores SIGHUP
    for number in wanted:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in wanted:
            signal.signal(number, before[number])
