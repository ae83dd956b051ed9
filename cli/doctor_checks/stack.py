"""Whether the stack is complete, and has the version of the command line."""

from collections.abc import Iterator

from job_watcher import __version__

from ..command import Context
from ..diagnosis import Note, Problem

COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
DEPLOY = "make cdk ARGS=deploy"
OUTPUT = "Version"


def check(context: Context) -> Iterator[Problem | Note]:
    """Compare the stack's status and its output Version, which stacks of other CDK apps may not have."""
    name = context.deployment.stack
    (stack,) = context.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    version = context.deployment.outputs.get(OUTPUT)
    yield Note(f"{name}, {f'version {version}' if version else f'no output {OUTPUT}'}")
    if (status := stack["StackStatus"]) not in COMPLETE:
        reason = f": {stack['StackStatusReason']}" if stack.get("StackStatusReason") else ""
        yield Problem(f"The stack {name} is in the status {status}{reason}.", DEPLOY)
    if version not in (None, __version__):
        yield Problem(f"The stack has version {version}, and this command has version {__version__}.", DEPLOY)
