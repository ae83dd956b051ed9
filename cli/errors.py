"""Turn errors into one sentence each."""

import re
from collections.abc import Mapping

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from job_watcher.errors import UNRECOGNIZED, Meaning, classify


class CommandError(Exception):
    """A command can't do its work; the message says why."""


AWS = (BotoCoreError, ClientError)
EXPECTED = (*AWS, CommandError)
UNREACHABLE = "AWS can't be reached: {error} Check the network, the Region and the endpoint variables."
EXPIRED = "The AWS credentials have expired. Sign in again, for example with `aws sso login`."
SENTENCES: Mapping[type[Exception], str] = {
    exceptions.NoCredentialsError: (
        "No AWS credentials were found. Set AWS_PROFILE, or run `aws configure` or `aws sso login`."
    ),
    exceptions.NoRegionError: "No AWS region is set. Set AWS_DEFAULT_REGION, or use --region, or run `aws configure`.",
    exceptions.SSOError: EXPIRED,
    exceptions.TokenRetrievalError: EXPIRED,
    exceptions.ConnectionError: UNREACHABLE,
    exceptions.HTTPClientError: UNREACHABLE,
    EOFError: "The input ended before a question was answered, such as that for an MFA code.",
}
CODES: Mapping[str, str] = {
    r"Expired": EXPIRED,
    r"InvalidClientToken|UnrecognizedClient|Signature|AuthFailure|InvalidAccessKey": (
        "AWS rejected the credentials: {error} Check the profile and its keys."
    ),
}
FAILED = "{operation} failed: {error}"
MEANINGS: Mapping[Meaning, str] = {
    Meaning.THROTTLED: "AWS throttled {operation}: {error} Try again in a minute.",
    Meaning.DENIED: "AWS denied {operation}: {error}",
    Meaning.UNAVAILABLE: "{operation} failed: {error} Try again in a minute.",
}


def sentence(error: Exception) -> str:
    """Return what an error means for the person who ran the command, on one line."""
    if isinstance(error, ClientError):
        return _of_client_error(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} can't be used: {error.strerror}."
    template = next((text for type_, text in SENTENCES.items() if isinstance(error, type_)), "{error}")
    return template.format(error=_one_line(str(error)))


def denied_action(error: Exception) -> str | None:
    """Return the IAM action that an error says is denied, or the operation's name; None for another error."""
    if not isinstance(error, ClientError) or classify(error).meaning is not Meaning.DENIED:
        return None
    if classify(error) is UNRECOGNIZED:
        return None
    found = re.search(r"perform: ([\w-]+:\w+)", error.response["Error"].get("Message", ""))
    return found[1] if found else error.operation_name


def is_temporary(error: Exception) -> bool:
    """Whether a call may succeed if it is repeated: it was throttled, the service failed, or there is no connection."""
    if isinstance(error, ClientError):
        return not is_expired(error) and classify(error).meaning in (Meaning.THROTTLED, Meaning.UNAVAILABLE)
    return isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError)


def is_throttled(error: ClientError) -> bool:
    """Whether AWS throttled the call."""
    return classify(error).meaning is Meaning.THROTTLED


def is_denied(error: ClientError) -> bool:
    """Whether the caller lacks the permission for the call. Wrong or expired credentials don't count."""
    return re.search(r"Acc?ess.?Denied|Authorized", _code(error)) is not None


def is_expired(error: ClientError) -> bool:
    """Whether the caller's credentials have expired."""
    return "Expired" in _code(error)


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))


def _of_client_error(error: ClientError) -> str:
    code, message = _code(error), _one_line(error.response["Error"].get("Message") or "")
    if re.match("Stack .*does not exist", message):
        return f"{message.rstrip('.')} in this account and Region. --stack names another one."
    by_code = next((text for pattern, text in CODES.items() if re.search(pattern, code)), None)
    known = classify(error)
    template = by_code or MEANINGS.get(known.meaning if known is not UNRECOGNIZED else Meaning.INVALID, FAILED)
    return template.format(operation=error.operation_name, error=message or f"{code}.")


def _one_line(text: str) -> str:
    """Return a message on one line that ends with a period."""
    line = " ".join(text.split())
    return line if not line or line.endswith((".", "?", "!")) else f"{line}."
