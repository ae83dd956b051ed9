"""Limit the number of Lambda functions that MiniStack runs at the same time to what a developer's machine can run."""

import threading
from typing import Any

from ministack.services import lambda_svc

MAX_CONCURRENCY = 4


def apply_patches() -> None:
    """Let invocations wait while MAX_CONCURRENCY others run.

    MiniStack starts a process of 30 to 60 MB for each concurrent invocation. On AWS, an account can have 1,000 of them:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
    A time-out begins when the invocation does. Functions that wait for each other would block, but there are none here.
    """
    slots = threading.BoundedSemaphore(MAX_CONCURRENCY)
    acquire, release = lambda_svc._acquire_execution_slot, lambda_svc._release_execution_slot

    def acquire_slot(function: Any, config: Any) -> Any:
        slots.acquire()
        key, limit = acquire(function, config)
        if key is None:  # throttled
            slots.release()
        return key, limit

    def release_slot(key: Any) -> None:
        release(key)
        slots.release()

    lambda_svc._acquire_execution_slot, lambda_svc._release_execution_slot = acquire_slot, release_slot
