"""The state that a watch passes from one poll to the next."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

from .detail import Detail


class PollState(TypedDict):
    """A watch's state after a poll. Times are in seconds."""

    polls: int
    waited: int
    """Time from the first poll to the upcoming one, including the polls themselves."""
    outcome: str
    wait: NotRequired[int]
    status: NotRequired[str]
    percent: NotRequired[float | None]
    age: NotRequired[float]
    """Age of the job's run when the wait is over."""
    last_answer: NotRequired[float]
    """Age of the run at the last answer."""
    last_disruption: NotRequired[int]
    """Value of `waited` at the last poll that was throttled or failed."""
    unreachable_since: NotRequired[int]
    """Value of `waited` at the first of the last polls that all found that the endpoint's host name doesn't exist."""
    highest_percent: NotRequired[float]
    last_progress: NotRequired[float]
    """Age of the run when its percentage last exceeded all earlier ones."""


class ProgressUpdate(PollState):
    """A poll state with a Job Progressed notification, whose name ensures that each step is reported once."""

    name: str
    detail: Detail
    subject: str
    text: str


def carried_over(result: Mapping[str, Any]) -> PollState:
    """Return the part of a poll's result that the next poll needs."""
    return cast(PollState, {key: result[key] for key in PollState.__annotations__ if key in result})
