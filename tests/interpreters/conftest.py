"""The state machines of the synthesized template, deployed in moto."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aws_cdk as cdk
import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from infra.context import props
from infra.stack import JobWatcherStack
from tests.event_schema import check_event

from .expressions import INFRA
from .moto_states import SESSION, Clock, Services, interpreter, join, wait_for

REGION = "eu-west-1"
QUEUE_URL = f"https://sqs.{REGION}.amazonaws.com/123456789012/Poll"
SETTINGS = Path(__file__).parents[1] / "unit" / "task_root"
os.environ |= {
    "LAMBDA_TASK_ROOT": str(SETTINGS),
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "JobWatcher",
    "POWERTOOLS_SERVICE_NAME": "job-watcher",
    "POLL_QUEUE_URL": QUEUE_URL,
    "NOTIFY_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:Notify",
}
ROLE = "arn:aws:iam::123456789012:role/states"
CHAT_OUTCOMES = ("failed", "lost", "overdue")
FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:Describe"
CONTEXT = cast(
    LambdaContext,
    SimpleNamespace(function_name="F", memory_limit_in_mb=512, invoked_function_arn=FUNCTION, aws_request_id="1"),
)
Execution = dict[str, Any]
client: Callable[[str], Any] = cache(SESSION.client)
"""Returns a client that all tests use. It has no handlers of a test."""


def describe_function(payload: Any) -> Any:
    """The real Describe function, with its payload and its result as JSON."""
    from job_watcher.describe import handler  # reads its environment when it is imported

    return json.loads(json.dumps(handler(payload, CONTEXT), allow_nan=False))


def poll_function(body: str, receive_count: int = 1) -> None:
    """The real Poll function, with one message."""
    from job_watcher.poll import handler

    attributes = {"ApproximateReceiveCount": str(receive_count), "SentTimestamp": str(round(1000 * time.time()))}
    handler({"Records": [{"messageId": "1", "body": body, "attributes": attributes}]}, CONTEXT)


class Deployment:
    """Both state machines in moto, and queues that receive everything they publish."""

    def __init__(self, definitions: Mapping[str, str], clock: Clock, services: Services) -> None:
        self.clock, self.services = clock, services
        self.states, self._events = client("stepfunctions"), client("events")
        self._sqs, self._sns = client("sqs"), client("sns")
        self._events.create_event_bus(Name="jobs")
        pattern = json.dumps({"source": ["job-watcher"]})
        self._events.put_rule(Name="all", EventBusName="jobs", EventPattern=pattern)
        self._events.put_targets(Rule="all", EventBusName="jobs", Targets=[{"Id": "queue", "Arn": self._queue("bus")}])
        people = {"emailTopic": self._topic("people"), "chatTopic": self._topic("chat")}
        people["chatOutcomes"] = " ".join(CHAT_OUTCOMES)
        topics = {"topic": self._topic("programs"), **people}
        self.limit_machine = self._machine("EmailLimit", definitions["email_limit"])
        limits = {"emailLimit": self.limit_machine, "limit": "5"}
        self.digest_machine = self._machine("EmailDigest", definitions["email_digest"], **limits, **people)
        limits["emailDigest"] = self.digest_machine
        self.notify_machine = self._machine("Notify", definitions["notify"], bus="jobs", **topics, **limits)
        self.watch_machine = self._machine(
            "Watch", definitions["watch"], describe=FUNCTION, queue=QUEUE_URL, notify=self.notify_machine
        )

    def run_watch(self, watch_input: Any, name: str = "the-watch") -> Execution:
        """Run a watch until it and everything it started have ended; its description."""
        return self._run(self.watch_machine, watch_input, name)

    def run_notify(self, notification: Any, name: str = "the-job", *, wait: bool = True) -> Execution:
        """Run Notify until it has ended, and the executions that it started if `wait` is true; its description."""
        return self._run(self.notify_machine, notification, name, wait)

    def notifications(self) -> list[Execution]:
        """The executions of Notify, the first one first."""
        return self.executions(self.notify_machine)

    def executions(self, machine: str) -> list[Execution]:
        """The executions of a state machine, the first one first."""
        listed = self.states.list_executions(stateMachineArn=machine)["executions"]
        ordered = sorted(listed, key=lambda execution: execution["startDate"])
        return [self.states.describe_execution(executionArn=execution["executionArn"]) for execution in ordered]

    def entered(self, execution: Execution) -> list[str]:
        """The names of the states that the execution entered."""
        return [event["stateEnteredEventDetails"]["name"] for event in self.history(execution, "StateEntered")]

    def news(self, execution: Execution) -> list[str]:
        """What the execution's WaitForNews states were told."""
        exited = self.history(execution, "TaskStateExited")
        details = [event["stateExitedEventDetails"] for event in exited]
        return [json.loads(one["output"])["news"] for one in details if one["name"] == "WaitForNews"]

    def history(self, execution: Execution, type_: str = "") -> list[dict[str, Any]]:
        """The execution's events whose type contains these words."""
        history = self.states.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)
        return [event for event in history["events"] if type_ in event["type"]]

    def received(self, queue: str) -> list[Any]:
        """What arrived at `bus`, `programs`, `people` or `chat` since the last call."""
        url, found = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"], []
        while messages := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
        if queue == "bus" and self.services.function is describe_function:  # other tests make up the details
            for event in found:
                check_event(event)
        return found

    def _run(self, machine: str, given: Any, name: str, wait: bool = True) -> Execution:
        started = self.states.start_execution(stateMachineArn=machine, input=json.dumps(given), name=name)
        if wait:
            join()
        else:
            wait_for(started["executionArn"])
        return dict(self.states.describe_execution(executionArn=started["executionArn"]))

    def _machine(self, name: str, definition: str, **substitutions: str) -> str:
        for substitution, value in {"partition": "aws", **substitutions}.items():
            definition = definition.replace("${" + substitution + "}", value)
        assert "${" not in definition
        arn = str(self.states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"])
        if timeout := json.loads(definition).get("TimeoutSeconds"):
            self.clock.timeouts[arn] = timeout
        return arn

    def _queue(self, name: str) -> str:
        url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        return str(self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["QueueArn"])

    def _topic(self, name: str) -> str:
        topic = str(self._sns.create_topic(Name=name)["TopicArn"])
        self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self._queue(name))
        return topic


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The definitions by their files' names as the template has them, before CloudFormation's substitutions."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(outdir=str(folder), builtin_cloud_formation_validation=False)  # tests/infra validates the template
    JobWatcherStack(app, "JobWatcher", props=props({"kinds": "voice-id/*", "chat": " ".join(CHAT_OUTCOMES)}))
    app.synth()
    resources = json.loads((folder / "JobWatcher.template.json").read_text())["Resources"].values()
    machines = [resource["Properties"] for resource in resources if resource["Type"].endswith("::StateMachine")]
    files = {json.loads(path.read_text())["Comment"]: path for path in INFRA.glob("*.asl.json")}
    found = {}
    for machine in machines:
        path = files[json.loads(machine["DefinitionString"])["Comment"]]
        found[path.name.removesuffix(".asl.json")] = machine["DefinitionString"]
    return found


@pytest.fixture
def deployment(definitions: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A new account with both state machines, and the functions' clients and clock."""
    from job_watcher import describe, poll

    clock, started = Clock(), time.time()
    services = Services(clock)
    services.poll_queue.function = poll_function
    with interpreter(clock, services):
        clients = {"sqs": services.poll_queue, "stepfunctions": boto3.client("stepfunctions")}
        clients["stepfunctions"].meta.events.register("provide-client-params", services.poll_queue.check)
        monkeypatch.setattr(poll, "client", clients.__getitem__)
        monkeypatch.setattr(describe, "time", SimpleNamespace(time=lambda: started + clock.now))
        yield Deployment(definitions, clock, services)
