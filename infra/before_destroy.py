"""List what `cdk destroy` would fail on or end without a notification; with --remove, remove it.

These are rules that somebody added to the stack's bus, and running executions of its state machines.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

CAUSE = "Stopped before the Job Watcher stack is destroyed."


class Stays(Exception):
    """Something could not be removed; the message says what and why."""


@dataclass(frozen=True)
class Obstacle:
    """Something that is in the way, in words, and what removes it; None if only its owner can."""

    description: str
    remove: Callable[[], object] | None


def main() -> int:
    """Exit status 0 if nothing is in the way any more, 1 if something is, 2 for a wrong call."""
    arguments = _arguments()
    try:
        found = list(obstacles(boto3.client, arguments.stack))
        return _remove(found) if arguments.remove else _list(found)
    except (BotoCoreError, ClientError, Stays) as error:
        sys.exit(f"before_destroy: {error}")


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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="JobWatcher", help="the deployed stack (default: JobWatcher)")
    parser.add_argument("--remove", action="store_true", help="delete these rules and stop these executions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
