"""`before-destroy`: list or remove what `cdk destroy` would fail on or end without a notification.

These are rules that somebody added to the stack's bus, and running executions of its state machines.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import boto3
import typer

from .errors import CommandError
from .options import DEFAULT_STACK, Stack

Remove = Annotated[bool, typer.Option("--remove", help="Delete these rules and stop these executions.")]
CAUSE = "Stopped before the Job Watcher stack is destroyed."


class Stays(CommandError):
    """Something could not be removed; the message says what and why."""


@dataclass(frozen=True)
class Obstacle:
    """Something that is in the way, in words, and what removes it; None if only its owner can."""

    description: str
    remove: Callable[[], object] | None


def before_destroy(stack: Stack = DEFAULT_STACK, remove: Remove = False) -> None:
    """List or remove what is in the way of `cdk destroy`.

    These are rules that somebody has added to the stack's bus, because `cdk destroy` fails if there are any,
    and running executions, because `cdk destroy` ends them without a notification.
    Exit status: 0 if nothing is in the way any more, 1 if something is.
    """
    found = list(obstacles(boto3.client, stack))
    raise typer.Exit(_remove(found) if remove else _list(found))


def obstacles(client: Callable[[str], Any], stack: str) -> Iterator[Obstacle]:
    """What is in the way of destroying the stack; `client` makes a boto3 client of a service."""
    events, states = client("events"), client("stepfunctions")
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [one for page in pages for one in page["StackResourceSummaries"] if "PhysicalResourceId" in one]
    for resource in resources:
        if resource["ResourceType"] == "AWS::Events::EventBus":
            yield from rules(events, resource["PhysicalResourceId"])
        if resource["ResourceType"] == "AWS::StepFunctions::StateMachine":
            yield from executions(states, resource["PhysicalResourceId"])


def rules(events: Any, bus: str) -> Iterator[Obstacle]:
    """The rules on a bus, which can't be deleted while it has any; the stack itself has none there.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html
    """
    for rule in _rules(events, bus):
        if manager := rule.get("ManagedBy"):
            owner = f"managed by {manager}: delete what it belongs to, such as an archive"
            yield Obstacle(f"rule {rule['Name']} on the bus, {owner}", None)
        else:
            yield Obstacle(f"rule {rule['Name']} on the bus", partial(_delete, events, bus, rule["Name"]))


def executions(states: Any, machine: str) -> Iterator[Obstacle]:
    """The running executions of a state machine. AWS deletes it after them, and ends each at its next transition.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
    """
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
    for arn in [one["executionArn"] for page in pages for one in page["executions"]]:
        yield Obstacle(f"running execution {arn}", partial(states.stop_execution, executionArn=arn, cause=CAUSE))


def _rules(events: Any, bus: str) -> Iterator[dict[str, Any]]:
    answer = events.list_rules(EventBusName=bus)
    yield from answer["Rules"]
    while token := answer.get("NextToken"):
        answer = events.list_rules(EventBusName=bus, NextToken=token)
        yield from answer["Rules"]


def _delete(events: Any, bus: str, rule: str) -> None:
    """A rule can be deleted only when it has no targets; it has five at most."""
    targets = [target["Id"] for target in events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]]
    if targets and (failed := events.remove_targets(Rule=rule, EventBusName=bus, Ids=targets)["FailedEntries"]):
        raise Stays(f"rule {rule}: {failed[0]['ErrorMessage']}")
    events.delete_rule(Name=rule, EventBusName=bus)


def _list(found: list[Obstacle]) -> int:
    for obstacle in found:
        print(obstacle.description)
    what = f"{len(found)} found; --remove removes those that can be removed"
    print(what if found else "Nothing is in the way of `cdk destroy`.")
    return 1 if found else 0


def _remove(found: list[Obstacle]) -> int:
    for obstacle in found:
        if obstacle.remove:
            obstacle.remove()
        print(f"{'removed' if obstacle.remove else 'stays'}: {obstacle.description}")
    return 0 if all(obstacle.remove for obstacle in found) else 1
