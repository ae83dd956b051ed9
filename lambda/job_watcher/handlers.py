"""Lambda entry points: `job_watcher.handlers.describe` is the handler of `job_watcher.describe`, imported faster."""

import gc
from importlib import import_module
from typing import Any

HANDLERS = ("describe", "poll", "start")


def __getattr__(name: str) -> Any:
    """Return the handler of the module with this name.

    The module is imported without garbage collection, which would take a tenth of the cold start.
    """
    if name not in HANDLERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    gc.disable()
    try:
        return import_module(f".{name}", __package__).handler
    finally:
        gc.enable()
