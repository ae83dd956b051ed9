"""`list`: list the newest watches."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from job_watcher.to_json import to_json

from . import watches
from .command import Context


def list_watches(context: Context) -> None:
    """List the newest watches.

    Each line has the time of the start (UTC), the status of the execution, and its ARN.
    """
    executions = watches.newest(context.client("stepfunctions"), context.deployment.machine)
    for execution in executions:
        context.output.result(_to_json(execution), _line(execution))
    if not executions:
        context.output.line("There are no watches yet.")


def _line(execution: Mapping[str, Any]) -> str:
    started: datetime = execution["startDate"].astimezone(UTC)
    return f"{started:%Y-%m-%d %H:%M} {execution['status']:9} {execution['executionArn']}"


def _to_json(execution: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "watch": execution["executionArn"],
        "status": execution["status"],
        "started": to_json(execution["startDate"]),
        "ended": to_json(execution.get("stopDate")),
    }
