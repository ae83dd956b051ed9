"""Calculate polling intervals. All times are in seconds.

Without a percentage, the interval is 5 % of the run's age, between 15 seconds and three minutes.
With a percentage, it is a third of the time to the earliest end that the percentage allows, up to 4 minutes.
While that time is long, it is at least 30 seconds.
If the percentage stalls, it is at least 2 % of the time it has stalled, up to three minutes.
After a poll without an answer, it is one to two times as long, at random. For an hour after such a poll, the maximum
with a percentage is 15 minutes, so that if watches share a quota, those closest to their end poll most.
"""

from dataclasses import dataclass

NEARLY_DONE = 99  # percent; from here on, the job may end at any time
# While a percentage shows that the end is far away: of the minimum and of the maximum interval
MIN_FACTOR, MAX_FACTOR = 2, 4 / 3
DISRUPTED_MAX_INTERVAL = 900  # seconds, while a percentage rises and polls are throttled or fail
DISRUPTED_PERIOD = 3600  # seconds after a poll that was throttled or failed
MAX_SPREAD = 30  # usual intervals between two polls of a job without a percentage while the service throttles
STALL_RATIO = 0.02  # of the time for which the percentage has stalled
POLL_SECONDS = 1  # duration of a poll in SQS and Lambda, rounded up because delays are whole seconds
MIN_AGE_RATIO = 0.0001  # of the run's age, so that a job whose percentage rises slowly isn't polled too often
# Maximum delay of an SQS message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY = 900
MIN_HEARTBEAT = 300
MAX_LOOP_POLLS = 2_600  # of a watch of an earlier version, which makes nine history events per poll
MAX_REPORTED = 1_200  # polls of a watch that its history shows; with a notification, each makes about 20 events


@dataclass(frozen=True)
class PollingLimits:
    """The accepted delay, as a share of the job's duration, and the bounds of the polling interval in seconds."""

    max_delay_ratio: float = 0.05
    min_interval: float = 15
    max_interval: float = 180

    @property
    def heartbeat(self) -> int:
        """The time without a heartbeat after which a watch polls the job itself: three times the maximum interval.

        Each message causes a heartbeat, and its delay is at most 15 minutes.
        """
        return round(3 * min(MAX_DELAY, max(MIN_HEARTBEAT / 3, self.min_interval, self.max_interval)))


# For kinds whose service emits an event at the end, polling only covers lost events.
LIMITS_WITH_EVENTS = PollingLimits(max_delay_ratio=0.25, max_interval=3600)


def interval(
    limits: PollingLimits,
    age: float,
    percent: float | None = None,
    stalled: float = 0,
    since_answer: float = 0,
    *,
    disrupted: bool = False,
) -> float:
    """Return the seconds to the next poll of a run of this age.

    Its percentage was last reported `since_answer` seconds ago, and last rose `stalled` seconds ago. `disrupted` means
    that a poll was throttled or failed within the last hour.
    """
    if percent is None:
        return min(limits.max_interval, max(limits.min_interval, limits.max_delay_ratio * age))
    to_end = earliest_end(age - since_answer, percent)
    stalled -= min(since_answer, to_end)
    third_of_rest = (to_end - since_answer) / 3
    if_stalled = min(limits.max_interval, STALL_RATIO * stalled)
    with_percent = max(limits.min_interval, MIN_AGE_RATIO * age, third_of_rest, if_stalled)
    share_of_age = max(MIN_FACTOR * limits.min_interval, limits.max_delay_ratio * age)
    max_interval = max(MAX_FACTOR * limits.max_interval, DISRUPTED_MAX_INTERVAL if disrupted else 0)
    return min(max_interval, share_of_age, with_percent)


def earliest_end(age: float, percent: float) -> float:
    """Return the seconds from an answer to the earliest end that its percentage allows. `age` is the run's age then."""
    percent = min(max(percent, 0), 100)
    return age * max(0, NEARLY_DONE - percent) / (percent + 1)


def spread(count: float, maximum: int, time_left: float) -> float:
    """Return the minimum interval of polls that the execution's history shows, if a watch may have `maximum` of them.

    It has had `count` of them and gives up in `time_left` seconds. An execution with 25,000 history events fails.
    Therefore the last quarter of the polls is spread evenly over the time left.
    """
    return time_left / max(1, maximum - count) if count > 0.75 * maximum else 0


def backoff(usual: float, random: float) -> float:
    """Return one to two times the usual interval, for a poll without an answer. `random` is from 0 to 1."""
    return usual * (1 + random)
