"""Patch how MiniStack runs Lambda functions: few at once, each invocation to its end, and from one copy of the code."""

import hashlib
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

MAX_CONCURRENCY = 4
LONGEST_INVOCATION = 10  # seconds; also how long the shutdown waits


def apply_patches() -> None:
    """Apply all patches."""
    _limit_concurrency()
    lambda_runtime.kill_workers = _after_invocations(lambda_runtime.kill_workers)
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedCode})


class SharedCode(zipfile.ZipFile):
    """A function's code, which is extracted once and used by all processes that run it.

    MiniStack extracts it for each process. That takes longer than the rest of the process's start, and leaves thousands
    of files. On AWS, the code is read-only.
    """

    _extraction = threading.Lock()  # `_lock` is ZipFile's own

    def extractall(self, path: Any = None, *others: Any) -> None:
        """Replace the empty folder at `path` with a link to the extracted code."""
        assert self.filename
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir(), f"code-{digest[:16]}")
        with self._extraction:
            if not shared.exists():
                folder = Path(tempfile.mkdtemp())
                super().extractall(folder)
                folder.rename(shared)
        Path(path).rmdir()
        Path(path).symlink_to(shared)


def _after_invocations(original: Callable[[list[Any]], None]) -> Callable[[Iterable[Any]], None]:
    """End the processes of a function, such as after an update, only when their invocations have ended.

    MiniStack ends them at once, so that invocations fail. On AWS, an invocation runs with the code with which it began:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """

    def kill(workers: Iterable[Any]) -> None:
        found = [worker for worker in workers if worker is not None]
        with ExitStack() as locks:
            for worker in found:
                if worker._lock.acquire(timeout=LONGEST_INVOCATION):  # it is held during an invocation
                    locks.callback(worker._lock.release)
            original(found)

    return kill


def _limit_concurrency() -> None:
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
