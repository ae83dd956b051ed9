"""`start`: start a watch and follow it until the job ends."""

import time
from typing import Annotated, Any

import typer

from job_watcher.catalogue import FINAL_OUTCOMES

from . import watches
from .command import Context
from .durations import parse_duration
from .follow import Timeout, follow_watch, show_end
from .job_text import known_kind
from .kind_names import complete_kind
from .members import Member, parse_member, to_request
from .output import note
from .watch_check import check_enabled, check_watch

JOINED = "The job is already being watched. This is its watch."
Kind = Annotated[
    str,
    typer.Argument(metavar="KIND", help="A kind that is deployed, such as glue/JobRun.", autocompletion=complete_kind),
]
Request = Annotated[
    list[Member] | None,
    typer.Argument(
        metavar="Member=value",
        parser=parse_member,
        help="The members that identify the job, such as RunId=jr_…; Member:=JSON for values that aren't strings.",
        show_default=False,
    ),
]


def _parse_outcome(text: str) -> str:
    if text not in FINAL_OUTCOMES:
        raise typer.BadParameter(f"{text!r} is not a job's outcome; accepted are {', '.join(FINAL_OUTCOMES)}.")
    return text


Detach = Annotated[bool, typer.Option("--detach", help="Don't follow the watch: print its ARN and exit.")]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        metavar="OUTCOME",
        parser=_parse_outcome,
        help="An outcome that makes the watch's execution fail: partial, failed or stopped. Can be repeated.",
        autocompletion=lambda incomplete: [one for one in FINAL_OUTCOMES if one.startswith(incomplete)],
        show_default=False,
    ),
]
OverdueAfter = Annotated[
    float | None,
    typer.Option(
        "--overdue-after",
        metavar="DURATION",
        parser=parse_duration,
        help="Report the job as overdue if it runs longer, such as 30m or 3h. The watch continues.",
        show_default=False,
    ),
]
NoCheck = Annotated[
    bool, typer.Option("--no-check", help="Don't check the kind and the request; for kinds that only the stack has.")
]


def start(
    context: Context,
    kind: Kind,
    request: Request = None,
    detach: Detach = False,
    fail_on: FailOn = None,
    overdue_after: OverdueAfter = None,
    timeout: Timeout = None,
    no_check: NoCheck = False,
) -> None:
    """Start a watch of a job and follow it until the job ends.

    The kind and the request are checked first, so that nothing is started if they are invalid.
    If the job is already being watched, no second watch is started.
    Prints the watch's ARN, its progress and, at the end, the outcome, the reason and the results;
    with --json, the event's detail.

    Exit status: 0 if the job succeeded, 3 if parts of it failed, 4 if it failed, 5 if it was stopped,
    6 if the watch was lost, 7 if the result can't be determined or --timeout is over, 130 after Ctrl-C.
    With --detach, it is 0 if the watch was started.
    """
    options = {"fail_on": fail_on, "overdue_after": overdue_after}
    given = {name: value for name, value in options.items() if value}
    watch_input: dict[str, Any] = {"kind": kind, "request": to_request(request or ()), **given}
    if not no_check:
        check_watch(watch_input)
        check_enabled(kind, context.deployment)
    watch = _start(context, watch_input)
    if detach:
        context.output.result({"watch": watch}, watch)
    else:
        context.output.line(f"watch: {watch}")
        show_end(context, follow_watch(context, watch, watch_input, timeout))


def _start(context: Context, watch_input: dict[str, Any]) -> str:
    """Return the ARN of a new watch or, if the job is already being watched, of that watch."""
    states, machine = context.client("stepfunctions"), context.deployment.machine
    kind = known_kind(watch_input["kind"])
    if kind is None:
        return watches.start(states, machine, **watch_input)
    started = watches.start_or_join(states, machine, kind, watch_input, time.time())
    if started.joined:
        note(JOINED)
    return started.watch
