"""Lambda entry points. `job_watcher.handlers.describe` is `job_watcher.describe.handler`, imported faster."""

import gc
from importlib import import_module
from typing import Any

HANDLERS = ("describe", "start")


def __getattr__(name: str) -> Any:
    """Return that module's handler. Garbage collection is off during the import: it takes a tenth of a cold start."""
    if name not in HANDLERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    gc.disable()
    try:
        return import_module(f".{name}", __package__).handler
    finally:
        gc.enable()
