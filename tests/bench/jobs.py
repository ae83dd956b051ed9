"""The simulated jobs: their durations, and the percentage that the service reports at each age."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MINUTE, HOUR = 60.0, 3600.0
SHORTEST, LONGEST = MINUTE, 72 * HOUR
SIGMA = (
    1.0  # of the log-normal distribution of durations: 90 % are between a fifth of the median and five times the median
)


def _stalls(share: float, chance: float) -> float:
    """Return a percentage that rises in four steps. In each step, it stays the same for the last 60 % of the time."""
    step = math.floor(4 * share)
    return 25 * (step + min(1.0, (4 * share - step) / 0.4))


SHAPES: Mapping[str, Callable[[float, float], float] | None] = {
    "none": None,
    "linear": lambda share, chance: 100 * share,
    "S-curve": lambda share, chance: 100 * share * share * (3 - 2 * share),
    "stalls": _stalls,
    "bursts": lambda share, chance: 20.0 * math.floor(5 * share + chance),
    "early 100 %": lambda share, chance: 100 * share / 0.6,
    "fails midway": lambda share, chance: 100 * share * (0.1 + 0.8 * chance),
}
"""Percentage by the elapsed share of the job's duration. `chance`, 0 to 1, varies the jobs of one shape."""


@dataclass(frozen=True)
class Job:
    """A job that lasts `duration` seconds. `shape` is a key of SHAPES."""

    duration: float
    shape: str
    chance: float = 0.5

    def percent(self, age: float) -> int | None:
        """Return the percentage at this age in seconds, a whole number as in Voice ID, or None if there is none."""
        shape = SHAPES[self.shape]
        return None if shape is None else int(min(100.0, shape(min(1.0, age / self.duration), self.chance)))


@dataclass(frozen=True)
class Durations:
    """The durations in one row of a table: all `median` seconds, or log-normal around it if `varied`."""

    median: float
    varied: bool

    @property
    def name(self) -> str:
        """Return `8 h` or `about 8 h`."""
        duration = f"{self.median / HOUR:g} h" if self.median >= HOUR else f"{self.median / MINUTE:g} min"
        return f"about {duration}" if self.varied else duration

    def draw(self, chance: random.Random) -> float:
        """Return a random duration in seconds."""
        if not self.varied:
            return self.median
        return min(LONGEST, max(SHORTEST, chance.lognormvariate(math.log(self.median), SIGMA)))


FIXED = [Durations(hours * HOUR, False) for hours in (1 / 60, 1 / 6, 1, 8, 24, 72)]
VARIED = [Durations(hours * HOUR, True) for hours in (1 / 6, 1, 8)]
