"""Classify AWS errors: what a failed describe call means for a watch. docs/errors.md lists the known errors."""

import re
import socket
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError


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
NO_SUCH_HOST = "The host name doesn't exist. The service may not be available in this Region."
# These codes are INVALID whatever the message says: the service doesn't have the operation, or can't parse the request.
_FINAL = r"""
invalid      UnknownOperation / ^InvalidAction$ / MissingAction / NotImplemented / (^|\.)Malformed / ^Serialization
"""
# AWS has no common list of error codes. These patterns cover the errors that botocore models for the catalogue's calls,
# those in its retry rules and waiters, those that moto returns, and those in infra/catalogue/known_errors.toml.
# Patterns are separated by " / ". The first line that matches applies:
# - LimitExceeded and ServiceQuotaExceeded mean too many calls, because a describe call creates nothing.
# - A KMS error is about the key, even if its code contains NotFound.
# - A conflict, or a state in which a resource can't be described, is temporary.
_CODES = r"""
throttled    Throttl / TooManyRequest / SlowDown / (Limit|Throughput|Rate|Quota|Requests)Exceeded
unavailable  (Request|Token|Credentials?)Expired / Expired(Token|Credential) / Skewed / TokenRefresh / PendingVerif
denied       InvalidClientToken / InvalidAccess / InvalidSecurity / ^InvalidToken / InvalidS3Object / KMS(?!Internal)
missing      Not.?Found / NoSuch / NotExist / NonExist / UnknownResource / NotDiscovered / PipelineDeleted
missing      Invalid(Instance|Target|Resource)(Exception)?$ / (Unknown|Invalid)\w*Id(entifier)?(Exception)?$
missing      AMIID\.Unavailable
denied       Acc?ess.?Denied / Authoriz / Authentic / AuthFailure / Forbidden / OptIn / Privilege / Permi(ssion|tted)
denied       Signature / UnrecognizedClient / Subscri / NotEnabled / Disabled / Unsupported(Region|User|API|Feature)
unavailable  Internal / Unavailable / Timed?.?out / (Server|Service)(Exception|Error|Fault|Failure) / IDPCommunication
unavailable  BadGateway / (?<!Parameter)Dependency / (Operation|Request)Fail / InvalidEndpoint(Exception)?$
unavailable  Stat(e|us)(Exception|Fault)?$
unavailable  Conflict / Concurrent / Contention / Busy / (?<!Not)InUse / InProgress / Not(Ready|Complete)
unavailable  Aborted / TemporaryRedirect
invalid      Validation / Invalid / Bad.?Request / Argument / Unprocessable / TooLarge / TooLong
invalid      Missing(Param|Required) / Required(Exception)?$ / Unknown(Param|Action)
invalid      UnsupportedOperation / OperationNotSupported / SizeExceeded
"""
_EXPIRED = r"""
unavailable  \b(token|signature|credentials?|request)\b.{0,60} expired / expired (security )?token
"""
# Some services report these errors as validation errors or with unknown codes. In that case, the message is matched.
# Patterns about the form of a name or id come before those about the job, as in "Member must not have …".
# The last lines are words of errors that may or may not resolve themselves.
_MESSAGES = rf"""
throttled    rate (limit )?(has been |was )?exceeded / throttl / (request|call)s? limit exceeded
throttled    too many (\w+ ){{0,2}}(requests|calls) / request rate / slow down
{_EXPIRED.strip()}
denied       access ?denied / not authorized / unauthorized / not (permitted|allowed to) / unable to access
denied       n[o']t (owned|enabled|accessible|subscribed|opted in) / security token .*invalid / not a member
denied       (no|n[o']t have|must have|insufficient|lacks?|missing) (\S+ ){{0,3}}(permissions?|privileges?|access)\b
denied       n[o']t (be )?assumed? / (unable|failed) to assume / n[o']t (available|supported) (in|for|on|to)\b
denied       \bkms\b.{{0,300}}\b(disabled|pending|unavailable|state)\b
invalid      validation errors? detected / failed to satisfy / regular expression / malformed / expecting / \bformat\b
invalid      (unknown|unrecognized|invalid|conflicting) (parameter|operation|action|field|filter|property|attribute)
missing      (n[o']t|doesnt) (\w+ )?exist / non-?existent / no longer (exist|available) / \bno such / \bno matching
missing      not ?(be |been )?found / n[o']t (be )?(find|found|located?|retrieved?)\b / (unable|failed) to (find|locate)
missing      \bno (\S+ ){{1,6}}(found|exists?)\b / \bno \w+ (with|named|for|match)\b / n[o']t match an existing
missing      n[o']t (refer|map|correspond|belong) to / \bunknown\b / (been|was|already|marked) (deleted|purged|removed)
invalid      for parameter \S+ is invalid / \bmust (be (?!in )|begin|belong|contain|have|match)
missing      (invalid|not a valid|incorrect) (\S+ ){{0,3}}\S*(identifier|(?<!val)id)\b
missing      (identifier|(?<!val)id)\b.{{0,80}} (is ?n[o']t valid|invalid)
unavailable  internal (\w+ )?(error|failure) / unavailable / \btimed out / temporary (?!.{{0,20}}cred) / temporarily
unavailable  in[ _]progress / (?<!the )\blater\b(?! than) / conflict / \bbusy\b / is (pending|being|in use)\b
unavailable  n[o']t (yet )?(been )?(ready|available|completed?|finished|initiali[sz]ed|started)\b
unavailable  (still|currently) \w+ing\b / another (request|operation) / \bin (an? )?\S+ status\b / current status
unavailable  \b(in|current|\w*valid|\w*correct) (\S+ ){{0,2}}state\b(?! machine) / the state of
denied       \b(disabled|suspended|inactive|not active|not (yet )?set ?up|not supported|quotas?|limits?|capacity)\b
denied       \b(retry|again|wait)\b
"""
# Exceptions that botocore raises without an answer of the service, by the names of their classes and base classes. The
# INVALID ones are raised without sending the request.
_EXCEPTIONS = r"""
unavailable  \bHTTPClientError / \bConnectionError / \bUnreadableAnswer / \bIncompleteRead / \b(Flexible)?ChecksumError
unavailable  \bCapacityNotAvailable / \bNoCredentials / \bCredentialRetrieval / \bMetadataRetrieval
invalid      \bParamValidation / \bValidationError / \bDataNotFound / \bInvalidHostLabel / \bUnsupported(S3|Outpost)
invalid      \bEndpointProvider / \bBaseEndpointResolver / \bUnknownRegion
"""
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
    if final := _first_match("code", _FINAL, code(error)):
        return final
    by_code = _first_match("code", _CODES, code(error))
    if by_code and by_code.meaning is not Meaning.INVALID:
        expired = by_code.meaning is Meaning.DENIED and _first_match("message", _EXPIRED, message(error))
        return expired or by_code  # Lambda renews the function's credentials
    by_status = _classify_status(_part(error, "ResponseMetadata").get("HTTPStatusCode"))
    if by_status and by_status.meaning in (Meaning.UNAVAILABLE, Meaning.THROTTLED):
        return by_status
    by_message = _first_match("message", _MESSAGES, message(error))
    return by_message or by_status or by_code or UNRECOGNIZED


def _classify_exception(error: BotoCoreError) -> Classification:
    if _is_unreachable(error):
        return Classification(Meaning.UNREACHABLE, "exception", "EAI_NONAME|EAI_NODATA")
    names = " ".join(one.__name__ for one in type(error).__mro__)
    return _first_match("exception", _EXCEPTIONS, names) or UNRECOGNIZED


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
