"""Whether Lambda or the services throttled Job Watcher in the last day."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..aws_command import MORE_POLLS, aws_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

FUNCTIONS = "(WatcherDescribe|PollerPoll|TriggersStart)"
DAY, HOUR = timedelta(days=1), 3600
NAMESPACE = "JobWatcher"  # the metrics of the functions, whose dimension is the stack's name
# The quota of concurrent executions: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
RAISE_QUOTA = "service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384"


def check(context: Context) -> Iterator[Problem | Note]:
    """Read all metrics with one call."""
    functions = list(named(context.resources, FUNCTIONS).values())
    stack = {"service": context.deployment.stack}
    queries = [_query(f"m{n}", "AWS/Lambda", "Throttles", {"FunctionName": f}) for n, f in enumerate(functions)]
    queries += [_query("late", NAMESPACE, "LatePolls", stack), _query("errors", NAMESPACE, "DescribeErrors", stack)]
    now = datetime.now(UTC)
    answer = context.client("cloudwatch").get_metric_data(MetricDataQueries=queries, StartTime=now - DAY, EndTime=now)
    totals = {result["Id"]: round(sum(result["Values"])) for result in answer["MetricDataResults"]}
    for number, function in enumerate(functions):
        if count := totals.get(f"m{number}"):
            fix = aws_command(context, f"{RAISE_QUOTA} --desired-value 2000")
            yield Problem(f"Lambda throttled the function {function} {count} times in the last day.", fix)
    if late := totals.get("late"):
        yield Problem(f"{late} polls were more than a minute late in the last day.", MORE_POLLS)
    if errors := totals.get("errors"):
        yield Note(f"{errors} describe calls had no answer")


def _query(id: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": HOUR, "Stat": "Sum"}}
