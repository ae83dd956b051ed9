"""Injected faults and throttling for the emulator's API calls."""

import time
from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock

FAULTS = ("throttle", "error", "denied", "not-found", "invalid", "slow", "drop")


@dataclass
class Fault:
    """A fault that the next `times` calls of an operation have (None: all calls). `seconds` is the delay of `slow`."""

    name: str
    times: int | None
    seconds: float


class Faults:
    """A queue of injected faults for each operation, first in, first out."""

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = operations
        self._lock = Lock()
        self._queues: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, operation: str, fault: str, *, times: int | None = 1, seconds: float = 5.0) -> None:
        """Queue a fault. Raise ValueError with the accepted values if the operation, fault or `times` isn't valid."""
        if operation not in self._operations:
            raise ValueError(f"unknown operation {operation!r}; the operations are {', '.join(self._operations)}")
        if fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}; the faults are {', '.join(FAULTS)}")
        if times is not None and times < 1:
            raise ValueError(f"times is {times}; it must be at least 1, or None for all calls")
        with self._lock:
            self._queues[operation].append(Fault(fault, times, seconds))

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._queues.clear()

    def take(self, operation: str) -> Fault | None:
        """Return the fault for this call of the operation, and count the call; None if there is no fault."""
        with self._lock:
            queue = self._queues[operation]
            if not queue:
                return None
            fault = queue[0]
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    queue.popleft()
            return fault


class RateLimiter:
    """A token bucket for each operation. A bucket's capacity is one second's calls, but at least one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted

    def acquire(self, operation: str, calls_per_second: float) -> bool:
        """Take a token for one call. Return whether there was one."""
        capacity = max(1.0, calls_per_second)
        with self._lock:
            now = time.monotonic()
            tokens, counted_at = self._buckets.get(operation, (capacity, now))
            tokens = min(capacity, tokens + (now - counted_at) * calls_per_second)
            self._buckets[operation] = (tokens - 1 if tokens >= 1 else tokens, now)
            return tokens >= 1
