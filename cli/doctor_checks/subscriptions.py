"""Whether the email subscriptions of both topics for people are confirmed."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..aws_command import aws_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

# The topics' constructs, and what they send.
TOPICS = {"NotifierEmailTopic": "jobs", "MonitoringTopic": "alarms"}
PENDING, DELETED = "PendingConfirmation", "Deleted"  # instead of an ARN


def check(context: Context) -> Iterator[Problem | Note]:
    """Compare the subscriptions that the topics have with those that the stack created.

    https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
    """
    for name, subject in TOPICS.items():
        for topic in named(context.resources, name).values():
            pages = context.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            found = [one for page in pages for one in page["Subscriptions"] if one["SubscriptionArn"] != DELETED]
            yield from _pending(context, topic, subject, found)
            yield from _missing(context, topic, name, found)
            if not found:
                yield Note(f"nobody is subscribed to the topic for {subject}")


def _pending(context: Context, topic: str, subject: str, found: Sequence[Any]) -> Iterator[Problem]:
    for one in found:
        if one["SubscriptionArn"] == PENDING:
            text = f"{one['Endpoint']} hasn't confirmed the subscription to the topic for {subject}."
            fix = _subscribe(context, topic, one["Protocol"], one["Endpoint"])
            yield Problem(f"{text} The command requests the confirmation again.", fix)


def _missing(context: Context, topic: str, name: str, found: Sequence[Any]) -> Iterator[Problem]:
    """Yield the stack's subscriptions that were removed: by somebody, or by SNS, because they weren't confirmed.

    https://aws.amazon.com/about-aws/whats-new/2023/05/amazon-sns-automatic-deletion-unconfirmed-subscriptions/
    The logical id of a subscription consists of the topic's, the letters and digits of the address, and a hash.
    """
    addresses = {re.sub("[^A-Za-z0-9]", "", one["Endpoint"]).lower() for one in found}
    for logical_id in named(context.resources, f"{name}(?!Policy)[A-Za-z0-9]+"):
        address = logical_id.partition(name)[2][:-8]
        if address.lower() not in addresses:
            text = f"The stack's subscription {logical_id} was removed from its topic."
            yield Problem(text, _subscribe(context, topic, "email", "ADDRESS"))


def _subscribe(context: Context, topic: str, protocol: str, endpoint: str) -> str:
    options = f"--topic-arn {topic} --protocol {protocol} --notification-endpoint {endpoint}"
    return aws_command(context, f"sns subscribe {options}")
