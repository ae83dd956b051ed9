"""The metrics of Job Watcher's resources that the alarms and the dashboard use."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from .functions import METRIC_NAMESPACE, SERVICE

PERIOD = Duration.minutes(5)


def function_metric(name: str, **options: Any) -> cloudwatch.Metric:
    """Return a metric that the functions publish. The default statistic is the sum over five minutes."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=name,
        **{"dimensions_map": {"service": SERVICE}, "statistic": "Sum", "period": PERIOD, **options},
    )


def errors(function: lambda_.IFunction, **options: Any) -> cloudwatch.Metric:
    """Return the number of invocations that failed or timed out."""
    return function.metric_errors(period=PERIOD, statistic="Sum", **options)


def throttles(function: lambda_.IFunction, **options: Any) -> cloudwatch.Metric:
    """Return the number of invocations that Lambda rejected, because too many instances were running."""
    return function.metric_throttles(period=PERIOD, statistic="Sum", **options)


def throttled_transitions(machine: sfn.StateMachine, **options: Any) -> cloudwatch.Metric:
    """Return the number of state transitions that Step Functions delayed.

    https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    """
    return machine.metric_throttled(period=PERIOD, statistic="Sum", **options)


def failed_deliveries(topic: sns.ITopic, **options: Any) -> cloudwatch.Metric:
    """Return the number of messages that SNS failed to deliver. For HTTP endpoints, each attempt counts.

    https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    """
    return topic.metric_number_of_notifications_failed(period=PERIOD, statistic="Sum", **options)


def age_of_oldest_message(queue: sqs.IQueue, **options: Any) -> cloudwatch.Metric:
    """Return the age of the queue's oldest message in seconds. In a dead-letter queue, it is the time there.

    Messages that were received three times don't count:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum", **options)
