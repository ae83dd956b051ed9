"""The CloudWatch dashboard: how jobs end, how late people are notified, and whether Job Watcher works."""

from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .functions import METRIC_NAMESPACE, SERVICE
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
from .triggers import Triggers
from .watcher import Watcher

WIDTH, HEIGHT = 24, 6  # of a row, in the grid's units
OUTCOMES = {"succeeded": "#2ca02c", "partial": "#ff7f0e", "failed": "#d62728", "stopped": "#7f7f7f", "lost": "#9467bd"}
"""The colors of the outcomes."""
Metrics = Sequence[cloudwatch.IMetric]


def add_dashboard(
    scope: Construct,
    *,
    watcher: Watcher,
    notifier: Notifier,
    triggers: Triggers | None,
    unreported: sqs.IQueue,
    alarms: Sequence[cloudwatch.IAlarm],
) -> cloudwatch.Dashboard:
    """Add the dashboard. `unreported` is the queue of watches that ended without a notification."""
    status = cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=WIDTH, height=4)
    parts = Widgets(watcher, notifier, triggers, unreported)
    rows = (parts.jobs(), parts.watches(), parts.speed(), parts.functions(), parts.queues())
    return cloudwatch.Dashboard(
        scope, "Dashboard", default_interval=Duration.days(1), widgets=[[status], *(list(row) for row in rows)]
    )


class Widgets:
    """The dashboard's graphs, by row."""

    def __init__(self, watcher: Watcher, notifier: Notifier, triggers: Triggers | None, unreported: sqs.IQueue) -> None:
        self._watcher, self._poller, self._notifier = watcher, watcher.poller, notifier
        functions = {"Describe": watcher.describe, "Poll": self._poller.poll}
        self._functions = {**functions, "Start": triggers.start} if triggers else functions
        queues = [self._poller.dead_letter_queue, notifier.dead_letter_queue, unreported]
        self._for_people = [*queues, triggers.dead_letter_queue] if triggers else queues

    def jobs(self) -> Iterator[cloudwatch.IWidget]:
        """Yield the graphs of ended jobs. Searches find new kinds and outcomes."""
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
        by_kind = _expression(_ended_jobs(), label="${PROP('Dim.kind')} ${PROP('Dim.outcome')}")
        by_outcome = [
            _expression(f"SUM({_ended_jobs(outcome)})", label=outcome, color=color)
            for outcome, color in OUTCOMES.items()
        ]
        yield _graph("Ended jobs by kind and outcome", [by_kind], of=2, stacked=True)
        yield _graph("Ended jobs by outcome", by_outcome, of=2, stacked=True)

    def watches(self) -> Iterator[cloudwatch.IWidget]:
        """Yield the graphs of watches. The poll queue has one message for each watch of a running job."""
        machine = self._watcher.machine
        running = cloudwatch.MathExpression(
            expression="FILL(delayed, 0) + FILL(visible, 0) + FILL(processed, 0)",
            using_metrics={
                "delayed": self._poller.queue.metric_approximate_number_of_messages_delayed(),
                "visible": self._poller.queue.metric_approximate_number_of_messages_visible(),
                "processed": self._poller.queue.metric_approximate_number_of_messages_not_visible(),
            },
            label="running",
            period=PERIOD,
        )
        yield _graph("Running watches", [running], of=2)
        ends = {
            "started": machine.metric_started,
            "succeeded": machine.metric_succeeded,
            "failed": machine.metric_failed,
            "timed out": machine.metric_timed_out,
            "stopped": machine.metric_aborted,
        }
        metrics = [metric(label=label, statistic="Sum", period=PERIOD) for label, metric in ends.items()]
        yield _graph("Watches that started and ended", metrics, of=2)

    def speed(self) -> Iterator[cloudwatch.IWidget]:
        """Yield the graphs of delays and polls."""
        delays = {"median": "p50", "95 %": "p95", "longest": "Maximum"}
        polls = {"mean": "Average", "most": "Maximum"}
        yield _graph("Delay of notifications", _statistics("NotificationDelay", delays), of=2, unit="seconds")
        yield _graph("Polls per job", _statistics("PollsPerJob", polls), of=2)

    def functions(self) -> Iterator[cloudwatch.IWidget]:
        """Yield the graphs of what goes wrong in functions, state machines and polls."""
        machines = {"Watch": self._watcher.machine, "Notify": self._notifier.machine}
        failed = [errors(function, label=name) for name, function in self._functions.items()]
        throttled = [throttles(function, label=name) for name, function in self._functions.items()]
        delayed = [throttled_transitions(machine, label=name) for name, machine in machines.items()]
        polls = {"DescribeErrors": "no answer", "LatePolls": "late", "UnknownStatus": "unknown status"}
        unusual = [function_metric(name, label=label) for name, label in polls.items()]
        yield _graph("Errors of functions", failed, of=3)
        yield _graph("Throttled functions and state machines", [*throttled, *delayed], of=3)
        yield _graph("Unusual polls", unusual, of=3)

    def queues(self) -> Iterator[cloudwatch.IWidget]:
        """Yield the graphs of queues and of notifications that weren't delivered."""
        oldest = age_of_oldest_message(self._poller.queue, label="PollQueue")
        counts = [
            queue.metric_approximate_number_of_messages_visible(label=queue.node.id, statistic="Maximum", period=PERIOD)
            for queue in self._for_people
        ]
        notifier, digest = self._notifier, self._notifier.digest
        topics = {"emails": notifier.email_topic, "messages": notifier.topic, "chat messages": notifier.chat_topic}
        undelivered = [
            notifier.machine.metric_failed(label="failed notifications", statistic="Sum", period=PERIOD),
            notifier.machine.metric_aborted(label="stopped notifications", statistic="Sum", period=PERIOD),
            *([digest.metric_failed(label="failed digests", statistic="Sum", period=PERIOD)] if digest else ()),
            *(failed_deliveries(topic, label=f"undelivered {name}") for name, topic in topics.items() if topic),
        ]
        yield _graph("Age of the oldest message of the poll queue", [oldest], of=3, unit="seconds")
        yield _graph("Messages in the queues for people", counts, of=3)
        yield _graph("Notifications that failed", undelivered, of=3)


def _graph(title: str, metrics: Metrics, *, of: int, stacked: bool = False, unit: str = "") -> cloudwatch.GraphWidget:
    """Return a graph that is as wide as the other graphs of its row. `of` is their number."""
    axis = cloudwatch.YAxisProps(min=0, label=unit or None, show_units=False)
    return cloudwatch.GraphWidget(
        title=title, left=metrics, left_y_axis=axis, stacked=stacked, width=WIDTH // of, height=HEIGHT
    )


def _statistics(metric: str, statistics: Mapping[str, str]) -> list[cloudwatch.Metric]:
    """Return statistics of a metric, by label."""
    return [function_metric(metric, label=label, statistic=statistic) for label, statistic in statistics.items()]


def _ended_jobs(outcome: str = "") -> str:
    """Return a search for the metrics of ended jobs, or of those with an outcome. It finds those of the last two weeks.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """
    condition = f' outcome="{outcome}"' if outcome else ""
    schema = f"{{{METRIC_NAMESPACE},service,kind,outcome}}"
    return f"""SEARCH('{schema} MetricName="JobsEnded" service="{SERVICE}"{condition}', 'Sum')"""


def _expression(expression: str, **options: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=expression, using_metrics={}, period=PERIOD, **options)
