"""Convert any value to JSON's types, and times in any notation to datetimes."""

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

EARLIEST = datetime(2004, 1, 1, tzinfo=UTC)  # no AWS job is older
MAX_DEPTH = 50  # levels of nesting; deeper values become JSON text
# The integers that EventBridge accepts: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
INTEGERS = range(-(2**63), 2**63)
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which UTF-8 can't encode


def to_json(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return the value in JSON's types: datetimes as ISO 8601 UTC with Z, bytes as base64, numbers as numbers.

    Numbers that JSON doesn't have, such as `nan`, and integers of more than 64 bits become strings. Lone surrogates
    become U+FFFD.
    """
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping | list | tuple | set):
        return _nested(value, depth - 1) if depth else text(_json_text(value))
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, int) and value not in INTEGERS:
        return str(value)
    return value if value is None or isinstance(value, bool | int | float) else text(value)


def text(value: Any, max_length: int | None = None) -> str:
    """Return a value as a string that UTF-8 can encode, truncated to `max_length` characters."""
    shortened = str(value)[:max_length]
    return shortened if shortened.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", shortened)


def parse_time(value: Any) -> datetime | None:
    """Return a datetime from a datetime, an ISO 8601 string, or seconds or milliseconds since 1970; else None.

    Times before AWS existed also give None, because some services use 1970 for "not yet" or "never".
    """
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        time = value.astimezone(UTC) if isinstance(value, datetime) else None
    except (ValueError, OverflowError, OSError):
        return None
    return time if time and time >= EARLIEST else None


def compact_json(value: Any) -> str:
    """Return JSON without spaces and with non-ASCII characters unescaped."""
    return _COMPACT.encode(value)


def _nested(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {text(key): to_json(item, depth) for key, item in value.items()}
    return [to_json(item, depth) for item in value]


def _json_text(value: Any) -> str:
    """Return a structure as JSON text; `…` if it can't be converted."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, TypeError, ValueError):
        return "…"


def _utc(time: datetime) -> str:
    try:
        time = time.astimezone(UTC)
    except (OverflowError, ValueError):  # in the years 1 and 9999, another zone's time can be out of range
        return time.isoformat()
    precision = "milliseconds" if time.microsecond else "seconds"
    return time.isoformat(timespec=precision).replace("+00:00", "Z")
