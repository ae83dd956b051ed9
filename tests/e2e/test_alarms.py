"""Every alarm sends an email in the local cloud, and the deployed dashboard shows the deployed resources.

MiniStack has few of AWS's metrics, and compares them without their dimensions. Therefore the tests set the alarms'
states. Their conditions are in tests/infra/test_alarms.py.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from cli.doctor_checks.alarms import ACTIONS

from .conftest import World, until


@pytest.fixture
def raised(world: World) -> Iterator[list[dict[str, Any]]]:
    """Raise all alarms, yield them, and end them. Those that other tests have raised are ended first."""
    cloudwatch = world.cloud.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix="JobWatcher-JobsMonitoring")["MetricAlarms"]
    for state in ("OK", "ALARM", "OK"):
        for alarm in alarms:
            cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason="a test")
        if state == "ALARM":
            yield alarms


def test_every_alarm_sends_an_email_that_names_its_runbook(world: World, raised: list[dict[str, Any]]) -> None:
    names = [re.sub(".*Monitoring(.*)[0-9A-F]{8}-.*", r"\1", alarm["AlarmName"]) for alarm in raised]
    assert sorted(names) == sorted(ACTIONS.keys() - {"DigestFailed"})  # the stack has no limit of emails
    for alarm in raised:
        email = json.loads(until(partial(world.emails, f'"{alarm["AlarmName"]}"'))[0]["BodyText"])
        assert (email["NewStateValue"], email["AlarmDescription"]) == ("ALARM", alarm["AlarmDescription"])
        assert "Runbook: docs/operations.md#" in email["AlarmDescription"]


def test_the_dashboard_shows_the_deployed_resources(world: World) -> None:
    cloudwatch = world.cloud.client("cloudwatch")
    names = [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]]
    (name,) = [name for name in names if "MonitoringDashboard" in name and name.startswith("JobWatcher")]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    shown = {row[3] for widget in body["widgets"] for row in widget["properties"].get("metrics", ()) if len(row) > 3}
    functions = world.cloud.client("lambda").list_functions()["Functions"]
    deployed = {one["FunctionName"] for one in functions if one["FunctionName"].startswith("JobWatcher-")}
    assert deployed <= shown and {"JobWatcher", world.outputs["WatchArn"]} <= shown
