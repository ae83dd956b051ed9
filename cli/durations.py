"""Durations in arguments, such as `90s`, `15m` or `2h`."""

import re

import typer

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
ACCEPTED = "accepted are seconds, or a number with the unit s, m, h or d, such as 90s, 15m or 2h"


def parse_duration(text: str) -> float:
    """Return the seconds of a duration. Raise BadParameter, which says what is accepted."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([smhd]?)", text.strip().lower())
    if not found or not float(found[1]):
        raise typer.BadParameter(f"{text!r} is not a duration; {ACCEPTED}.")
    return float(found[1]) * UNITS[found[2]]
