"""moto's Step Functions interpreter with what it lacks: JSONata, a virtual clock and queue, and services that fail.

Each patch says what AWS does. The patches are for one version of moto; check them again before you change it.
"""

import io
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache, partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from unittest.mock import patch

import boto3
import jsonpath_ng.ext.parser
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws
from moto.sns.models import Subscription
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsic_functions
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeSuccess,
    HeartbeatEndpoint,
    HeartbeatTimedOut,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS

from .moto_expressions import evaluate_composed

CHECKED = "5.2.5"
JOIN_TIMEOUT = 300  # seconds
SESSION = boto3.Session()
parse = cache(AmazonStateLanguageParser.parse)
parse_path = cache(jsonpath_ng.ext.parser.parse)
private_key = cache(partial(rsa.generate_private_key, public_exponent=65537, key_size=2048))
CALLERS = (
    lambda_eval_utils,
    state_task_service_aws_sdk,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
)
CLIENTS: dict[str, Any] = {}
"""The clients of the tasks by service. All tests use them."""
Function = Callable[[Any], Any]
"""A Lambda function: takes the payload and returns the result. A FunctionError is an exception of the handler."""


class FunctionError(Exception):
    """A Lambda function ended with this payload: an error's `errorType` and `errorMessage`, if it has any."""

    def __init__(self, payload: Any) -> None:
        super().__init__(payload)
        self.payload = payload


def service_error(code: str, message: str = "Try again.") -> ClientError:
    """Return an error of an AWS service."""
    return ClientError(cast(Any, _error(code, message)), "Operation")


class Clock:
    """Virtual time in seconds. Retry delays are recorded and add to `now`, but take no real time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.delays: list[float] = []
        self.waits = threading.Event()
        """Wait states last until this is set."""
        self.waits.set()
        self.timeouts: dict[str, float] = {}
        """When a state machine's executions time out, by the state machine's ARN."""

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.delays.append(seconds)

    def wait(self, seconds: float) -> None:
        """Wait in place of a Wait state, without real time."""
        assert self.waits.wait(JOIN_TIMEOUT)
        self.now += seconds


class Message(NamedTuple):
    """A message of the poll queue, and when it arrives."""

    due: float
    delay: int
    body: str


class PollQueue:
    """The poll queue on the virtual clock. Its messages invoke `function` while an execution waits for a token."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.messages: list[Message] = []
        self.sent: list[Message] = []
        self.timed_out: set[str] = set()
        """The tokens of tasks that timed out. moto would still accept them."""
        self.function: Callable[[str], None] | None = None
        """Takes a message's body. If it is None, no message is delivered."""

    def send_message(self, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> dict[str, Any]:
        """SQS's SendMessage as boto3 has it."""
        message = Message(self.clock.now + DelaySeconds, DelaySeconds, MessageBody)
        self.messages.append(message)
        self.sent.append(message)
        return {"MessageId": str(len(self.sent))}

    def check(self, params: dict[str, Any], **_: Any) -> None:
        """Reject a token of a task that timed out, before botocore sends a request with it."""
        if params.get("taskToken") in self.timed_out:
            raise service_error("TaskTimedOut")

    def wait(
        self, service: StateTaskServiceCallback, env: Environment, callback: CallbackEndpoint, heart: HeartbeatEndpoint
    ) -> CallbackOutcome | HeartbeatTimedOut:
        """Deliver messages until the task's token is used or its heartbeats stop."""
        deadline = self.clock.now + heart._heartbeat_seconds
        machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
        timeout = self.clock.timeouts.get(machine, math.inf)
        while not (outcome := callback.get_outcome()):
            message = min(self.messages, default=None) if self.function else None
            self.clock.now = max(self.clock.now, min(message.due if message else math.inf, deadline))
            if self.clock.now >= timeout:
                _end(env.states.context_object.context_object_data["Execution"]["Id"])
                return CallbackOutcomeSuccess(callback.callback_id, "null")  # which nothing reads any more
            if message is None or message.due > deadline:
                self.timed_out.add(callback.callback_id)
                return HeartbeatTimedOut()
            self.messages.remove(message)
            assert self.function
            self.function(message.body)
            if heart._next_heartbeat_event.is_set():
                heart._next_heartbeat_event.clear()
                deadline = self.clock.now + heart._heartbeat_seconds
        return outcome


class Services:
    """The AWS services that tasks call: Lambda is `function`; the others are moto's, except for calls that fail."""

    def __init__(self, clock: Clock) -> None:
        self.poll_queue = PollQueue(clock)
        self.function: Function = lambda payload: payload
        self.payloads: list[Any] = []
        self.faults: list[Callable[[str, str], dict[str, Any] | None]] = []
        """Each takes an operation and its request, and returns an answer that replaces moto's, or None."""
        self._clients: dict[str, Any] = {}

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        """Lambda's Invoke as boto3 has it."""
        self.payloads.append(json.loads(Payload))
        try:
            result, error = self.function(self.payloads[-1]), {}
        except FunctionError as raised:
            result, error = raised.payload, {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(result).encode()), **error}

    def client_for(self, make: Callable[..., Any], **options: Any) -> Any:
        service = options["service"]
        if service == "lambda":
            return self
        if service == "sqs":
            self._answer_or_raise("SendMessage")
            return self.poll_queue
        if service not in self._clients:
            CLIENTS[service] = self._clients[service] = CLIENTS.get(service) or _client(make, **options)
            self._clients[service].meta.events.register("before-call", self._answer)
        return self._clients[service]

    def forget(self) -> None:
        """Let the clients no longer fail as these services do, because other tests use them."""
        for client in self._clients.values():
            client.meta.events.unregister("before-call", self._answer)

    def _answer_or_raise(self, operation: str) -> None:
        """Raise the error that a fault gives for this operation."""
        for fault in self.faults:
            if answer := fault(operation, ""):
                raise ClientError(cast(Any, answer), operation)

    def _answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        answers = [answer for fault in self.faults if (answer := fault(model.name, str(params["body"])))]
        if not answers:
            return None
        return AWSResponse("", 400 if "Error" in answers[0] else 200, HTTPHeaders(), None), answers[0]


def failing(operation: str, code: str, times: float = math.inf, about: str = "") -> Callable[[str, str], Any]:
    """Return a fault: the first `times` calls of the operation whose request contains `about` fail with an error."""
    return answering(operation, _error(code, "Try again."), times, about)


def answering(operation: str, answer: dict[str, Any], times: float, about: str = "") -> Callable[[str, str], Any]:
    """Return a fault: the first `times` calls of the operation whose request contains `about` get this answer."""
    calls = 0

    def fault(called: str, request: str) -> dict[str, Any] | None:
        nonlocal calls
        calls += called == operation and about in request
        return answer if called == operation and about in request and calls <= times else None

    return fault


def _client(make: Callable[..., Any], **options: Any) -> Any:
    client = make(**options)
    if options["service"] == "stepfunctions":
        client.meta.events.register("provide-client-params", _decapitalized)
        client.meta.events.register("after-call.stepfunctions.ListExecutions", _capitalize)
    return client


def _decapitalized(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    """In ASL the parameters of `states:startExecution` are capitalized, unlike in its API; moto doesn't convert them.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """
    return {name[0].lower() + name[1:]: value for name, value in params.items()}


def _capitalize(parsed: dict[str, Any], **_: Any) -> None:
    """Capitalize the members of a result, as AWS does; moto doesn't.

    https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
    """
    for name in ("executions", "nextToken"):
        parsed[name[0].upper() + name[1:]] = parsed.pop(name, None)
    for execution in parsed["Executions"] or ():
        for name in [*execution]:
            execution[name[0].upper() + name[1:]] = execution.pop(name)


def _error(code: str, message: str) -> dict[str, Any]:
    return {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "6d6f746f-0000-4000-8000-000000000000"},
    }


def _end(execution: str) -> None:
    """Time out an execution. The environment of one of its tasks is only a part of that of the execution."""
    _execution(execution).exec_worker.env.set_timed_out()


def _execution(arn: str) -> Any:
    """Return moto's object for an execution."""
    machines = cast(Any, stepfunctions_parser_backends["123456789012"]["eu-west-1"].state_machines)
    return next(one for machine in machines for one in machine.executions if one.execution_arn == arn)


def wait_for(execution: str) -> None:
    """Wait until an execution has ended, without requests: a request takes as long as many states."""
    running = _execution(execution)
    while running.exec_status == ExecutionStatus.RUNNING:
        time.sleep(0.01)


@contextmanager
def interpreter(clock: Clock, services: Services) -> Iterator[None]:
    """Run moto with a working interpreter; RuntimeError if this isn't the version that these patches are for."""
    if version("moto") != CHECKED:
        raise RuntimeError(f"moto is {version('moto')}; the patches in {__file__} were written for {CHECKED}")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}), ExitStack() as patches:
        patches.callback(services.forget)
        for one in _patches(clock, services):
            patches.enter_context(one)
        patches.callback(join)
        yield


def join() -> None:
    """Wait until all executions have ended, those that they started included."""
    while TMP_THREADS:
        thread = TMP_THREADS.pop(0)
        thread.join(JOIN_TIMEOUT)
        if thread.is_alive():
            raise TimeoutError(f"an execution still runs after {JOIN_TIMEOUT} s")


def _patches(clock: Clock, services: Services) -> Iterator[Any]:
    # moto has no JSONata engine: LocalStack's runs in a Java VM.
    yield patch.object(jsonata, "_eval_jsonata", evaluate_composed)
    # Step Functions has the function `hash`, and so has that engine.
    yield patch.dict(intrinsic_functions._DECLARATION_BY_VARIABLE_REFERENCE, {"$hash": ""})
    # moto writes data into the expression. JSONata's escapes are JSON's; jsonata-python doesn't join surrogates.
    # AWS's timestamps are ISO 8601 in UTC.
    to_json = partial(json.dumps, ensure_ascii=False, default=datetime.isoformat)
    yield patch.object(jsonata, "to_json_str", to_json)
    # Step Functions forbids `$` only at the top level of an expression; moto forbids it everywhere:
    # https://states-language.net/spec.html#jsonata-restrictions
    yield patch.object(jsonata, "_ILLEGAL_VARIABLE_REFERENCES", {"$$"})
    # A test takes a second less: the definitions are always the same two, and so are the services' models.
    yield patch.object(AmazonStateLanguageParser, "parse", parse)
    yield patch.object(boto3, "DEFAULT_SESSION", SESSION)
    # moto parses the paths of an input transformer for each event.
    yield patch.object(jsonpath_ng.ext, "parse", parse_path)
    # Nothing checks SNS's signatures, and moto would generate a key for each subscription.
    yield patch.object(Subscription, "private_key", lambda subscription: private_key())
    # Heartbeats, retry delays and the state machine's TimeoutSeconds take real time in moto.
    wait = services.poll_queue.wait
    yield patch.object(StateTaskServiceCallback, "_wait_for_task_token_heartbeat", lambda *given: wait(*given))
    yield patch.object(WaitFunction, "_wait_interval", lambda function, env, wait_seconds: clock.wait(wait_seconds))
    yield patch.object(retrier_decl, "time", SimpleNamespace(sleep=clock.sleep))
    # moto's Lambda needs Docker, and its services don't fail on request.
    client_for = partial(services.client_for, boto_client_for)
    yield from (patch.object(caller, "boto_client_for", client_for) for caller in CALLERS)
