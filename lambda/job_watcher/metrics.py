"""Count rare events as CloudWatch metrics. Normal polls and starts publish no metrics, to keep costs low."""

import os

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

SERVICE = os.environ["POWERTOOLS_SERVICE_NAME"]


def count(name: str) -> None:
    """Add one to the metric, in CloudWatch's embedded metric format."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension("service", SERVICE)
