"""Measure what the state machines send to services, and check that AWS accepts it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from job_watcher import detail
from job_watcher.to_json import compact_json

Function = Callable[[Any], Any]
"""A Lambda function: takes the payload and returns the result, or raises a TaskError."""
Measure = tuple[str, str, int]
"""What is passed, the name of its limit in limits.toml, and its size."""

# The characters that SQS accepts, which SNS also sends messages to:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
SQS_TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
# ASCII only: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SUBJECT = re.compile(r"[\x20-\x7e]+")
NAME = re.compile(r"[A-Za-z0-9_-]+")
# "the constraints are: a minimum value of -9,223,372,036,854,775,808 and a maximum value of 9,223,372,036,854,775,807":
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
EVENT_INTEGERS = range(-(2**63), 2**63)
# What the Lambda integration adds to a result: https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
INVOCATION = {
    "ExecutedVersion": "$LATEST",
    "SdkHttpMetadata": {"AllHttpHeaders": {"X-Amzn-Trace-Id": ["x" * 1_000]}, "HttpStatusCode": 200},
    "SdkResponseMetadata": {"RequestId": "x" * 36},
    "StatusCode": 200,
}
ARN = "arn:aws:states:ap-southeast-1:123456789012:execution:" + "W" * 80 + ":" + "x" * 80
ENVELOPE = {
    "version": "0",
    "id": "x" * 36,
    "account": "1" * 12,
    "time": "2026-01-01T00:00:00Z",
    "region": "ap-southeast-1",
    "resources": [ARN, ARN],
}
"""What EventBridge adds to an event that a state machine sends."""
DELIVERY = {
    "Type": "Notification",
    "MessageId": "x" * 36,
    "TopicArn": "x" * 256,
    "Timestamp": "2026-01-01T00:00:00.000Z",
    "SignatureVersion": "1",
    "Signature": "x" * 400,
    "SigningCertURL": "x" * 200,
    "UnsubscribeURL": "x" * 400,
}
"""What SNS adds to a message for a queue: https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html"""


class TaskError(Exception):
    """A task fails with this error and cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error)
        self.error, self.cause = error, cause


def size(value: Any) -> int:
    """Return the bytes of a value as JSON, or of a text."""
    return len((value if isinstance(value, str) else compact_json(value)).encode(errors="surrogatepass"))


def utf16_length(text: str) -> int:
    """Return the number of characters as Java counts them: two for one beyond U+FFFF."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def measure(call: str, arguments: Mapping[str, Any]) -> Iterator[Measure]:
    """Yield the sizes of a call's arguments. Raise KeyError for a call that this module doesn't know."""
    return {
        "lambda:invoke": _invoke,
        "states:startExecution": _start_execution,
        "aws-sdk:sfn:listExecutions": _list_executions,
        "events:putEvents": _put_events,
        "sns:publish": _publish,
        "sqs:sendMessage": _send_message,
        "sqs:sendMessage.waitForTaskToken": _send_message,
    }[call](arguments)


def _invoke(arguments: Mapping[str, Any]) -> Iterator[Measure]:
    yield "payload of the function", "payload", size(arguments["Payload"])


def result_size(result: Any) -> int:
    """Return the bytes of a function's result as the Lambda runtime sends it."""
    return len(json.dumps(result, ensure_ascii=detail.ESCAPED, allow_nan=False).encode())


def _start_execution(arguments: Mapping[str, Any]) -> Iterator[Measure]:
    assert NAME.fullmatch(arguments["Name"]), arguments["Name"]
    yield "name of the execution", "name", len(arguments["Name"])


def _list_executions(arguments: Mapping[str, Any]) -> Iterator[Measure]:
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
    assert 1 <= arguments["MaxResults"] <= 1_000
    yield from ()


def _put_events(arguments: Mapping[str, Any]) -> Iterator[Measure]:
    entries = arguments["Entries"]
    assert all(set(entry) == {"EventBusName", "Source", "DetailType", "Detail"} for entry in entries)
    parts = [entry[name] for entry in entries for name in ("Source", "DetailType", "Detail")]
    yield "entry of the event bus", "entry", sum(map(size, parts))
    for entry in entries:
        sent = json.loads(entry["Detail"], parse_int=_event_integer)
        event = {**ENVELOPE, "source": entry["Source"], "detail-type": entry["DetailType"], "detail": sent}
        yield "event as a rule passes it to a state machine", "state", size(event)


def _event_integer(text: str) -> int:
    assert int(text) in EVENT_INTEGERS, f"EventBridge doesn't accept {text}"
    return int(text)


def _publish(arguments: Mapping[str, Any]) -> Iterator[Measure]:
    message, attributes, subject = arguments["Message"], arguments["MessageAttributes"], arguments.get("Subject")
    values = [value["StringValue"] for value in attributes.values()]
    assert all(SQS_TEXT.fullmatch(text) for text in [message, *values])
    yield "SNS message and attributes", "message", size(message) + _attribute_bytes(attributes)
    if subject is not None:
        assert SUBJECT.fullmatch(subject), subject
        yield "subject", "subject", len(subject)
    delivered = {**DELIVERY, "Subject": subject, "Message": message, "MessageAttributes": attributes}
    yield "SNS message as a queue receives it", "queue", size(delivered)


def _send_message(arguments: Mapping[str, Any]) -> Iterator[Measure]:
    body = arguments["MessageBody"]
    yield "SQS message", "queue", size(body) + _attribute_bytes(arguments.get("MessageAttributes", {}))


def _attribute_bytes(attributes: Mapping[str, Mapping[str, str]]) -> int:
    return sum(size(name) + sum(map(size, value.values())) for name, value in attributes.items())
