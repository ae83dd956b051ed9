"""A fake of Step Functions in memory, with AWS's rules for the names of executions."""

import json
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
NAME_RETENTION = timedelta(days=90)


class FakeStates:
    """StartExecution and DescribeExecution as AWS documents them.

    `calls` lists the operations called so far. `now` is the current time, which tests can change.
    """

    def __init__(self, exceptions: Any, now: datetime) -> None:
        self.exceptions, self.now = exceptions, now
        self.calls: list[str] = []
        self.executions: dict[str, dict[str, Any]] = {}

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        self.calls.append("StartExecution")
        json.loads(input)
        arn = stateMachineArn.replace(":stateMachine:", ":execution:") + ":" + name
        if existing := self._find(arn):
            if existing["status"] != "RUNNING" or existing["input"] != input:
                raise self._error("ExecutionAlreadyExists", "StartExecution")
            return existing
        self.executions[arn] = {"executionArn": arn, "status": "RUNNING", "startDate": self.now, "input": input}
        return self.executions[arn]

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.calls.append("DescribeExecution")
        if not (existing := self._find(executionArn)):
            raise self._error("ExecutionDoesNotExist", "DescribeExecution")
        return existing

    def end(self, arn: str | None, status: str = "SUCCEEDED") -> None:
        """End an execution with this status now."""
        assert arn is not None
        self.executions[arn] |= {"status": status, "stopDate": self.now}

    def running(self) -> list[dict[str, Any]]:
        return [execution for execution in self.executions.values() if execution["status"] == "RUNNING"]

    def _find(self, arn: str) -> dict[str, Any] | None:
        execution = self.executions.get(arn)
        return execution if execution and self.now - execution.get("stopDate", self.now) < NAME_RETENTION else None

    def _error(self, code: str, operation: str) -> ClientError:
        error: ClientError = getattr(self.exceptions, code)({"Error": {"Code": code}}, operation)
        return error
