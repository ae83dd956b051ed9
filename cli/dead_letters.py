"""Receive the events in the dead-letter queue of the Start function, and send them to the function again."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from job_watcher.to_json import parse_time

from .errors import CommandError
from .explained_event import explain_event
from .undelivered import Undelivered

QUEUE, START = "TriggersTriggerDLQ", "TriggersStart"
MAX_MESSAGES = 1_000  # received at once
HIDDEN_SECONDS = 900  # long enough to read the list and to answer
NOT_AN_EVENT = "The message doesn't contain an event."


class DeadLetter(NamedTuple):
    """An event, and why it couldn't start a watch. The event is empty if the message contains none."""

    event: Mapping[str, Any]
    reason: str


def parse(message: Mapping[str, Any]) -> DeadLetter:
    """Return the event in a message, which is in one of two formats.

    EventBridge sends the event, and the reason in the message's attributes:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    Lambda sends a record of the invocation, which contains the event and the function's error:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    if isinstance(body, Mapping) and "requestPayload" in body:
        return DeadLetter(_object(body["requestPayload"]), _reason_of_lambda(body))
    return DeadLetter(_object(body), _reason_of_eventbridge(message))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _reason_of_lambda(record: Mapping[str, Any]) -> str:
    answer, context = _object(record.get("responsePayload")), _object(record.get("requestContext"))
    return str(answer.get("errorMessage") or context.get("condition") or "")


def _reason_of_eventbridge(message: Mapping[str, Any]) -> str:
    attributes = message.get("MessageAttributes", {})
    values = (attributes.get(name, {}).get("StringValue") for name in ("ERROR_CODE", "ERROR_MESSAGE"))
    return ": ".join(value for value in values if value)


@contextmanager
def received(sqs: Any, lambda_: Any, queue: str, function: str) -> Iterator[list[Undelivered]]:
    """Receive the events in a queue. Afterwards, other consumers can receive those that weren't delivered."""
    messages = {message["ReceiptHandle"]: message for message in _receive(sqs, queue)}

    def deliver(handle: str, event: Mapping[str, Any]) -> None:
        _start(lambda_, function, event)
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
        del messages[handle]

    try:
        yield [_undelivered(message, partial(deliver, handle)) for handle, message in messages.items()]
    finally:
        for handle in messages:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)


def _receive(sqs: Any, queue: str) -> Iterator[dict[str, Any]]:
    for _ in range(MAX_MESSAGES // 10):
        answer = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,  # long polling asks all of the queue's servers
            MessageAttributeNames=["All"],
        )
        if not answer.get("Messages"):
            break
        yield from answer["Messages"]


def _undelivered(message: Mapping[str, Any], deliver: Any) -> Undelivered:
    event, reason = parse(message)
    return Undelivered(
        type="event",
        id=message["MessageId"],
        redeliver=partial(deliver, event),
        title=_title(event),
        jobs=explain_event(event)["jobs"] if event else [],
        time=parse_time(event.get("time")),
        reason=reason if event else NOT_AN_EVENT,
        ids=frozenset({str(event["id"])} if "id" in event else ()),
    )


def _title(event: Mapping[str, Any]) -> str:
    parts = (event.get("source"), event.get("detail-type"), _object(event.get("detail")).get("eventName"))
    return ", ".join(str(part) for part in parts if part)


def _start(lambda_: Any, function: str, event: Mapping[str, Any]) -> None:
    """Invoke the Start function, and wait for its result. Raise CommandError if it fails."""
    if not event:
        raise CommandError(NOT_AN_EVENT)
    answer = lambda_.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    if "FunctionError" in answer:
        error = _object(json.loads(answer["Payload"].read()))
        raise CommandError(f"The Start function failed: {error.get('errorMessage') or error}")
