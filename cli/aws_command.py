"""The commands that `doctor` proposes, with the options with which it was called."""

import shlex

from . import program
from .command import Context

MORE_POLLS = 'make cdk ARGS="deploy --context max-concurrency=20"'


def aws_command(context: Context, arguments: str) -> str:
    """Return a command of the AWS CLI."""
    return " ".join(["aws", arguments, *_account(context)])


def own_command(context: Context, arguments: str) -> str:
    """Return a command of this program."""
    stack = [f"--stack {context.stack}"] if context.stack else []
    return " ".join([program.COMMAND, arguments, *stack, *_account(context)])


def deploy_command(context: Context) -> str:
    """Return the command that deploys the stack: in a checkout, the Makefile runs the CDK CLI."""
    return f"cdk deploy {context.deployment.stack}" if program.IS_INSTALLED else "make cdk ARGS=deploy"


def _account(context: Context) -> list[str]:
    options = {"profile": context.profile, "region": context.region}
    return [f"--{name} {shlex.quote(value)}" for name, value in options.items() if value]
