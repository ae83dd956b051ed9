"""A simulated Step Functions in virtual time: it executes a state machine's definition, tokens and heartbeats included.

It supports what infra/watch.asl.json uses, and raises KeyError for anything else.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from typing import Any

from botocore.exceptions import ClientError
from jsonata import Jsonata, jexception  # type: ignore[import-untyped]

from .virtual_time import VirtualTime

MAX_PAYLOAD = 262_144  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
# Events in the history. A task without a token makes one event less, TaskSubmitted, and a failed attempt two or three.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
EVENTS = {"Task": 6, "Choice": 2, "Succeed": 2, "Pass": 2, "Fail": 2}
EVENTS_PER_RETRY = 3


class TaskError(Exception):
    """A task's error, named as in ErrorEquals."""


class Execution:
    """An execution of the Watch state machine."""

    def __init__(self, name: str, watch_input: Any, started: str) -> None:
        self.name, self.input, self.started = name, watch_input, started
        self.arn = f"arn:aws:states:eu-west-1:123456789012:execution:Watch:{name}"
        self.status, self.error = "RUNNING", ""
        self.state, self.data = "", watch_input
        self.attempts: Counter[int] = Counter()
        self.token = ""
        self.deadline, self.heartbeat = 0.0, 0.0
        self.events = 1
        self.entered: list[str] = []


class SimulatedStates:
    """Executions of one state machine, and the API that the Poll function calls.

    `resources` has a function for each resource of the definition. It gets a task's evaluated arguments, and returns
    the task's result or raises TaskError.
    """

    def __init__(
        self,
        definition: str,
        substitutions: Mapping[str, str],
        time: VirtualTime,
        resources: Mapping[str, Callable[[Any], Any]],
    ) -> None:
        for name, value in substitutions.items():
            definition = definition.replace("${" + name + "}", value)
        machine = json.loads(definition)
        self.start_at, self.states = machine["StartAt"], machine["States"]
        self.time, self.resources = time, resources
        self.executions: dict[str, Execution] = {}
        self.stale_error = "TaskTimedOut"
        self._tokens: dict[str, Execution] = {}
        self._token_number = count(1)

    def start(self, name: str, watch_input: Any) -> Execution:
        execution = self.executions[name] = Execution(name, watch_input, self.time.text())
        self._enter(execution, self.start_at, watch_input)
        return execution

    def stop(self, execution: Execution) -> None:
        self._end(execution, "ABORTED")

    def is_awaited(self, token: str) -> bool:
        return token in self._tokens and self._tokens[token].token == token

    def send_task_heartbeat(self, taskToken: str) -> None:
        execution = self._waiting(taskToken, "SendTaskHeartbeat")
        execution.deadline = self.time.now + execution.heartbeat

    def send_task_success(self, taskToken: str, output: str) -> None:
        execution = self._waiting(taskToken, "SendTaskSuccess")
        if len(output.encode()) > MAX_PAYLOAD:
            raise _client_error("InvalidOutput", "SendTaskSuccess")
        execution.token = ""
        result = json.loads(output)
        self.time.after(0.05, lambda: self._finish_task(execution, self._number(execution), result))

    def _waiting(self, token: str, operation: str) -> Execution:
        if token not in self._tokens:
            raise _client_error("InvalidToken", operation)
        if not self.is_awaited(token):
            raise _client_error(self.stale_error, operation)
        return self._tokens[token]

    def _number(self, execution: Execution) -> int:
        """Return what identifies the execution's current state, because a state can be entered several times."""
        return len(execution.entered)

    def _enter(self, execution: Execution, name: str, data: Any) -> None:
        execution.state, execution.data, execution.attempts, execution.token = name, data, Counter(), ""
        execution.entered.append(name)
        state = self.states[name]
        execution.events += EVENTS[state["Type"]]
        assert execution.events <= 25_000, "the history has too many events"
        assert len(json.dumps(data).encode()) <= MAX_PAYLOAD
        match state["Type"]:
            case "Choice":
                rules = (rule for rule in state["Choices"] if self._evaluate(execution, rule["Condition"]))
                self._enter(execution, next(rules, {"Next": state["Default"]})["Next"], data)
            case "Task":
                number = self._number(execution)
                self.time.after(0.05, lambda: self._attempt(execution, number))
            case "Fail":
                self._end(execution, "FAILED", self._evaluate(execution, state["Error"]))
            case "Succeed" | "Pass":
                self._end(execution, "SUCCEEDED")

    def _end(self, execution: Execution, status: str, error: str = "") -> None:
        execution.status, execution.error, execution.token = status, error, ""

    def _is_current(self, execution: Execution, number: int) -> bool:
        return execution.status == "RUNNING" and number == self._number(execution)

    def _attempt(self, execution: Execution, number: int) -> None:
        if not self._is_current(execution, number):
            return
        state = self.states[execution.state]
        waits = state["Resource"].endswith(".waitForTaskToken")
        token = f"token-{next(self._token_number)}"
        try:
            arguments = self._evaluate(execution, state["Arguments"], Task={"Token": token})
            if waits:
                execution.heartbeat = self._evaluate(execution, state["HeartbeatSeconds"])
                execution.token, execution.deadline = token, self.time.now + execution.heartbeat
                self._tokens[token] = execution
                self.time.at(execution.deadline, lambda: self._check_heartbeat(execution, number, token))
            assert len(json.dumps(arguments).encode()) <= MAX_PAYLOAD
            result = self.resources[state["Resource"]](arguments)
        except TaskError as error:
            self._handle(execution, number, str(error))
            return
        if not waits:
            self._finish_task(execution, number, result)

    def _finish_task(self, execution: Execution, number: int, result: Any) -> None:
        if not self._is_current(execution, number):
            return
        state = self.states[execution.state]
        output = self._evaluate(execution, state["Output"], result) if "Output" in state else result
        if state.get("End"):
            self._end(execution, "SUCCEEDED")
        else:
            self._enter(execution, state["Next"], output)

    def _check_heartbeat(self, execution: Execution, number: int, token: str) -> None:
        if execution.token != token:
            return
        if execution.deadline > self.time.now:
            self.time.at(execution.deadline, lambda: self._check_heartbeat(execution, number, token))
        else:
            execution.token = ""
            self._handle(execution, number, "States.HeartbeatTimeout")

    def _handle(self, execution: Execution, number: int, error: str) -> None:
        """Retry the task, or follow its Catch."""
        if not self._is_current(execution, number):
            return
        state, execution.token = self.states[execution.state], ""
        for index, retrier in enumerate(state["Retry"]):
            if _matches(retrier, error):
                if execution.attempts[index] < retrier["MaxAttempts"]:
                    delay = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** execution.attempts[index]
                    execution.attempts[index] += 1
                    execution.events += EVENTS_PER_RETRY
                    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
                    self.time.after(delay, lambda: self._attempt(execution, number))
                    return
                break
        for catcher in state["Catch"]:
            if _matches(catcher, error):
                self._enter(execution, catcher["Next"], self._evaluate(execution, catcher["Output"], error=error))
                return
        self._end(execution, "FAILED", error)

    def _evaluate(
        self, execution: Execution, template: Any, result: Any = None, error: str = "", **context: Any
    ) -> Any:
        details = {
            "Id": execution.arn,
            "Name": execution.name,
            "Input": execution.input,
            "StartTime": execution.started,
        }
        states = {
            "input": execution.data,
            "result": result,
            "errorOutput": {"Error": error, "Cause": "The cause."},
            "context": {"Execution": details, **context},
        }
        return evaluate(template, states)


def evaluate(template: Any, states: Mapping[str, Any]) -> Any:
    """Return a field of a state with the values of its expressions."""
    if isinstance(template, dict):
        return {name: evaluate(inner, states) for name, inner in template.items()}
    if not isinstance(template, str) or not template.startswith("{%"):
        return template
    expression = _parse(template.removeprefix("{%").removesuffix("%}").strip())
    frame = expression.create_frame()
    frame.bind("states", states)
    try:
        value = expression.evaluate(None, frame)
    except jexception.JException as error:
        raise TaskError("States.QueryEvaluationError") from error
    if value is None:  # undefined; no expression of the definition has the value null
        raise TaskError("States.QueryEvaluationError")
    return json.loads(json.dumps(value))


@cache
def _parse(expression: str) -> Any:
    parsed = Jsonata(expression)
    parsed.register_lambda("parse", json.loads)  # one that Step Functions adds
    return parsed


def _matches(rule: Mapping[str, Any], error: str) -> bool:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation"""
    is_task_failure = error not in ("States.Timeout", "States.HeartbeatTimeout", "States.QueryEvaluationError")
    return any(
        name in (error, "States.ALL") or (name == "States.TaskFailed" and is_task_failure)
        for name in rule["ErrorEquals"]
    )


def _client_error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "The message."}}, operation)
