"""`redeliver`: deliver failed notifications, and events that couldn't start a watch, again."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Annotated

import typer

from . import confirmation, dead_letters, failed_notifications, queue_length
from .command import Context
from .exit_status import ExitStatus
from .stack_resources import named
from .undelivered import Undelivered

Id = Annotated[
    str | None,
    typer.Argument(
        metavar="ID",
        help="Only this job: its id, or the name or ARN of an execution. The default is everything.",
        show_default=False,
    ),
]
LIMIT = 200  # of notifications and events at once, because each notification takes two calls
# The queues that this command doesn't empty, and what to do about their messages.
OTHER_QUEUES = {
    "MonitoringUnreportedWatches": "watches that ended without a notification. Redrive them, or start them again.",
    "NotifierDeliveryDLQ": "emails or events that couldn't be delivered. Check the address.",
}


def redeliver(context: Context, id: Id = None, yes: confirmation.Yes = False) -> None:
    """Deliver failed notifications and dead-lettered events again.

    Shows each notification of the last 14 days that failed, and each event in the queue TriggerDLQ.
    After confirmation, redrives the notifications, so that only the branches that didn't succeed run again,
    and sends the events to the Start function. An event is deleted from the queue when the function succeeds.
    No notification is sent twice: the function starts no second watch, and each job's end has one notification.

    Exit status: 0 if everything was delivered, 3 if parts failed, 4 if everything failed, 7 if you don't agree.
    """
    confirmation.require(yes)
    _show_other_queues(context)
    with ExitStack() as stack:
        found = list(islice((one for one in _find(context, stack) if one.is_about(id)), LIMIT))
        for one in found:
            context.output.line(one.text())
        if len(found) == LIMIT:
            context.output.line(f"These are the first {LIMIT}. Run the command again for the others.")
        if not found:
            context.output.line("There is nothing to redeliver.")
            return
        if not confirmation.confirm(f"Redeliver {'it' if len(found) == 1 else f'these {len(found)}'}?", yes):
            context.output.line("Nothing was redelivered.")
            raise typer.Exit(ExitStatus.UNDETERMINED)
        _redeliver(context, found)


def _find(context: Context, stack: ExitStack) -> Iterator[Undelivered]:
    """Yield the failed notifications, and the events, which nobody else can receive until the stack is closed."""
    states = context.client("stepfunctions")
    for machine in named(context.resources, failed_notifications.MACHINE).values():
        for arn in failed_notifications.failed(states, machine):
            yield failed_notifications.describe(states, arn)
    queues, functions = (named(context.resources, name).values() for name in (dead_letters.QUEUE, dead_letters.START))
    for queue, function in zip(queues, functions, strict=True):
        events = dead_letters.received(context.client("sqs"), context.client("lambda"), queue, function)
        yield from stack.enter_context(events)


def _redeliver(context: Context, found: Sequence[Undelivered]) -> None:
    """Deliver each, and print the results. Exit with PARTIAL or FAILED if some or all of them failed."""
    failures = 0
    for one in found:
        error = one.try_again()
        failures += error is not None
        context.output.result(one.to_json(error), f"{one.id}: {f'not delivered. {error}' if error else 'delivered'}")
    if failures:
        raise typer.Exit(ExitStatus.FAILED if failures == len(found) else ExitStatus.PARTIAL)


def _show_other_queues(context: Context) -> None:
    for name, meaning in OTHER_QUEUES.items():
        for queue in named(context.resources, name).values():
            if count := queue_length.messages(context.client("sqs"), queue):
                context.output.line(f"{queue} has {count} messages: {meaning}")
