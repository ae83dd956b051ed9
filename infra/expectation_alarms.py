"""Alarms about jobs that haven't succeeded as the setting `expect` says."""

import hashlib
import math
import re
from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from job_watcher.expectations import Expectation
from job_watcher.facts import format_duration

from .functions import SERVICE
from .metrics import function_metric

PERIOD, LONG_PERIOD, DAY = 300, 3_600, 86_400  # seconds


def add_expectation_alarms(scope: Construct, expectations: Sequence[Expectation], topic: sns.ITopic) -> None:
    """Add an alarm for each entry. It is raised if no such job has succeeded for the entry's time.

    It has no data while no job succeeds. FILL makes this zeros, because an alarm with missing data also evaluates older
    data points: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    for one in expectations:
        period, periods = _periods(one.every)
        succeeded = function_metric(
            "ExpectedJobsSucceeded", period=period, dimensions_map={"service": SERVICE, "expectation": one.name}
        )
        alarm = cloudwatch.Alarm(
            scope,
            _alarm_id(one.name),
            metric=cloudwatch.MathExpression(
                expression="FILL(succeeded, 0)", using_metrics={"succeeded": succeeded}, period=period, label=one.name
            ),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            alarm_description=_description(one),
        )
        alarm.add_alarm_action(actions.SnsAction(topic))


def _periods(every: float) -> tuple[Duration, int]:
    """Return the length and the number of the alarm's periods. Shorter ones than an hour can cover only a day.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    period = PERIOD if every <= DAY else LONG_PERIOD
    return Duration.seconds(period), math.ceil(every / period)


def _alarm_id(name: str) -> str:
    """Return an id that doesn't depend on the other entries, so that the alarm keeps its state."""
    words = "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", name))
    return f"Expected{words[:80]}{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _description(one: Expectation) -> str:
    return (
        f"Job Watcher hasn't seen a job of {one.name} succeed for {format_duration(one.every)}. Check whether it was "
        "started, whether it is still running or has failed, and whether Job Watcher watches it. Runbook: "
        "docs/watches.md#missed-jobs"
    )
