"""Resolve a synthesized template as if it were deployed: its intrinsic functions, and what each policy belongs to."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT, REGION = "210987654321", "eu-west-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
ARNS = {
    "AWS::Chatbot::SlackChannelConfiguration": "chatbot::{account}:chat-configuration/slack-channel/{name}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{here}:alarm:{name}",
    "AWS::Events::EventBus": "events:{here}:event-bus/{name}",
    "AWS::Events::Rule": "events:{here}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{here}:key/{name}",
    "AWS::Lambda::Function": "lambda:{here}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{here}:log-group:{name}:*",
    "AWS::SNS::Subscription": "sns:{here}:{name}",
    "AWS::SNS::Topic": "sns:{here}:{name}",
    "AWS::SQS::Queue": "sqs:{here}:{name}",
    "AWS::StepFunctions::StateMachine": "states:{here}:stateMachine:{name}",
}
POLICY_PROPERTY = {
    "AWS::Events::EventBusPolicy": "Statement",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::IAM::Policy": "PolicyDocument",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
}
"""The property that contains a policy, by type of resource."""
POLICY_PROPERTIES = {
    *POLICY_PROPERTY.values(),
    "ManagedPolicyArns",
    "PermissionsBoundary",
    "Policies",
    "Policy",
    "ResourcePolicy",
}
SHORT_NAMES = (
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
)  # types with names of at most 64 characters
REF_IS_ARN = ("AWS::IAM::ManagedPolicy", "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")


@dataclass(frozen=True)
class Deployment:
    """A deployed stack. Resources have the ARNs that they would have in AWS."""

    name: str
    template: Mapping[str, Any]
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Policy documents by name. A name is the logical id, followed by `.Trust` for a role's trust policy."""
    identity: dict[str, list[str]] = field(default_factory=dict)
    """The names of each role's policies, by the role's ARN."""
    attached: dict[str, str] = field(default_factory=dict)
    """The name of each resource's policy, by the resource's ARN."""

    def __post_init__(self) -> None:
        for name, resource in self.template["Resources"].items():
            self._collect(name, resource["Type"], resource.get("Properties", {}))

    def resources(self, type_: str) -> Iterator[tuple[str, Any]]:
        """Yield the ARN and the resolved properties of each resource of a type."""
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == type_:
                yield self.arn(name), self.value(resource.get("Properties", {}))

    def output(self, name: str) -> str:
        """Return the value of the stack's output with this name."""
        return str(self.value(self.template["Outputs"][name]["Value"]))

    def arn(self, name: str) -> str:
        """Return the ARN of the resource with this logical id."""
        form = ARNS[self.template["Resources"][name]["Type"]]
        return "arn:aws:" + form.format(here=f"{REGION}:{ACCOUNT}", account=ACCOUNT, name=self._physical(name))

    def value(self, value: Any) -> Any:
        """Return a part of the template with intrinsic functions resolved. Raise KeyError for an unknown function."""
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return _FUNCTIONS[function](self, argument)
        return {key: self.value(item) for key, item in value.items()}

    def _ref(self, name: str) -> str:
        if name in PSEUDO:
            return PSEUDO[name]
        if name == "AWS::StackName":
            return self.name
        type_ = self.template["Resources"][name]["Type"]
        return self.arn(name) if type_ in REF_IS_ARN else self._physical(name)

    def _sub(self, text: str) -> str:
        return re.sub(r"\$\{([\w:]+)\}", lambda match: self._ref(match[1]), text)

    def _get_att(self, argument: list[str]) -> str:
        name, attribute = argument
        return self.arn(name) if attribute in ("Arn", "TopicArn") else self._physical(name)

    def _physical(self, name: str) -> str:
        """Return a name as CloudFormation generates it. Short names have at most 24 characters of the stack's name."""
        short = self.template["Resources"][name]["Type"] in SHORT_NAMES
        stack, logical_id = (self.name[:24], name[:24]) if short else (self.name, name)
        return f"{stack}-{logical_id}-1A2B3C4D5E6F"

    def _collect(self, name: str, type_: str, properties: Mapping[str, Any]) -> None:
        """Store the policy that a resource is or contains. Raise ValueError for a policy in an unknown property."""
        if type_ == "AWS::IAM::Role":
            self.identity.setdefault(self.arn(name), [])
            self._attach(f"{name}.Trust", self.arn(name), properties["AssumeRolePolicyDocument"]["Statement"])
        elif type_ in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            self.policies[name] = _document(self.value(properties["PolicyDocument"]["Statement"]))
            for role in properties["Roles"]:
                self.identity.setdefault(self.arn(role["Ref"]), []).append(name)
        elif type_ == "AWS::KMS::Key":
            self._attach(name, self.arn(name), properties["KeyPolicy"]["Statement"])
        elif type_ in ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
            for owner in properties.get("Topics", properties.get("Queues")):
                self._attach(name, self.arn(owner["Ref"]), properties["PolicyDocument"]["Statement"])
        elif type_ == "AWS::Lambda::Permission":
            self._attach(name, self.value(properties["FunctionName"]), [_permission(properties)])
        elif type_ == "AWS::Events::EventBusPolicy":
            self._attach(name, self.arn(properties["EventBusName"]["Ref"]), [properties["Statement"]])
        if unknown := (POLICY_PROPERTIES & set(properties)) - {POLICY_PROPERTY.get(type_)}:
            raise ValueError(f"{name}: the tests don't know that {type_} has policies in {', '.join(sorted(unknown))}.")

    def _attach(self, name: str, owner: str, statements: list[Any]) -> None:
        """Add statements to a resource's policy. If the resource has none yet, create one with this name."""
        policy = self.policies.setdefault(self.attached.setdefault(owner, name), _document([]))
        policy["Statement"] += self.value(statements)


_FUNCTIONS: dict[str, Callable[[Deployment, Any], Any]] = {
    "Fn::GetAtt": Deployment._get_att,
    "Fn::Join": lambda stack, argument: argument[0].join(stack.value(argument[1])),
    "Fn::Select": lambda stack, argument: stack.value(argument[1])[int(argument[0])],
    "Fn::Split": lambda stack, argument: stack.value(argument[1]).split(argument[0]),
    "Fn::Sub": Deployment._sub,
}


def _document(statements: list[Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _permission(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statement that Lambda adds to the function's policy for a permission.

    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    return {
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": properties["FunctionName"],
        "Condition": {
            "ArnLike": {"AWS:SourceArn": properties["SourceArn"]}
        },  # required: without a source, any resource could invoke it
    }
