"""Which enabled kinds don't start automatically."""

from collections.abc import Iterator

from job_watcher import catalogue

from .. import enabled_kinds, program
from ..command import Context
from ..diagnosis import Note, Problem
from ..infra_modules import cloudtrail
from ..stack_resources import named

MAX_NAMES = 3


def check(context: Context) -> Iterator[Problem | Note]:
    """Count the kinds in the catalogue whose watches no event starts in this Region."""
    patterns = [one for one in enabled_kinds.patterns(context.deployment) if one != enabled_kinds.MORE]
    region = context.client("cloudformation").meta.region_name
    enabled = catalogue.kinds(patterns) if patterns else {}
    automatic = ("yes", f"only in {region}") if named(context.resources, "TriggersStart") else ()
    manual = [name for name, kind in enabled.items() if cloudtrail.starts_automatically(kind) not in automatic]
    if manual:
        shown = ", ".join([*manual[:MAX_NAMES], *(["…"] if len(manual) > MAX_NAMES else [])])
        start = f"`{program.NAME} start`"
        yield Note(f"{len(manual)} of {len(enabled)} don't start automatically ({shown}); {start} starts their watches")
