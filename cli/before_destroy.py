"""`before-destroy`: list or remove what makes `cdk destroy` fail or end watches without a notification."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

from . import stack_resources
from .command import Context
from .errors import CommandError
from .exit_status import ExitStatus
from .output import Output

Remove = Annotated[bool, typer.Option("--remove", help="Delete these rules and stop these executions.")]
CAUSE = "Stopped before the Job Watcher stack is destroyed."
# Logical ids of the construct's own resources; the stack may belong to an app that has others.
BUS = re.compile("NotifierBus[0-9A-F]{8}$")
MACHINE = re.compile("(WatcherWatch|NotifierNotify|NotifierEmailsDigest)[0-9A-F]{8}$")


class NotRemoved(CommandError):
    """A blocker could not be removed. The message says which one and why."""


@dataclass(frozen=True)
class Blocker:
    """Something to remove before the stack is destroyed. `remove` is None if only its owner can remove it."""

    description: str
    remove: Callable[[], object] | None


def before_destroy(context: Context, remove: Remove = False) -> None:
    """List or remove what blocks `cdk destroy`.

    These are rules that somebody added to the bus, because `cdk destroy` fails if there are any,
    and running executions, because `cdk destroy` ends them without a notification.
    Exit status: 0 if nothing is left, 1 if something is.
    """
    found = list(blockers(context.client, context.stack or context.deployment.stack))
    if not found:
        context.output.line("Nothing blocks `cdk destroy`.")
    elif not (_remove if remove else _list)(found, context.output):
        raise typer.Exit(ExitStatus.FOUND)


def blockers(client: Callable[[str], Any], stack: str) -> Iterator[Blocker]:
    """Yield what blocks the removal of the stack. `client` makes a boto3 client of a service."""
    ids = stack_resources.physical_ids(client("cloudformation"), stack)
    for logical_id, physical_id in ids.items():
        if BUS.search(logical_id):
            yield from rules(client("events"), physical_id, ids.values())
        if MACHINE.search(logical_id):
            yield from executions(client("stepfunctions"), physical_id)


def rules(events: Any, bus: str, of_stack: Collection[str] = ()) -> Iterator[Blocker]:
    """Yield the rules on a bus except those of the stack. A bus that has rules can't be deleted.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html
    """
    for rule in _rules(events, bus):
        name = rule["Name"]
        if manager := rule.get("ManagedBy"):
            owner = f"managed by {manager}: delete what it belongs to, such as an archive"
            yield Blocker(f"rule {name} on the bus, {owner}", None)
        elif f"{bus}|{name}" not in of_stack:  # the physical id of a rule on a custom bus
            yield Blocker(f"rule {name} on the bus", partial(_delete, events, bus, name))


def executions(states: Any, machine: str) -> Iterator[Blocker]:
    """Yield a state machine's running executions. AWS ends each at its next transition before deleting the machine.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
    """
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
    for arn in [execution["executionArn"] for page in pages for execution in page["executions"]]:
        yield Blocker(f"running execution {arn}", partial(states.stop_execution, executionArn=arn, cause=CAUSE))


def _rules(events: Any, bus: str) -> Iterator[dict[str, Any]]:
    page = events.list_rules(EventBusName=bus)
    yield from page["Rules"]
    while token := page.get("NextToken"):
        page = events.list_rules(EventBusName=bus, NextToken=token)
        yield from page["Rules"]


def _delete(events: Any, bus: str, rule: str) -> None:
    """Delete a rule and its targets, of which it has at most five. EventBridge keeps a rule that has targets."""
    targets = [target["Id"] for target in events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]]
    if targets and (failed := events.remove_targets(Rule=rule, EventBusName=bus, Ids=targets)["FailedEntries"]):
        raise NotRemoved(f"rule {rule}: {failed[0]['ErrorMessage']}")
    events.delete_rule(Name=rule, EventBusName=bus)


def _list(found: list[Blocker], output: Output) -> bool:
    """List the blockers, and return whether none is left."""
    for blocker in found:
        output.result(_to_json(blocker, removed=False), blocker.description)
    output.line(f"{len(found)} found. Use --remove to remove those that can be removed.")
    return False


def _remove(found: list[Blocker], output: Output) -> bool:
    """Remove the blockers that can be removed, and return whether none is left."""
    for blocker in found:
        if blocker.remove:
            blocker.remove()
        removed = blocker.remove is not None
        text = f"{'removed' if removed else 'not removed'}: {blocker.description}"
        output.result(_to_json(blocker, removed), text)
    return all(blocker.remove for blocker in found)


def _to_json(blocker: Blocker, removed: bool) -> dict[str, Any]:
    return {"blocker": blocker.description, "removable": blocker.remove is not None, "removed": removed}
