"""`stop`: stop a watch, not its job."""

import typer

from . import job_text, watches
from .command import Context
from .confirmation import Yes, confirm, require
from .exit_status import ExitStatus
from .find_watch import find_watch
from .follow import Id
from .output import note

CAUSE = "Stopped with the command line."
EFFECT = (
    "This stops the watch, not the job. The watch won't report how the job ends. "
    "The alarm WatchUnreported tells people that a watch ended without a notification."
)
STOPPED = "The watch {name} was stopped. The job isn't affected. `start` starts another watch of it."


def stop(context: Context, id: Id, yes: Yes = False) -> None:
    """Stop a watch, not its job.

    Asks for confirmation first, unless --yes is given. Nobody is notified when the job ends, and the alarm
    WatchUnreported says that a watch ended without a notification.
    Exit status: 0 if the watch was stopped or had already ended, 7 if it wasn't stopped.
    """
    require(yes)
    states = context.client("stepfunctions")
    execution = find_watch(states, lambda: context.deployment.machine, id, note)
    watch_input, name = watches.read_input(execution), execution["name"]
    result = {"watch": execution["executionArn"], "kind": watch_input["kind"], "request": watch_input["request"]}
    if execution["status"] != "RUNNING":
        context.output.result({**result, "stopped": False}, f"The watch {name} has already ended.")
        return
    context.output.line(f"{watch_input['kind']} {job_text.request_values(watch_input['request'])}\n{EFFECT}")
    if not confirm("Stop it?", yes):
        context.output.result({**result, "stopped": False}, "Nothing was stopped.")
        raise typer.Exit(ExitStatus.UNDETERMINED)
    states.stop_execution(executionArn=execution["executionArn"], cause=CAUSE)
    context.output.result({**result, "stopped": True}, STOPPED.format(name=name))
