"""Measure the memory of the local cloud: MiniStack and its Lambda workers."""

import os
from collections import defaultdict
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import NamedTuple, Self

PROC = Path("/proc")
MEGABYTE = 1_000_000


class Sample(NamedTuple):
    """The resident set sizes (RSS) at one time, in megabytes, and the number of workers."""

    total: int
    ministack: int
    workers: int


class Memory:
    """Samples the memory of a process and its descendants while the block runs. Linux only; elsewhere all is zero.

    `before` is the first sample. `peak` is the sample with the highest total.
    """

    def __init__(self, pid: int, interval: float = 0.5) -> None:
        self._pid, self._interval = pid, interval
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.before = self.peak = sample(pid)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            self.peak = max(self.peak, sample(self._pid))


def sample(pid: int) -> Sample:
    """Return the memory of a process and its descendants. Pages that they share are counted once for each process."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    bytes_of: dict[int, int] = {}
    for file in PROC.glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()  # those after the name, which may contain spaces
        except OSError:  # the process has ended
            continue
        children[int(fields[1])].append(int(file.parent.name))
        bytes_of[int(file.parent.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    family = [pid]
    for member in family:
        family += children[member]
    total = sum(bytes_of.get(member, 0) for member in family)
    return Sample(round(total / MEGABYTE), round(bytes_of.get(pid, 0) / MEGABYTE), len(family) - 1)
