"""The jobs that are watched: how long they last, and which percentage their service tells at which age."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MINUTE, HOUR = 60.0, 3600.0
SHORTEST, LONGEST = MINUTE, 72 * HOUR
SPREAD = 1.0  # sigma of the log-normal durations: nine in ten lie between a fifth and five times the median


def _stalls(share: float, chance: float) -> float:
    """Four steps, each standing for the last three fifths of its time."""
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
"""Percent by the share of the job's time that has passed; `chance` tells two jobs of one shape apart."""


@dataclass(frozen=True)
class Job:
    """A job that ends at an age of `duration` seconds."""

    duration: float
    shape: str
    chance: float = 0.5

    def percent(self, age: float) -> int | None:
        """Whole percent, as Voice ID tells it; None for a job that tells none."""
        shape = SHAPES[self.shape]
        return None if shape is None else int(min(100.0, shape(min(1.0, age / self.duration), self.chance)))


@dataclass(frozen=True)
class Durations:
    """One row of the tables: every job lasts `median` seconds, or log-normally more or less."""

    median: float
    varied: bool

    @property
    def name(self) -> str:
        """`8 h` or `about 8 h`."""
        shown = f"{self.median / HOUR:g} h" if self.median >= HOUR else f"{self.median / MINUTE:g} min"
        return f"about {shown}" if self.varied else shown

    def draw(self, chance: random.Random) -> float:
        """One duration in seconds."""
        if not self.varied:
            return self.median
        return min(LONGEST, max(SHORTEST, chance.lognormvariate(math.log(self.median), SPREAD)))


FIXED = [Durations(hours * HOUR, False) for hours in (1 / 60, 1 / 6, 1, 8, 24, 72)]
VARIED = [Durations(hours * HOUR, True) for hours in (1 / 6, 1, 8)]
