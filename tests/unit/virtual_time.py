"""A virtual clock that runs what is due."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count


class VirtualTime:
    """A clock in seconds since 1970. Waiting runs what becomes due, also while something else runs."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()

    def at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time, next(self._number), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.at(self.now + seconds, action)

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            time, _, action = heapq.heappop(self._due)
            self.now = max(self.now, time)
            action()
        self.now = max(self.now, end)

    def text(self) -> str:
        return f"{datetime.fromtimestamp(self.now, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
