"""The resources that publish notifications: an event bus, topics and the Notify state machine."""

from collections.abc import Sequence
from functools import partial

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .email_limit import EmailLimit, edit_notify
from .machines import machine
from .nag import TOPIC_KEY, acknowledge
from .queues import queue
from .settings import Settings
from .subscribers import Policy, Subscriber

# What other accounts can do with their own rules on the bus.
RULE_ACTIONS = (
    "PutRule",
    "DeleteRule",
    "DescribeRule",
    "EnableRule",
    "DisableRule",
    "PutTargets",
    "RemoveTargets",
    "ListTargetsByRule",
)


class Notifier(Construct):
    """The bus, the encrypted topics, and the Notify state machine, which publishes to them once per job.

    Public attributes: bus, topic, email_topic, chat_topic, key, dead_letter_queue, machine, digest. There is a topic
    for chat channels only if the settings have channels, and the machine digest only if they limit emails. Emails that
    SNS can't deliver go to the dead-letter queue.
    """

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        self.bus = events.EventBus(self, "Bus", description="Job Watcher events.")
        if settings.allowed_accounts:
            allow_accounts(self.bus, settings.allowed_accounts)
        self.key = topic_key(self)
        # SNS doesn't deliver attributes with a message that has a text per protocol. Therefore there are two topics:
        # https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
        self.topic = self._topic("Topic", "Job Watcher events")
        self.email_topic = self._topic("EmailTopic", "Job Watcher")
        self.chat_topic = self._topic("ChatTopic", "Job Watcher chat messages") if settings.chat.outcomes else None
        self.dead_letter_queue = queue(self, "DeliveryDLQ")
        for subscriber in settings.email:
            self._subscribe(subscriber)
        self.machine = self._notify_machine(settings)

    def _topic(self, id: str, display_name: str) -> sns.Topic:
        return sns.Topic(self, id, display_name=display_name, master_key=self.key, enforce_ssl=True)

    def _subscribe(self, subscriber: Subscriber) -> None:
        """Subscribe an address to the topic for people. Without a dead-letter queue, SNS drops an email after 6 hours.

        https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
        """
        self.email_topic.add_subscription(
            subscriptions.EmailSubscription(
                subscriber.address,
                filter_policy=_filter_policy(subscriber.policy),
                dead_letter_queue=self.dead_letter_queue,
            )
        )

    def _notify_machine(self, settings: Settings) -> sfn.StateMachine:
        """Return the state machine, which can publish to the bus and to the topics."""
        limit, topics, values = None, [self.email_topic], {"emailTopic": self.email_topic.topic_arn}
        if self.chat_topic:
            topics.append(self.chat_topic)
            values |= {"chatTopic": self.chat_topic.topic_arn, "chatOutcomes": " ".join(settings.chat.outcomes)}
        if settings.email_limit:
            limit = EmailLimit(self, "Emails", settings=settings, topics=topics, values=values)
        self.digest = limit.digest if limit else None
        notify = machine(
            self,
            "Notify",
            settings=settings,
            definition="notify.asl.json",
            substitutions={
                "bus": self.bus.event_bus_name,
                "topic": self.topic.topic_arn,
                **values,
                **(limit.substitutions if limit else {}),
            },
            edit=partial(edit_notify, settings),
        )
        if limit:
            limit.grant_start(notify)
        self.bus.grant_put_events_to(notify)
        for topic in (self.topic, *topics):
            topic.grant_publish(notify)
        acknowledge(notify, TOPIC_KEY)
        return notify


def allow_accounts(bus: events.EventBus, accounts: Sequence[str]) -> None:
    """Allow other accounts to put events on the bus, to create rules on it, and to manage the rules they created.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html
    """
    principals = [iam.AccountPrincipal(account) for account in accounts]
    bus.add_to_resource_policy(
        iam.PolicyStatement(
            sid="Put", principals=principals, actions=["events:PutEvents"], resources=[bus.event_bus_arn]
        )
    )
    rules = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{bus.event_bus_name}/*"
    bus.add_to_resource_policy(
        iam.PolicyStatement(
            sid="Subscribe",
            principals=principals,
            actions=[f"events:{action}" for action in RULE_ACTIONS],
            resources=[rules],
            conditions={"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}},
        )
    )


def topic_key(scope: Construct) -> kms.Key:
    """Return the topics' customer managed key. CloudWatch alarms can't publish to topics with SNS's AWS managed key.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return kms.Key(
        scope,
        "TopicKey",
        description="Encrypts Job Watcher's topics.",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _filter_policy(policy: Policy) -> dict[str, sns.SubscriptionFilter] | None:
    """Return a filter policy as the CDK represents it; None for an empty one."""
    return {name: sns.SubscriptionFilter(values) for name, values in policy.items()} or None
