"""Whether the caller can use the other commands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

# The commands' actions by the resource, which is the name of a construct.
WATCH, NOTIFY, START, QUEUE = "WatcherWatch", "NotifierNotify", "TriggersStart", "TriggersTriggerDLQ"
ACTIONS: Mapping[str, Mapping[str, Sequence[str]]] = {
    WATCH: {"start": ["states:StartExecution"], "list": ["states:ListExecutions"]},
    f"{WATCH} execution": {
        "follow": ["states:DescribeExecution", "states:GetExecutionHistory"],
        "stop": ["states:StopExecution"],
    },
    f"{NOTIFY} execution": {"redeliver": ["states:RedriveExecution"]},
    START: {"redeliver": ["lambda:InvokeFunction"]},
    QUEUE: {"redeliver": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]},
}


def check(context: Context) -> Iterator[Problem | Note]:
    """Evaluate the caller's policies. Each missing permission is a note, because not every caller needs all commands.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    caller = str(context.client("sts").get_caller_identity()["Arn"])
    iam = context.client("iam")
    principal = _principal(iam, caller)
    if principal is None:
        yield Note(f"{caller.rpartition(':')[2]}, whose policies can't be evaluated")
        return
    for resource, actions_of in ACTIONS.items():
        for arn in _arns(context, resource):
            actions = [action for actions in actions_of.values() for action in actions]
            denied = _denied(iam, principal, actions, arn)
            for command, needed in actions_of.items():
                if missing := [action for action in needed if action in denied]:
                    yield Note(f"`{command}` needs {', '.join(missing)}")


def _principal(iam: Any, caller: str) -> str | None:
    """Return the ARN of the caller's user or role; None for others. The ARN of a session lacks the role's path."""
    if ":assumed-role/" in caller:
        return str(iam.get_role(RoleName=caller.split("/")[1])["Role"]["Arn"])
    return caller if ":user/" in caller else None


def _denied(iam: Any, principal: str, actions: Sequence[str], arn: str) -> set[str]:
    answer = iam.simulate_principal_policy(PolicySourceArn=principal, ActionNames=actions, ResourceArns=[arn])
    return {one["EvalActionName"] for one in answer["EvaluationResults"] if one["EvalDecision"] != "allowed"}


def _arns(context: Context, resource: str) -> Iterator[str]:
    """Yield the ARNs of a resource. The physical id is an ARN, a function's name, or a queue's URL."""
    name, _, execution = resource.partition(" ")
    _, partition, _, region, account, *_ = context.deployment.machine.split(":")
    for id in named(context.resources, name).values():
        if execution:
            yield id.replace(":stateMachine:", ":execution:") + ":*"
        elif name == START:
            yield f"arn:{partition}:lambda:{region}:{account}:function:{id}"
        else:
            yield f"arn:{partition}:sqs:{region}:{account}:{id.rpartition('/')[2]}" if name == QUEUE else id
