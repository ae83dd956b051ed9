"""Turn the rows of permissions.toml into questions for the IAM evaluator, for one deployment."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.permissions import describe_actions
from infra.triggers import MAX_RULE_NAME, MAX_SUFFIX
from job_watcher.catalogue import Kind

from .deployment import ACCOUNT, REGION, Deployment
from .simulator import Question

TABLES = Path(__file__).with_name("permissions.toml")
DEFINITIONS = {path.name.partition(".")[0]: path for path in Path(__file__).parents[2].glob("infra/*.asl.json")}
FOREIGN_ACCOUNT, ALLOWED_ACCOUNT = "999999999999", "111122223333"  # the second is in `allowed-accounts`
ADMINISTRATOR = "Administrator"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
API_GATEWAY = "arn:aws:apigateway:eu-west-1::"
# Resources of actions that the deployment allows on fewer resources than AWS lists; see infra/iam_exceptions.toml.
LIMITED_RESOURCES = {
    "account:GetRegionOptStatus": (f"arn:aws:account::{ACCOUNT}:account",),
    "apigateway:GET": (f"{API_GATEWAY}/apis/a1b2c3/deployments/d4e5f6", f"{API_GATEWAY}/vpclinks/a1b2c3"),
    "backup:GetRecoveryPointIndexDetails": (
        f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:bucket-20261126-a1b2c3",
        f"arn:aws:ec2:{REGION}::snapshot/snap-0123456789abcdef0",
    ),
}


@dataclass(frozen=True)
class Row:
    """A row of permissions.toml, which describes its members."""

    who: str
    can: str
    principal: str
    calls: tuple[tuple[str, str], ...]
    allowed: bool
    when: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    def questions(self, stack: Deployment, names: Mapping[str, str]) -> list[Question]:
        """Return a question for each call. Raise KeyError if the deployment doesn't have a resource in the row."""
        when = {key: value.format_map(names) for key, value in self.when.items()}
        principal = self.principal.format_map(names)
        calls = [(action, resource.format_map(names)) for action, resource in self.calls]
        return [question(stack, principal, action, resource, when) for action, resource in calls]


def rows() -> list[Row]:
    """Return the rows of permissions.toml."""
    tables = tomllib.loads(TABLES.read_text())
    return [
        Row(**{**row, "calls": tuple(map(tuple, row["calls"]))}, allowed=table == "allowed")
        for table in ("allowed", "denied")
        for row in tables[table]
    ]


def policies(stack: Deployment) -> dict[str, Any]:
    """Return the deployment's policies by name, and the administrator policy of the principals outside of it.

    That policy allows everything, so only the policies of the resources can deny a call.
    """
    return {**stack.policies, ADMINISTRATOR: EVERYTHING}


def question(stack: Deployment, principal: str, action: str, resource: str | None, when: Mapping[str, str]) -> Question:
    """Return the question whether the principal, an ARN or a service, can use this action on this resource."""
    is_arn = principal.startswith("arn:")
    outside = (ADMINISTRATOR,) if is_arn else ()
    sender = {"aws:PrincipalAccount": principal.split(":")[4]} if is_arn else {}
    return Question(
        principal=principal,
        action=action,
        resource=resource,
        account=ACCOUNT,
        context={"aws:SecureTransport": "true", **sender, **when},
        identity=tuple(stack.identity.get(principal, outside)),
        attached=stack.attached.get(_owner(resource or "")),
    )


def _owner(resource: str) -> str:
    """Return the ARN of the resource whose policy decides: for a rule on a bus, the bus."""
    return re.sub(r":rule/([^/]+)/.*", r":event-bus/\1", resource)


def describe_questions(stack: Deployment, kinds: Iterable[Kind]) -> list[Question]:
    """Return a question for each describe call of these kinds and each resource that the two functions need."""
    known = names(stack)
    actions = sorted({action for kind in kinds for action in describe_actions(kind)})
    pairs = [(action, resource) for action in actions for resource in LIMITED_RESOURCES.get(action, (None,))]
    return [
        replace(question(stack, known[role], action, resource, {}), may_be_newer=True)
        for role in ("describe_role", "poll_role")
        for action, resource in pairs
    ]


def names(stack: Deployment) -> dict[str, str]:
    """Return the ARNs that the names in braces in permissions.toml stand for."""
    parts = (_topics, _chat, _machines, _functions, _poll_queues, _rules, _accounts, _others)
    known = {name: arn for part in parts for name, arn in part(stack)}
    sources = {"alarm": "alarm", "machine": "watch", "rule": "unreported_watch_rule"}
    return known | {
        f"foreign_{name}": known[source].replace(ACCOUNT, FOREIGN_ACCOUNT) for name, source in sources.items()
    }


def _topics(stack: Deployment) -> Iterator[tuple[str, str]]:
    yield "programs", stack.output("TopicArn")
    yield "people", stack.output("EmailTopicArn")
    ((key, _),) = stack.resources("AWS::KMS::Key")
    yield "key", key
    alarm, properties = next(stack.resources("AWS::CloudWatch::Alarm"))
    yield "alarm", alarm
    yield "alarm_topic", properties["AlarmActions"][0]
    subscribed = {properties["TopicArn"] for _, properties in stack.resources("AWS::SNS::Subscription")}
    for name, topic in (("people", stack.output("EmailTopicArn")), ("alarm_topic", properties["AlarmActions"][0])):
        if topic in subscribed:
            yield f"subscribed_{name}", topic


def _chat(stack: Deployment) -> Iterator[tuple[str, str]]:
    if "ChatTopicArn" in stack.template["Outputs"]:
        yield "chat", stack.output("ChatTopicArn")
    for _, properties in stack.resources("AWS::Chatbot::SlackChannelConfiguration"):
        yield "chat_role", properties["IamRoleArn"]


def _machines(stack: Deployment) -> Iterator[tuple[str, str]]:
    for machine, properties in stack.resources("AWS::StepFunctions::StateMachine"):
        name = _machine_name(properties["DefinitionString"])
        yield name, machine
        yield f"{name}_role", properties["RoleArn"]
        yield f"{name}_execution", machine.replace(":stateMachine:", ":execution:") + ":a-job"


def _machine_name(definition: str) -> str:
    """Return the name of the file that a state machine's definition comes from: `watch` for infra/watch.asl.json."""
    comment = json.loads(definition)["Comment"]
    return next(name for name, path in DEFINITIONS.items() if json.loads(path.read_text())["Comment"] == comment)


def _functions(stack: Deployment) -> Iterator[tuple[str, str]]:
    for function, properties in stack.resources("AWS::Lambda::Function"):
        name = properties["Handler"].rpartition(".")[2]
        yield name, function
        yield f"{name}_version", f"{function}:1"
        yield f"{name}_role", properties["Role"]
        yield f"{name}_log", _here("logs", f"log-group:{properties['LoggingConfig']['LogGroup']}:log-stream:a-stream")


def _poll_queues(stack: Deployment) -> Iterator[tuple[str, str]]:
    for queue, properties in stack.resources("AWS::SQS::Queue"):
        if "RedrivePolicy" in properties:
            yield "poll_queue", queue
            yield "poll_dlq", properties["RedrivePolicy"]["deadLetterTargetArn"]


def _rules(stack: Deployment) -> Iterator[tuple[str, str]]:
    for rule, properties in stack.resources("AWS::Events::Rule"):
        (target,) = properties["Targets"]
        if target["Arn"].startswith("arn:aws:sqs:"):
            yield "unreported_watch_rule", rule
            yield "unreported_watches", target["Arn"]
            yield "undelivered", target["DeadLetterConfig"]["Arn"]
        else:
            yield "trigger_rule", rule
            yield "dead_letters", target["DeadLetterConfig"]["Arn"]


def _accounts(stack: Deployment) -> Iterator[tuple[str, str]]:
    yield "account", ACCOUNT
    yield "administrator", f"arn:aws:iam::{ACCOUNT}:role/administrator"
    yield "foreign_account", f"arn:aws:iam::{FOREIGN_ACCOUNT}:role/theirs"
    yield "foreign_account_id", FOREIGN_ACCOUNT
    ((bus, _),) = stack.resources("AWS::Events::EventBus")
    yield "bus", bus
    yield "their_rule", bus.replace(":event-bus/", ":rule/") + "/theirs"
    if bus in stack.attached:
        yield "named_account", f"arn:aws:iam::{ALLOWED_ACCOUNT}:role/theirs"
        yield "named_account_id", ALLOWED_ACCOUNT


def _others(stack: Deployment) -> Iterator[tuple[str, str]]:
    """Yield the ARNs of resources that don't belong to this deployment."""
    yield "administrator_user", f"arn:aws:iam::{ACCOUNT}:user/administrator"
    yield "default_bus", _here("events", "event-bus/default")
    yield "instance", _here("ec2", "instance/i-0123456789abcdef0")
    # The other stack's name begins with this stack's name, unless CloudFormation shortens the latter in rules' names.
    is_complete = len(f"{stack.name}-JobsTriggers") + MAX_SUFFIX <= MAX_RULE_NAME
    other = f"{stack.name}-2" if is_complete else "OtherStack"
    yield "other_alarm", _here("cloudwatch", f"alarm:{other}-JobsMonitoringNotificationFailed-1A2B3C4D5E6F")
    yield "other_execution", _here("states", "execution:OtherStack-Machine:a-job")
    yield "other_function", _here("lambda", "function:OtherStack-Function")
    yield "other_key", _here("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    yield "other_log", _here("logs", "log-group:OtherStack-Log:log-stream:a-stream")
    yield "other_log_group", _here("logs", "log-group:OtherStack-Log")
    yield "other_machine", _here("states", "stateMachine:OtherStack-Machine")
    yield "other_queue", _here("sqs", "OtherStack-Queue")
    yield "other_rule", _here("events", f"rule/{other}-JobsTriggersRule0-1A2B3C4D5E6F")
    yield "other_topic", _here("sns", "OtherStack-Topic")
    yield "voice_id_domain", _here("voiceid", "domain/DemoDomain000000000022")


def _here(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
