"""Publish metrics in CloudWatch's embedded metric format.

Each different combination of dimensions is a metric that AWS charges for. Therefore, only the numbers of ended
and of expected jobs have more than one dimension. Normal polls and starts publish nothing.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from . import expectations
from .to_json import parse_time
from .watch import Watch

SERVICE = os.environ["POWERTOOLS_SERVICE_NAME"]
UNKNOWN_KIND = "unknown"  # of a watch whose input names no kind of this deployment
MAX_DELAY = 86_400  # seconds; EventBridge delivers an event for up to a day


def count(name: str) -> None:
    """Add one to the metric."""
    publish(name, 1)


def publish(name: str, value: float, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Publish a value of the metric. The stack's name is a dimension of all metrics."""
    with single_metric(name=name, unit=unit, value=value) as metric:
        for dimension, dimension_value in {"service": SERVICE, **dimensions}.items():
            metric.add_dimension(dimension, dimension_value)


def publish_end(watch: Watch, notification: Mapping[str, Any], now: float) -> None:
    """Publish how a job ended, or that its watch is lost; the expectations that it met; its polls; and the delay.

    The delay isn't known if an extra check may have sent the notification, or if the job ended before the first poll.
    """
    detail = notification["detail"]
    kind = watch.kind.name if watch.kind else UNKNOWN_KIND
    publish("JobsEnded", 1, kind=kind, outcome=detail["outcome"])
    for name in expectations.met(watch.rules.expectations, kind, detail, now):
        publish("ExpectedJobsSucceeded", 1, expectation=name)
    if detail["polls"]:
        publish("PollsPerJob", detail["polls"])
    if not watch.gets_extra_checks:
        publish_delay(detail, now, watch.state["waited"])


def publish_delay(detail: Mapping[str, Any], now: float, longest: float = MAX_DELAY) -> None:
    """Publish the seconds from a job's end until now, unless they are unknown or more than `longest`."""
    ended = parse_time(detail.get("ended"))
    if ended and detail["outcome"] != "lost" and (delay := max(0.0, now - ended.timestamp())) <= longest:
        publish("NotificationDelay", delay, MetricUnit.Seconds)
