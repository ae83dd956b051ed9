"""Whether the email subscriptions of the topics for people are confirmed, and whether links in emails can end them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..aws_command import aws_command, own_command
from ..command import Context
from ..confirm_subscription import is_protected
from ..diagnosis import Note, Problem
from ..stack_resources import named

# The topics' constructs, and what they send.
TOPICS = {"NotifierEmailTopic": "jobs", "NotifierChatTopic": "chat channels", "MonitoringTopic": "alarms"}
PENDING, DELETED = "PendingConfirmation", "Deleted"  # instead of an ARN
EMAIL = ("email", "email-json")  # protocols


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
            yield from _unprotected(context, subject, found)
            if not found:
                yield Note(f"nobody is subscribed to the topic for {subject}")


def _pending(context: Context, topic: str, subject: str, found: Sequence[Any]) -> Iterator[Problem]:
    for one in found:
        if one["SubscriptionArn"] == PENDING:
            text = f"{one['Endpoint']} hasn't confirmed the subscription to the topic for {subject}."
            fix = _subscribe(context, topic, one["Protocol"], one["Endpoint"])
            confirm = own_command(context, "confirm")
            yield Problem(f"{text} The command requests the confirmation again; `{confirm}` confirms it.", fix)


def _unprotected(context: Context, subject: str, found: Sequence[Any]) -> Iterator[Note]:
    """Yield a note about the email subscriptions that whoever opens the link in an email can end."""
    confirmed = [one for one in found if one["Protocol"] in EMAIL and one["SubscriptionArn"] != PENDING]
    addresses = [one["Endpoint"] for one in confirmed if not _is_protected(context, one["SubscriptionArn"])]
    if addresses:
        text = f"unsubscribe links can end the subscription of {', '.join(addresses)} to the topic for {subject}"
        yield Note(f"{text}, because it wasn't confirmed with `{own_command(context, 'confirm')}`")


def _is_protected(context: Context, arn: str) -> bool:
    return is_protected(context.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"])


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
