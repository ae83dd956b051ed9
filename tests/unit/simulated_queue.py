"""A simulated SQS queue in virtual time, and the event source mapping that invokes the Poll function."""

import json
import re
from collections.abc import Callable
from itertools import count
from typing import Any

from .virtual_time import VirtualTime

# The same as in infra/poller.py.
BATCH_SIZE = 5
VISIBILITY_TIMEOUT = 900
MAX_RECEIVE_COUNT = 5
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY = 900
MAX_SIZE = 1_048_576
TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


class Message:
    """A message. It is visible if it isn't delayed and no function is processing it."""

    def __init__(self, message_id: str, body: str, sent: float, visible_at: float) -> None:
        self.id, self.body, self.sent, self.visible_at = message_id, body, sent, visible_at
        self.receives = 0

    @property
    def token(self) -> str:
        try:
            return str(json.loads(self.body)["token"])
        except (ValueError, KeyError, TypeError):
            return ""


class SimulatedQueue:
    """A standard queue. It delivers batches to `function`, and again what the function doesn't process."""

    def __init__(self, time: VirtualTime, function: Callable[[dict[str, Any]], Any]) -> None:
        self.time, self.function = time, function
        self.messages: list[Message] = []
        self.dead_letters: list[Message] = []
        self.latency = 0.1
        self.is_polled: Callable[[], bool] = lambda: True
        """Whether the event source mapping receives messages."""
        self._number = count(1)

    def send_message(self, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> None:
        assert isinstance(DelaySeconds, int) and 0 <= DelaySeconds <= MAX_DELAY
        assert TEXT.fullmatch(MessageBody) and len(MessageBody.encode()) <= MAX_SIZE
        self.add(MessageBody, DelaySeconds)

    def add(self, body: str, delay: float, message_id: str = "") -> None:
        visible_at = self.time.now + delay + self.latency
        self.messages.append(Message(message_id or f"message-{next(self._number)}", body, self.time.now, visible_at))
        self.time.at(visible_at, self.deliver)

    def delay(self, message: Message, seconds: float) -> None:
        message.visible_at = max(message.visible_at, self.time.now) + seconds
        self.time.at(message.visible_at, self.deliver)

    def deliver(self) -> None:
        """Invoke the function with what is visible."""
        visible = [message for message in self.messages if message.visible_at <= self.time.now]
        if not visible or not self.is_polled():
            return
        batch = []
        for message in visible[:BATCH_SIZE]:
            message.receives += 1
            message.visible_at = self.time.now + VISIBILITY_TIMEOUT
            if message.receives > MAX_RECEIVE_COUNT:
                self.messages.remove(message)
                self.dead_letters.append(message)
            else:
                batch.append(message)
                self.time.at(message.visible_at, self.deliver)
        if batch:
            self._invoke(batch)
        self.deliver()

    def _invoke(self, batch: list[Message]) -> None:
        records = [
            {
                "messageId": message.id,
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(message.receives),
                    "SentTimestamp": str(round(1000 * message.sent)),
                },
            }
            for message in batch
        ]
        try:
            failed = {failure["itemIdentifier"] for failure in self.function({"Records": records})["batchItemFailures"]}
        except InvocationFailed:
            return
        self.messages = [message for message in self.messages if message not in batch or message.id in failed]


class InvocationFailed(Exception):
    """The function was throttled, crashed, timed out or raised an exception."""
