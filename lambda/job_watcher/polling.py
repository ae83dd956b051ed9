"""How long to wait before the next poll: arithmetic only, all times in seconds.

No news: wait 5 % of the job's age, between one and fifteen minutes.
With a percentage: wait a third of the soonest end that the percentage allows.
If the percentage stands still: wait 2 % of the time it has stood.
"""

from dataclasses import dataclass

MINUTE = 60
DONE = 99  # percent, from which on the end may come at any time
STILL = 0.02  # of the time a percentage has stood still
POLL = 1  # second: a poll itself, in Step Functions and Lambda; rounded up, for waits are whole seconds
AGED = 0.0001  # of the age: so that a percentage that creeps up for months does not keep the watch awake
YEARLY = 0.003  # of the age: keeps a watch of a year under Step Functions' 25,000 history events


@dataclass(frozen=True)
class Pace:
    """How late an end may be seen, as a share of the job's duration, and the bounds of the interval."""

    late: float = 0.05
    shortest: float = 15
    longest: float = 900


def interval(pace: Pace, age: float, percent: float | None = None, still: float = 0) -> float:
    """Seconds to the next poll of a job of this age whose percentage was last higher than ever `still` seconds ago."""
    cap = min(max(pace.longest, YEARLY * age), max(MINUTE, pace.late * age))
    if percent is None:
        return cap
    percent = min(max(percent, 0), 100)
    soonest_end = age * max(0, DONE - percent) / (percent + 1)
    return min(cap, max(pace.shortest, AGED * age, soonest_end / 3, STILL * still))


def backoff(wait: float, failures: int, chance: float, longest: float) -> float:
    """The same wait plus full jitter after `failures` polls in a row without news; `chance` is random in 0..1."""
    return wait + chance * min(longest, wait * (2.0 ** min(failures, 16) - 1))
