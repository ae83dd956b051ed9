"""Check watches regularly until they have ended."""

from collections.abc import Iterator, Mapping
from time import sleep, time
from typing import NamedTuple

from .followed_watch import Check, FollowedWatch

EVERY = 20.0  # seconds between two checks of two or three calls, so that a command makes at most ten calls per minute


class Update(NamedTuple):
    """What a check of a watch found at a time, in seconds since 1970."""

    watch: str
    time: float
    check: Check


class FollowingTimedOut(Exception):
    """The watches haven't ended within the time for which they should be followed."""


def updates(
    watches: Mapping[str, FollowedWatch], every: float = EVERY, timeout: float | None = None
) -> Iterator[Update]:
    """Check these watches at once and then every `every` seconds, and yield each check, until all have ended.

    Raise FollowingTimedOut after `timeout` seconds, unless it is None.
    """
    running, deadline = dict(watches), None if timeout is None else time() + timeout
    while True:
        for arn, watch in list(running.items()):
            update = Update(arn, time(), watch.check(time()))
            if update.check.execution:
                del running[arn]
            yield update
        if not running:
            return
        if deadline is not None and time() >= deadline:
            raise FollowingTimedOut
        sleep(every if deadline is None else max(0.0, min(every, deadline - time())))
