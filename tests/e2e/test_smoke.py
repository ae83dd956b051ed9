"""Tests of `smoke` in a pseudo-terminal, with jobs that moto and MiniStack emulate."""

import pytest

from cli.smoke import PREFIX

from .conftest import World
from .terminal import CTRL_C, watch_py

SMOKE = ("smoke", "--stack", "JobWatcher")


def left(world: World) -> list[str]:
    """Return what is left of the resources that the command creates."""
    client = world.cloud.client
    rules = [rule["Name"] for rule in client("events").list_rules(EventBusName=world.outputs["BusName"])["Rules"]]
    groups = [group["Name"] for group in client("athena").list_work_groups()["WorkGroups"]]
    buckets = [bucket["Name"] for bucket in world.s3.list_buckets()["Buckets"]]
    subscriptions = [one["Endpoint"] for one in client("sns").list_subscriptions()["Subscriptions"]]
    queues = client("sqs").list_queues().get("QueueUrls", [])
    return [name for name in [*rules, *groups, *buckets, *subscriptions, *queues] if PREFIX in name]


@pytest.mark.parametrize("kind", ["athena/QueryExecution", "transcribe/TranscriptionJob"])
def test_the_event_and_both_messages_about_a_real_job_arrive_and_nothing_is_left(world: World, kind: str) -> None:
    with watch_py(*SMOKE, "--kind", kind, environment=world.cloud.environment) as terminal:
        terminal.wait_for("Continue? [y/N]:")
        assert left(world) == []
        terminal.press("y\n")
        assert terminal.end() == 0, terminal.text
    assert terminal.text.count(" s after the job's end") == 3
    assert left(world) == []


def test_after_ctrl_c_nothing_is_left(world: World) -> None:
    with watch_py(*SMOKE, environment=world.cloud.environment) as terminal:
        terminal.wait_for("Continue? [y/N]:")
        terminal.press("y\n")
        terminal.wait_for("\nstarted ")
        assert left(world) != []
        terminal.press(CTRL_C)
        assert terminal.end() == 130
    assert terminal.text.endswith("Interrupted.\n")
    assert left(world) == []
