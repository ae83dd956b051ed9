"""`start`: start a watch and follow it until the job ends."""

import json
from typing import Annotated, Any

import typer

from . import watches
from .command import Context
from .exit_status import ExitStatus, of_outcome
from .members import Member, parse_member
from .output import Output
from .progress import follow

NO_LONGER_FOLLOWING = "No longer following. The watch continues, and reports the job's end."
Kind = Annotated[str, typer.Argument(metavar="KIND", help="A kind that is deployed, such as glue/JobRun.")]
Request = Annotated[
    list[Member] | None,
    typer.Argument(
        metavar="Member=value",
        parser=parse_member,
        help="The members that identify the job, such as RunId=jr_…; Member:=JSON for values that aren't strings.",
        show_default=False,
    ),
]


def start(context: Context, kind: Kind, request: Request = None) -> None:
    """Start a watch of a job and follow it until the job ends.

    Prints the watch's ARN, its progress and, at the end, the event's detail as JSON.

    Exit status: 0 if the job succeeded, 3 if parts of it failed, 4 if it failed, 5 if it was stopped,
    6 if the watch was lost, 7 if the result can't be determined, 130 after Ctrl-C.
    """
    states = context.client("stepfunctions")
    watch = watches.start(states, context.deployment.machine, kind, dict(request or ()))
    context.output.line(f"watch: {watch}")
    try:
        execution = follow(states, {watch: kind.rpartition("/")[2]}, output=context.output)[watch]
    except KeyboardInterrupt:
        typer.echo(NO_LONGER_FOLLOWING, err=True)
        raise typer.Exit(ExitStatus.INTERRUPTED) from None
    detail = watches.detail(execution)
    _print(context.output, detail)
    raise typer.Exit(of_outcome(detail["outcome"]))


def _print(output: Output, detail: dict[str, Any]) -> None:
    """Print JSON: indented for people in a terminal, else on one line for other programs."""
    if output.as_json or not output.console.is_terminal:
        output.json(detail)
    else:
        output.console.print_json(json.dumps(detail))
