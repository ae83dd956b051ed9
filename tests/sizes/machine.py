"""Run the state machines' definitions, and record the size of everything that they pass."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.setting_types import EMAIL_OUTCOMES
from tests.interpreters.jsonata_engines import evaluate

from .services import ARN, INVOCATION, Function, TaskError, measure, result_size, size, utf16_length

INFRA = Path(__file__).parents[2] / "infra"
CHAT_OUTCOMES = " ".join(outcome for outcome in EMAIL_OUTCOMES if outcome != "succeeded")
MAX_ARN = 256  # characters of a substitution's value
# Characters: https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
MAX_TOKEN = 2_048
EXECUTION = {"ExecutionArn": "x" * 256, "Name": "x" * 80, "StateMachineArn": "x" * 256, "Status": "SUCCEEDED"}
DATES = dict.fromkeys(("StartDate", "StopDate"), "2025-12-31T23:59:59.999Z")  # before the digest's ten minutes
PATH = re.compile(r"\$states((?:\.\w+)+)")
# A state with another field may pass something that this module doesn't measure.
FIELDS = {"Type", "Comment", "Resource", "Arguments", "Output", "Retry", "Catch", "Next", "End"} | {
    *("Choices", "Default", "Branches", "Error", "Cause", "HeartbeatSeconds", "Seconds")
}
RULE_FIELDS, CATCH_FIELDS = {"Condition", "Next"}, {"ErrorEquals", "Output", "Next"}
Definition = Mapping[str, Any]
Place = tuple[str, str]
"""A machine and a state."""
States = Mapping[str, Any]
"""The value of `$states`."""


@dataclass(frozen=True)
class Passed:
    """Something that a state receives or passes on."""

    machine: str
    state: str
    what: str
    limit: str
    """The name of its limit in limits.toml."""
    size: int


@cache
def definition(machine: str) -> Definition:
    """Return a definition in which each substitution's value is as long as an ARN can be, and starts with its name."""
    text = (INFRA / f"{machine}.asl.json").read_text(encoding="utf-8")
    text = text.replace("${limit}", "20").replace("${chatOutcomes}", CHAT_OUTCOMES)
    found: Definition = json.loads(re.sub(r"\$\{(\w+)\}", lambda name: name[1].ljust(MAX_ARN, "."), text))
    return found


def machines() -> list[str]:
    """Return the names of all definitions."""
    return sorted(path.name.removesuffix(".asl.json") for path in INFRA.glob("*.asl.json"))


def state_names(machine: str) -> list[str]:
    """Return the names of all states of a machine, in the definition's order."""
    return _state_names(definition(machine))


def _state_names(found: Definition) -> list[str]:
    return [
        each
        for name, state in found["States"].items()
        for each in (name, *(inner for branch in state.get("Branches", ()) for inner in _state_names(branch)))
    ]


def evaluate_template(template: Any, states: States) -> Any:
    """Return a field of a state with the values of its expressions."""
    if isinstance(template, dict):
        return {name: evaluate_template(inner, states) for name, inner in template.items()}
    if isinstance(template, list):
        return [evaluate_template(inner, states) for inner in template]
    if not isinstance(template, str) or not template.startswith("{%"):
        return template
    expression = template[2:-2].strip()
    if not (path := PATH.fullmatch(expression)):
        return evaluate(expression, {"states": states})
    value: Any = states
    for member in path[1].split(".")[1:]:  # the same, but without copies of the value
        value = value[member]
    return value


def _file_name(substitution: str) -> str:
    """Return the name of a machine's definition: `email_limit` for `emailLimit`."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", substitution)


class Run:
    """An execution, and the executions that it starts.

    `functions` are the Lambda functions by substitution: `describe`, and `queue` for the one that gets its messages.
    `taken` is the state that starts an execution whose name is taken.
    """

    def __init__(self, functions: Mapping[str, Function], taken: str = "") -> None:
        self.functions, self.taken = functions, taken
        self.passed: list[Passed] = []
        self._sizes: dict[int, tuple[Any, int]] = {}

    def start(self, machine: str, given: Any) -> Any:
        """Run an execution. Return its output, or the input of its Fail state."""
        execution = {"Id": ARN, "Name": ARN.rpartition(":")[2], "Input": given, "StartTime": "2026-01-01T00:00:00.000Z"}
        context = {"Execution": execution, "Task": {"Token": "x" * MAX_TOKEN}, "State": {"RetryCount": 4}}
        return self._run(machine, definition(machine), given, context)

    def _run(self, machine: str, found: Definition, given: Any, context: Any) -> Any:
        name, value = found["StartAt"], given
        while name:
            state = found["States"][name]
            assert state.keys() <= FIELDS, f"{machine} {name}: fields that aren't measured: {state.keys() - FIELDS}"
            self._record_value((machine, name), "input", value)
            run_state = getattr(self, f"_{state['Type'].lower()}")
            name, value = run_state((machine, name), state, {"input": value, "context": context})
        return value

    def _record(self, at: Place, what: str, limit: str, size: int) -> None:
        self.passed.append(Passed(*at, what, limit, size))

    def _record_value(self, at: Place, what: str, value: Any) -> None:
        """Record the size of a value. It is measured once, although several states pass it on."""
        if id(value) not in self._sizes:
            self._sizes[id(value)] = value, size(value)
        self._record(at, what, "state", self._sizes[id(value)][1])

    def _output(self, at: Place, state: Definition, states: States, default: Any, what: str = "output") -> Any:
        value = evaluate_template(state["Output"], states) if "Output" in state else default
        self._record_value(at, what, value)
        return value

    def _pass(self, at: Place, state: Definition, states: States) -> tuple[str | None, Any]:
        return state.get("Next"), self._output(at, state, states, states["input"])

    _succeed = _wait = _pass

    def _choice(self, at: Place, state: Definition, states: States) -> tuple[str | None, Any]:
        assert all(rule.keys() <= RULE_FIELDS for rule in state["Choices"])
        rules = (rule["Next"] for rule in state["Choices"] if evaluate_template(rule["Condition"], states) is True)
        return next(rules, state.get("Default")), self._output(at, state, states, states["input"])

    def _fail(self, at: Place, state: Definition, states: States) -> tuple[str | None, Any]:
        for field in ("Error", "Cause"):
            text = evaluate_template(state[field], states)
            self._record(at, field.lower(), field.lower(), utf16_length(text))
        return None, states["input"]

    def _parallel(self, at: Place, state: Definition, states: States) -> tuple[str | None, Any]:
        outputs = [self._run(at[0], branch, states["input"], states["context"]) for branch in state["Branches"]]
        return state.get("Next"), self._output(at, state, states, outputs)

    def _task(self, at: Place, state: Definition, states: States) -> tuple[str | None, Any]:
        arguments = evaluate_template(state["Arguments"], states)
        assert evaluate_template(state.get("HeartbeatSeconds", 1), states) > 0
        self._record_value(at, "arguments", arguments)
        call = state["Resource"].rpartition(":::")[2]
        for measured in measure(call, arguments):
            self._record(at, *measured)
        try:
            result = self._call(at, call, arguments)
        except TaskError as error:
            return self._catch(at, state, states, error)
        self._record_value(at, "result", result)
        return state.get("Next"), self._output(at, state, {**states, "result": result}, result)

    def _call(self, at: Place, call: str, arguments: Mapping[str, Any]) -> Any:
        if call == "lambda:invoke":
            result = self.functions[arguments["FunctionName"].rstrip(".")](arguments["Payload"])
            self._record(at, "result of the function", "payload", result_size(result))
            return {"Payload": result, **INVOCATION}
        if call == "sqs:sendMessage.waitForTaskToken":
            return self.functions[arguments["QueueUrl"].rstrip(".")](arguments["MessageBody"])
        if call == "states:startExecution":
            if at[1] == self.taken:
                raise TaskError("StepFunctions.ExecutionAlreadyExistsException", "")
            self.start(_file_name(arguments["StateMachineArn"].rstrip(".")), arguments["Input"])
        if call == "aws-sdk:sfn:listExecutions":
            return {"Executions": [{**EXECUTION, **DATES}] * arguments["MaxResults"], "NextToken": "x" * MAX_TOKEN}
        return {"Identifier": ARN, "Date": "2026-01-01T00:00:00.000Z"}

    def _catch(self, at: Place, state: Definition, states: States, error: TaskError) -> tuple[str | None, Any]:
        names = {error.error, "States.ALL"}
        catcher = next(catcher for catcher in state["Catch"] if names.intersection(catcher["ErrorEquals"]))
        assert catcher.keys() <= CATCH_FIELDS
        output = {"Error": error.error, "Cause": error.cause}
        caught = self._output(at, catcher, {**states, "errorOutput": output}, output, "output after an error")
        following: str = catcher["Next"]
        return following, caught
