"""Two deployments side by side, and what becomes of running watches when one of them is deployed again."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.default_bus import DefaultBus, Delivery
from local.listener import Listener

from .conftest import FRAUDSTERS, SPEAKERS, World, fraudsters, until

ROOT = Path(__file__).parents[2]
Outputs = dict[str, str]


@dataclass(frozen=True)
class Second:
    """Another deployment in the same account and region; `deploy` deploys it again, with these kinds."""

    outputs: Outputs
    listener: Listener
    deploy: Callable[[str], Outputs]


@pytest.fixture(scope="module")
def second(world: World) -> Iterator[Second]:
    def deploy(kinds: str) -> Outputs:
        return world.cloud.deploy({"stack-name": "Second", "kinds": kinds})

    outputs = deploy("voice-id/*")
    listener = Listener(world.cloud.client("events"), world.cloud.client("sqs"), outputs["BusName"], "second")
    yield Second(outputs, listener, deploy)
    world.cloud.destroy("Second")  # or it would follow the other tests' jobs too


@pytest.fixture
def bus(world: World) -> Iterator[DefaultBus]:
    """The default bus, which delivers CloudTrail's events and no others."""
    world.cloud.default_bus.calls.times = 1
    yield world.cloud.default_bus
    world.cloud.default_bus.calls = Delivery(times=0)


def test_two_deployments_share_no_output(world: World, second: Second) -> None:
    assert set(second.outputs) == set(world.outputs)
    assert not set(second.outputs.values()) & set(world.outputs.values())


def test_both_deployments_follow_a_job_that_both_watch(world: World, second: Second, bus: DefaultBus) -> None:
    request = world.start_job()
    first = world.event(request)
    (other,) = until(lambda: [one for one in second.listener.events() if one["detail"]["request"] == request])
    assert first["detail"]["job"] == other["detail"]["job"]
    machines = [one["detail"]["watch"].split(":")[6] for one in (first, other)]
    assert machines == [outputs["WatchArn"].split(":")[6] for outputs in (world.outputs, second.outputs)]


def test_a_second_deploy_keeps_running_watches_and_ends_those_of_removed_kinds(world: World, second: Second) -> None:
    kept, removed = world.start_job(), world.start_job(FRAUDSTERS, world.put_manifest("f.json", fraudsters(4)))
    for request in (kept, removed):
        world.voice_id.hold(request["JobId"])
    watches = [_watch(world, second, SPEAKERS, kept), _watch(world, second, FRAUDSTERS, removed)]
    for watch in watches:
        until(lambda watch=watch: _polls(world, watch))  # type: ignore[misc]
    assert second.deploy(SPEAKERS) == second.outputs
    lost = world.end(watches[1])
    assert lost["error"] == "WatchLost"
    assert lost["cause"].startswith(f"This deployment no longer watches the kind {FRAUDSTERS}.")
    assert world.states.describe_execution(executionArn=watches[0])["status"] == "RUNNING"
    world.voice_id.release(kept["JobId"])
    assert json.loads(world.end(watches[0])["output"])["outcome"] == "succeeded"
    world.voice_id.release(removed["JobId"])


def test_what_blocks_the_removal_of_a_deployment_is_listed_and_removed(world: World, second: Second) -> None:
    request = world.start_job()
    world.voice_id.hold(request["JobId"])
    watch = _watch(world, second, SPEAKERS, request)
    listed = _before_destroy(world)
    assert listed.returncode == 1
    assert set(listed.stdout.splitlines()) == {
        "rule second on the bus",
        f"running execution {watch}",
        "2 found. Use --remove to remove those that can be removed.",
    }
    assert _before_destroy(world, "--remove").returncode == 0
    assert world.end(watch)["status"] == "ABORTED"
    assert world.cloud.client("events").list_rules(EventBusName=second.outputs["BusName"])["Rules"] == []
    nothing = _before_destroy(world)
    assert (nothing.returncode, nothing.stdout) == (0, "Nothing blocks `cdk destroy`.\n")
    world.voice_id.release(request["JobId"])


def test_a_deployment_that_is_not_there_is_reported_in_one_sentence(world: World) -> None:
    done = _before_destroy(world, "--stack", "Nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("watch.py: ") and "Nowhere" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _before_destroy(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "watch.py"), "before-destroy", "--stack", "Second", *arguments]
    return subprocess.run(command, env=world.cloud.environment, capture_output=True, text=True, check=False)


def _watch(world: World, second: Second, kind: str, request: dict[str, str]) -> str:
    given = json.dumps({"kind": kind, "request": request})
    machine = second.outputs["WatchArn"]
    return str(world.states.start_execution(stateMachineArn=machine, input=given)["executionArn"])


def _polls(world: World, watch: str) -> list[Any]:
    history = world.states.get_execution_history(executionArn=watch)["events"]
    return [event for event in history if event["type"] == "WaitStateEntered"]
