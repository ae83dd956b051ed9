"""`start`: start a watch and follow it until the job ends."""

import json
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console

from . import watches
from .members import Member, parse_member
from .options import DEFAULT_STACK, Stack
from .progress import follow

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


def start(kind: Kind, request: Request = None, stack: Stack = DEFAULT_STACK) -> None:
    """Start a watch of a job and follow it until the job ends.

    Prints the watch's ARN, its progress and, at the end, the event's detail as JSON.
    Exit status: 0 if the job succeeded, 1 if it didn't or if the watch was lost.
    """
    states = boto3.client("stepfunctions")
    machine = watches.watch_machine(boto3.client("cloudformation"), stack)
    watch = watches.start(states, machine, kind, dict(request or ()))
    print(f"watch: {watch}", flush=True)
    try:
        execution = follow(states, {watch: kind.rpartition("/")[2]})[watch]
    except KeyboardInterrupt:
        typer.echo("No longer following. The watch continues, and reports the job's end.", err=True)
        raise typer.Exit(130) from None
    detail = watches.detail(execution)
    _print(detail)
    raise typer.Exit(0 if detail["outcome"] == "succeeded" else 1)


def _print(detail: dict[str, Any]) -> None:
    """Print JSON: indented in a terminal, else on one line for other programs."""
    console = Console()
    if console.is_terminal:
        console.print_json(data=detail)
    else:
        print(json.dumps(detail))
