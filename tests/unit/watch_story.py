"""A fake watch whose history and end depend on a fake clock, for commands that follow or show watches."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from tests.unit.fake_aws import MACHINE, WATCH, FakeAws, refuse

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
REQUEST = {"JobName": "nightly", "RunId": "jr_1"}
INPUT = json.dumps({"kind": "glue/JobRun", "request": REQUEST})
Event = dict[str, Any]
NOT_FOUND = refuse("ExecutionDoesNotExist", "Execution Does Not Exist")


class Clock:
    """A clock in seconds since 1970. Sleeping sets it forward, and records how many calls were made before."""

    def __init__(self, aws: FakeAws) -> None:
        self.now, self._aws = START, aws
        self.calls: list[tuple[float, int]] = []
        """Times since the start, and the number of calls made so far."""

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.calls.append((self.now - START, len(self._aws.calls)))
        self.now += seconds

    def calls_per_minute(self) -> int:
        """Return the largest number of calls within any minute."""
        totals = [*self.calls, (self.now - START, len(self._aws.calls))]
        made = [(time, total - before) for (_, before), (time, total) in pairwise([(0, 0), *totals])]
        return max(sum(count for time, count in made if start <= time < start + 60) for start, _ in made)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("cli.following.time", "cli.progress.time"):
            monkeypatch.setattr(name, self.time)
        monkeypatch.setattr("cli.following.sleep", self.sleep)


class Story:
    """The watch WATCH of a Glue job run: the events in its history by time, and how it ends."""

    def __init__(self, aws: FakeAws, clock: Clock) -> None:
        self._aws, self._clock = aws, clock
        self.events: list[Event] = [event(0, "ExecutionStarted")]
        self.end_at = float("inf")
        self.end: Mapping[str, Any] = {}
        aws.answers |= {"DescribeExecution": self._describe, "GetExecutionHistory": self._history}

    def poll(self, seconds: float, status: str, percent: float | None = None, wait: int = 60, **state: Any) -> None:
        """Add a poll of the running job to the history. The job began when the watch did."""
        output = {"polls": 1, "status": status, "wait": wait, "last_answer": seconds, "age": seconds + wait}
        self.events.append(state_exited(seconds, "WaitForNews", {**output, "percent": percent, **state}))

    def ends(self, seconds: float, type: str = "ExecutionSucceeded", **end: Any) -> None:
        """Add the end of the execution."""
        self.end_at, self.end = seconds, {"stopDate": START + seconds, **end}
        self.events.append(event(seconds, type))

    def succeeds(self, seconds: float, **detail: Any) -> None:
        """Add the end of a watch that has reported the end of its job."""
        whole = {"kind": "glue/JobRun", "request": REQUEST, "watch": WATCH, **detail}
        self.ends(seconds, status="SUCCEEDED", output=json.dumps(whole))

    def _describe(self, _: Mapping[str, Any]) -> dict[str, Any]:
        has_ended = self._clock.now >= START + self.end_at
        name = {"executionArn": WATCH, "name": "w", "startDate": START, "input": INPUT}
        return {**name, "status": "RUNNING", **(self.end if has_ended else {})}

    def _history(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        past = [one for one in self.events if one["timestamp"] <= self._clock.now]
        return {"events": past[::-1] if arguments.get("reverseOrder") else past}


class Executions:
    """Watches by name, in the order of their starts: each has a status and a request."""

    def __init__(self, aws: FakeAws, **watches: tuple[str, Any]) -> None:
        self.watches = watches
        self.members: dict[str, dict[str, Any]] = {}
        """Further members of the inputs of these watches."""
        self.details: dict[str, dict[str, Any]] = {}
        """Further members of the details of these watches."""
        aws.answers |= {"DescribeExecution": self._describe, "ListExecutions": self._list}

    def _execution(self, name: str) -> dict[str, Any]:
        status, request = self.watches[name]
        arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"
        times = {"startDate": START} if status == "RUNNING" else {"startDate": START, "stopDate": START}
        watch_input = json.dumps({"kind": "glue/JobRun", "request": request, **self.members.get(name, {})})
        end = (
            {}
            if status == "RUNNING"
            else {"output": json.dumps({"outcome": "succeeded", "reason": name, **self.details.get(name, {})})}
        )
        return {"executionArn": arn, "name": name, "status": status, "input": watch_input, **times, **end}

    def _describe(self, arguments: Any) -> Any:
        name = arguments["executionArn"].rpartition(":")[2]
        return self._execution(name) if name in self.watches else NOT_FOUND(arguments)

    def _list(self, arguments: Any) -> Any:
        found = [self._execution(name) for name in reversed(self.watches)]
        wanted = arguments.get("statusFilter")
        return {"executions": [one for one in found if wanted in (None, one["status"])][: arguments["maxResults"]]}


def event(seconds: float, type: str, **details: Any) -> Event:
    """Return an event of an execution's history."""
    return {"timestamp": START + seconds, "type": type, "id": 1, **details}


def state_exited(seconds: float, name: str, output: Any) -> Event:
    """Return the event about a task whose state was left."""
    details = {"name": name, "output": json.dumps(output)}
    return event(seconds, "TaskStateExited", stateExitedEventDetails=details)
