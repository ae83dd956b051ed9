"""Tells operators when Job Watcher itself fails: alarms, each with a sentence that says what to do."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .announcer import Announcer
from .config import Settings
from .triggers import Triggers
from .watcher import Watcher

PERIOD = Duration.minutes(5)


class Monitoring(Construct):
    """The alarm topic, separate from the topics for jobs. Public attribute: topic."""

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, watcher: Watcher, announcer: Announcer
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(
            self, "Topic", display_name="Job Watcher alarms", master_key=announcer.key, enforce_ssl=True
        )
        self.topic.grant_publish(_alarms())  # and use the key
        for address in settings.email:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        self._alarm(
            "BrokenWatches",
            _waiting(self._broken_watches(watcher)),
            "A watch ended without a notification. The BrokenWatches queue holds its execution's ARN: redrive that "
            "execution, or start another with the same input. Then delete the message.",
        )
        self._alarm(
            "Unannounced",
            announcer.machine.metric_failed(period=PERIOD, statistic="Sum"),
            "A notification failed. Redrive the failed execution of the Announce state machine within 14 days: only "
            "its failed branches run again.",
        )
        self._alarm(
            "Bug",
            watcher.describe.metric_errors(period=PERIOD, statistic="Sum"),
            "The Describe function failed or timed out. Check its log.",
        )

    def watch_triggers(self, triggers: Triggers) -> None:
        """Raise an alarm when an event could not start a watch."""
        self._alarm(
            "LostEvents",
            _waiting(triggers.lost_events),
            "An event could not start a watch. The LostEvents queue holds it with the reason. Fix the cause, start the "
            "watch yourself if the job still matters, and delete the message.",
        )

    def _alarm(self, id: str, metric: cloudwatch.IMetric, what_to_do: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id,
            metric=metric,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=what_to_do,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))

    def _broken_watches(self, watcher: Watcher) -> sqs.Queue:
        """A queue of the watches that ended without a notification, which no metric distinguishes from failed jobs.

        The rule's target is a queue: EventBridge supports no conditions in a topic's policy or its key's, so any
        account's rules could use them. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
        """
        queue = sqs.Queue(
            self,
            "BrokenWatchesQueue",
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=Duration.days(14),
        )
        failed = {"status": ["FAILED"], "error": [{"anything-but": ["JobFailed", "WatchLost"]}]}
        events.Rule(
            self,
            "BrokenWatch",
            description="Watches that ended without a notification.",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [watcher.machine.state_machine_arn],
                    "$or": [{"status": ["TIMED_OUT"]}, failed],
                },
            ),
            targets=[targets.SqsQueue(queue)],
        )
        return queue


def _alarms() -> iam.ServicePrincipal:
    """CloudWatch, acting for this stack's alarms.

    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    alarms = f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:{Aws.STACK_NAME}-Monitoring*"
    return iam.ServicePrincipal(
        "cloudwatch.amazonaws.com",
        conditions={
            "ArnLike": {"aws:SourceArn": alarms},
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
        },
    )


def _waiting(queue: sqs.IQueue) -> cloudwatch.Metric:
    """The number of messages on a queue."""
    return queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")
