"""Tests with two deployments in one account: they are independent, and can be destroyed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import stack_resources
from job_watcher.detail import serialize
from local.default_bus import DefaultBus, Delivery
from local.event_queue import EventQueue

from .conftest import SPEAKERS, World, until

ON_CALL, LIMIT, FLOOD = "on-call@example.com", 5, 100
ROOT = Path(__file__).parents[2]
Outputs = dict[str, str]


@pytest.fixture(scope="module")
def second(world: World) -> Iterator[Outputs]:
    """Deploy the second stack, and yield its outputs."""
    yield world.cloud.deploy({"stack-name": "Second", "kinds": "voice-id/*", "email": ON_CALL})
    world.destroy("Second")  # so that it doesn't watch the jobs of other tests


@pytest.fixture
def events(world: World, second: Outputs) -> EventQueue:
    """Return the queue with the second deployment's events. Its rule is created again if a test has removed it."""
    return EventQueue(world.cloud.client("events"), world.cloud.client("sqs"), second["BusName"], "second")


@pytest.fixture
def bus(world: World) -> Iterator[DefaultBus]:
    """Yield the default bus, which delivers CloudTrail's events but no service events."""
    world.cloud.default_bus.cloudtrail_events.times = 1
    yield world.cloud.default_bus
    world.cloud.default_bus.cloudtrail_events = Delivery(times=0)


def test_two_deployments_have_different_outputs(world: World, second: Outputs) -> None:
    assert set(second) == set(world.outputs) - {"ChatTopicArn"}  # it has no channels
    assert [name for name, value in second.items() if value == world.outputs[name]] == ["Version"]


def test_a_job_that_two_deployments_watch_is_reported_by_both(
    world: World, second: Outputs, events: EventQueue, bus: DefaultBus
) -> None:
    request = world.start_job()
    first = world.event(request)
    (other,) = until(lambda: [event for event in events.receive() if event["detail"]["request"] == request])
    assert first["detail"]["job"] == other["detail"]["job"]
    machines = [event["detail"]["watch"].split(":")[6] for event in (first, other)]
    assert machines == [outputs["WatchArn"].split(":")[6] for outputs in (world.outputs, second)]


def test_of_a_hundred_failed_jobs_five_are_emailed_and_the_others_are_counted(
    world: World, second: Outputs, events: EventQueue
) -> None:
    world.cloud.scale_waits(0.05)  # the digest waits for 33 s, while all jobs fail
    _notify_of_failures(world)
    received: set[str] = set()
    until(lambda: _add(received, _numbers(events.receive())) == FLOOD)
    world.wait_for_notifications("Flood")
    world.cloud.scale_waits(0.001)  # the rest of the wait
    emails = until(lambda: _with_digests(_of_the_flood(world.emails("", ON_CALL))))
    subjects = [email["Subject"] for email in emails]
    counts = [
        int(re.findall(r"^Failed: (\d+) more of kind ", subject)[0]) for subject in subjects if " more of" in subject
    ]
    sent = len(subjects) - len(counts)
    assert sum(counts) + sent == FLOOD
    assert (sent, len(counts)) in ((LIMIT, 1), (2 * LIMIT, 2))  # two if ten minutes ended meanwhile
    world.cloud.scale_waits(0.01)
    assert " more of" in subjects[-1] and "--outcome failed" in emails[-1]["BodyText"]


def _notify_of_failures(world: World) -> None:
    """Start the second deployment's Notify state machine as watches of a hundred failed jobs do."""
    resources = stack_resources.physical_ids(world.cloud.client("cloudformation"), "Second")
    (machine,) = stack_resources.named(resources, "NotifierNotify").values()
    for number in range(FLOOD):
        detail = {"kind": SPEAKERS, "request": {"JobId": f"Flood{number}"}, "outcome": "failed"}
        notification = json.dumps(serialize({"detail": detail, "subject": f"Failed: {number}", "text": "It failed."}))
        world.states.start_execution(stateMachineArn=machine, name=f"flood-{number}", input=notification)


def _add(received: set[str], numbers: list[str]) -> int:
    """Add the numbers, and return how many different ones there are."""
    received.update(numbers)
    return len(received)


def _numbers(events: list[dict[str, Any]]) -> list[str]:
    return [event["detail"]["request"]["JobId"] for event in events if "Flood" in str(event["detail"]["request"])]


def _of_the_flood(emails: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the emails without those about the jobs of other tests, which may arrive late."""
    return [email for email in emails if email["BodyText"] == "It failed." or " more of kind " in email["Subject"]]


def _with_digests(emails: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Return the emails if they include the last digest."""
    return emails if emails and " more of kind " in emails[-1]["Subject"] else None


def test_before_destroy_lists_and_removes_what_blocks_the_deletion_of_the_stack(
    world: World, second: Outputs, events: EventQueue
) -> None:
    request = world.start_job()
    world.voice_id.hold(request["JobId"])
    watch = _watch(world, second, request)
    listed = _before_destroy(world)
    assert listed.returncode == 1
    assert set(listed.stdout.splitlines()) == {
        "rule second on the bus",
        f"running execution {watch}",
        "2 found. Use --remove to remove those that can be removed.",
    }
    assert _before_destroy(world, "--remove").returncode == 0
    assert world.end(watch)["status"] == "ABORTED"
    assert world.cloud.client("events").list_rules(EventBusName=second["BusName"])["Rules"] == []
    repeated = _before_destroy(world)
    assert (repeated.returncode, repeated.stdout) == (0, "Nothing blocks `cdk destroy`.\n")
    world.voice_id.release(request["JobId"])


def test_before_destroy_reports_a_missing_stack_in_one_sentence(world: World) -> None:
    result = _before_destroy(world, "--stack", "Nowhere")
    assert result.returncode == 7
    assert result.stderr.startswith("watch.py: ") and "Nowhere" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def _before_destroy(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "watch.py"), "before-destroy", "--stack", "Second", *arguments]
    return subprocess.run(command, env=world.cloud.environment, capture_output=True, text=True, check=False)


def _watch(world: World, second: Outputs, request: dict[str, str]) -> str:
    watch_input = json.dumps({"kind": SPEAKERS, "request": request})
    machine = second["WatchArn"]
    return str(world.states.start_execution(stateMachineArn=machine, input=watch_input)["executionArn"])
