"""Show times in the local time zone."""

from contextlib import suppress
from datetime import datetime

from job_watcher.to_json import parse_time


def format_time(value: datetime | str | None) -> str:
    """Return a time such as `2026-11-27 14:03:10 CET`; an empty string if there is none.

    It is in UTC if its year would be after 9999 or before 1 in the local time zone.
    """
    time = parse_time(value)
    if time is None:
        return ""
    with suppress(OverflowError):
        time = time.astimezone()
    return f"{time:%Y-%m-%d %H:%M:%S %Z}"


def zone(now: datetime) -> str:
    """Return the name of the local time zone, such as `CET`."""
    return now.astimezone().tzname() or "local time"
