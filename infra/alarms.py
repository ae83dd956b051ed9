"""The conditions that raise alarms, and what their emails say. docs/operations.md has a runbook for each alarm.

Each alarm has one metric. AWS charges for an alarm by the number of its metrics, so that an expression of several
metrics wouldn't be cheaper, and wouldn't say which resource is affected.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_billing.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from .metrics import (
    PERIOD,
    age_of_oldest_message,
    errors,
    failed_deliveries,
    function_metric,
    throttled_transitions,
    throttles,
)
from .notifier import Notifier
from .poller import Poller
from .triggers import Triggers
from .watcher import Watcher

# Messages are delayed by at most 900 seconds. A message that fails twice is 2,700 seconds old when it is received for
# the third time. Then SQS no longer counts it, and it reaches the dead-letter queue if it keeps failing.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
STOPPED_SECONDS = 2_700
# Two of six periods, because a throttled call may be repeated only every 15 minutes. A short burst raises no alarm.
LASTING = {"periods": 6, "breaching": 2}
RUNBOOK = "Runbook: docs/operations.md#"


@dataclass(frozen=True)
class Alarm:
    """An alarm's metric, and its description without the link to its runbook."""

    name: str
    metric: cloudwatch.IMetric
    description: str
    threshold: float = 1
    periods: int = 1
    """The number of periods of five minutes that are evaluated."""
    breaching: int | None = None
    """How many of them must reach the threshold; None for all."""

    def props(self) -> dict[str, Any]:
        """Return the props of the CDK's Alarm."""
        return {
            "metric": self.metric,
            "threshold": self.threshold,
            "evaluation_periods": self.periods,
            "datapoints_to_alarm": self.breaching,
            "comparison_operator": cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            "treat_missing_data": cloudwatch.TreatMissingData.NOT_BREACHING,
            "alarm_description": f"{self.description} {RUNBOOK}{self.name.lower()}",
        }


def watch_alarms(watcher: Watcher, unreported: sqs.IQueue) -> Iterator[Alarm]:
    """Yield the alarms about watches. `unreported` is the queue of watches that ended without a notification."""
    yield Alarm(
        "WatchUnreported",
        age_of_oldest_message(unreported),
        "A watch ended without a notification. The UnreportedWatches queue has the execution's ARN. Redrive this "
        "execution, or start a new one with the same input. Then delete the message.",
    )
    yield Alarm(
        "UnknownStatus",
        function_metric("UnknownStatus"),
        "A service returned a status that the catalogue doesn't list. The job counts as running until the watch gives "
        "up. The function's log has the kind and the status. Add the status to the kind's table.",
    )
    yield from _function_alarms("Describe", watcher.describe, "The affected watches were reported as lost.")
    yield _throttled("Watch", watcher.machine, "Polls and notifications are late.")


def poll_alarms(poller: Poller) -> Iterator[Alarm]:
    """Yield the alarms about the poll queue and its function."""
    instead = "The state machine polls the affected jobs instead, but less often."
    yield from _function_alarms("Poll", poller.poll, instead)
    yield Alarm(
        "PollFailed",
        age_of_oldest_message(poller.dead_letter_queue),
        "The Poll function failed repeatedly for the same message. The PollDLQ queue has it. Check the function's "
        "log. Delete the message, because the watch has replaced it.",
    )
    yield Alarm(
        "PollsStopped",
        age_of_oldest_message(poller.queue),
        f"The poll queue has a message that should have been processed half an hour ago. {instead} Check whether the "
        "Poll function is throttled, and whether its event source mapping is enabled.",
        threshold=STOPPED_SECONDS,
    )
    yield Alarm(
        "PollsLate",
        function_metric("LatePolls"),
        "Polls have been more than a minute late for half an hour. Check whether the Poll function or the Describe "
        "function is throttled. If not, increase max-concurrency.",
        periods=6,
    )


def notification_alarms(notifier: Notifier) -> Iterator[Alarm]:
    """Yield the alarms about notifications and their delivery."""
    yield Alarm(
        "NotificationFailed",
        notifier.machine.metric_failed(period=PERIOD, statistic="Sum"),
        "A notification failed. Fix the cause, and run `job-watcher redeliver` within 14 days. It redrives the "
        "execution of the Notify state machine, so that only the failed branches run again.",
    )
    yield Alarm(
        "NotificationStopped",
        notifier.machine.metric_aborted(period=PERIOD, statistic="Sum"),
        "Somebody stopped a notification. Run `job-watcher redeliver` within 14 days. It redrives the execution of "
        "the Notify state machine, so that only the branches that didn't succeed run again.",
    )
    if notifier.digest:
        yield Alarm(
            "DigestFailed",
            notifier.digest.metric_failed(period=PERIOD, statistic="Sum"),
            "Emails were left out, and the email with their number could not be sent. Fix the cause, and redrive the "
            "execution of the EmailsDigest state machine within 14 days.",
        )
    yield _throttled("Notify", notifier.machine, "Notifications are late.")
    yield Alarm(
        "DeliveryFailed",
        age_of_oldest_message(notifier.dead_letter_queue),
        "An email or the event about an unreported watch could not be delivered. The DeliveryDLQ queue has it. Fix "
        "the cause, and delete the message.",
    )
    yield Alarm(
        "EmailsUndelivered",
        failed_deliveries(notifier.email_topic),
        "SNS failed to deliver messages of the topic for people. Check the topic's subscriptions.",
    )
    yield Alarm(
        "MessagesUndelivered",
        failed_deliveries(notifier.topic),
        "SNS failed to deliver messages of the topic for programs. Check the topic's subscriptions.",
    )
    if notifier.chat_topic:
        yield Alarm(
            "ChatUndelivered",
            failed_deliveries(notifier.chat_topic),
            "SNS failed to deliver messages to chat channels. Check the configurations of the channels in Amazon Q "
            "Developer.",
        )


def trigger_alarms(triggers: Triggers) -> Iterator[Alarm]:
    """Yield the alarms about the events that start watches."""
    yield Alarm(
        "TriggerFailed",
        age_of_oldest_message(triggers.dead_letter_queue),
        "An event could not start a watch. The TriggerDLQ queue has the event and the reason. Fix the cause, and "
        "run `job-watcher redeliver`.",
    )
    yield from _function_alarms("Start", triggers.start, "Lambda repeats the events twice.")


def _function_alarms(name: str, function: lambda_.IFunction, effect: str) -> Iterator[Alarm]:
    yield Alarm(
        f"{name}FunctionErrors",
        errors(function),
        f"The {name} function failed or timed out. {effect} Check the function's log.",
    )
    yield Alarm(
        f"{name}FunctionThrottled",
        throttles(function),
        f"Lambda throttled the {name} function. Its invocations are retried. Check the function's reserved "
        "concurrency and the account's concurrency quota.",
        **LASTING,
    )


def _throttled(name: str, machine: sfn.StateMachine, effect: str) -> Alarm:
    return Alarm(
        f"{name}Throttled",
        throttled_transitions(machine),
        f"Step Functions throttled state transitions of the {name} state machine. {effect} Check the account's quota "
        "of state transitions.",
        **LASTING,
    )
