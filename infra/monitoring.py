"""Alarms about Job Watcher itself. Each alarm's description says what to do."""

from typing import Any

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

from .functions import METRIC_NAMESPACE, SERVICE
from .logical_ids import logical_id_prefix
from .notifier import Notifier
from .poller import Poller
from .queues import queue
from .settings import Settings
from .subscribers import alarm_addresses
from .watcher import Watcher

PERIOD = Duration.minutes(5)
# Messages are delayed by at most 900 seconds. A message that fails twice is 2,700 seconds old when it is received for
# the third time. Then SQS no longer counts it, and it reaches the dead-letter queue if it keeps failing.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
STOPPED_SECONDS = 2_700


class Monitoring(Construct):
    """The alarms and their topic. Public attribute: topic."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, watcher: Watcher, notifier: Notifier) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(
            self, "Topic", display_name="Job Watcher alarms", master_key=notifier.key, enforce_ssl=True
        )
        self.topic.grant_publish(self._cloudwatch())  # CDK also allows it to use the key
        for address in alarm_addresses(settings.email):
            self.topic.add_subscription(
                subscriptions.EmailSubscription(address, dead_letter_queue=notifier.dead_letter_queue)
            )
        self._add_watch_alarms(watcher, notifier)
        self._add_poll_alarms(watcher.poller)
        self._add_notification_alarms(notifier)

    def _add_watch_alarms(self, watcher: Watcher, notifier: Notifier) -> None:
        self._alarm(
            "WatchUnreported",
            _visible_messages(self._unreported_watches(watcher, notifier.dead_letter_queue)),
            "A watch ended without a notification. The UnreportedWatches queue has the execution's ARN. Redrive this "
            "execution, or start a new one with the same input. Then delete the message.",
        )
        self._alarm(
            "DescribeFunctionErrors",
            watcher.describe.metric_errors(period=PERIOD, statistic="Sum"),
            "The Describe function failed or timed out. Check its log.",
        )

    def _add_poll_alarms(self, poller: Poller) -> None:
        self._alarm(
            "PollFunctionErrors",
            poller.poll.metric_errors(period=PERIOD, statistic="Sum"),
            "The Poll function failed or timed out. The state machine polls the affected jobs instead, but less often. "
            "Check the function's log.",
        )
        self._alarm(
            "PollFailed",
            _age_of_oldest_message(poller.dead_letter_queue),
            "The Poll function failed repeatedly for the same message. The PollDLQ queue has it. Check the function's "
            "log. Delete the message, because the watch has replaced it.",
        )
        self._alarm(
            "PollsStopped",
            _age_of_oldest_message(poller.queue),
            "The poll queue has a message that should have been processed half an hour ago. The state machine polls "
            "the jobs instead, but less often. Check whether the Poll function is throttled, and whether its event "
            "source mapping is enabled.",
            threshold=STOPPED_SECONDS,
        )
        self._alarm(
            "PollsLate",
            function_metric("LatePolls"),
            "Polls have been more than a minute late for half an hour. Check whether the Poll function or the Describe "
            "function is throttled. If not, increase max-concurrency.",
            periods=6,
        )

    def _add_notification_alarms(self, notifier: Notifier) -> None:
        self._alarm(
            "NotificationFailed",
            notifier.machine.metric_failed(period=PERIOD, statistic="Sum"),
            "A notification failed. Fix the cause, and run `job-watcher redeliver` within 14 days. It redrives the "
            "execution of the Notify state machine, so that only the failed branches run again.",
        )
        self._alarm(
            "NotificationStopped",
            notifier.machine.metric_aborted(period=PERIOD, statistic="Sum"),
            "Somebody stopped a notification. Run `job-watcher redeliver` within 14 days. It redrives the execution of "
            "the Notify state machine, so that only the branches that didn't succeed run again.",
        )
        self._alarm(
            "DeliveryFailed",
            _visible_messages(notifier.dead_letter_queue),
            "An email or the event about an unreported watch could not be delivered. The DeliveryDLQ queue has it. Fix "
            "the cause, and delete the message.",
        )

    def add_trigger_alarm(self, dead_letter_queue: sqs.IQueue) -> None:
        """Add an alarm for events that couldn't start a watch."""
        self._alarm(
            "TriggerFailed",
            _visible_messages(dead_letter_queue),
            "An event could not start a watch. The TriggerDLQ queue has the event and the reason. Fix the cause, and "
            "run `job-watcher redeliver`.",
        )

    def _alarm(
        self, id: str, metric: cloudwatch.IMetric, description: str, *, threshold: float = 1, periods: int = 1
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))

    def _unreported_watches(self, watcher: Watcher, dead_letter_queue: sqs.IQueue) -> sqs.Queue:
        """Return a queue of watches that ended without a notification. No metric distinguishes them from failed jobs.

        The rule's target is a queue, not the topic, because EventBridge supports no conditions in the policies of a
        topic and its key. Without conditions, rules in any account could publish.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
        """
        unreported = queue(self, "UnreportedWatches")
        self._add_rule_for_unreported_watches(
            watcher, targets.SqsQueue(unreported, dead_letter_queue=dead_letter_queue)
        )
        return unreported

    def _add_rule_for_unreported_watches(self, watcher: Watcher, target: targets.SqsQueue) -> None:
        """Send an event to the target when a watch times out, is stopped, or fails without reporting it."""
        failed = {"status": ["FAILED"], "error": [{"anything-but": ["JobFailed", "WatchLost"]}]}
        events.Rule(
            self,
            "UnreportedWatch",
            description="Watches that ended without a notification.",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [watcher.machine.state_machine_arn],
                    "$or": [{"status": ["TIMED_OUT", "ABORTED"]}, failed],
                },
            ),
            targets=[target],
        )

    def _cloudwatch(self) -> iam.ServicePrincipal:
        """Return CloudWatch as a principal, limited to this construct's alarms.

        https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
        """
        name = f"{Aws.STACK_NAME}-{logical_id_prefix(self)}*"
        alarm = f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:{name}"
        return iam.ServicePrincipal(
            "cloudwatch.amazonaws.com",
            conditions={"ArnLike": {"aws:SourceArn": alarm}, "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )


def function_metric(name: str, **options: Any) -> cloudwatch.Metric:
    """Return a metric that the functions publish. The default statistic is the sum over five minutes."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": SERVICE},
        **{"statistic": "Sum", "period": PERIOD, **options},
    )


def _visible_messages(queue: sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")


def _age_of_oldest_message(queue: sqs.IQueue) -> cloudwatch.Metric:
    """Return the age of the queue's oldest message in seconds. In a dead-letter queue, it is the time there."""
    return queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum")
