"""The commands that `doctor` proposes, with the options with which it was called."""

from . import program
from .command import Context


def aws_command(context: Context, arguments: str) -> str:
    """Return a command of the AWS CLI."""
    return " ".join(["aws", arguments, *_account(context)])


def own_command(context: Context, arguments: str) -> str:
    """Return a command of this program."""
    stack = [f"--stack {context.stack}"] if context.stack else []
    return " ".join([program.COMMAND, arguments, *stack, *_account(context)])


def _account(context: Context) -> list[str]:
    options = {"profile": context.profile, "region": context.region}
    return [f"--{name} {value}" for name, value in options.items() if value]
