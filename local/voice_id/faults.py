"""How calls go wrong on purpose: faults that somebody asked for, and throttling."""

import time
from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock

FAULTS = ("throttle", "error", "denied", "not-found", "invalid", "slow", "drop")


@dataclass
class Fault:
    """One kind of fault for the next `times` calls of an operation (None: for all); `seconds` is how slow `slow` is."""

    name: str
    times: int | None
    seconds: float


class Faults:
    """The faults that wait for calls, for each operation first come, first served."""

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = operations
        self._lock = Lock()
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, operation: str, fault: str, *, times: int | None = 1, seconds: float = 5.0) -> None:
        """ValueError says which operations and faults there are."""
        if operation not in self._operations:
            raise ValueError(f"no operation {operation!r}: {', '.join(self._operations)} are accepted")
        if fault not in FAULTS:
            raise ValueError(f"no fault {fault!r}: {', '.join(FAULTS)} are accepted")
        if times is not None and times < 1:
            raise ValueError(f"times is {times}: 1 or more, or None until cleared, are accepted")
        with self._lock:
            self._waiting[operation].append(Fault(fault, times, seconds))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, operation: str) -> Fault | None:
        """What this call of the operation suffers."""
        with self._lock:
            waiting = self._waiting[operation]
            if not waiting:
                return None
            fault = waiting[0]
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    waiting.popleft()
            return fault


class Throttle:
    """A token bucket for each operation, which holds what one second refills."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def admits(self, operation: str, calls_per_second: float) -> bool:
        """Whether there was a token for this call; it is spent."""
        size = max(1.0, calls_per_second)
        with self._lock:
            now = time.monotonic()
            tokens, since = self._buckets.get(operation, (size, now))
            tokens = min(size, tokens + (now - since) * calls_per_second)
            self._buckets[operation] = (tokens - 1 if tokens >= 1 else tokens, now)
            return tokens >= 1
