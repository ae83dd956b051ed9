"""Each alarm has a runbook and a documented metric, and notifies somebody."""

import re
from pathlib import Path
from typing import Any

import pytest

import job_watcher
from cli.doctor_checks.alarms import ACTIONS
from infra.alarms import RUNBOOK
from tests.bench import monitoring_costs
from tests.unit.documentation import page, table

from .conftest import Synthesized

Alarm = dict[str, Any]
LOGICAL_ID = re.compile(r"JobsMonitoring(\w+)[0-9A-F]{8}")
RESOURCE_TYPES = {
    "FunctionName": "AWS::Lambda::Function",
    "StateMachineArn": "AWS::StepFunctions::StateMachine",
    "QueueName": "AWS::SQS::Queue",
    "TopicName": "AWS::SNS::Topic",
}
# Namespaces, dimensions and metrics, as these pages list them.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
DOCUMENTED = {
    "AWS/Lambda": ("FunctionName", {"Errors", "Throttles"}),
    "AWS/States": ("StateMachineArn", {"ExecutionsFailed", "ExecutionsAborted", "ExecutionThrottled"}),
    "AWS/SQS": ("QueueName", {"ApproximateAgeOfOldestMessage"}),
    "AWS/SNS": ("TopicName", {"NumberOfNotificationsFailed"}),
}
STATISTICS = {"ApproximateAgeOfOldestMessage": "Maximum"}  # the others are counts, which are added


@pytest.fixture(scope="module")
def alarms(stack: Synthesized) -> dict[str, Alarm]:
    """Return the alarms' properties by name."""
    return by_name(stack)


def by_name(stack: Synthesized) -> dict[str, Alarm]:
    found = {LOGICAL_ID.fullmatch(name): alarm for name, alarm in stack.resources("AWS::CloudWatch::Alarm").items()}
    return {match[1]: alarm for match, alarm in found.items() if match}


def metrics_in_the_code() -> set[str]:
    """Return the names of the metrics that the functions publish."""
    folder = Path(job_watcher.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    return set(re.findall(r'\b(?:count|publish)\("(\w+)"', text))


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm(stacks: dict[str, Synthesized]) -> None:
    alarms = {name for name in by_name(stacks["AllSettings"]) if not name.startswith("Expected")}  # of `expect`
    operations = page("docs/operations.md")
    listed = [row[0] for row in table(operations, "alarm", "raised if")]
    assert listed == [f"[`{name}`](#{name.lower()})" for name in ACTIONS] and set(ACTIONS) == alarms
    runbooks = re.findall(r"^#### (\w+)\n\n((?:.+\n)+)", operations, re.MULTILINE)
    assert [name for name, _ in runbooks] == list(ACTIONS)
    for _, text in runbooks:
        assert re.findall(r"^- \*\*(.+):\*\* \S", text, re.MULTILINE) == ["Symptom", "Meaning", "What to do", "Check"]


def test_the_description_of_an_alarm_names_its_runbook(alarms: dict[str, Alarm]) -> None:
    for name, alarm in alarms.items():
        assert alarm["AlarmDescription"].endswith(f". {RUNBOOK}{name.lower()}")
        assert len(alarm["AlarmDescription"]) <= 1_024  # PutMetricAlarm's limit


def test_every_alarm_notifies_the_topic_for_alarms_and_ignores_missing_data(
    stack: Synthesized, alarms: dict[str, Alarm]
) -> None:
    (topic,) = [name for name in stack.resources("AWS::SNS::Topic") if name.startswith("JobsMonitoringTopic")]
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert alarm["TreatMissingData"] == "notBreaching" and alarm.get("ActionsEnabled") is not False
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold" and alarm["Period"] == 300


def test_every_alarm_has_one_documented_metric_of_a_resource_of_the_stack(
    stack: Synthesized, alarms: dict[str, Alarm]
) -> None:
    for alarm in alarms.values():
        ((dimension),) = alarm["Dimensions"]
        metric = alarm["MetricName"]
        assert "Metrics" not in alarm and alarm["Statistic"] == STATISTICS.get(metric, "Sum")
        if alarm["Namespace"] == "JobWatcher":
            assert metric in metrics_in_the_code()
            assert dimension == {"Name": "service", "Value": {"Ref": "AWS::StackName"}}
        else:
            name, metrics = DOCUMENTED[alarm["Namespace"]]
            assert metric in metrics and dimension["Name"] == name
            assert resource(dimension["Value"]) in stack.resources(RESOURCE_TYPES[name])


def resource(value: dict[str, Any]) -> str:
    """Return the logical id in a dimension's value. The `Ref` of a queue or topic isn't its name."""
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def test_the_dimensions_of_queues_and_topics_are_their_names(alarms: dict[str, Alarm]) -> None:
    dimensions = [alarm["Dimensions"][0] for alarm in alarms.values()]
    attributes = {one["Name"]: one["Value"]["Fn::GetAtt"][1] for one in dimensions if "Fn::GetAtt" in one["Value"]}
    assert attributes == {"QueueName": "QueueName", "TopicName": "TopicName"}


def test_each_function_has_alarms_for_errors_and_throttling(stack: Synthesized, alarms: dict[str, Alarm]) -> None:
    for metric in ("Errors", "Throttles"):
        watched = {resource(one["Dimensions"][0]["Value"]) for one in alarms.values() if one["MetricName"] == metric}
        assert watched == set(stack.resources("AWS::Lambda::Function"))


def test_each_dead_letter_queue_and_the_queue_of_unreported_watches_has_an_alarm_about_its_oldest_message(
    stack: Synthesized, alarms: dict[str, Alarm]
) -> None:
    aged = [alarm for alarm in alarms.values() if alarm["MetricName"] == "ApproximateAgeOfOldestMessage"]
    thresholds = {resource(alarm["Dimensions"][0]["Value"]): alarm["Threshold"] for alarm in aged}
    polled = {name for name, queue in stack.resources("AWS::SQS::Queue").items() if "RedrivePolicy" in queue}
    assert set(thresholds) == set(stack.resources("AWS::SQS::Queue"))
    assert {name for name, threshold in thresholds.items() if threshold > 1} == polled


def test_only_lasting_throttling_raises_an_alarm(alarms: dict[str, Alarm]) -> None:
    # The longest delay between two retries in watch.asl.json is 15 minutes, so that half an hour has at least two.
    throttled = [alarm for name, alarm in alarms.items() if name.endswith("Throttled")]
    assert len(throttled) == 5
    assert {(alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) for alarm in throttled} == {(2, 6)}


def test_without_automatic_watches_there_are_no_alarms_about_events(
    other: Synthesized, alarms: dict[str, Alarm]
) -> None:
    assert alarms.keys() - by_name(other) == {"TriggerFailed", "StartFunctionErrors", "StartFunctionThrottled"}


def test_the_pages_about_costs_have_the_number_of_alarms(alarms: dict[str, Alarm]) -> None:
    assert len(alarms) == monitoring_costs.ALARMS
    assert f"logs, traces, {len(alarms)} alarms" in " ".join(page("docs/costs.md").split())
    assert f"for {len(alarms)} alarms" in " ".join(page("docs/operations.md").split())
