"""Poll the jobs whose messages are due on the poll queue, and report news to the Watch state machine.

docs/design.md describes the protocol, and what happens if a message, a call or the function fails.
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Any, NotRequired, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from .clients import client
from .describe import Event, poll_and_log, read_watch, to_report
from .detail import Notification, serialize
from .errors import code
from .metrics import publish_delay
from .news import find_news
from .poll_state import PollState
from .schedule import add_delay
from .to_json import compact_json
from .watch import Watch

QUEUE_URL, NOTIFY_ARN = os.environ["POLL_QUEUE_URL"], os.environ["NOTIFY_ARN"]
# Step Functions no longer waits for this message: its watch has ended, or has sent a new message.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
NOTIFY_MEMBERS = ("detail_type", "message", "attributes", "subject", "text", "chat")  # the same as in watch.asl.json
STALE = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")

logger = Logger()


class Message(Event):
    """A message of the poll queue: the same as the Describe function's event, and the token of the waiting task.

    The Start function sends a message without a token, for an extra check of a job that a watch follows.
    """

    token: NotRequired[str]
    confirmed: NotRequired[float]
    """When Step Functions last accepted the token, in seconds since 1970. Missing if the state machine sent this."""


class AllMessagesFailed(Exception):
    """No message of a batch could be processed."""


@logger.inject_lambda_context(log_event=False)  # also if POWERTOOLS_LOGGER_LOG_EVENT is set
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch of messages, and return the ids of those that failed, which SQS delivers again.

    Raise AllMessagesFailed if all failed, so that the function's error metric counts it.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failed = []
    for record in event["Records"]:
        try:
            process(record)
        except Exception as error:
            # Neither the error's message nor the SQS message is logged, because they may contain customer data.
            logger.warning("message failed", error=type(error).__name__)
            failed.append(record["messageId"])
    if len(failed) == len(event["Records"]):
        raise AllMessagesFailed
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def process(record: Mapping[str, Any]) -> None:
    """Poll the message's job. Send the next message if there is nothing new, else report the news to the watch.

    The next message may have been sent before a message is redelivered. Therefore, the poll of a redelivered message is
    always reported: the state machine sends a new message with a new token, and all others become stale.
    """
    message, attributes = json.loads(record["body"]), record["attributes"]
    watch, redelivered = read_watch(message), int(attributes["ApproximateReceiveCount"]) > 1
    if watch.check_once and "token" not in message:
        _check_once(message, watch)
        return
    before, sent = watch.state, int(attributes["SentTimestamp"]) / 1000
    confirmed = _send_heartbeat(message["token"], message.get("confirmed", sent), before.get("heartbeat", 0))
    if confirmed is None:
        return
    message["confirmed"] = confirmed
    if before.get("delay", 0) < before.get("wait", 0) and not redelivered:
        _send(message, add_delay(before), before.get("delay", 0))
        return
    result = poll_and_log(watch)
    news = find_news(before, result) or ("renewed" if redelivered else None)
    if news:
        _report(message["token"], {**to_report(watch, result), "news": news})
    else:
        _send(message, cast(PollState, result), 0)


def _check_once(message: Message, watch: Watch) -> None:
    """Poll a job whose end an event may have reported before its watch, and start the notification if it has ended.

    The watch sends the same notification if this fails. If it was lost, only the watch itself reports that.
    """
    result = poll_and_log(watch)
    if "wait" in result:
        _send(message, cast(PollState, result), 0)
    elif "name" in result and result["outcome"] != "lost":
        _start_notification(watch, cast(Notification, result))


def _start_notification(watch: Watch, ended: Notification) -> None:
    """Start the Notify state machine with the same name and input as the Watch state machine would."""
    notification = serialize(ended)
    notify_input = {
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": watch.arn,
        **{member: notification[member] for member in NOTIFY_MEMBERS if member in notification},
    }
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=NOTIFY_ARN, name=notification["name"], input=compact_json(notify_input)
        )
    except ClientError as error:
        if code(error) != "ExecutionAlreadyExists":  # the notification was already sent
            raise
    else:
        publish_delay(ended["detail"], time.time())


def _send_heartbeat(token: str, confirmed: float, heartbeat: float) -> float | None:
    """Return when Step Functions last accepted the token; None if the watch no longer waits for this message.

    Another error of Step Functions is no reason not to poll, until the waiting task must have timed out: `heartbeat`
    seconds after `confirmed`.
    """
    now = time.time()
    try:
        client("stepfunctions").send_task_heartbeat(taskToken=token)
    except ClientError as error:
        if code(error) in STALE:
            return None
    except BotoCoreError:
        pass
    else:
        return now
    return confirmed if now - confirmed < heartbeat else None


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
