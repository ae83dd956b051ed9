"""What an AWS error means for a watch: whether the job is out of sight for a moment or for good."""

import re
from enum import Enum

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, UnknownServiceError


class Meaning(Enum):
    """Unavailable: no news, ask again. Missing and denied: the same for a watch's first minutes. Invalid: never."""

    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    MISSING = "missing"
    DENIED = "denied"
    INVALID = "invalid"


# Services name the same thing differently: TooManyRequests (Comprehend), LimitExceeded (Transcribe),
# ProvisionedThroughputExceeded (Textract), EntityNotFound (Glue), ExecutionDoesNotExist (Step Functions).
_CODES = (
    (Meaning.THROTTLED, r"Throttl|TooManyRequests|LimitExceeded|ThroughputExceeded|SlowDown|RequestThrottled"),
    (Meaning.UNAVAILABLE, r"Internal|Unavailable|Timeout|RequestExpired|ExpiredToken|TimeTooSkewed|PriorRequest|Busy"),
    (Meaning.MISSING, r"NotFound|NoSuch|NotExist|UnknownResource|(Unknown|Invalid)\w*Id(Exception)?$"),
    (
        Meaning.DENIED,
        r"AccessDenied|Unauthorized|NotAuthorized|Forbidden|OptInRequired|Unrecognized|AuthFailure|Signature",
    ),
    (Meaning.INVALID, r"Validation|Invalid|BadRequest|Malformed|Serialization|MissingParameter|UnknownOperation"),
)
# Some services say "not found" in the words of a validation error: CloudFormation, SageMaker, Transcribe.
_SAYS_MISSING = re.compile(r"not exist|not found|(could ?n[o']t|cannot|can't|unable to) (be found|find)", re.IGNORECASE)


def code(error: ClientError | BotoCoreError) -> str:
    """The error's name: the service's own code, or botocore's class."""
    return str(error.response["Error"].get("Code")) if isinstance(error, ClientError) else type(error).__name__


def message(error: ClientError | BotoCoreError) -> str:
    """The error's own words."""
    return str(error.response["Error"].get("Message", "")) if isinstance(error, ClientError) else str(error)


def meaning(error: ClientError | BotoCoreError) -> Meaning:
    """What a failed describe call says of the job; an error nobody knows counts as denied."""
    if isinstance(error, ParamValidationError | UnknownServiceError):
        return Meaning.INVALID
    if isinstance(error, BotoCoreError):
        return Meaning.UNAVAILABLE  # no answer: time-outs, connections, credentials that are being renewed
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    known = next((is_ for is_, pattern in _CODES if re.search(pattern, code(error))), None)
    if known is None:
        known = _meaning_of_status(status)
    if known is Meaning.INVALID and _SAYS_MISSING.search(message(error)):
        return Meaning.MISSING
    return known


def _meaning_of_status(status: int) -> Meaning:
    if status >= 500:
        return Meaning.UNAVAILABLE
    return {404: Meaning.MISSING, 429: Meaning.THROTTLED}.get(status, Meaning.DENIED)
