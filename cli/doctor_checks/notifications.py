"""Whether notifications failed that can still be redriven."""

from collections.abc import Iterator

from .. import failed_notifications
from ..aws_command import own_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named


def check(context: Context) -> Iterator[Problem | Note]:
    """Count the failed executions of the Notify state machine."""
    for machine in named(context.resources, failed_notifications.MACHINE).values():
        if count := len(list(failed_notifications.failed(context.client("stepfunctions"), machine))):
            unit = "notification" if count == 1 else "notifications"
            text = f"{count} {unit} didn't succeed in the last 14 days."
            yield Problem(text, own_command(context, "redeliver"))
