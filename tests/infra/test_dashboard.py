"""The dashboard shows documented metrics of the stack's resources, and its searches find new kinds."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from infra.dashboard import OUTCOMES
from infra.setting_types import OUTCOMES as ALL_OUTCOMES
from tests.bench import monitoring_costs
from tests.unit.documentation import page, table

from .conftest import Synthesized
from .test_alarms import DOCUMENTED, RESOURCE_TYPES, metrics_in_the_code

Widget = dict[str, Any]
# Besides those of the alarms; the same pages.
ALSO_DOCUMENTED = {
    "AWS/Lambda": set[str](),
    "AWS/States": {"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsTimedOut"},
    "AWS/SQS": {f"ApproximateNumberOfMessages{state}" for state in ("Visible", "NotVisible", "Delayed")},
    "AWS/SNS": set[str](),
}
SEARCH = re.compile(r"SEARCH\('\{([\w,]+)\} ([^']+)', 'Sum'\)")
STACK = "Jobs-7"


@pytest.fixture(scope="module")
def body(stack: Synthesized) -> dict[str, Any]:
    return dashboard(stack)


def dashboard(stack: Synthesized) -> dict[str, Any]:
    """Return the dashboard's body. A resource's attribute is written as the resource's logical id."""
    (properties,) = stack.resources("AWS::CloudWatch::Dashboard").values()
    parts = properties["DashboardBody"]["Fn::Join"][1]
    body: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else value(part) for part in parts))
    return body


def value(part: dict[str, Any]) -> str:
    names = {"AWS::StackName": STACK, "AWS::Region": "eu-west-1"}
    return names.get(part["Ref"], part["Ref"]) if "Ref" in part else str(part["Fn::GetAtt"][0])


def graphs(body: dict[str, Any]) -> list[Widget]:
    return [widget["properties"] for widget in body["widgets"] if widget["type"] == "metric"]


def metrics(body: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the namespace, name, dimension and the dimension's value of each metric."""
    for graph in graphs(body):
        for namespace, name, *rest in (row for row in graph["metrics"] if isinstance(row[0], str)):
            dimension, of, *options = rest
            assert all(isinstance(option, dict) for option in options)
            yield namespace, name, dimension, of


def expressions(body: dict[str, Any]) -> list[dict[str, Any]]:
    rows = [row[0] for graph in graphs(body) for row in graph["metrics"]]
    return [row for row in rows if isinstance(row, dict)]


def test_every_metric_is_a_documented_one_of_a_resource_of_the_stack(stack: Synthesized, body: dict[str, Any]) -> None:
    found = list(metrics(body))
    assert {namespace for namespace, *_ in found} == {*DOCUMENTED, "JobWatcher"}
    for namespace, name, dimension, of in found:
        if namespace == "JobWatcher":
            assert name in metrics_in_the_code() and (dimension, of) == ("service", STACK)
        else:
            assert name in DOCUMENTED[namespace][1] | ALSO_DOCUMENTED[namespace]
            assert dimension == DOCUMENTED[namespace][0] and of in stack.resources(RESOURCE_TYPES[dimension])


def test_searches_find_each_kind_and_outcome(body: dict[str, Any]) -> None:
    searches = {
        row["label"]: SEARCH.search(row["expression"]) for row in expressions(body) if row["label"] != "running"
    }
    found = {label: match.groups() for label, match in searches.items() if match}
    schema, ended = "JobWatcher,service,kind,outcome", f'MetricName="JobsEnded" service="{STACK}"'
    by_outcome = {outcome: (schema, f'{ended} outcome="{outcome}"') for outcome in OUTCOMES}
    assert found == {"${PROP('Dim.kind')} ${PROP('Dim.outcome')}": (schema, ended), **by_outcome}
    assert set(OUTCOMES) == set(ALL_OUTCOMES)
    assert all(len(row["expression"]) <= 1_024 for row in expressions(body))  # the limit is on the same page


def test_running_watches_are_the_messages_of_the_poll_queue(stack: Synthesized, body: dict[str, Any]) -> None:
    (running,) = [row for row in expressions(body) if row["label"] == "running"]
    assert running["expression"] == "FILL(delayed, 0) + FILL(visible, 0) + FILL(processed, 0)"
    (polled,) = [name for name, queue in stack.resources("AWS::SQS::Queue").items() if "RedrivePolicy" in queue]
    (graph,) = [graph for graph in graphs(body) if graph["title"] == "Running watches"]
    rows = {row[-1]["id"]: row for row in graph["metrics"] if isinstance(row[0], str)}
    states = {"delayed": "Delayed", "visible": "Visible", "processed": "NotVisible"}
    assert {id: row[1] for id, row in rows.items()} == {
        id: f"ApproximateNumberOfMessages{state}" for id, state in states.items()
    }
    assert {row[3] for row in rows.values()} == {polled} and all(row[-1]["visible"] is False for row in rows.values())


def test_each_function_queue_state_machine_and_topic_for_notifications_is_shown(
    stack: Synthesized, body: dict[str, Any]
) -> None:
    shown = {of for *_, of in metrics(body)}
    for type_ in RESOURCE_TYPES.values():
        prefixes = ("JobsMonitoringTopic", "JobsNotifierEmailsLimit")  # the limit's executions can't fail
        others = {name for name in stack.resources(type_) if name.startswith(prefixes)}
        assert set(stack.resources(type_)) - others <= shown


def test_all_alarms_are_shown(stack: Synthesized, body: dict[str, Any]) -> None:
    (status,) = [widget["properties"] for widget in body["widgets"] if widget["type"] == "alarm"]
    assert set(status["alarms"]) == set(stack.resources("AWS::CloudWatch::Alarm"))
    assert (
        len(status["alarms"]) <= 100
    )  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html


def test_the_widgets_fill_the_grid_without_overlapping(body: dict[str, Any]) -> None:
    cells = [
        {(x, y) for x in range(one["x"], one["x"] + one["width"]) for y in range(one["y"], one["y"] + one["height"])}
        for one in body["widgets"]
    ]
    assert all(not first & second for first, second in combinations(cells, 2))
    rows = {y for cell in cells for _, y in cell}
    assert set().union(*cells) == {(x, y) for x in range(24) for y in rows}


def test_every_graph_is_explained(body: dict[str, Any]) -> None:
    explained = [row[0] for row in table(page("docs/operations.md"), "graph", "shows")]
    assert explained == [graph["title"] for graph in graphs(body)]


def test_the_pages_have_the_dashboards_number_of_metrics(body: dict[str, Any]) -> None:
    assert len(set(metrics(body))) == monitoring_costs.DASHBOARD_METRICS


def test_the_dashboard_can_be_turned_off(stacks: dict[str, Synthesized], other: Synthesized) -> None:
    assert stacks["AllSettings"].resources("AWS::CloudWatch::Dashboard") == {}
    assert not [of for *_, of in metrics(dashboard(other)) if "Triggers" in of]  # without automatic watches
