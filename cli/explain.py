"""`explain`: show how Job Watcher interprets an answer, an event or an error."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from job_watcher.escape import one_line

from . import explained_error, job_text
from .command import Context
from .explained_answer import explain_answer
from .explained_event import explain_event
from .json_file import read_object
from .kind_names import complete_kind, find_kind
from .members import Member, parse_member, to_request

ONE_OF_THEM = "accepted is one of: --kind with --answer, --event, or --error"
Request = Annotated[
    list[Member] | None,
    typer.Argument(
        metavar="Member=value",
        parser=parse_member,
        help="With --answer: the watch's request. By default, it is read from the job if possible.",
        show_default=False,
    ),
]
KindName = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="The answer's kind.", autocompletion=complete_kind)
]
Answer = Annotated[
    str | None, typer.Option("--answer", metavar="FILE", help="The JSON of a describe call; - is standard input.")
]
Event = Annotated[
    str | None, typer.Option("--event", metavar="FILE", help="The JSON of an EventBridge event; - is standard input.")
]
Error = Annotated[str | None, typer.Option("--error", metavar="CODE", help="The error code of a describe call.")]
Message = Annotated[
    str, typer.Option("--message", metavar="TEXT", help="With --error: the error's message.", show_default=False)
]
Status = Annotated[int | None, typer.Option("--http-status", metavar="NUMBER", help="With --error: the HTTP status.")]


def explain(
    context: Context,
    request: Request = None,
    kind: KindName = None,
    answer: Answer = None,
    event: Event = None,
    error: Error = None,
    message: Message = "",
    http_status: Status = None,
) -> None:
    """Show how Job Watcher interprets an answer, an event or an error.

    This works without AWS, for authors of kinds, rules and filter policies.

    An answer is evaluated as at the first poll of a watch, with the default settings. With --json, a member
    that doesn't apply is null: an answer without a job has no outcome.
    An event is compared with all kinds, also those that a deployment doesn't enable.
    """
    if [answer, event, error].count(None) != 2 or (answer is None) != (kind is None):
        raise typer.BadParameter(ONE_OF_THEM)
    if answer is not None and kind is not None:
        found = explain_answer(find_kind(kind), read_object(answer), to_request(request or ()), time.time())
        context.output.result(found, _answer_lines(found))
    elif event is not None:
        found = explain_event(read_object(event))
        context.output.result(found, _event_lines(found))
    elif error is not None:
        classified = explained_error.classify(error, message, http_status)
        context.output.result({"meaning": classified.meaning.value}, explained_error.describe(classified))


def _answer_lines(found: Mapping[str, Any]) -> str:
    """Return the members that apply, one on each line, and then the email."""
    shown = job_text.table((name, _as_text(value)) for name, value in found.items() if name != "email")
    return shown if found["email"] is None else f"{shown}\n\n{found['email'].rstrip()}"


def _as_text(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _event_lines(found: Mapping[str, Any]) -> str:
    if "reason" in found:
        return f"The event goes to the dead-letter queue. {found['reason']}"
    lines = [one_line(" ".join([job["kind"], *_members(job["request"])])) for job in found["jobs"]]
    return "\n".join(lines) or "The event doesn't start a watch."


def _members(request: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value}" if isinstance(value, str) else f"{name}:={value}" for name, value in request.items()]
