"""Poll a job once: call the service's describe operation and evaluate the answer."""

import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import botocore.session
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from . import catalogue, errors, judge, polling
from .answer import complete, keep_raw
from .catalogue import WAITER, Kind
from .errors import Meaning
from .job import End, Memory, Progress, remembered
from .metric import count
from .request import Refused, check_input, check_request

SETTINGS = json.loads(Path(os.environ["LAMBDA_TASK_ROOT"], "settings.json").read_text())
KINDS: list[str] = SETTINGS["kinds"]
RULES = judge.Rules(
    give_up_after=SETTINGS["give_up_after"],
    pace=polling.Pace(**SETTINGS["pace"]),
    event_pace=polling.Pace(**SETTINGS["event_pace"]) if SETTINGS["event_pace"] else None,
    progress_step=SETTINGS["progress_step"],
)
# One poll ends well inside the function's 30 seconds: two attempts of at most 13.
CLIENT = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
REMOVED = (
    "This deployment no longer watches the kind {kind}. The job may still be running. "
    "To watch it again, add the kind to the setting `kinds`, deploy, and start a new watch with the same input."
)

logger = Logger()


class Event(TypedDict):
    """What the Watch state machine passes: the execution's input and ARN, and the last poll's memory."""

    input: Any
    watch: str
    memory: Memory


@logger.inject_lambda_context
def handler(event: Event, context: LambdaContext) -> Memory | Progress | End:
    """What the service says now: an outcome, with seconds to wait while it runs, or the announcement when it ended.

    Every AWS error is an answer too; only a bug raises.
    """
    answer = judged(judge.Watch(event["input"], event["watch"], remembered(event["memory"]), RULES))
    logger.info("polled", watch=event["watch"], outcome=answer["outcome"], wait=answer.get("wait"))
    return answer


def judged(watch: judge.Watch) -> Memory | Progress | End:
    """One poll: ask, and judge the answer."""
    try:
        check_input(watch.input)
        kind, request = known(watch.input["kind"]), watch.input["request"]
        watch = replace(watch, kind=kind)
        check_request(kind, request, operation(kind).input_shape)
    except NotWatched as refused:
        if watch.memory["polls"]:  # an earlier poll accepted it
            return judge.lost(watch, "KindRemoved", REMOVED.format(kind=watch.input["kind"]))
        return judge.lost(watch, "InvalidInput", str(refused))
    except Refused as refused:
        return judge.lost(watch, "InvalidInput", str(refused))
    watch = replace(watch, memory={**watch.memory, "polls": watch.memory["polls"] + 1})
    try:
        seen = kind.read(describe(kind, request))
    except (ClientError, BotoCoreError) as error:
        meaning, reason = errors.meaning(error), f"{kind.describe}: {errors.message(error)}"
        seen = kind.read_error(error.response) if isinstance(error, ClientError) else None
        denied = meaning is Meaning.DENIED  # which is the watcher's fault, not that of what it waits for
        if seen is None or (denied and seen.outcome == "failed"):
            return no_news(watch, meaning, errors.code(error), reason)
    if seen is None or (seen.absent and "status" not in watch.memory):
        return no_news(watch, Meaning.MISSING, "NotFound", f"{kind.describe} finds no such job.")
    if not seen.known:
        logger.warning("unknown status", kind=kind.name, status=seen.status)
        count("UnknownStatus")
    return judge.news(watch, seen, time.time())


class NotWatched(Refused):
    """This deployment doesn't watch the kind."""


def known(name: str) -> Kind:
    """Return the kind of that name; NotWatched if this deployment doesn't watch it."""
    kind = _all(name.partition("/")[0], WAITER in name).get(name) if catalogue.enabled(name, KINDS) else None
    if kind is None:
        raise NotWatched(f"{name!r} is not a kind watched here; accepted are {_accepted(name)}.")
    return kind


def _all(service: str, of_boto3: bool) -> Mapping[str, Kind]:
    """All kinds of a service, or all its waiters; whose code only those import who watch one, for the cold start."""
    if not of_boto3:
        return catalogue.load(service)
    from . import waiters

    return waiters.load(service)


def _accepted(name: str) -> str:
    """The kinds that are watched here, the closest to this name first: all of few, and a dozen of many."""
    from difflib import get_close_matches

    from . import waiters

    kinds = [*catalogue.kinds(KINDS), *waiters.kinds(KINDS)]
    closest = get_close_matches(name[:100], kinds, n=12, cutoff=0)
    more = f" and {len(kinds) - len(closest):,} more" if len(kinds) > len(closest) else ""
    return ", ".join(closest) + more


@cache
def client(service: str) -> Any:
    """The client of a service, made once; botocore's own, for boto3 imports as much again that nothing here uses."""
    made = botocore.session.get_session().create_client(service, config=CLIENT)
    made.meta.events.register("before-parse", keep_raw)
    return made


def describe(kind: Kind, request: dict[str, Any]) -> dict[str, Any]:
    """One describe call's answer, with every member the service sent."""
    call = getattr(client(kind.service), xform_name(kind.describe))
    try:
        answer = complete(call(**kind.arguments(request)), operation(kind).output_shape)
    except (ValueError, AttributeError, ResponseParserError) as error:  # botocore's parser raises what Python does
        raise Unreadable(error=error) from error
    return kind.picked(answer, request)


class Unreadable(BotoCoreError):
    """The answer is no JSON, or none of the shape that the model says: a proxy's page, a connection cut short."""

    fmt = "The answer cannot be read: {error}"


def operation(kind: Kind) -> Any:
    """botocore's model of the kind's describe call."""
    return client(kind.service).meta.service_model.operation_model(kind.describe)


def no_news(watch: judge.Watch, meaning: Meaning, error: str, reason: str) -> Memory | Progress | End:
    """The judgement of a poll without news; counted, and logged without the service's words, which may quote data."""
    logger.warning("no news", watch=watch.arn, meaning=meaning.value, error=error)
    count("NoNews")
    return judge.no_news(watch, meaning, error, reason, random.random())
