"""Whether the queues for people have messages."""

from collections.abc import Iterator
from typing import NamedTuple

from ..aws_command import aws_command, own_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..queue_length import messages
from ..stack_resources import named


class Queue(NamedTuple):
    """A queue's construct, its name in the documentation, and what its messages are."""

    construct: str
    name: str
    meaning: str
    is_redelivered: bool = False


QUEUES = (
    Queue("Triggers", "TriggerDLQ", "events that couldn't start a watch", is_redelivered=True),
    Queue("Monitoring", "UnreportedWatches", "watches that ended without a notification; redrive or restart them"),
    Queue("Notifier", "DeliveryDLQ", "emails or events that couldn't be delivered; check the address"),
    Queue("Poller", "PollDLQ", "polls that failed repeatedly; check the log, and delete them"),
)


def check(context: Context) -> Iterator[Problem | Note]:
    """Count the messages in each queue."""
    sqs = context.client("sqs")
    for queue in QUEUES:
        for url in named(context.resources, queue.construct + queue.name).values():
            if count := messages(sqs, url):
                receive = f"sqs receive-message --message-attribute-names All --queue-url {url}"
                fix = own_command(context, "redeliver") if queue.is_redelivered else aws_command(context, receive)
                unit = "message" if count == 1 else "messages"
                yield Problem(f"The queue {queue.name} has {count} {unit}: {queue.meaning}.", fix)
