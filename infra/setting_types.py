"""Convert and check the values of settings. Each function returns the value or raises InvalidSetting."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration, Token

from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.facts import OVERDUE, format_duration

from .suggestion import suggest

OUTCOMES = (*catalogue.FINAL_OUTCOMES, "lost")
EMAIL_OUTCOMES = (*OUTCOMES, OVERDUE)  # also of emails about running jobs
DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
BOOLEANS = {"true": True, "on": True, "false": False, "off": False}


class InvalidSetting(ValueError):
    """A setting is invalid. The message is one sentence: what was wrong and what is accepted.

    The sentence starts with `name`, the prop or setting; `problem` continues it.
    """

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}{problem}")
        self.name, self.problem = name, problem

    def renamed(self, names: Mapping[str, str]) -> "InvalidSetting":
        """Return the same error with other names for the props."""
        problem = re.sub(r"\w+", lambda word: names.get(word[0], word[0]), self.problem)
        return InvalidSetting(names.get(self.name, self.name), problem)


def string_list(name: str, value: Any) -> tuple[str, ...]:
    """Return a list of strings; also from a string with commas or spaces between the items."""
    found = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(item, str) for item in found):
        raise InvalidSetting(name, f" is {value!r}; accepted is a list of strings, or a string with commas.")
    return tuple(item for item in found if item)


def checked_outcomes(name: str, value: Any, accepted: Sequence[str] = OUTCOMES) -> tuple[str, ...]:
    """Return a list of outcomes; raise InvalidSetting if an item isn't an accepted outcome."""
    found = string_list(name, value)
    for outcome in found:
        if outcome not in accepted:
            raise InvalidSetting(name, f": {outcome!r} is not an outcome; accepted are {', '.join(accepted)}.")
    return found


def matching_kinds(name: str, pattern: Any, kinds: Mapping[str, Kind]) -> list[Kind]:
    """Return the enabled kinds with this name or pattern; raise InvalidSetting if there are none."""
    matching = [kind for each, kind in kinds.items() if catalogue.is_enabled(each, [str(pattern)])]
    if not matching:
        raise InvalidSetting(name, f": {pattern!r} matches no enabled kind; {suggest(str(pattern), kinds)}")
    return matching


def json_value(name: str, value: Any, accepted: str) -> Any:
    """Return a JSON value; also from a string, as `-c name=value` gives it. An empty string is an empty object."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value.strip() or "{}")
    except ValueError:
        raise InvalidSetting(name, f" is {value!r}, which is not JSON; {accepted}") from None


def choice(name: str, value: Any, accepted: Sequence[str]) -> str:
    """Return one of the accepted strings."""
    if value not in accepted:
        raise InvalidSetting(name, f" is {value!r}; accepted are {', '.join(accepted)}.")
    return str(value)


def number(name: str, value: Any, minimum: float, maximum: float, of: str = "") -> float:
    """Return a number in a range; also from a string, as `-c name=value` gives it. `of` is its unit."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not minimum <= found <= maximum or isinstance(value, bool):
        raise InvalidSetting(name, f" is {value!r}; accepted is a number{of} from {minimum:g} to {maximum:,}.")
    return found


def whole_number(name: str, value: Any, minimum: float, maximum: float) -> int:
    """Return a whole number in a range."""
    found = number(name, value, minimum, maximum)
    if not found.is_integer():
        raise InvalidSetting(name, f" is {value!r}; accepted is a whole number.")
    return int(found)


def seconds(name: str, value: Any, minimum: float, maximum: float) -> float:
    """Return a Duration in seconds."""
    return number(name, _duration(name, value).to_seconds(integral=False), minimum, maximum, " of seconds")


def days(name: str, value: Any, minimum: float, maximum: float) -> float:
    """Return a Duration in days."""
    return number(name, _duration(name, value).to_days(integral=False), minimum, maximum, " of days")


def duration(name: str, of: str, value: Any, minimum: float, maximum: float) -> float:
    """Return the seconds of a duration such as `3h`, or of a Duration. It is the value `of` a member of the setting."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([smhd])", value.strip()) if isinstance(value, str) else None
    length = float(found[1]) * DURATION_UNITS[found[2]] if found else 0
    if isinstance(value, Duration):
        length = value.to_seconds(integral=False)
    if not minimum <= length <= maximum:
        bounds = f"from {format_duration(minimum)} to {format_duration(maximum)}"
        raise InvalidSetting(name, f": {of} is {value!r}; accepted is a duration such as 30m, 3h or 2d, {bounds}.")
    return length


def _duration(name: str, value: Any) -> Duration:
    if not isinstance(value, Duration):
        raise InvalidSetting(name, f" is {value!r}; accepted is a Duration, such as Duration.hours(1).")
    return value


def boolean(name: str, value: Any) -> bool:
    """Return a boolean; also from a string, as `-c name=value` gives it."""
    if str(value).lower() not in BOOLEANS:
        raise InvalidSetting(name, f" is {value!r}; accepted are {', '.join(BOOLEANS)}.")
    return BOOLEANS[str(value).lower()]


def percent_step(name: str, value: Any) -> float | None:
    """Return a percentage from 1 to 100; 25 for true, and None for false."""
    if str(value).lower() in BOOLEANS:
        return 25.0 if boolean(name, value) else None
    try:
        percent = float(value)
    except (TypeError, ValueError):
        percent = math.nan
    if not 1 <= percent <= 100:
        raise InvalidSetting(name, f" is {value!r}; accepted are true, false, or a percentage from 1 to 100.")
    return percent


def key_arn(value: Any) -> str:
    """Return the ARN of a KMS key, which may be a token; an empty string if there is none."""
    is_arn = isinstance(value, str) and re.fullmatch(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+|", value)
    if not is_arn and not Token.is_unresolved(value):
        raise InvalidSetting("log_key_arn", f" is {value!r}; accepted is the ARN of a KMS key.")
    return str(value)


def account_ids(name: str, value: Any) -> tuple[str, ...]:
    """Return a list of account ids."""
    found = string_list(name, value)
    for account in found:
        if not re.fullmatch(r"\d{12}", account):
            raise InvalidSetting(name, f": {account!r} is not an account id; accepted are strings of 12 digits.")
    return found
