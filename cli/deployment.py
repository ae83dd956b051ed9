"""Find a deployment of Job Watcher: a stack with the output WatchArn."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import CommandError

OUTPUT = "WatchArn"


class Deployment(NamedTuple):
    """A deployed stack: its name and its outputs."""

    stack: str
    outputs: Mapping[str, str]

    @property
    def machine(self) -> str:
        """The ARN of the Watch state machine."""
        return self.outputs[OUTPUT]


def find(cloudformation: Any, name: str | None = None) -> Deployment:
    """Return the deployment with this stack name, or the only one. Raise CommandError if there isn't exactly one."""
    return _named(cloudformation, name) if name else _only(cloudformation)


def _named(cloudformation: Any, name: str) -> Deployment:
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    found = _deployment(stack)
    if OUTPUT not in found.outputs:
        raise CommandError(f"The stack {name} has no output {OUTPUT}, so it isn't a Job Watcher. Is --stack right?")
    return found


def _only(cloudformation: Any) -> Deployment:
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    all_stacks = [_deployment(stack) for page in pages for stack in page["Stacks"]]
    found = [one for one in all_stacks if OUTPUT in one.outputs]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(sorted(one.stack for one in found))
        raise CommandError(f"Several stacks are deployments of Job Watcher: {names}. Choose one with --stack.")
    where = f"in this account in {cloudformation.meta.region_name}"
    raise CommandError(f"No stack {where} has an output {OUTPUT}. Deploy Job Watcher, or use --profile or --region.")


def _deployment(stack: Mapping[str, Any]) -> Deployment:
    return Deployment(stack["StackName"], {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())})
