"""What a subscriber of the bus would build: a rule with an SQS queue as its target."""

import json
import time
from typing import Any


class Listener:
    """A rule on a bus that puts every event of the watcher's on a queue of its own."""

    def __init__(self, events: Any, sqs: Any, bus: str, name: str = "job-watcher") -> None:
        self._sqs = sqs
        self.queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["job-watcher"]}))
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])

    def events(self, seconds: float = 10, enough: int = 1) -> list[dict[str, Any]]:
        """The events that came since the last call, when there are enough or after so many seconds."""
        deadline = time.monotonic() + seconds
        received: list[dict[str, Any]] = []
        while len(received) < enough and time.monotonic() < deadline:
            answer = self._sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                received.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return received
