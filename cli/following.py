"""Check watches regularly until they have ended."""

from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from time import sleep, time
from typing import NamedTuple

from .followed_watch import Check, FollowedWatch

EVERY = 20.0  # seconds between two checks of two or three calls, so that a command makes at most ten calls per minute
FIRST_WAITS = (0.25, 1.5, 1.25)  # times EVERY; the second check is early, because many jobs end soon or have ended


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
    """Check these watches at once and then about every `every` seconds, and yield each check, until all have ended.

    Raise FollowingTimedOut after `timeout` seconds, unless it is None.
    """
    running, deadline = dict(watches), None if timeout is None else time() + timeout
    for factor in chain(FIRST_WAITS, repeat(1)):
        for arn, watch in list(running.items()):
            update = Update(arn, time(), watch.check(time()))
            if update.check.execution:
                del running[arn]
            yield update
        if not running:
            return
        if deadline is not None and time() >= deadline:
            raise FollowingTimedOut
        wait = every * factor
        sleep(wait if deadline is None else max(0.0, min(wait, deadline - time())))
