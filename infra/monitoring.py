"""The alarms about Job Watcher itself, who is notified of them, and the dashboard."""

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .alarms import Alarm, notification_alarms, poll_alarms, trigger_alarms, watch_alarms
from .dashboard import add_dashboard
from .expectation_alarms import add_expectation_alarms
from .logical_ids import logical_id_prefix
from .notifier import Notifier
from .queues import queue
from .settings import Settings
from .subscribers import alarm_addresses
from .triggers import Triggers
from .watcher import Watcher


class Monitoring(Construct):
    """The alarms, their topic and, if enabled, the dashboard. Public attribute: topic."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings,
        watcher: Watcher,
        notifier: Notifier,
        triggers: Triggers | None,
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(
            self, "Topic", display_name="Job Watcher alarms", master_key=notifier.key, enforce_ssl=True
        )
        self.topic.grant_publish(self._cloudwatch())  # CDK also allows it to use the key
        for address in alarm_addresses(settings.email):
            self.topic.add_subscription(
                subscriptions.EmailSubscription(address, dead_letter_queue=notifier.dead_letter_queue)
            )
        unreported = self._unreported_watches(watcher, notifier.dead_letter_queue)
        alarms = [*watch_alarms(watcher, unreported), *poll_alarms(watcher.poller), *notification_alarms(notifier)]
        created = [self._add(alarm) for alarm in [*alarms, *(trigger_alarms(triggers) if triggers else ())]]
        add_expectation_alarms(self, settings.expectations, self.topic)
        if settings.dashboard:
            add_dashboard(
                self, watcher=watcher, notifier=notifier, triggers=triggers, unreported=unreported, alarms=created
            )

    def _add(self, alarm: Alarm) -> cloudwatch.Alarm:
        created = cloudwatch.Alarm(self, alarm.name, **alarm.props())
        created.add_alarm_action(actions.SnsAction(self.topic))
        return created

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
