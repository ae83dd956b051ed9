"""The setting `overdue`: when running jobs are reported as overdue."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from job_watcher.catalogue import WAITER, Kind
from job_watcher.overdue import OverdueRule

from .setting_types import InvalidSetting, duration, json_value, matching_kinds
from .suggestion import unaccepted

ACCEPTED = 'accepted is an object such as {"glue/*": "3h", "batch/Job": {"statuses": {"RUNNABLE": "1h"}}}.'
MEMBERS = tuple(field.name for field in fields(OverdueRule))


def checked_overdue(value: Any, kinds: Mapping[str, Kind], give_up_after: float) -> Mapping[str, OverdueRule]:
    """Return the rules by kind. If several entries match a kind, each member is that of the last entry that has it.

    Durations are at most `give_up_after`, in seconds. Raise InvalidSetting for an entry that no job can meet.
    """
    found = json_value("overdue", value, ACCEPTED)
    if not isinstance(found, Mapping):
        raise InvalidSetting("overdue", f" is {value!r}; {ACCEPTED}")
    rules: dict[str, OverdueRule] = {}
    for pattern, entry in found.items():
        matching = matching_kinds("overdue", pattern, kinds)
        rule = _parse(str(pattern), entry, matching, give_up_after)
        rules |= {kind.name: _combine(rules.get(kind.name, OverdueRule()), rule, kind) for kind in matching}
    return {name: rule for name, rule in rules.items() if rule != OverdueRule()}


def _parse(pattern: str, entry: Any, kinds: Sequence[Kind], give_up_after: float) -> OverdueRule:
    members = entry if isinstance(entry, Mapping) else {"after": entry}
    for problem in unaccepted(map(str, members), MEMBERS, f"a member of {pattern!r}"):
        raise InvalidSetting("overdue", f": {problem}")
    if not members:
        raise InvalidSetting("overdue", f": {pattern!r} is empty; accepted are {', '.join(MEMBERS)}.")
    if "stalled" in members and not any(kind.percent for kind in kinds):
        raise InvalidSetting("overdue", f": {pattern!r} has no percentage; accepted are after and statuses.")
    statuses = members.get("statuses", {})
    _check_statuses(pattern, statuses, kinds)
    return OverdueRule(
        **{name: _seconds(pattern, name, members[name], give_up_after) for name in members if name != "statuses"},
        statuses={name: _seconds(pattern, name, longest, give_up_after) for name, longest in statuses.items()},
    )


def _check_statuses(pattern: str, statuses: Any, kinds: Sequence[Kind]) -> None:
    if not isinstance(statuses, Mapping):
        accepted = 'accepted is an object such as {"RUNNABLE": "1h"}.'
        raise InvalidSetting("overdue", f": the statuses of {pattern!r} are {statuses!r}; {accepted}")
    accepted_statuses = {status for kind in kinds for status in _running(kind)}
    for problem in unaccepted(map(str, statuses), accepted_statuses, f"a status of a running job of {pattern!r}"):
        raise InvalidSetting("overdue", f": {problem}")


def _running(kind: Kind) -> list[str]:
    """Return the statuses that the kind's table lists as running. Waiters have conditions instead of statuses."""
    if WAITER in kind.name:
        return []
    return [status for status, outcome in kind.outcome_of.items() if outcome == "running"]


def _seconds(pattern: str, name: str, value: Any, give_up_after: float) -> float:
    return duration("overdue", f"{name} of {pattern!r}", value, 1, give_up_after)


def _combine(earlier: OverdueRule, later: OverdueRule, kind: Kind) -> OverdueRule:
    """Return a rule with the members of both that apply to the kind. Those of the later one replace the others."""
    stalled = later.stalled if kind.percent else None
    statuses = {status: longest for status, longest in later.statuses.items() if status in _running(kind)}
    return OverdueRule(
        after=later.after or earlier.after,
        stalled=stalled or earlier.stalled,
        statuses={**earlier.statuses, **statuses},
    )
