"""Tests of `smoke` in a pseudo-terminal, with jobs that moto and MiniStack emulate."""

import re

from cli.smoke import PREFIX

from .conftest import World
from .terminal import CTRL_C, watch_py

KIND = "transcribe/TranscriptionJob"
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


def test_the_event_and_both_messages_about_a_real_job_arrive_and_nothing_is_left(world: World) -> None:
    with watch_py(*SMOKE, "--kind", KIND, environment=world.cloud.environment) as terminal:
        terminal.wait_for("Continue? [y/N]:")
        assert left(world) == []
        terminal.press("y\n")
        assert terminal.end() == 0, terminal.text
    assert terminal.text.count(" s after the job's end") == 3
    assert left(world) == []
    assert_only_the_end_is_reported(world, terminal.text)


def assert_only_the_end_is_reported(world: World, text: str) -> None:
    """Assert that no watch of the job is lost, although the job has been removed."""
    (name,) = re.findall(r"^started +\S+ TranscriptionJobName=(\S+)$", text, re.MULTILINE)
    watches = [world.end(watch) for watch in world.watches() if KIND.replace("/", "-") in watch]
    of_job = [watch["status"] for watch in watches if name in watch["input"]]
    assert len(of_job) >= 2 and set(of_job) == {"SUCCEEDED"}
    (event,) = world.events({"TranscriptionJobName": name})
    assert event["detail"]["outcome"] == "succeeded"


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
