"""Job Watcher's CDK construct. Other CDK apps import it from the wheel: `from job_watcher_cdk import JobWatcher`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .job_watcher import JobWatcher
    from .setting_types import InvalidSetting

__all__ = ["InvalidSetting", "JobWatcher"]
MODULES = {"JobWatcher": ".job_watcher", "InvalidSetting": ".setting_types"}


def __getattr__(name: str) -> Any:
    """Return an exported class. Its module is imported on first use, because the import of aws_cdk takes seconds."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(MODULES[name], __name__), name)
