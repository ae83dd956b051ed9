"""Who is told when the watcher itself goes wrong: alarms, each with a sentence that says what to do."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from .announcer import Announcer
from .config import Settings
from .triggers import Triggers
from .watcher import Watcher

PERIOD = Duration.minutes(5)


class Monitoring(Construct):
    """A topic for the watcher's own troubles, apart from the jobs' ends. Public: topic."""

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, watcher: Watcher, announcer: Announcer
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(
            self, "Topic", display_name="Job Watcher alarms", master_key=announcer.key, enforce_ssl=True
        )
        for address in settings.email:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        self._tell_of_watches_that_broke(watcher)
        self._alarm(
            "Unannounced",
            announcer.machine.metric_failed(period=PERIOD, statistic="Sum"),
            "An announcement failed. Its execution of the Announce machine holds the whole detail: redrive it.",
        )
        self._alarm(
            "Bug",
            watcher.describe.metric_errors(period=PERIOD, statistic="Sum"),
            "Describe raised an error, which only a bug does. See the function's log.",
        )

    def watch_triggers(self, triggers: Triggers) -> None:
        """Tell when an event could not start a watch."""
        visible = triggers.lost_events.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")
        self._alarm(
            "LostEvents", visible, "An event started no watch. The queue of lost events holds it, with the reason."
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

    def _tell_of_watches_that_broke(self, watcher: Watcher) -> None:
        """A watch that ended without an announcement, which no metric tells from one that failed as it should."""
        rule = events.Rule(
            self,
            "BrokenWatch",
            description="Watches that ended without announcing anything.",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [watcher.machine.state_machine_arn],
                    "$or": [
                        {"status": ["TIMED_OUT"]},
                        {"status": ["FAILED"], "error": [{"anything-but": ["JobFailed", "WatchLost"]}]},
                    ],
                },
            ),
        )
        message = (
            f"A watch ended without an announcement: {events.EventField.from_path('$.detail.executionArn')} "
            f"({events.EventField.from_path('$.detail.status')}). Redrive it, or start it again with the same input."
        )
        rule.add_target(targets.SnsTopic(self.topic, message=events.RuleTargetInput.from_text(message)))
