"""What is counted: things that should be rare, so a poll or a start that goes well costs no metric."""

import os

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

SERVICE = os.environ["POWERTOOLS_SERVICE_NAME"]


def count(name: str) -> None:
    """One more of the metric, in CloudWatch's embedded format on standard output."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as counted:
        counted.add_dimension("service", SERVICE)
