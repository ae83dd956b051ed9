"""Call a describe operation and read its answer."""

import sys
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .catalogue import Kind, Observation
from .unmodeled import add_unmodeled_members, keep_body, read_leniently
from .watch_input import InvalidInput

# A poll takes at most 26 of the function's 30 seconds: two attempts of 13 seconds.
CLIENT_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
sys.setrecursionlimit(5_000)  # Python 3.11 applies it to the nesting of JSON; an answer may be nested 1,000 levels deep

_sent: list[str] = []
"""URLs of the requests that the current call has sent."""
_bodies: list[bytes] = []
"""Bodies of successful answers to the current call."""


class UnreadableAnswer(BotoCoreError):
    """The answer can't be parsed: a proxy's page, for example, or a connection that was cut."""

    fmt = "The answer cannot be read: {error}"


@cache
def client(service: str) -> Any:
    """Return the service's client. It is botocore's own, because boto3 adds import time and nothing used here."""
    made = botocore.session.get_session().create_client(service, config=CLIENT_CONFIG)
    made.meta.events.register("before-parse", keep_body)
    made.meta.events.register("before-parse", _keep_body)
    made.meta.events.register("before-send", lambda request, **_: _sent.append(request.url))
    return made


def _keep_body(response_dict: Any, **_: Any) -> None:
    if response_dict["status_code"] < 300:
        _bodies.append(response_dict["body"])


def operation(kind: Kind) -> Any:
    """Return botocore's model of the kind's describe call."""
    return client(kind.service).meta.service_model.operation_model(kind.describe)


def observe(kind: Kind, request: dict[str, Any]) -> Observation | None:
    """Call the describe operation and return what the answer shows, or None if it contains no job.

    Raise ClientError or BotoCoreError if there is no answer. An exception of any other type before the request is sent
    is the request's fault and raises InvalidInput; afterwards it is the answer's fault and raises UnreadableAnswer.
    """
    _sent.clear()
    _bodies.clear()
    try:
        return kind.read(describe(kind, request))
    except ClientError:
        raise
    except Exception as error:
        if isinstance(error, BotoCoreError) and not _bodies:
            raise
        if not _sent:
            raise InvalidInput(f"The request can't be sent to {kind.describe}: {error}") from error
        return _observe_leniently(kind, request, error)


def _observe_leniently(kind: Kind, request: dict[str, Any], error: Exception) -> Observation | None:
    """Return what an answer shows although botocore couldn't parse it, as far as it is JSON."""
    try:
        answer = read_leniently(_bodies[-1], operation(kind).output_shape)
        return kind.read(kind.filter_lists(answer, request))
    except Exception:
        raise UnreadableAnswer(error=error) from error


def describe(kind: Kind, request: dict[str, Any]) -> dict[str, Any]:
    """Return the describe call's answer with every member that the service sent."""
    call = getattr(client(kind.service), xform_name(kind.describe))
    answer = add_unmodeled_members(call(**kind.arguments(request)), operation(kind).output_shape)
    return kind.filter_lists(answer, request)
