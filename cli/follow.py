"""`follow`: follow a watch until its job ends."""

from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

import typer

from job_watcher.facts import format_duration

from . import errors, job_text, watches
from .command import Context
from .durations import timeout_option
from .exit_status import ExitStatus, of_outcome
from .find_watch import find_watch
from .following import FollowingTimedOut
from .job_call import job_call
from .output import note
from .progress import follow as show_progress

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A watch: its execution's name or ARN, a value of the job's request, such as a RunId, or its title.",
    ),
]
Timeout = Annotated[
    float | None, timeout_option("Stop following after this time, such as 90s, 15m or 2h. The watch continues.")
]
STOPPED = "No longer following. The watch continues, and reports the job's end. To resume: {resume}"
CONTINUES = "The watch continues. To resume: {resume}"
TIMED_OUT = "The job hasn't ended after {duration}. The watch continues. To resume: {resume}"


def follow(context: Context, id: Id, timeout: Timeout = None) -> None:
    """Follow a watch until its job ends.

    Shows the status, the elapsed time and, if they are known, the percentage, the earliest end and the next poll.
    The sources are the execution's history and, if you are allowed to make it, the job's own describe call.
    At the end, prints the outcome, the reason and the results; with --json, the event's detail.

    Exit status: 0 if the job succeeded, 3 if parts of it failed, 4 if it failed, 5 if it was stopped,
    6 if the watch was lost, 7 if the result can't be determined or --timeout is over, 130 after Ctrl-C.
    """
    states = context.client("stepfunctions")
    execution = find_watch(states, lambda: context.deployment.machine, id, note)
    watch_input = watches.read_input(execution)
    context.output.line(f"{watch_input['kind']} {job_text.request_values(watch_input['request'])}")
    if execution["status"] == "RUNNING":
        execution = follow_watch(context, execution["executionArn"], watch_input, timeout)
    show_end(context, execution)


def follow_watch(
    context: Context, watch: str, watch_input: Mapping[str, Any], timeout: float | None = None
) -> dict[str, Any]:
    """Show a watch's progress, and return its execution when it has ended. Exit after Ctrl-C and `timeout` seconds.

    Each call is made once, because following repeats it.
    """
    states = context.client("stepfunctions", attempts=1)
    call = job_call(lambda service: context.client(service, attempts=1), watch, watch_input)
    titles = {watch: str(watch_input["kind"]).rpartition("/")[2]}
    try:
        return show_progress(states, titles, output=context.output, calls={watch: call}, timeout=timeout)[watch]
    except KeyboardInterrupt:
        _exit(ExitStatus.INTERRUPTED, STOPPED.format(resume=_resume(context, watch)))
    except errors.AWS:
        note(CONTINUES.format(resume=_resume(context, watch)))
        raise
    except FollowingTimedOut:
        duration = format_duration(timeout or 0)
        _exit(ExitStatus.UNDETERMINED, TIMED_OUT.format(duration=duration, resume=_resume(context, watch)))


def show_end(context: Context, execution: Mapping[str, Any]) -> None:
    """Print how a watch ended, and exit with the outcome's status."""
    detail = watches.detail(dict(execution))
    context.output.result(detail, job_text.table(job_text.end_rows(detail)))
    raise typer.Exit(of_outcome(detail["outcome"]))


def _resume(context: Context, watch: str) -> str:
    """Return the command that continues to follow a watch."""
    return context.command_line("follow", watch.rpartition(":")[2])


def _exit(status: ExitStatus, sentence: str) -> NoReturn:
    note(sentence)
    raise typer.Exit(status) from None
