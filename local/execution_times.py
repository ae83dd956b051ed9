"""Make MiniStack's Step Functions start executions at once, and apply a new scale to waits that have already begun."""

import threading
import time
from types import SimpleNamespace
from typing import Any

LONGEST_SLEEP = 0.1  # seconds, between two looks at the scale


def apply(states: Any) -> None:
    """Patch MiniStack's module for Step Functions."""
    states.time, states._run_execution = _without_first_sleep(states._run_execution)
    states._scaled_sleep = _adjustable_sleep(states)


def _without_first_sleep(original: Any) -> tuple[SimpleNamespace, Any]:
    """Return a module `time` and a function that runs an execution and leaves out its first sleep.

    On AWS, an execution's first state starts immediately. MiniStack sleeps for 0.15 seconds before, which isn't scaled.
    A watch and the notification that it starts are two executions.
    """
    thread = threading.local()

    def sleep(seconds: float) -> None:
        if getattr(thread, "is_starting", False):
            thread.is_starting = False
        else:
            time.sleep(seconds)

    def run(execution: str) -> None:
        thread.is_starting = True
        original(execution)

    return SimpleNamespace(**{**vars(time), "sleep": sleep}), run


def _adjustable_sleep(states: Any) -> Any:
    """Sleep for a scaled time. If the scale changes meanwhile, the rest of the time has the new scale.

    So a test can wait for something before a long wait ends, instead of choosing a wait that is probably long enough.
    """

    def sleep(seconds: float) -> None:
        while seconds > 0 and (scale := states._SFN_WAIT_SCALE) > 0:
            step = min(seconds * scale, LONGEST_SLEEP)
            time.sleep(step)
            seconds -= step / scale

    return sleep
