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


class Metrics:
    """The metrics of a JobWatcher, as methods of the construct. `options` are those of CloudWatch metrics."""

    watch: sfn.StateMachine
    _notify: sfn.StateMachine
    _describe: lambda_.IFunction
    _poll: lambda_.IFunction

    def metric_watches_started(self, **options: Any) -> cloudwatch.Metric:
        """Return the number of watches that started."""
        return self.watch.metric_started(**options)

    def metric_notifications_failed(self, **options: Any) -> cloudwatch.Metric:
        """Return the number of notifications that failed."""
        return self._notify.metric_failed(**options)

    def metric_describe_function_errors(self, **options: Any) -> cloudwatch.Metric:
        """Return the number of errors of the Describe function. Errors of the services it calls aren't included."""
        return self._describe.metric_errors(**options)

    def metric_poll_function_errors(self, **options: Any) -> cloudwatch.Metric:
        """Return the number of errors of the Poll function. Errors of the services it calls aren't included."""
        return self._poll.metric_errors(**options)

    def metric_describe_errors(self, **options: Any) -> cloudwatch.Metric:
        """Return the number of describe calls without an answer, such as throttled or denied calls."""
        return function_metric("DescribeErrors", **options)

    def metric_late_polls(self, **options: Any) -> cloudwatch.Metric:
        """Return the number of polls that were more than a minute late."""
        return function_metric("LatePolls", **options)

    def metric_unknown_status(self, **options: Any) -> cloudwatch.Metric:
        """Return the number of answers with a status that the catalogue doesn't list."""
        return function_metric("UnknownStatus", **options)
