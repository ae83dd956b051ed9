"""Spread the polls of many watches over time while a service throttles their describe call."""

import math
from dataclasses import dataclass

AVERAGING_PERIOD = 120  # seconds over which the rate of answers is measured
THROTTLED_PERIOD = 600  # seconds after a throttled call in which polls are spread
CALLS_PER_ANSWER = 1.2  # more than one, because a higher rate is found only if the service throttles some calls
MIN_RATE = 0.1  # calls per second and function instance, so that the polls of few watches aren't spread


@dataclass
class CallRate:
    """The rate at which a service answers the calls of one operation by this instance of the function.

    A service that throttles answers only some calls. If each watch simply waited longer, chance would decide which
    watches get an answer, and some would wait for hours. Therefore each poll reserves the next time at which the
    service will probably answer a call. `make bench` simulates it with up to 10,000 watches.

    Times are in seconds since 1970. Each instance measures its own share of the answers.
    """

    answers: float = 0
    """The number of answers. Those of the past count less, the earlier they were."""
    seconds: float = 0
    """The seconds in which they were received. Those of the past count less as well."""
    updated: float | None = None
    """When both were updated."""
    throttled: float = -math.inf
    """When a call was last throttled."""
    reserved: float = 0
    """The last time that is reserved for a call."""

    def add_call(self, now: float, *, answered: bool) -> float:
        """Count a call that was answered or throttled, and reserve the time of the next one.

        Return the seconds until then; 0 if no call was throttled lately.
        """
        elapsed = max(0, now - self.updated) if self.updated else 1
        decay = math.exp(-elapsed / AVERAGING_PERIOD)
        self.answers = self.answers * decay + answered
        self.seconds = self.seconds * decay + AVERAGING_PERIOD * (1 - decay)
        self.updated = now
        if not answered:
            self.throttled = now
        if now - self.throttled > THROTTLED_PERIOD:
            return 0
        self.reserved = max(self.reserved, now) + 1 / max(MIN_RATE, CALLS_PER_ANSWER * self.answers / self.seconds)
        return self.reserved - now
