"""`doctor` against the local cloud: it finds real faults, and the commands that it names fix them.

MiniStack confirms subscriptions at once and throttles no functions. These faults, and a stack of another version, are
only in tests/unit/test_doctor.py.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from cli.doctor import CHECKS
from local.environment import ROOT, TOOLS
from local.sample import BUCKET

from .conftest import SUBSCRIBER, World
from .terminal import watch_py
from .test_redeliver import resource

Results = Mapping[str, Mapping[str, Any]]
FIXED = ("trail", "rules", "polling")  # what the proposed commands of the AWS CLI fix without a person
DOCTOR = ("doctor", "--stack", "JobWatcher")


def doctor(world: World) -> tuple[int, Results]:
    """Return the exit status and the results by check."""
    command = [sys.executable, str(ROOT / "watch.py"), *DOCTOR, "--json"]
    run = subprocess.run(command, env=world.cloud.environment, capture_output=True, text=True, check=False)
    assert not run.stderr.startswith(("watch.py: ", "Traceback"))
    return run.returncode, {one["check"]: one for one in map(json.loads, run.stdout.splitlines())}


@pytest.fixture(scope="module")
def broken(world: World) -> Iterator[Results]:
    """Provoke the faults, yield what `doctor` finds, and undo the faults."""
    events, functions, sqs, sns, cloudwatch, trails = map(
        world.cloud.client, ("events", "lambda", "sqs", "sns", "cloudwatch", "cloudtrail")
    )
    rule, mapping, alarm = (resource(world, name) for name in ("TriggersRule0", "PollerPollPollQueue", "PollsStopped"))
    queue, topic = resource(world, "NotifierDeliveryDLQ"), resource(world, "MonitoringTopic")
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    with ExitStack() as undo:
        events.disable_rule(Name=rule)
        undo.callback(events.enable_rule, Name=rule)
        functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        undo.callback(functions.update_event_source_mapping, UUID=mapping, Enabled=True)
        sqs.send_message(QueueUrl=queue, MessageBody="an email")
        undo.callback(sqs.purge_queue, QueueUrl=queue)
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        undo.callback(sns.subscribe, TopicArn=topic, Protocol="email", Endpoint=SUBSCRIBER)
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
        undo.callback(cloudwatch.set_alarm_state, AlarmName=alarm, StateValue="OK", StateReason="a test")
        cloudwatch.disable_alarm_actions(AlarmNames=[alarm])
        undo.callback(cloudwatch.enable_alarm_actions, AlarmNames=[alarm])
        late = {"MetricName": "LatePolls", "Dimensions": [{"Name": "service", "Value": "JobWatcher"}], "Value": 3}
        cloudwatch.put_metric_data(Namespace="JobWatcher", MetricData=[late])
        undo.callback(lambda: [trails.delete_trail(Name=one["Name"]) for one in trails.describe_trails()["trailList"]])
        yield doctor(world)[1]


def test_each_fault_is_found(broken: Results) -> None:
    texts = [problem["text"] for result in broken.values() for problem in result["problems"]]
    expected = {
        "There is no trail in this Region",
        "The rule JobWatcher-JobsTriggersRule0",
        "The poll queue's event source mapping is in the state Disabled",
        "The stack's subscription JobsMonitoringTopicsupervisorexamplecom",
        "3 polls were more than a minute late in the last day.",
        "The queue DeliveryDLQ has 1 message: ",
        "The alarm PollsStopped is raised.",
        "The actions of the alarm PollsStopped are disabled",
    }
    assert {start for start in expected if any(text.startswith(start) for text in texts)} == expected


def test_what_was_not_broken_is_ok_and_everything_was_checked(broken: Results) -> None:
    assert list(broken) == list(CHECKS)
    assert {result["unknown"] for result in broken.values()} == {None}
    assert {broken[name]["state"] for name in ("stack", "kinds", "permissions")} == {"ok"}


def test_the_proposed_commands_fix_the_faults(world: World, broken: Results) -> None:
    results = broken
    for _ in range(2):  # the first command creates a trail, and the second one starts its logging
        for problem in (problem for name in FIXED for problem in results[name]["problems"]):
            _, *arguments = shlex.split(problem["fix"].replace("BUCKET", BUCKET))
            subprocess.run([TOOLS / "aws", *arguments], env=world.cloud.environment, capture_output=True, check=True)
        _, results = doctor(world)
    assert {name: results[name]["state"] for name in FIXED} == dict.fromkeys(FIXED, "ok")
    assert results["trail"]["notes"] == ["management-events"]


def test_a_terminal_shows_a_line_for_each_check_and_the_exit_status_is_1(world: World, broken: Results) -> None:
    with watch_py(*DOCTOR, environment=world.cloud.environment) as terminal:
        assert terminal.end() == 1
    words = [line.split() for line in terminal.lines]
    assert [name for name in CHECKS if any(name in line[1:3] for line in words)] == list(CHECKS)
    assert f"{'problem':12} {'queues':14}" in terminal.text
    assert "aws sqs receive-message" in terminal.text
