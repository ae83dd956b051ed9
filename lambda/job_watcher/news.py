"""Decide which polls to report to the Watch state machine. The execution's history shows only these."""

from collections.abc import Mapping
from typing import Any

from .poll_state import PollState

PERCENT_STEP = 50  # each reported poll takes two state transitions, as much as 24 polls
NO_ANSWER = 3600  # seconds
FIRST_RENEWAL = 1024  # polls
MAX_NEWS = 1000  # of one watch while the job runs; each makes about 15 of the history's 25,000 events


def find_news(before: PollState, result: Mapping[str, Any]) -> str | None:
    """Return what a poll found out, in a few words; None if there is nothing new. `before` is the state at the poll.

    A new status, 50 percent, the first hour without an answer and the answer after it are news. So is a job that
    is overdue. So is the 1,024th poll, and each time the number of polls has doubled: the state machine then sends a
    new message, which replaces any duplicates.
    """
    if "wait" not in result:
        return "ended"
    if result.get("overdue", 0) > before.get("overdue", 0):
        return "overdue"
    if before.get("reported", 0) >= MAX_NEWS:
        return None
    if "name" in result:
        return "progressed"
    if result.get("status") != before.get("status"):
        return "status changed"
    if _steps(result) > _steps(before):
        return "progressed"
    if _unanswered(before) < NO_ANSWER <= _unanswered(result):
        return "no answer for an hour"
    if _unanswered(result) < NO_ANSWER <= _unanswered(before):
        return "answered again"
    polls = result["polls"]
    return "renewed" if polls >= FIRST_RENEWAL and polls.bit_count() == 1 else None


def _steps(state: Mapping[str, Any]) -> int:
    return int(state.get("highest_percent", -1) // PERCENT_STEP)


def _unanswered(state: Mapping[str, Any]) -> float:
    """Return the seconds from the last answer to the poll that returned this state."""
    since_answer: float = state.get("age", 0) - state.get("wait", 0) - state.get("last_answer", 0)
    return since_answer
