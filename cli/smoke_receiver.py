"""Receive a deployment's notifications in a temporary queue: the event, and the messages of both topics."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .cleanup import Cleanup
from .errors import CommandError
from .smoke_jobs import Client

EVENT, PROGRAMS, PEOPLE = "event", "programs", "people"
PARTS = {EVENT: "event on the bus", PROGRAMS: "message for programs", PEOPLE: "message for people"}
OUTPUTS = ("BusName", "TopicArn", "EmailTopicArn")
PERMISSIONS = (
    "events:PutRule",
    "sqs:CreateQueue",
    "sqs:GetQueueAttributes",
    "events:PutTargets",
    "sns:Subscribe",
    "events:PutEvents",
    "sqs:ReceiveMessage",
    "sns:Unsubscribe",
    "sqs:DeleteQueue",
    "events:RemoveTargets",
    "events:DeleteRule",
)
TEST_SOURCE, TEST_TYPE = "job-watcher.smoke", "Rule Test"
ACTIVE_SECONDS = 120
WAIT_SECONDS = 5  # of one ReceiveMessage call
RECEIVED_ONCE = {"VisibilityTimeout": "43200"}  # so that messages needn't be deleted


class Delivery(NamedTuple):
    """A part of a notification that has arrived: which one, and when. The message for people has no detail."""

    part: str
    at: datetime
    detail: Mapping[str, Any] | None
    text: str


class Receiver:
    """A queue that receives the notifications about the jobs of one kind, through a rule and two subscriptions."""

    def __init__(self, client: Client, outputs: Mapping[str, str], kind: str, name: str, cleanup: Cleanup) -> None:
        if missing := [output for output in OUTPUTS if output not in outputs]:
            raise CommandError(f"The stack has no output {missing[0]}, which this command needs.")
        self._events, self._sqs, self._sns = client("events"), client("sqs"), client("sns")
        self._bus, self._kind = outputs["BusName"], kind
        self._part_of = {outputs["TopicArn"]: PROGRAMS, outputs["EmailTopicArn"]: PEOPLE}
        rule = self._create_rule(name, cleanup)
        self._queue = self._create_queue(name, [rule, *self._part_of], cleanup)
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = answer["Attributes"]["QueueArn"]
        self._events.put_targets(Rule=name, EventBusName=self._bus, Targets=[{"Id": "queue", "Arn": arn}])
        for topic in self._part_of:
            self._subscribe(topic, arn, cleanup)

    def wait_until_active(self) -> None:
        """Send test events to the bus until one arrives: a new rule takes a moment to become active.

        https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
        """
        deadline = time.monotonic() + ACTIVE_SECONDS
        test = {"Source": TEST_SOURCE, "DetailType": TEST_TYPE, "Detail": json.dumps({"kind": self._kind})}
        while time.monotonic() < deadline:
            self._events.put_events(Entries=[{**test, "EventBusName": self._bus}])
            if any(body.get("source") == TEST_SOURCE for _, body in self._receive()):
                return
        raise CommandError(
            f"A rule on the bus {self._bus} didn't deliver a test event within {ACTIVE_SECONDS} seconds."
        )

    def deliveries(self, request: Mapping[str, Any]) -> Iterator[Delivery]:
        """Receive messages once, for a few seconds, and yield what is about the job with this request."""
        found = (self._parse(at, body) for at, body in self._receive())
        return (one for one in found if one and _is_about(one, request))

    def _parse(self, at: datetime, body: Mapping[str, Any]) -> Delivery | None:
        """Return the part of a notification that a message contains; None for a test event."""
        if body.get("source") == "job-watcher":
            return Delivery(EVENT, at, body["detail"], "")
        part, text = self._part_of.get(body.get("TopicArn", "")), body.get("Message", "")
        return Delivery(part, at, json.loads(text) if part == PROGRAMS else None, text) if part else None

    def _receive(self) -> list[tuple[datetime, Mapping[str, Any]]]:
        """Return messages with the times at which SQS received them."""
        answer = self._sqs.receive_message(
            QueueUrl=self._queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=WAIT_SECONDS,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        return [(_sent(message), json.loads(message["Body"])) for message in answer.get("Messages", ())]

    def _create_rule(self, name: str, cleanup: Cleanup) -> str:
        """Create the rule and return its ARN."""
        pattern = {
            "source": ["job-watcher", TEST_SOURCE],
            "detail-type": ["Job Ended", "Watch Lost", TEST_TYPE],
            "detail": {"kind": [self._kind]},
        }
        rule = cleanup.create(
            f"rule {name} on the bus {self._bus}",
            lambda: self._events.put_rule(Name=name, EventBusName=self._bus, EventPattern=json.dumps(pattern)),
            lambda _: self._delete_rule(name),
        )
        return str(rule["RuleArn"])

    def _delete_rule(self, name: str) -> None:
        self._events.remove_targets(Rule=name, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=name, EventBusName=self._bus)

    def _create_queue(self, name: str, sources: list[str], cleanup: Cleanup) -> str:
        """Create the queue, whose policy allows the rule and the topics to send messages, and return its URL."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": sources}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        queue = cleanup.create(
            f"queue {name}",
            lambda: self._sqs.create_queue(QueueName=name, Attributes={"Policy": policy, **RECEIVED_ONCE}),
            lambda created: self._sqs.delete_queue(QueueUrl=created["QueueUrl"]),
        )
        return str(queue["QueueUrl"])

    def _subscribe(self, topic: str, queue: str, cleanup: Cleanup) -> None:
        """Subscribe the queue, without a filter policy, because that can take 15 minutes to become effective.

        The queue needs no permission for the topics' key, because SNS decrypts the messages:
        https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html
        """
        cleanup.create(
            f"subscription of the queue to {topic}",
            lambda: self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True),
            lambda created: self._sns.unsubscribe(SubscriptionArn=created["SubscriptionArn"]),
        )


def _sent(message: Mapping[str, Any]) -> datetime:
    """Return when SQS received a message."""
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)


def _is_about(delivery: Delivery, request: Mapping[str, Any]) -> bool:
    if delivery.detail is not None:
        return bool(delivery.detail["request"] == request)
    return all(str(value) in delivery.text for value in request.values())
