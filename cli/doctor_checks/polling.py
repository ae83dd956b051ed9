"""Whether the poll queue invokes the Poll function."""

from collections.abc import Iterator

from ..aws_command import aws_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

MAPPING = "PollerPollPollQueue"
# https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html
ACTIVE = ("Creating", "Enabling", "Enabled", "Updating")


def check(context: Context) -> Iterator[Problem | Note]:
    """Read the state of the event source mapping."""
    for uuid in named(context.resources, MAPPING).values():
        state = context.client("lambda").get_event_source_mapping(UUID=uuid)["State"]
        if state not in ACTIVE:
            fix = aws_command(context, f"lambda update-event-source-mapping --enabled --uuid {uuid}")
            text = f"The poll queue's event source mapping is in the state {state}, so polls are late and cost more."
            yield Problem(text, fix)
