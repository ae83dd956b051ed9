"""The event pattern of a rule for ended jobs."""

import re
from collections.abc import Collection, Sequence

from aws_cdk import aws_events as events

from job_watcher import catalogue

from .setting_types import InvalidSetting, string_list
from .settings import checked_outcomes
from .suggestion import suggest


def job_ended_pattern(watched: Collection[str], kinds: Sequence[str], outcomes: Sequence[str]) -> events.EventPattern:
    """Return the pattern of events about ended jobs and lost watches; empty lists mean all kinds or outcomes.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    detail = {
        "kind": [_kind(watched, pattern) for pattern in string_list("kinds", kinds)],
        "outcome": list(checked_outcomes("outcomes", outcomes)),
    }
    return events.EventPattern(
        source=["job-watcher"],
        detail_type=["Job Ended", "Watch Lost"],
        detail={member: values for member, values in detail.items() if values} or None,
    )


def _kind(watched: Collection[str], pattern: str) -> str | dict[str, str]:
    if not any(catalogue.is_enabled(name, [pattern]) for name in watched):
        raise InvalidSetting("kinds", f": {pattern!r} matches no kind that is watched; {suggest(pattern, watched)}")
    if re.search(r"[?\[\]]|\*\*", pattern):
        raise InvalidSetting("kinds", f": {pattern!r} is not a pattern for a rule; accepted are names, and * in names.")
    return {"wildcard": pattern} if "*" in pattern else pattern
