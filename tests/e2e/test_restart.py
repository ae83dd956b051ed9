"""The local cloud, or a process of a Lambda function, is ended while a job is being watched.

On AWS, executions are durable. MiniStack saves its state only when it is terminated, and it can't resume executions: it
fails those that were running. So these tests don't prove that a watch survives. They prove that Job Watcher keeps all
state in AWS's services, and that a watch can be started again at any time without a second notification. They use the
stack that test_upgrade.py has updated, and run after all other tests in its local cloud.
"""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from local.cloud import Cloud
from local.sample import put_sample

from .conftest import DESCRIBE, SPEAKERS, Account, World, until
from .test_upgrade import STACK, upgraded

SLOW = 20  # seconds; the client waits for 10


@pytest.fixture(scope="module")
def own(account: Account) -> Iterator[World]:
    """Yield a stack in a local cloud that no later test uses, and delete it."""
    yield upgraded(account).stack
    account.destroy(STACK)


@pytest.fixture(autouse=True)
def input_files(own: World) -> None:
    """Put the jobs' input files into S3, which MiniStack doesn't save."""
    put_sample(own.s3, requests=4, invalid=0)


def start_job(own: World) -> dict[str, str]:
    """Start a job that is shown as running, and return the request that describes it."""
    request = own.start_job()
    own.show_progress(request, 50)
    return request


def start_watch(own: World, request: dict[str, str]) -> str:
    """Start a watch, and return its ARN when it has polled the job."""
    watch = own.watch({"kind": SPEAKERS, "request": request})
    own.wait_for_first_poll(watch)
    return watch


def test_if_the_local_cloud_is_terminated_watches_can_be_started_again(own: World) -> None:
    running, reported = start_job(own), start_job(own)
    interrupted, ended = start_watch(own, running), start_watch(own, reported)
    own.show_end(reported)
    own.end(ended)
    own.event(reported)
    own.cloud.restart(signal.SIGTERM)
    assert own.end(interrupted)["error"] == "States.ServiceRestart"  # MiniStack's own error
    watches = [own.watch({"kind": SPEAKERS, "request": request}) for request in (running, reported)]
    own.show_end(running)
    assert [own.end(watch)["status"] for watch in watches] == ["SUCCEEDED", "SUCCEEDED"]
    assert own.event(running)["detail"]["outcome"] == "succeeded"
    assert len(own.events(reported)) == 1
    # MiniStack doesn't save the emails that were sent before the restart
    assert [len(own.all_emails(request["JobId"])) for request in (running, reported)] == [1, 0]


def test_if_the_local_cloud_is_killed_the_same_event_starts_the_watch_again(own: World) -> None:
    own.cloud.restart(signal.SIGTERM)  # saves the state before the watch
    put_sample(own.s3, requests=4, invalid=0)
    request = start_job(own)
    own.put_start_event(request)
    killed = until(lambda: own.find_watch(request))
    own.wait_for_first_poll(killed)
    own.voice_id.wait(request["JobId"])  # its files in S3 aren't saved
    own.cloud.restart(signal.SIGKILL)
    assert own.find_watch(request) is None
    for _ in range(2):
        own.put_start_event(request)
    assert until(lambda: own.find_watch(request)) == killed
    own.show_end(request)
    assert own.end(killed)["status"] == "SUCCEEDED"
    assert own.event(request)["detail"]["outcome"] == "succeeded"
    assert len(own.all_emails(request["JobId"])) == 1


def test_if_the_process_of_the_function_is_killed_the_poll_is_repeated(own: World) -> None:
    request = start_job(own)
    own.voice_id.fail(DESCRIBE[SPEAKERS], "slow", seconds=SLOW, job_id=request["JobId"])
    calls = own.voice_id.calls[DESCRIBE[SPEAKERS]]
    watch = own.watch({"kind": SPEAKERS, "request": request})
    until(lambda: own.voice_id.calls[DESCRIBE[SPEAKERS]] > calls)
    processes = function_processes(own.cloud, "Describe")
    assert processes
    for process in processes:
        os.kill(process, signal.SIGKILL)
    own.show_end(request)
    assert own.end(watch)["status"] == "SUCCEEDED"
    history = own.states.get_execution_history(executionArn=watch)["events"]
    assert [event["type"] for event in history].count("TaskFailed") == 1
    assert own.event(request)["detail"]["outcome"] == "succeeded"
    assert len(own.all_emails(request["JobId"])) == 1


def function_processes(cloud: Cloud, name: str) -> list[int]:
    """Return the IDs of the processes that run a function in this local cloud."""
    command = ["ps", "-axww", "-o", "pid=,args="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if str(cloud.folder) in line and name in line]
