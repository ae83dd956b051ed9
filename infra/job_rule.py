"""The event pattern of a rule for ended jobs."""

import fnmatch
import re
from collections.abc import Collection, Sequence

from aws_cdk import aws_events as events

from job_watcher import catalogue

from .setting_types import InvalidSetting, checked_outcomes, string_list
from .suggestion import suggest


def job_ended_pattern(watched: Collection[str], kinds: Sequence[str], outcomes: Sequence[str]) -> events.EventPattern:
    """Return the pattern of events about ended jobs and lost watches; empty lists mean all kinds or outcomes.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    detail = {
        "kind": [value for pattern in string_list("kinds", kinds) for value in _kind_values(watched, pattern)],
        "outcome": list(checked_outcomes("outcomes", outcomes)),
    }
    return events.EventPattern(
        source=["job-watcher"],
        detail_type=["Job Ended", "Watch Lost"],
        detail={member: values for member, values in detail.items() if values} or None,
    )


def _kind_values(watched: Collection[str], pattern: str) -> list[str | dict[str, str]]:
    """Return the values of `detail.kind` in an event pattern that match the watched kinds with this name or pattern.

    EventBridge's `*` also matches waiters, unlike that of the setting `kinds`. If that would match a watched waiter,
    the names of the kinds are listed.
    """
    matching = [name for name in watched if catalogue.is_enabled(name, [pattern])]
    if not matching:
        raise InvalidSetting("kinds", f": {pattern!r} matches no kind that is watched; {suggest(pattern, watched)}")
    if re.search(r"[?\[\]]|\*\*", pattern):
        raise InvalidSetting("kinds", f": {pattern!r} is not a pattern for a rule; accepted are names, and * in names.")
    if fnmatch.filter(watched, pattern) != matching:
        return [*matching]
    return [{"wildcard": pattern} if "*" in pattern else pattern]
