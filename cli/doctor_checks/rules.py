"""Whether the rules that start watches, and the one for unreported watches, are enabled."""

from collections.abc import Iterator

from ..aws_command import aws_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

RULES = r"(TriggersRule\d+|MonitoringUnreportedWatch)"


def check(context: Context) -> Iterator[Problem | Note]:
    """Read the state of each rule."""
    events = context.client("events")
    for name in named(context.resources, RULES).values():
        if events.describe_rule(Name=name)["State"] == "DISABLED":
            yield Problem(f"The rule {name} is disabled.", aws_command(context, f"events enable-rule --name {name}"))
