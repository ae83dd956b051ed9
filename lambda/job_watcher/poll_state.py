"""The state that a watch passes from one poll to the next."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

from .catalogue import MAX_STATUS_LENGTH
from .detail import Detail
from .expressions import parse_number
from .to_json import text

_AGES = ("last_answer", "last_disruption", "unreachable_since", "highest_percent", "last_progress", "status_since")
_COUNTS = ("polls", "waited", "wait", "delay", "heartbeat", "reported", "overdue")
_NUMBERS = (*_COUNTS, "percent", "age", *_AGES)
_MAX_NUMBER = 1e10


class PollState(TypedDict):
    """A watch's state after a poll. Times are in seconds."""

    polls: int
    waited: int
    """Time from the first poll to the upcoming one, including the polls themselves."""
    outcome: str
    wait: NotRequired[int]
    """Time to the next poll."""
    delay: NotRequired[int]
    """The part of `wait` that is over when the message with this state arrives. A long wait takes several messages."""
    heartbeat: NotRequired[int]
    """Time without a heartbeat after which the state machine polls the job itself."""
    reported: NotRequired[int]
    """Number of polls that the execution's history shows: those of Describe, and those that Poll reported."""
    status: NotRequired[str]
    percent: NotRequired[float | None]
    age: NotRequired[float]
    """Age of the job's run when the wait is over."""
    last_answer: NotRequired[float]
    """Age of the run at the last answer."""
    last_disruption: NotRequired[int]
    """Value of `waited` at the last poll that was throttled or failed."""
    unreachable_since: NotRequired[int]
    """Value of `waited` at the first of the consecutive polls that didn't find the endpoint's host name."""
    highest_percent: NotRequired[float]
    last_progress: NotRequired[float]
    """Age of the run when its percentage last exceeded all earlier ones."""
    status_since: NotRequired[float]
    """Age of the run when a poll first found its present status."""
    overdue: NotRequired[int]
    """1 if the job has been reported as overdue."""


class ProgressUpdate(PollState):
    """A poll state with a notification about the running job, whose name ensures that it is sent once."""

    detail_type: NotRequired[str]
    """By default, `Job Progressed`."""
    name: str
    detail: Detail
    subject: str
    text: str
    chat: NotRequired[str]


def carry_over(result: Any) -> PollState:
    """Return the members of a poll's result that the next poll needs. Invalid members are left out.

    A deployment changes the code while watches are running, so the state may come from another version.
    """
    given = result if isinstance(result, Mapping) else {}
    numbers = {name: parse_number(given.get(name)) for name in _NUMBERS}
    state = {name: value for name, value in numbers.items() if value is not None and 0 <= value <= _MAX_NUMBER}
    counts = {"polls": 0, "waited": 0, **{name: int(state.pop(name)) for name in _COUNTS if name in state}}
    status = {"status": text(given["status"], MAX_STATUS_LENGTH)} if isinstance(given.get("status"), str) else {}
    return cast(PollState, {"outcome": "running", **counts, **status, **state})
