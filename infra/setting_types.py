"""The types that settings have: each function returns a setting's value, or says what is wrong with it and accepted."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any


class WrongSetting(Exception):
    """A setting nobody can deploy; the message says what was wrong and what is accepted."""


def words(context: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list, or a string with commas or spaces between."""
    given = context.get(name, ())
    found = re.split(r"[,\s]+", given.strip()) if isinstance(given, str) else given
    if not isinstance(found, list | tuple) or not all(isinstance(word, str) for word in found):
        raise WrongSetting(f"{name} is {given!r}; accepted is a list, or words with commas between.")
    return tuple(word for word in found if word)


def choice(context: Mapping[str, Any], name: str, default: str, accepted: Sequence[str]) -> str:
    """One of the accepted words."""
    given = context.get(name, default)
    if given not in accepted:
        raise WrongSetting(f"{name} is {given!r}; accepted are {', '.join(accepted)}.")
    return str(given)


def number(context: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    """A number from `least` to `most`; `-c name=value` gives it as text."""
    try:
        value = float(context.get(name, default))
    except (TypeError, ValueError):
        value = math.nan
    if not least <= value <= most:
        raise WrongSetting(f"{name} is {context[name]!r}; accepted is a number from {least:g} to {most:,}.")
    return value


def switch(name: str, given: Any) -> bool:
    """A truth value; `-c name=value` gives it as a word."""
    known = {"true": True, "on": True, "false": False, "off": False}
    if str(given).lower() not in known:
        raise WrongSetting(f"{name} is {given!r}; accepted are {', '.join(known)}.")
    return known[str(given).lower()]


def step(given: Any) -> float | None:
    """Off, on for every 25 percent, or a number of percent."""
    try:
        percent = float(given) if not isinstance(given, bool) else None
    except (TypeError, ValueError):
        percent = None
    if percent is None:
        return 25.0 if switch("progress-events", given) else None
    if not 1 <= percent <= 100:
        raise WrongSetting(f"progress-events is {given!r}; accepted are true, false, or percent from 1 to 100.")
    return percent
