"""A rule on an event bus with an SQS queue as its target, as a subscriber of Job Watcher's events would create it."""

import json
import math
import time
from typing import Any


class EventQueue:
    """Receives all of Job Watcher's events on one bus. `name` is the name of the rule and of the queue."""

    def __init__(self, events: Any, sqs: Any, bus: str, name: str = "job-watcher") -> None:
        self._sqs = sqs
        self.queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["job-watcher"]}))
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])

    def receive(self, seconds: float = 10, count: int = 1) -> list[dict[str, Any]]:
        """Return the events that have arrived since the last call: wait for `count` events, or until the time is up."""
        deadline = time.monotonic() + seconds
        received: list[dict[str, Any]] = []
        while True:
            response = self._sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=min(1, math.ceil(seconds))
            )
            for message in response.get("Messages", []):
                received.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            if len(received) >= count or time.monotonic() >= deadline:
                return received
