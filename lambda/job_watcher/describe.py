"""Poll a job once: call the service's describe operation and evaluate the answer."""

import json
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from . import aws_call, errors, evaluate, polling
from .call_rate import CallRate
from .catalogue import Kind, Observation
from .detail import Notification, serialize
from .errors import Meaning
from .expectations import Expectation
from .metrics import count, publish_end
from .notification import build_watch_lost
from .overdue import OverdueRule
from .poll_state import PollState, ProgressUpdate, carry_over
from .schedule import catch_up, is_late
from .to_json import parse_time
from .watch import Rules, Watch
from .watch_input import InvalidInput, check_input, check_request
from .watched_kinds import KindNotWatched, find_watched_kind

SETTINGS = json.loads(Path(os.environ["LAMBDA_TASK_ROOT"], "settings.json").read_text())
KINDS: list[str] = SETTINGS["kinds"]
RULES = Rules(
    give_up_after=SETTINGS["give_up_after"],
    limits=polling.PollingLimits(**SETTINGS["limits"]),
    limits_with_events=polling.PollingLimits(**limits) if (limits := SETTINGS["limits_with_events"]) else None,
    progress_step=SETTINGS["progress_step"],
    filters=SETTINGS["filters"],
    services=SETTINGS["services"],
    overdue={kind: OverdueRule(**rule) for kind, rule in SETTINGS["overdue"].items()},
    expectations=[Expectation(**one) for one in SETTINGS["expectations"]],
    chat=SETTINGS["chat"],
)
KIND_REMOVED = (
    "This deployment no longer watches the kind {kind}. The job may still be running. "
    "To watch it again, add the kind to the setting `kinds`, deploy, and start a new watch with the same input."
)
# An unknown status or an error code that the log may contain. Text of another form may be a part of the job's data.
LOGGABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_., -]{0,63}")

CALL_RATES: defaultdict[tuple[str, str], CallRate] = defaultdict(CallRate)
"""By the service's name in boto3 and the operation. They are in the memory of this instance of the function."""

logger = Logger()
PollResult = PollState | ProgressUpdate | Notification


class Event(TypedDict):
    """What the Watch state machine passes: the execution's input, ARN and start, and the state after the last poll."""

    input: Any
    watch: str
    state: PollState
    started: NotRequired[str]
    """ISO 8601. Missing if an earlier version started the watch."""


@logger.inject_lambda_context(log_event=False)  # also if POWERTOOLS_LOGGER_LOG_EVENT is set
def handler(event: Event, context: LambdaContext) -> Mapping[str, Any]:
    """Return the watch's next state with the seconds to wait, or the notification if the job has ended.

    AWS errors are results too. Only a bug raises an exception.
    """
    watch = read_watch(event)
    return to_report(watch, poll_and_log(watch))


def read_watch(event: Event) -> Watch:
    """Return the watch at its next poll. Members that are missing or damaged are read as far as possible."""
    state, started = carry_over(event.get("state")), parse_time(event.get("started"))
    if started:
        state = catch_up(state, time.time() - started.timestamp())
    return Watch(event.get("input"), str(event.get("watch")), state, RULES, in_loop=started is None)


def to_report(watch: Watch, result: PollResult) -> dict[str, Any]:
    """Return a poll's result as the state machine receives it, which counts the polls that its history shows."""
    return {**serialize(result), "reported": watch.state.get("reported", 0) + 1}


def poll_and_log(watch: Watch) -> PollResult:
    """Poll and write a log line, which contains the watch's ARN and nothing about the job. Publish metrics."""
    if is_late(watch.state):
        count("LatePolls")
    watch, result = poll(watch)
    logger.info("polled", watch=watch.arn, outcome=result["outcome"], wait=result.get("wait"))
    is_end = "detail" in result and "wait" not in result
    if is_end and not watch.check_once:  # an extra check's job is counted when its watch reports the end
        publish_end(watch, result, time.time())
    return result


def poll(watch: Watch) -> tuple[Watch, PollResult]:
    """Validate the input, call the describe operation, and evaluate the answer.

    Return the watch, with its kind if the input has a valid one, and the result.
    """
    try:
        check_input(watch.input)
        kind, request = find_watched_kind(watch.input["kind"], KINDS), watch.input["request"]
        watch = replace(watch, kind=kind)
        check_request(kind, request, aws_call.operation(kind).input_shape)
        state: PollState = {**watch.state, "polls": watch.state["polls"] + 1}
        return watch, _describe_and_evaluate(replace(watch, state=state), kind, request)
    except InvalidInput as invalid:
        return watch, _reject(watch, invalid)


def _describe_and_evaluate(watch: Watch, kind: Kind, request: dict[str, Any]) -> PollResult:
    try:
        observation = aws_call.observe(kind, request)
    except (ClientError, BotoCoreError) as error:
        meaning = errors.meaning(error)
        if meaning is Meaning.THROTTLED:
            CALL_RATES[kind.service, kind.describe].add_call(time.time(), answered=False)
        observation = _read_error(kind, error, meaning)
        if observation is None:
            reason, reached = f"{kind.describe}: {errors.message(error)}", isinstance(error, ClientError)
            return _handle_missing_answer(watch, meaning, errors.code(error), reason, reached)
    never_found = "status" not in watch.state
    if observation is None or (observation.absent and never_found):  # a waiter for absence needs a resource to wait for
        return _handle_missing_answer(watch, Meaning.MISSING, "NotFound", f"{kind.describe} didn't find the job.", True)
    if not observation.known:
        logger.warning("unknown status", kind=kind.name, status=_loggable(observation.status))
        count("UnknownStatus")
    spread = CALL_RATES[kind.service, kind.describe].add_call(time.time(), answered=True)
    return evaluate.after_answer(watch, observation, time.time(), random.random(), spread)


def _reject(watch: Watch, invalid: InvalidInput) -> Notification:
    if isinstance(invalid, KindNotWatched) and watch.state["polls"]:  # an earlier poll accepted the kind
        return build_watch_lost(watch, "KindRemoved", KIND_REMOVED.format(kind=watch.input["kind"]))
    return build_watch_lost(watch, "InvalidInput", str(invalid))


def _read_error(kind: Kind, error: ClientError | BotoCoreError, meaning: Meaning) -> Observation | None:
    """Return what an error shows about the job, or None. Only waiters evaluate errors.

    A denied call doesn't mean that the job failed.
    """
    observation = kind.read_error(error.response) if isinstance(error, ClientError) else None
    denied = observation is not None and meaning is Meaning.DENIED and observation.outcome == "failed"
    return None if denied else observation


def _handle_missing_answer(watch: Watch, meaning: Meaning, error: str, reason: str, reached: bool) -> PollResult:
    """Count and log a poll without an answer, and return its result.

    The log leaves out the service's message, which may contain customer data.
    """
    logger.warning("no answer", watch=watch.arn, meaning=meaning.value, error=_loggable(error))
    count("DescribeErrors")
    return evaluate.after_error(watch, meaning, error, reason, random.random(), reached=reached)


def _loggable(text: str) -> str:
    """Return an unknown status or an error code, or `withheld` if the text has another form or is too long."""
    return text if LOGGABLE.fullmatch(text) else "withheld"
