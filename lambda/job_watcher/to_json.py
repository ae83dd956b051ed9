"""Convert values to JSON's types, and times in any notation to datetimes."""

import base64
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

EARLIEST = datetime(2004, 1, 1, tzinfo=UTC)  # no AWS job is older


def to_json(value: Any) -> Any:
    """Return the value in JSON's types: datetimes as ISO 8601 UTC with Z, bytes as base64, numbers as numbers."""
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [to_json(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds")[:-6] + "Z"
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


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
    """Return JSON without spaces, with non-ASCII characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
