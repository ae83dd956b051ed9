"""Show times in the local time zone."""

from datetime import datetime

from job_watcher.to_json import parse_time


def format_time(value: datetime | str | None) -> str:
    """Return a time such as `2026-11-27 14:03:10 CET`; an empty string if there is none."""
    time = parse_time(value)
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S %Z}" if time else ""


def zone(now: datetime) -> str:
    """Return the name of the local time zone, such as `CET`."""
    return now.astimezone().tzname() or "local time"
