"""The settings of the polling interval: `max-delay-ratio`, `min-interval-seconds`, `max-interval-seconds`."""

from collections.abc import Mapping
from typing import Any

from job_watcher.polling import PollingLimits

from .setting_types import InvalidSetting, number, seconds

DEFAULT = PollingLimits()
INTERVAL_SECONDS = (1, 86_400)  # the accepted range


def polling_limits(intervals: Mapping[str, Any], suffix: str = "", default: PollingLimits = DEFAULT) -> PollingLimits:
    """Return the limits of the props whose names end with the suffix. `min_interval` applies to both sets of limits."""
    ratio_name, max_name = f"max_delay_ratio{suffix}", f"max_interval{suffix}"
    minimum = _interval(intervals, "min_interval", default.min_interval)
    maximum = _interval(intervals, max_name, default.max_interval)
    if minimum > maximum:
        raise InvalidSetting("min_interval", f" is {minimum:g}; accepted is at most {max_name}, which is {maximum:g}.")
    ratio = number(ratio_name, intervals.get(ratio_name, default.max_delay_ratio), 0.001, 1)
    return PollingLimits(ratio, minimum, maximum)


def _interval(intervals: Mapping[str, Any], name: str, default: float) -> float:
    return seconds(name, intervals[name], *INTERVAL_SECONDS) if name in intervals else default
