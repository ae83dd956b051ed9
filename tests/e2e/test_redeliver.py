"""`redeliver` against the local cloud: dead-lettered events start their watches, and each job is reported once.

MiniStack has no RedriveExecution, so the redrive itself is tested only in tests/unit/test_redeliver.py. Its EventBridge
sends no events to dead-letter queues, so the tests put such messages there.
"""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from local.environment import ROOT

from .conftest import SPEAKERS, World, until
from .terminal import watch_py


def event_of(request: dict[str, str]) -> dict[str, Any]:
    """Return CloudTrail's event of the call that started a job, as EventBridge delivers it."""
    call = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob"}
    return {
        "id": str(uuid.uuid4()),
        "source": "aws.voiceid",
        "detail-type": "AWS API Call via CloudTrail",
        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "detail": {**call, "responseElements": {"job": {"domainId": request["DomainId"], "jobId": request["JobId"]}}},
    }


def put_dead_letter(world: World, event: dict[str, Any]) -> None:
    """Put an event into the dead-letter queue as EventBridge does if it can't invoke the Start function."""
    sqs = world.cloud.client("sqs")
    attributes = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "Not allowed."}
    sqs.send_message(
        QueueUrl=dead_letter_queue(world),
        MessageBody=json.dumps(event),
        MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
    )


def dead_letter_queue(world: World) -> str:
    return resource(world, "TriggersTriggerDLQ")


def resource(world: World, name: str) -> str:
    """Return the physical id of a resource of the stack that most tests use."""
    stack = world.cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName="JobWatcher")
    summaries = [summary for page in stack for summary in page["StackResourceSummaries"]]
    (found,) = [one["PhysicalResourceId"] for one in summaries if one["LogicalResourceId"][:-8].endswith(name)]
    return str(found)


def redeliver(world: World, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command without a terminal, and return its exit status and its results."""
    command = [sys.executable, str(ROOT / "watch.py"), "redeliver", "--yes", "--json", "--stack", "JobWatcher"]
    run = subprocess.run(
        [*command, *arguments], env=world.cloud.environment, capture_output=True, text=True, check=False
    )
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()]


def test_an_event_that_eventbridge_could_not_deliver_starts_the_watch_after_confirmation(world: World) -> None:
    request = world.start_job()
    put_dead_letter(world, event_of(request))
    arguments = ("redeliver", request["JobId"], "--stack", "JobWatcher")
    with watch_py(*arguments, environment=world.cloud.environment) as terminal:
        terminal.wait_for("Redeliver it? [y/N]:")
        terminal.press("y\r")
        assert terminal.end() == 0
    assert f"{SPEAKERS} DomainId={request['DomainId']} JobId={request['JobId']}" in terminal.text
    assert "reason  NO_PERMISSIONS: Not allowed." in terminal.text
    assert world.event(request)["detail"]["outcome"] == "succeeded"
    assert redeliver(world, request["JobId"]) == (0, [])


def test_an_event_that_is_redelivered_several_times_is_reported_once(world: World) -> None:
    request = world.start_job()
    event = event_of(request)
    for _ in range(3):
        put_dead_letter(world, event)
    status, results = redeliver(world, request["JobId"])
    assert (status, [result["redelivered"] for result in results]) == (0, [True] * 3)
    world.event(request)
    put_dead_letter(world, event)
    assert redeliver(world, request["JobId"])[0] == 0
    watches = world.watches_of(request)
    assert watches
    for watch in watches:
        world.end(watch)
    assert len(world.all_events(request)) == 1


@contextmanager
def broken_start_function(world: World) -> Iterator[None]:
    """Let the Start function fail at once: its state machine doesn't exist, and its events aren't retried."""
    functions, name = world.cloud.client("lambda"), resource(world, "TriggersStart")
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    of_function = {"FunctionName": name, "Qualifier": "$LATEST"}
    retries = functions.get_function_event_invoke_config(**of_function)
    of_function["DestinationConfig"] = retries["DestinationConfig"]
    broken = {**variables, "WATCH_ARN": variables["WATCH_ARN"] + "x"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    functions.put_function_event_invoke_config(**of_function, MaximumRetryAttempts=0)
    try:
        yield
    finally:
        functions.put_function_event_invoke_config(**of_function, MaximumRetryAttempts=retries["MaximumRetryAttempts"])
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def test_an_event_for_which_the_function_failed_starts_the_watch_when_the_function_works(world: World) -> None:
    request = world.start_job()
    with broken_start_function(world):
        world.put_start_event(request)
        until(lambda: _is_dead_letter(world, request))
        status, (failed,) = redeliver(world, request["JobId"])
        assert (status, failed["redelivered"]) == (4, False)
        assert "StateMachineDoesNotExist" in failed["error"]
    status, (result,) = redeliver(world, request["JobId"])
    assert (status, result["redelivered"]) == (0, True)
    assert "StateMachineDoesNotExist" in result["reason"]
    assert world.event(request)["detail"]["outcome"] == "succeeded"


def _is_dead_letter(world: World, request: dict[str, str]) -> bool:
    queue, sqs = dead_letter_queue(world), world.cloud.client("sqs")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", ())
    return any(request["JobId"] in message["Body"] for message in messages)


def test_a_stopped_notification_is_shown_with_its_branches(world: World) -> None:
    states, machine = world.states, resource(world, "NotifierNotify")
    request = world.start_job()
    world.end(world.watch({"kind": SPEAKERS, "request": request}))
    of_job = world.event(request)["detail"]  # a complete detail, because the event is published before it is stopped
    detail = {**of_job, "request": {**request, "JobId": "Stopped000000000000001"}, "outcome": "failed"}
    notification = {"detail_type": "Job Ended", "message": json.dumps(detail)}  # without a text, so that it is retried
    started = states.start_execution(stateMachineArn=machine, input=json.dumps(notification))["executionArn"]
    states.stop_execution(executionArn=started)
    _, (result,) = redeliver(world, "Stopped000000000000001")
    assert (result["type"], result["id"], result["outcome"]) == ("notification", started, "failed")
    assert set(result["branches"]) <= {"PutEvent", "PublishToPrograms", "PublishToPeople"}
    assert result["jobs"] == [{"kind": SPEAKERS, "request": detail["request"]}]
