"""Injected faults and throttling for the emulator's API calls."""

import json
import time
from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock

from local.voice_id.aws_json import Members, NoResponse, RawResponse

FAULTS = ("throttle", "error", "denied", "not-found", "invalid", "slow", "drop", "cut", "body")


@dataclass
class Fault:
    """A fault that the next `times` calls of an operation have (None: all calls).

    `seconds` is the delay of `slow`. `body` and `status` are the response of `body`.
    """

    name: str
    times: int | None
    seconds: float = 5.0
    body: bytes = b""
    status: int = 200

    def replace_response(self, response: Members) -> None:
        """Raise what is sent instead of the response: nothing, half of it, or another body."""
        if self.name == "drop":
            raise NoResponse
        if self.name == "cut":
            body = json.dumps(response).encode()
            raise RawResponse(200, body[: len(body) // 2], length=len(body))
        if self.name == "body":
            raise RawResponse(self.status, self.body, length=len(self.body))


class Faults:
    """Queues of injected faults, first in, first out: one for each operation, and one for each of its jobs."""

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = operations
        self._lock = Lock()
        self._queues: defaultdict[tuple[str, str | None], deque[Fault]] = defaultdict(deque)

    def add(self, operation: str, fault: Fault, job_id: str | None = None) -> None:
        """Queue a fault for the calls about a job, or for all calls.

        Raise ValueError with the accepted values if the operation, or the fault's name or `times`, isn't valid.
        """
        if operation not in self._operations:
            raise ValueError(f"unknown operation {operation!r}; the operations are {', '.join(self._operations)}")
        if fault.name not in FAULTS:
            raise ValueError(f"unknown fault {fault.name!r}; the faults are {', '.join(FAULTS)}")
        if fault.times is not None and fault.times < 1:
            raise ValueError(f"times is {fault.times}; it must be at least 1, or None for all calls")
        with self._lock:
            self._queues[operation, job_id].append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._queues.clear()

    def clear_of(self, job_id: str | None) -> None:
        """Remove the faults of calls about a job; with None, those of calls about all jobs."""
        with self._lock:
            for key in [key for key in self._queues if key[1] == job_id]:
                del self._queues[key]

    def take(self, operation: str, job_id: str | None = None) -> Fault | None:
        """Return the fault for this call of the operation, and count the call; None if there is no fault.

        The faults of the job come first.
        """
        with self._lock:
            queue = self._queues.get((operation, job_id)) or self._queues.get((operation, None))
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
