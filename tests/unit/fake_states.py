"""A Step Functions that lives in memory, with the rules by which names are taken."""

import json
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

NAMES_LAST = timedelta(
    days=90
)  # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html


class FakeStates:
    """StartExecution and DescribeExecution as AWS documents them; `calls` are their names, `now` is the time."""

    def __init__(self, exceptions: Any, now: datetime) -> None:
        self.exceptions, self.now = exceptions, now
        self.calls: list[str] = []
        self.executions: dict[str, dict[str, Any]] = {}

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        self.calls.append("StartExecution")
        json.loads(input)
        arn = stateMachineArn.replace(":stateMachine:", ":execution:") + ":" + name
        if taken := self._known(arn):
            if taken["status"] != "RUNNING" or taken["input"] != input:
                raise self._error("ExecutionAlreadyExists", "StartExecution")
            return taken
        self.executions[arn] = {"executionArn": arn, "status": "RUNNING", "startDate": self.now, "input": input}
        return self.executions[arn]

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.calls.append("DescribeExecution")
        if not (known := self._known(executionArn)):
            raise self._error("ExecutionDoesNotExist", "DescribeExecution")
        return known

    def end(self, arn: str | None, status: str = "SUCCEEDED") -> None:
        """End an execution now."""
        assert arn is not None
        self.executions[arn] |= {"status": status, "stopDate": self.now}

    def running(self) -> list[dict[str, Any]]:
        return [one for one in self.executions.values() if one["status"] == "RUNNING"]

    def _known(self, arn: str) -> dict[str, Any] | None:
        known = self.executions.get(arn)
        return known if known and self.now - known.get("stopDate", self.now) < NAMES_LAST else None

    def _error(self, code: str, operation: str) -> ClientError:
        error: ClientError = getattr(self.exceptions, code)({"Error": {"Code": code}}, operation)
        return error
