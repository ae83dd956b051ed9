"""Poll the jobs whose messages are due on the poll queue, and report news to the Watch state machine.

docs/design.md describes the protocol, and what happens if a message, a call or the function fails.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from .clients import client
from .describe import Event, poll_and_log, read_watch
from .detail import serialize
from .errors import code
from .news import find_news
from .poll_state import PollState
from .schedule import add_delay
from .to_json import compact_json

QUEUE_URL = os.environ["POLL_QUEUE_URL"]
# Step Functions no longer waits for this message: its watch has ended, or has sent a new message.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
STALE = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")

logger = Logger()


class Message(Event):
    """A message of the poll queue: the same as the Describe function's event, and the token of the waiting task."""

    token: str


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch of messages, and return the ids of those that failed, which SQS delivers again.

    Raise the last error if all messages failed, so that the function's error metric counts it.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failed = []
    for record in event["Records"]:
        try:
            process(json.loads(record["body"]), int(record["attributes"]["ApproximateReceiveCount"]) > 1)
        except Exception as error:
            # Neither the error's message nor the SQS message is logged, because they may contain customer data.
            logger.error("message failed", message=record["messageId"], error=type(error).__name__)
            failed.append(record["messageId"])
            if len(failed) == len(event["Records"]):
                raise
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def process(message: Message, redelivered: bool) -> None:
    """Poll the message's job. Send the next message if there is nothing new, else report the news.

    The next message may have been sent before a message is redelivered. Therefore, the poll of a redelivered message is
    always reported: the state machine sends a new message with a new token, and all others become stale.
    """
    if not _send_heartbeat(message["token"]):
        return
    watch = read_watch(message)
    before = watch.state
    if before.get("delay", 0) < before.get("wait", 0) and not redelivered:
        _send(message, add_delay(before), before.get("delay", 0))
        return
    result = poll_and_log(watch)
    news = find_news(before, result) or ("renewed" if redelivered else None)
    if news:
        _report(message["token"], {**serialize(result), "news": news, "reported": before.get("reported", 0) + 1})
    else:
        _send(message, cast(PollState, {**result, "reported": before.get("reported", 0)}), 0)


def _send_heartbeat(token: str) -> bool:
    """Return whether the watch still waits for this message. An error of Step Functions is no reason not to poll."""
    try:
        client("stepfunctions").send_task_heartbeat(taskToken=token)
    except ClientError as error:
        return code(error) not in STALE
    except BotoCoreError:
        pass
    return True


def _send(message: Message, state: PollState, since: int) -> None:
    """Send the next message. Its delay begins `since` seconds after the beginning of the state's wait."""
    body = compact_json({**message, "state": state})
    client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody=body, DelaySeconds=state["delay"] - since)


def _report(token: str, result: Mapping[str, Any]) -> None:
    """Complete the waiting task, unless its watch no longer waits for this message."""
    try:
        client("stepfunctions").send_task_success(taskToken=token, output=compact_json(result))
    except ClientError as error:
        if code(error) not in STALE:
            raise
