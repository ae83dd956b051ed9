"""Durations and times in arguments, such as `90s`, `15m` or `2026-11-27`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
ACCEPTED = "accepted are seconds, or a number with the unit s, m, h or d, such as 90s, 15m or 2h"


def parse_duration(text: str) -> float:
    """Return the seconds of a duration. Raise BadParameter, which says what is accepted."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([smhd]?)", text.strip().lower())
    if not found or not float(found[1]):
        raise typer.BadParameter(f"{text!r} is not a duration; {ACCEPTED}.")
    return float(found[1]) * UNITS[found[2]]


def parse_since(text: str) -> datetime:
    """Return the time that is a duration ago, or a date or time in ISO 8601, by default in the local time zone."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    except (typer.BadParameter, OverflowError):
        accepted = "accepted are a duration, such as 2h or 7d, and a date or a time, such as 2026-11-27T14:00"
        raise typer.BadParameter(f"{text!r} is not a time; {accepted}.") from None


def timeout_option(help: str) -> Any:
    """Return the option --timeout, whose value is a duration in seconds."""
    return typer.Option("--timeout", metavar="DURATION", parser=parse_duration, help=help, show_default=False)
