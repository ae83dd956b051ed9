"""Whether the rules that start watches, and the one for unreported watches, are enabled."""

from collections.abc import Iterator

from ..aws_command import aws_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

DISABLED = "DISABLED"
PREFIX_LENGTH = 20  # characters; a longer name of the stack may be shortened
RULES = r"(TriggersRule\d+|MonitoringUnreportedWatch)"


def check(context: Context) -> Iterator[Problem | Note]:
    """Read the states of the rules. CloudFormation generates their names, which begin with the stack's name."""
    names = named(context.resources, RULES).values()
    if not names:
        return
    prefix = context.deployment.stack[:PREFIX_LENGTH]
    pages = context.client("events").get_paginator("list_rules").paginate(NamePrefix=prefix)
    for rule in (rule for page in pages for rule in page["Rules"]):
        if rule["Name"] in names and rule["State"] == DISABLED:
            fix = aws_command(context, f"events enable-rule --name {rule['Name']}")
            yield Problem(f"The rule {rule['Name']} is disabled.", fix)
