"""Whether the stack is complete, and has the version of the command line."""

from collections.abc import Iterator

from job_watcher import __version__

from ..aws_command import aws_command, deploy_command
from ..command import Context
from ..diagnosis import Note, Problem

COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
OUTPUT = "Version"


def check(context: Context) -> Iterator[Problem | Note]:
    """Compare the stack's status and its output Version, which stacks of other CDK apps may not have."""
    name = context.deployment.stack
    (stack,) = context.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    version = context.deployment.outputs.get(OUTPUT)
    yield Note(f"{name}, {f'version {version}' if version else f'no output {OUTPUT}'}")
    if (status := stack["StackStatus"]) not in COMPLETE:
        reason = f": {stack['StackStatusReason']}" if stack.get("StackStatusReason") else ""
        yield Problem(f"The stack {name} is in the status {status}{reason}.", _fix(context, status))
    if version not in (None, __version__):
        text = f"The stack has version {version}, and this command has version {__version__}."
        yield Problem(text, deploy_command(context))


def _fix(context: Context, status: str) -> str:
    """Return the command that completes the stack. One whose update couldn't be rolled back can't be deployed.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
    """
    if status != "UPDATE_ROLLBACK_FAILED":
        return deploy_command(context)
    return aws_command(context, f"cloudformation continue-update-rollback --stack-name {context.deployment.stack}")
