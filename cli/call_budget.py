"""Limit the number of API calls in each minute."""

from collections import deque

SECONDS = 60.0


class CallBudget:
    """Allows `limit` calls in any 60 seconds. `now` is in seconds, from any clock that doesn't go back."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._calls: deque[float] = deque()

    def left(self, now: float) -> int:
        """Return how many calls can be made now."""
        while self._calls and self._calls[0] <= now - SECONDS:
            self._calls.popleft()
        return self._limit - len(self._calls)

    def spend(self, now: float, reserve: int = 0) -> bool:
        """Take one call from the budget and return True, unless only `reserve` calls are left."""
        if self.left(now) <= reserve:
            return False
        self._calls.append(now)
        return True
