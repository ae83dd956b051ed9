"""How long to wait before the next poll: arithmetic only, all times in seconds.

No news: wait 5 % of the job's age, between one and fifteen minutes.
With a percentage: wait a third of the soonest end that the percentage allows.
If the percentage stands still: wait 2 % of the time it has stood.
After a poll without an answer: wait one to three times as long, at random, so at most until the soonest end that the
last answer allows; from that end on the percentage counts as standing still.
"""

from dataclasses import dataclass

MINUTE = 60
DONE = 99  # percent, from which on the end may come at any time
STILL = 0.02  # of the time a percentage has stood still
POLL = 1  # second: a poll itself, in Step Functions and Lambda; rounded up, for waits are whole seconds
AGED = 0.0001  # of the age: so that a percentage that creeps up for months does not keep the watch awake
YEARLY = 0.003  # of the time watched: keeps a watch of a year under Step Functions' 25,000 history events
MOST = 2_600  # polls of a watch: each makes nine of those events, and what is announced meanwhile needs some too


@dataclass(frozen=True)
class Pace:
    """How late an end may be seen, as a share of the job's duration, and the bounds of the interval."""

    late: float = 0.05
    shortest: float = 15
    longest: float = 900


def interval(
    pace: Pace,
    age: float,
    percent: float | None = None,
    still: float = 0,
    unanswered: float = 0,
    watched: float | None = None,
) -> float:
    """Seconds to the next poll of a job of this age that has been watched for so long, by default from its beginning.

    Its percentage was last told `unanswered` seconds ago, and last higher than ever `still` seconds ago.
    """
    longest = max(pace.longest, YEARLY * (age if watched is None else watched))
    cap = min(longest, max(MINUTE, pace.late * age))
    if percent is None:
        return cap
    percent = min(max(percent, 0), 100)
    soonest_end = (age - unanswered) * max(0, DONE - percent) / (percent + 1)
    still -= min(unanswered, soonest_end)
    return min(cap, max(pace.shortest, AGED * age, (soonest_end - unanswered) / 3, STILL * still))


def least(polls: int, left: float) -> float:
    """Seconds of the next interval at least, for a watch that has `left` seconds before it gives up.

    By another pace than ours the polls may run short: the last quarter of them is spread over the time that is left.
    """
    return left / max(1, MOST - polls) if polls > 0.75 * MOST else 0


def backoff(pace: Pace, usual: float, chance: float) -> float:
    """The usual interval and full jitter, for a poll without an answer; `chance` is random in 0..1.

    In proportion: of many watches that share a quota, those nearest to their end ask most, and are answered first.
    """
    return usual + chance * min(pace.longest, 2 * usual)
