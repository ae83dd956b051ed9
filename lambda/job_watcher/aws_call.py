"""Call a describe operation and read its answer."""

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .catalogue import Kind, Observation
from .unmodeled import add_unmodeled_members, read_leniently
from .watch_input import InvalidInput

# A poll takes at most about 26 of the function's 30 seconds: two attempts of 13 seconds.
CLIENT_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
sys.setrecursionlimit(5_000)  # Python 3.11 applies it to the nesting of JSON; an answer may be nested 1,000 levels deep

_sent: list[str] = []
"""URLs of the requests that the current call has sent."""
_answers: list[Mapping[str, Any]] = []
"""Successful answers to the current call, unparsed: status_code, headers and body."""


class UnreadableAnswer(BotoCoreError):
    """The answer can't be parsed: a proxy's page, for example, or a connection that was cut."""

    fmt = "The answer cannot be read: {error}"


@cache
def client(service: str) -> Any:
    """Return a botocore client for the service. boto3 would only add import time."""
    service_client = botocore.session.get_session().create_client(service, config=CLIENT_CONFIG)
    service_client.meta.events.register("before-parse", _keep_answer)
    service_client.meta.events.register("before-send", lambda request, **_: _sent.append(request.url))
    return service_client


def _keep_answer(response_dict: Any, **_: Any) -> None:
    """Keep a successful answer, because botocore drops the members and the answers that it can't parse."""
    if response_dict["status_code"] < 300:
        _answers.append(response_dict)


def operation(kind: Kind) -> Any:
    """Return botocore's model of the kind's describe call."""
    return client(kind.service).meta.service_model.operation_model(kind.describe)


def observe(kind: Kind, request: dict[str, Any]) -> Observation | None:
    """Call the describe operation and return what the answer shows, or None if it contains no job.

    Raise ClientError or BotoCoreError if there is no answer, and UnreadableAnswer if it can't be read. Raise
    InvalidInput if botocore can't send the request, because then the request is wrong.
    """
    try:
        return kind.read(describe(kind, request))
    except ClientError:
        raise
    except Exception as error:
        if _answers:
            return _observe_leniently(kind, request, error)
        if isinstance(error, BotoCoreError):
            raise
        if _sent:
            raise UnreadableAnswer(error=error) from error
        raise InvalidInput(f"The request can't be sent to {kind.describe}: {error}") from error


def _observe_leniently(kind: Kind, request: dict[str, Any], error: Exception) -> Observation | None:
    """Return what an answer shows that botocore couldn't parse. Raise UnreadableAnswer if it isn't a JSON object."""
    try:
        answer = read_leniently(_answers[-1]["body"], operation(kind).output_shape)
        metadata = {"HTTPStatusCode": _answers[-1]["status_code"]}  # some waiters read it
        return kind.read({**kind.filter_lists(answer, request), "ResponseMetadata": metadata})
    except Exception:
        raise UnreadableAnswer(error=error) from error


def describe(kind: Kind, request: dict[str, Any]) -> dict[str, Any]:
    """Return the describe call's answer with every member that the service sent."""
    _sent.clear()
    _answers.clear()
    answer = getattr(client(kind.service), xform_name(kind.describe))(**kind.arguments(request))
    body = _answers[-1]["body"] if _answers else b""  # botocore's Stubber sends nothing
    return kind.filter_lists(add_unmodeled_members(answer, body, operation(kind)), request)
