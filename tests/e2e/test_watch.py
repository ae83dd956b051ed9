"""A watch through the deployed stack: whatever fails in between, a job's end is reported, once."""

import io
import json
import time
import zipfile
from typing import Any

import pytest

from job_watcher.email_message import format_duration
from job_watcher.to_json import to_json

from .conftest import DESCRIBE, FRAUDSTERS, GIVE_UP_DAYS, SPEAKERS, SUBSCRIBER, World, fraudsters, speakers, until

MANIFESTS: dict[tuple[str, str], Any] = {
    (SPEAKERS, "COMPLETED"): speakers(4),
    (SPEAKERS, "COMPLETED_WITH_ERRORS"): speakers(4, bad=1),
    (SPEAKERS, "FAILED"): '{"Version": "1.0",',
    (FRAUDSTERS, "COMPLETED"): fraudsters(4),
    (FRAUDSTERS, "COMPLETED_WITH_ERRORS"): fraudsters(4, bad=1),
    (FRAUDSTERS, "FAILED"): "not JSON",
}
OUTCOMES = {"COMPLETED": "succeeded", "COMPLETED_WITH_ERRORS": "partial", "FAILED": "failed"}


@pytest.mark.parametrize(("kind", "status"), MANIFESTS)
def test_every_terminal_status_is_reported_with_the_whole_job(world: World, kind: str, status: str) -> None:
    manifest = world.put_manifest(f"{kind.split('/')[1]}-{status}.json", MANIFESTS[kind, status])
    request = world.start_job(kind, manifest)
    execution = world.end(world.watch({"kind": kind, "request": request}))
    event = world.event(request)
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"]) == event["detail"]
    assert (event["source"], event["detail-type"]) == ("job-watcher", "Job Ended")
    assert event["detail"] == {
        "kind": kind,
        "request": request,
        "status": status,
        "outcome": OUTCOMES[status],
        "job": to_json(world.describe(kind, request)),
        "watch": execution["executionArn"],
        "polls": event["detail"]["polls"],
    }
    assert event["detail"]["job"]["JobStatus"] == status


def test_a_failed_job_says_why_in_the_email(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("broken.json", '{"Version": '))
    world.end(world.watch({"kind": SPEAKERS, "request": request}))
    failure = world.event(request)["detail"]["job"]["FailureDetails"]
    email = world.email(request["JobId"])
    assert email["To"] == [SUBSCRIBER]
    assert email["Subject"] == f"Failed: SpeakerEnrollmentJob {request['JobId']} (FAILED)"
    assert f"{failure['Message']} ({failure['StatusCode']})" in email["BodyText"]


def test_a_filter_policy_on_each_topic_selects_messages(world: World) -> None:
    policy = {"outcome": ["partial"], "status": ["COMPLETED_WITH_ERRORS"], "kind": [SPEAKERS]}
    queues = {output: _subscribed(world, output, policy) for output in ("TopicArn", "EmailTopicArn")}
    good = world.start_job()
    partial = world.start_job(manifest=world.put_manifest("partial.json", speakers(3, bad=1)))
    for request in (good, partial):
        world.end(world.watch({"kind": SPEAKERS, "request": request}))
    details = [world.event(request)["detail"] for request in (good, partial)]
    email = world.email(partial["JobId"])
    (program,), (person,) = (_messages(world, queue) for queue in queues.values())
    assert json.loads(program["Message"]) == details[1]
    assert (person["Subject"], person["Message"]) == (email["Subject"], email["BodyText"])
    assert email["Subject"].startswith("Partial: ")
    wanted = {name: {"Type": "String", "Value": values[0]} for name, values in policy.items()}
    assert program["MessageAttributes"] == person["MessageAttributes"] == wanted
    assert world.emails(good["JobId"]) == []  # this deployment's email-outcomes leave out succeeded


@pytest.mark.parametrize(
    ("fault", "times"), [("throttle", 8), ("error", 6), ("drop", 4), ("denied", 1), ("not-found", 1)]
)
def test_what_passes_delays_the_notification_and_loses_nothing(world: World, fault: str, times: int) -> None:
    request = world.start_job()
    world.voice_id.fail(DESCRIBE[SPEAKERS], fault, times=times)
    execution = world.end(world.watch({"kind": SPEAKERS, "request": request}))
    assert execution["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["outcome"] == "succeeded"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("invalid", "ValidationException"),
        ("denied", "AccessDeniedException"),
        ("not-found", "ResourceNotFoundException"),
    ],
)
def test_what_does_not_pass_loses_the_watch_and_says_why(world: World, fault: str, error: str) -> None:
    request = world.start_job()
    world.voice_id.fail(DESCRIBE[SPEAKERS], fault, times=None)
    execution = world.end(world.watch({"kind": SPEAKERS, "request": request}))
    event = world.event(request)
    assert event["detail-type"] == "Watch Lost"
    assert event["detail"]["outcome"] == "lost"
    assert event["detail"]["error"] == error
    assert (execution["error"], execution["cause"]) == ("WatchLost", event["detail"]["reason"])
    assert world.email(request["JobId"])["Subject"] == f"Lost: SpeakerEnrollmentJob {request['JobId']} ({error})"
    # a later watch can still report the job's end
    world.voice_id.faults.clear()
    world.end(world.watch({"kind": SPEAKERS, "request": request}))
    assert [event["detail"]["outcome"] for event in until(lambda: _two(world, request))] == ["lost", "succeeded"]


def test_a_service_that_is_dead_for_a_while_delays_the_notification(world: World) -> None:
    request = world.start_job()
    watch = world.watch({"kind": SPEAKERS, "request": request})
    world.voice_id.pause()
    time.sleep(2)
    world.voice_id.resume()
    assert world.end(watch)["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["outcome"] == "succeeded"


@pytest.mark.parametrize(
    ("watch_input", "reason"),
    [
        (["voice-id"], "The input is a list; accepted is an object with the members kind and request."),
        (
            {"kind": "voice-id/SpeakerEnrolmentJob", "request": {}},
            "kind 'voice-id/SpeakerEnrolmentJob'; accepted are voice-id/S",
        ),
        (
            {"kind": SPEAKERS, "request": {"DomainId": "a" * 22}},
            "The request has no JobId; accepted are DomainId, JobId.",
        ),
        ({"kind": SPEAKERS, "request": {"DomainID": "a" * 22, "JobId": "b" * 22}}, "unknown member 'DomainID'"),
        (
            {"kind": SPEAKERS, "request": {"DomainId": "a-" * 11, "JobId": "b" * 22}},
            "accepted is a string that matches",
        ),
        ({"kind": SPEAKERS, "request": {"DomainId": 7, "JobId": "b" * 22}}, "Invalid type for parameter DomainId"),
        ({"kind": SPEAKERS, "request": {}, "failon": ["failed"]}, "unknown member 'failon'; accepted are kind,"),
        ({"kind": SPEAKERS, "request": {}, "fail_on": ["FAILED"]}, "fail_on is ['FAILED']; accepted is a list of"),
    ],
)
def test_a_wrong_input_loses_the_watch_at_once_without_a_call(world: World, watch_input: Any, reason: str) -> None:
    before = world.voice_id.calls[DESCRIBE[SPEAKERS]]
    execution = world.end(world.watch(watch_input))
    assert execution["error"] == "WatchLost"
    assert reason in execution["cause"]
    assert world.voice_id.calls[DESCRIBE[SPEAKERS]] == before
    email = world.email(execution["executionArn"])
    assert execution["cause"] in email["BodyText"]


def test_two_watches_of_one_job_report_it_once(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("once.json", speakers(4, bad=1)))
    watches = [world.watch({"kind": SPEAKERS, "request": request}) for _ in range(2)]
    ends = [world.end(watch) for watch in watches]
    assert [end["status"] for end in ends] == ["SUCCEEDED", "SUCCEEDED"]
    assert json.loads(ends[0]["output"])["job"] == json.loads(ends[1]["output"])["job"]
    late = world.end(world.watch({"kind": SPEAKERS, "request": request}))
    assert late["status"] == "SUCCEEDED"
    assert len(world.events(request)) == 1
    assert len(world.emails(request["JobId"])) == 1


@pytest.mark.parametrize("fail_on", [[], ["failed"]])
def test_a_workflow_waits_for_a_job_with_sync(world: World, fail_on: list[str]) -> None:
    request = world.start_job(manifest=world.put_manifest("sync.json", "{"))
    caller = _calling(world, f"caller-{len(fail_on)}")
    watch_input = json.dumps({"kind": SPEAKERS, "request": request, "fail_on": fail_on})
    execution = world.end(world.states.start_execution(stateMachineArn=caller, input=watch_input)["executionArn"])
    detail = world.event(request)["detail"]
    if fail_on:
        assert execution["error"] == "States.TaskFailed"
        watch = json.loads(execution["cause"])
        assert (watch["Error"], json.loads(watch["Cause"])) == ("JobFailed", detail)
    else:
        assert json.loads(execution["output"])["Output"] == detail


def test_members_and_statuses_that_nobody_knew_pass_through(world: World) -> None:
    request = world.start_job()
    world.voice_id.amend(request["JobId"], {"JobStatus": "PAUSED"})
    watch = world.watch({"kind": SPEAKERS, "request": request})
    world.voice_id.wait(request["JobId"])
    time.sleep(1)
    assert world.states.describe_execution(executionArn=watch)["status"] == "RUNNING"
    world.voice_id.amend(request["JobId"], {"Cost": {"Minutes": 12.5}})
    assert world.end(watch)["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["job"]["Cost"] == {"Minutes": 12.5}


def test_a_job_too_large_to_travel_loses_its_largest_member_and_says_so(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("large.json", speakers(2, bad=1)))
    world.voice_id.amend(request["JobId"], {"Log": 'a "quoted" line\n' * 20_000})
    assert world.end(world.watch({"kind": SPEAKERS, "request": request}))["status"] == "SUCCEEDED"
    detail = world.event(request)["detail"]
    assert detail["omitted"] == ["Log"]
    assert detail["job"]["JobId"] == request["JobId"]
    assert "Log" in world.email(request["JobId"])["BodyText"]


def test_a_watcher_with_a_bug_loses_the_watch_and_says_so(world: World) -> None:
    request = world.start_job()
    started = world.states.start_execution(
        stateMachineArn=_with_a_bug(world), input=json.dumps({"kind": SPEAKERS, "request": request})
    )
    execution = world.end(started["executionArn"])
    event = world.event(request)
    assert (execution["error"], event["detail-type"]) == ("WatchLost", "Watch Lost")
    assert event["detail"]["kind"] == SPEAKERS
    assert event["detail"]["reason"] == execution["cause"]
    assert world.email(execution["executionArn"])["Subject"] == "Lost: Job Watcher failed"


def test_a_watch_of_a_job_that_never_ends_gives_up(world: World, never_ending: str) -> None:
    execution = world.end(never_ending)
    assert execution["error"] == "WatchLost"
    assert execution["cause"] == f"Gave up after {format_duration(GIVE_UP_DAYS * 86400)}: the job is still IN_PROGRESS."
    event = world.event(json.loads(execution["input"])["request"])
    assert event["detail"]["status"] == "IN_PROGRESS"
    assert event["detail"]["job"]["JobStatus"] == "IN_PROGRESS"


def _subscribed(world: World, output: str, policy: dict[str, list[str]]) -> str:
    """The URL of a new queue that receives what the policy selects from a topic."""
    sqs = world.cloud.client("sqs")
    queue: str = sqs.create_queue(QueueName=f"filtered-{output}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    world.cloud.client("sns").subscribe(
        TopicArn=world.outputs[output],
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": json.dumps(policy)},
    )
    return queue


def _messages(world: World, queue: str) -> list[dict[str, Any]]:
    """The SNS messages on a queue, as soon as there is one."""
    sqs = world.cloud.client("sqs")
    got = until(lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"))
    return [json.loads(message["Body"]) for message in got]


def _two(world: World, request: dict[str, str]) -> list[dict[str, Any]] | None:
    events = world.events(request)
    return events if len(events) == 2 else None


def _with_a_bug(world: World) -> str:
    """The Watch state machine, but with a function that can't find its handler in place of Describe."""
    functions, watch = world.cloud.client("lambda"), world.outputs["WatchArn"]
    deployed = world.states.describe_state_machine(stateMachineArn=watch)
    (describe,) = [one for one in functions.list_functions()["Functions"] if "Describe" in one["FunctionName"]]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as bundle:
        bundle.writestr("bug.py", "")
    broken = functions.create_function(
        FunctionName="broken",
        Runtime=describe["Runtime"],
        Role=describe["Role"],
        Handler="bug.handler",
        Code={"ZipFile": zipped.getvalue()},
    )
    definition = deployed["definition"].replace(describe["FunctionArn"], broken["FunctionArn"])
    assert broken["FunctionArn"] in definition
    role = deployed["roleArn"]
    return str(world.states.create_state_machine(name="broken", definition=definition, roleArn=role)["stateMachineArn"])


def _calling(world: World, name: str) -> str:
    """A state machine of somebody else's that starts a watch and waits for it."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": world.outputs["WatchArn"], "Input": "{% $states.input %}"},
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Watch", "States": {"Watch": task}}
    role = "arn:aws:iam::000000000000:role/caller"
    created = world.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    return str(created["stateMachineArn"])
