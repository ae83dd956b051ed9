"""Classify AWS errors: what a failed describe call means for a watch. docs/errors.md lists the known errors."""

import re
import socket
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from . import error_patterns


class Meaning(Enum):
    """UNAVAILABLE and THROTTLED are temporary. MISSING, DENIED and UNREACHABLE may be temporary. INVALID is permanent.

    Only errors that no later call can change are INVALID, because such an error ends a new watch at once. UNREACHABLE
    means that the host name of the endpoint doesn't exist: the service isn't available in this Region or was retired,
    or its DNS records are missing during an outage.
    """

    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    MISSING = "missing"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    INVALID = "invalid"


class Classification(NamedTuple):
    """What an error means, and the rule that decided."""

    meaning: Meaning
    decided_by: str
    """`code`, `message`, `HTTP status`, `exception`, or `default` if no rule matches."""
    rule: str = ""
    """The pattern that matches, or the HTTP status."""


UNRECOGNIZED = Classification(Meaning.DENIED, "default")
MAX_MESSAGE = 5_000  # characters of a message that are searched
MIN_WORDS = 3  # of a message that may say more than a code such as ValidationException
NO_SUCH_HOST = "The host name doesn't exist. The service may not be available in this Region."
# Errors of a DNS lookup for a host name that doesn't exist or has no address. If a DNS server fails, it is EAI_AGAIN.
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_STATUSES = {
    **dict.fromkeys((401, 403), Meaning.DENIED),
    **dict.fromkeys((404, 410), Meaning.MISSING),
    **dict.fromkeys((408, 409, 423, 424, 425), Meaning.UNAVAILABLE),
    429: Meaning.THROTTLED,
    501: Meaning.INVALID,
}


def code(error: ClientError | BotoCoreError) -> str:
    """Return the service's error code, or the name of botocore's exception."""
    return str(_part(error, "Error").get("Code")) if isinstance(error, ClientError) else type(error).__name__


def message(error: ClientError | BotoCoreError) -> str:
    """Return the error's message."""
    if isinstance(error, ClientError):
        return str(_part(error, "Error").get("Message", ""))
    return f"{error} {NO_SUCH_HOST}" if _is_unreachable(error) else str(error)


def meaning(error: ClientError | BotoCoreError) -> Meaning:
    """Return what a failed describe call means."""
    return classify(error).meaning


def classify(error: ClientError | BotoCoreError) -> Classification:
    """Return what a failed describe call means, and the rule that decided. Unrecognized errors count as DENIED."""
    if isinstance(error, BotoCoreError):
        return _classify_exception(error)
    if final := _first_match("code", error_patterns.FINAL, code(error)):
        return final
    by_code = _first_match("code", error_patterns.CODES, code(error))
    if by_code and by_code.meaning is Meaning.DENIED:  # Lambda renews the function's credentials
        return _first_match("message", error_patterns.TEMPORARY, message(error)) or by_code
    if by_code and by_code.meaning is not Meaning.INVALID:
        return by_code
    by_status = _classify_status(_part(error, "ResponseMetadata").get("HTTPStatusCode"))
    if by_status and by_status.meaning in (Meaning.UNAVAILABLE, Meaning.THROTTLED):
        return by_status
    by_message = _first_match("message", error_patterns.MESSAGES, message(error))
    is_clear = len(message(error).split()) < MIN_WORDS
    return by_message or by_status or (by_code if is_clear else None) or UNRECOGNIZED


def _classify_exception(error: BotoCoreError) -> Classification:
    if _is_unreachable(error):
        return Classification(Meaning.UNREACHABLE, "exception", "EAI_NONAME|EAI_NODATA")
    names = " ".join(one.__name__ for one in type(error).__mro__)
    return _first_match("exception", error_patterns.EXCEPTIONS, names) or UNRECOGNIZED


def _is_unreachable(error: BotoCoreError) -> bool:
    """Whether the endpoint's host name doesn't exist. botocore keeps urllib3's exception, whose cause says so."""
    failure: Any = error.kwargs.get("error") if isinstance(error, EndpointConnectionError) else None
    answer = failure if isinstance(failure, socket.gaierror) else getattr(failure, "__cause__", None)
    return isinstance(answer, socket.gaierror) and answer.errno in _NO_SUCH_HOST


def _classify_status(status: Any) -> Classification | None:
    if not isinstance(status, int):
        return None
    meaning = _STATUSES.get(status, Meaning.UNAVAILABLE if status >= 500 else None)
    return Classification(meaning, "HTTP status", str(status)) if meaning else None


def _part(error: ClientError, name: str) -> Mapping[str, Any]:
    part = error.response.get(name)
    return part if isinstance(part, Mapping) else {}


def _first_match(decided_by: str, table: str, text: str) -> Classification | None:
    """Return the classification by the table's first pattern that the text contains, in any case."""
    text = text[:MAX_MESSAGE].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    found = ((meaning, pattern) for meaning, pattern in _patterns(table) if re.search(pattern, text, re.IGNORECASE))
    return next((Classification(meaning, decided_by, pattern) for meaning, pattern in found), None)


@cache
def _patterns(table: str) -> list[tuple[Meaning, str]]:
    lines = (line.split(maxsplit=1) for line in table.strip().splitlines())
    return [(Meaning(meaning), pattern) for meaning, patterns in lines for pattern in patterns.split(" / ")]
