"""`list`: list the newest watches."""

from datetime import UTC

import boto3

from . import watches
from .options import DEFAULT_STACK, Stack


def list_watches(stack: Stack = DEFAULT_STACK) -> None:
    """List the newest watches.

    Each line has the time of the start (UTC), the status of the execution, and its ARN.
    """
    machine = watches.watch_machine(boto3.client("cloudformation"), stack)
    executions = watches.newest(boto3.client("stepfunctions"), machine)
    for execution in executions:
        started = execution["startDate"].astimezone(UTC)
        print(f"{started:%Y-%m-%d %H:%M} {execution['status']:9} {execution['executionArn']}")
    if not executions:
        print("There are no watches yet.")
