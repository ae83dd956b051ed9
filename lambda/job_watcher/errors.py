"""Classify AWS errors: what a failed describe call means for a watch."""

import re
from enum import Enum
from functools import cache

from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError


class Meaning(Enum):
    """UNAVAILABLE and THROTTLED are temporary. MISSING and DENIED may be temporary. INVALID is permanent.

    Only errors that no later call can change are INVALID, because such an error ends a new watch at once.
    """

    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    MISSING = "missing"
    DENIED = "denied"
    INVALID = "invalid"


# AWS has no common list of error codes. These patterns cover the errors that botocore models for the catalogue's calls,
# those in its retry rules and waiters, and those that moto returns. Patterns are separated by " / ". The first line
# that matches applies:
# - LimitExceeded and ServiceQuotaExceeded mean too many calls, because a describe call creates nothing.
# - A KMS error is about the key, even if its code contains NotFound.
# - A conflict, or a state in which a resource can't be described, is temporary.
_CODES = r"""
throttled    Throttl / TooManyRequest / SlowDown / (Limit|Throughput|Rate|Quota|Requests)Exceeded
unavailable  (Request|Token|Credentials?)Expired / Expired(Token|Credential) / Skewed
denied       InvalidClientToken / InvalidAccess / InvalidSecurity / ^InvalidToken / InvalidS3Object / KMS(?!Internal)
missing      Not.?Found / NoSuch / NotExist / NonExist / UnknownResource / NotDiscovered / PipelineDeleted
missing      Invalid(Instance|Target|Resource)(Exception)?$ / (Unknown|Invalid)\w*Id(entifier)?(Exception)?$
denied       Acc?ess.?Denied / Authoriz / Authentic / AuthFailure / Forbidden / OptIn / Privilege / Permi(ssion|tted)
denied       Signature / UnrecognizedClient / Subscri / NotEnabled / Disabled / Unsupported(Region|User|API|Feature)
unavailable  Internal / Unavailable / Timed?.?out / (Server|Service)(Exception|Error|Fault|Failure) / IDPCommunication
unavailable  BadGateway / Dependency / (Operation|Request)Fail / InvalidEndpoint / Stat(e|us)(Exception|Fault)?$
unavailable  Conflict / Concurrent / Contention / Busy / (?<!Not)InUse / InProgress / Not(Ready|Complete)
invalid      Validation / Invalid / Bad.?Request / Malformed / Serialization / Argument / Unprocessable
invalid      Missing(Param|Required|Action) / Required(Exception)?$ / Unknown(Operation|Param|Action)
invalid      UnsupportedOperation / OperationNotSupported / SizeExceeded
"""
_EXPIRED = r"\b(token|signature|credentials?|request)\b.{0,60} expired / expired (security )?token"
# Some services report these errors as validation errors or with unknown codes. In that case, the message is matched.
# Patterns about the form of a name or id come before those about the job, as in "Member must not have …".
_MESSAGES = rf"""
throttled    rate (limit )?(has been |was )?exceeded / throttl / (request|call)s? limit exceeded
throttled    too many (\w+ )?(requests|calls) / request rate / slow down
unavailable  {_EXPIRED}
denied       access ?denied / not authorized / unauthorized / not (permitted|allowed) to / unable to access
denied       not (owned|enabled|accessible|subscribed|opted in) / security token .*invalid / could not assume
denied       (no|n[o']t have|must have|insufficient|lacks?|missing) (\w+ ){{0,3}}(permissions?|privileges?|access)\b
invalid      validation errors? detected / failed to satisfy / regular expression / malformed / expecting / \bformat\b
invalid      (unknown|unrecognized|invalid) (parameter|operation|action|field|filter|property|attribute)
missing      n[o']?t (\w+ )?exist / non-?existent / no longer (exist|available) / \bno such / \bno matching
missing      not ?(be |been )?found / n[o']t (be )?(find|found|located?|retrieved?)\b / (unable|failed) to (find|locate)
missing      \bno (\S+ ){{1,6}}(found|exists?)\b / \bno \w+ (with|named|for|match)\b / n[o']t match an existing
missing      n[o']t (refer|map|correspond|belong) to / \bunknown\b / (been|was|already) (deleted|purged|removed)
invalid      for parameter \S+ is invalid / \bmust (be (?!in )|begin|belong|contain|have|match)
missing      (invalid|not a valid|incorrect) (\S+ ){{0,3}}\S*(identifier|(?<!val)id)\b
missing      (identifier|(?<!val)id)\b.{{0,80}} (is ?n[o']t valid|invalid)
unavailable  internal (\w+ )?(error|failure) / unavailable / \btimed out / temporar / \blater\b / in progress / conflict
unavailable  not (yet )?(ready|available|complete|started) / still \w+ing\b / is (pending|being)\b / the state of
unavailable  another (request|operation) / \bin (an? )?\S+ status\b
unavailable  \b(in|current|\w*valid|\w*correct) (\S+ ){{0,2}}state\b(?! machine)
"""
# botocore raises these without sending the request. Its other errors mean that there was no answer, such as time-outs.
_REJECTED = (
    botocore_errors.ParamValidationError,
    botocore_errors.ValidationError,
    botocore_errors.UnknownServiceError,
    botocore_errors.InvalidHostLabelError,
    botocore_errors.EndpointProviderError,
    botocore_errors.UnsupportedS3ArnError,
)


def code(error: ClientError | BotoCoreError) -> str:
    """Return the service's error code, or the name of botocore's exception."""
    return str(error.response["Error"].get("Code")) if isinstance(error, ClientError) else type(error).__name__


def message(error: ClientError | BotoCoreError) -> str:
    """Return the error's message."""
    return str(error.response["Error"].get("Message", "")) if isinstance(error, ClientError) else str(error)


def meaning(error: ClientError | BotoCoreError) -> Meaning:
    """Return what a failed describe call means. Unrecognized errors count as DENIED."""
    if isinstance(error, BotoCoreError):
        return Meaning.INVALID if isinstance(error, _REJECTED) else Meaning.UNAVAILABLE
    by_code = _first_match(_CODES, code(error))
    if by_code is Meaning.DENIED and _contains_any(_EXPIRED, message(error)):
        return Meaning.UNAVAILABLE  # Lambda renews the function's credentials
    if by_code not in (None, Meaning.INVALID):
        return by_code
    by_status = _meaning_of_status(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if by_status in (Meaning.UNAVAILABLE, Meaning.THROTTLED):
        return by_status
    return _first_match(_MESSAGES, message(error)) or by_code or by_status


def _meaning_of_status(status: int) -> Meaning:
    if status >= 500 or status in (408, 409, 423, 425):
        return Meaning.UNAVAILABLE
    return {404: Meaning.MISSING, 410: Meaning.MISSING, 429: Meaning.THROTTLED}.get(status, Meaning.DENIED)


def _first_match(table: str, text: str) -> Meaning | None:
    """Return the meaning in the table's first line that has a pattern in the text."""
    return next((meaning for meaning, patterns in _parse_lines(table) if _contains_any(patterns, text)), None)


@cache
def _parse_lines(table: str) -> list[tuple[Meaning, str]]:
    columns = (line.split(maxsplit=1) for line in table.strip().splitlines())
    return [(Meaning(meaning), patterns) for meaning, patterns in columns]


def _contains_any(patterns: str, text: str) -> bool:
    """Whether the text contains one of the patterns, in any case."""
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns.split(" / "))
