"""Decide whether a running job is overdue: its run, its status or a stall of its percentage has lasted too long.

All times are in seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .facts import format_duration
from .poll_state import PollState


@dataclass(frozen=True)
class OverdueRule:
    """When jobs of a kind are overdue. Without a limit, they never are."""

    after: float | None = None
    """The age of the run."""
    stalled: float | None = None
    """The time for which the percentage hasn't risen."""
    statuses: Mapping[str, float] = field(default_factory=dict)
    """The time for which the job has had this status."""


class _Limit(NamedTuple):
    left: float
    """The time until the job is overdue; zero or less if it is."""
    reason: str


def find_reason(rule: OverdueRule, state: PollState) -> str | None:
    """Return a sentence that says why the job is overdue after this answer; None if it isn't or was reported before."""
    return next((limit.reason for limit in _limits(rule, state) if limit.left <= 0), None)


def time_left(rule: OverdueRule, state: PollState) -> float | None:
    """Return the time until a job that doesn't change becomes overdue; None if it is, or was reported before."""
    return min((limit.left for limit in _limits(rule, state) if limit.left > 0), default=None)


def _limits(rule: OverdueRule, state: PollState) -> Iterator[_Limit]:
    """Yield the limits that apply to the job in this state. A job is reported only once, so then there are none."""
    if state.get("overdue"):
        return
    age, status, percent = state.get("age", 0), state.get("status", ""), state.get("percent")
    if (longest := rule.statuses.get(status)) is not None:
        left = longest - (age - state.get("status_since", age))
        yield _Limit(left, f"Its status has been {status} for more than {format_duration(longest)}.")
    if rule.stalled is not None and percent is not None:
        left = rule.stalled - (age - state.get("last_progress", age))
        stalled = format_duration(rule.stalled)
        yield _Limit(left, f"Its percentage, {percent:g} %, hasn't risen for more than {stalled}.")
    if rule.after is not None:
        yield _Limit(rule.after - age, f"It has been running for more than {format_duration(rule.after)}.")
