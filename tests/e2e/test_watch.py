"""Tests of watches that are started directly: a job's end is reported exactly once, also after errors."""

import io
import json
import time
import zipfile
from typing import Any

import pytest

from job_watcher.facts import format_duration
from job_watcher.to_json import to_json
from tests.chat_schema import read_chat_message

from .conftest import DESCRIBE, FRAUDSTERS, GIVE_UP_DAYS, SPEAKERS, SUBSCRIBER, World, fraudsters, speakers, until

MANIFESTS: dict[tuple[str, str], Any] = {
    (SPEAKERS, "COMPLETED"): speakers(4),
    (SPEAKERS, "COMPLETED_WITH_ERRORS"): speakers(4, missing=1),
    (SPEAKERS, "FAILED"): '{"Version": "1.0",',
    (FRAUDSTERS, "COMPLETED"): fraudsters(4),
    (FRAUDSTERS, "COMPLETED_WITH_ERRORS"): fraudsters(4, missing=1),
    (FRAUDSTERS, "FAILED"): "not JSON",
}
TOPICS = ("TopicArn", "EmailTopicArn", "ChatTopicArn")
OUTCOMES = {"COMPLETED": "succeeded", "COMPLETED_WITH_ERRORS": "partial", "FAILED": "failed"}
TEMPORARY_ERRORS = [("throttle", 8), ("error", 6), ("drop", 4), ("denied", 1), ("not-found", 1)]
PERMANENT_ERRORS = {
    "invalid": "ValidationException",
    "denied": "AccessDeniedException",
    "not-found": "ResourceNotFoundException",
}
Fault = tuple[str, int | None]
"""An error, and how many describe calls have it (None: all)."""
Watched = tuple[dict[str, str], dict[str, Any]]
"""The request that describes a job, and its watch's execution when it has ended."""


@pytest.mark.parametrize(("kind", "status"), MANIFESTS)
def test_every_terminal_status_is_reported_with_the_complete_job(world: World, kind: str, status: str) -> None:
    manifest = world.put_manifest(f"{kind.split('/')[1]}-{status}.json", MANIFESTS[kind, status])
    request = world.start_job(kind, manifest)
    execution = world.end(world.watch({"kind": kind, "request": request}))
    event = world.event(request)
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"]) == event["detail"]
    assert (event["source"], event["detail-type"]) == ("job-watcher", "Job Ended")
    assert event["detail"] == {
        **event["detail"],
        "kind": kind,
        "request": request,
        "status": status,
        "outcome": OUTCOMES[status],
        "job": to_json(world.describe(kind, request)),
        "watch": execution["executionArn"],
        "polls": event["detail"]["polls"],
    }
    assert event["detail"]["job"]["JobStatus"] == status


def test_the_email_about_a_failed_job_contains_the_reason(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("broken.json", '{"Version": '))
    world.end(world.watch({"kind": SPEAKERS, "request": request}))
    failure = world.event(request)["detail"]["job"]["FailureDetails"]
    email = world.email(request["JobId"])
    assert email["To"] == [SUBSCRIBER]
    assert email["Subject"].startswith("Failed: Voice ID speaker enrollment job ")
    assert f"{failure['Message']} ({failure['StatusCode']})" in email["BodyText"]


def test_an_overdue_job_is_reported_once_and_its_end_too(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("overdue.json", speakers(4, missing=1)))
    world.show_progress(request, 10)
    watches = [world.watch({"kind": SPEAKERS, "request": request, "overdue_after": after}) for after in (1, 2)]
    until(lambda: [email["Subject"].partition(":")[0] for email in world.emails(request["JobId"])] == ["Overdue"])
    (event,) = until(lambda: world.events(request, progress=True))
    assert (event["detail-type"], event["detail"]["percent"]) == ("Job Overdue", 10)
    world.show_end(request)
    assert [world.end(watch)["status"] for watch in watches] == ["SUCCEEDED", "SUCCEEDED"]
    assert world.event(request)["detail"]["outcome"] == "partial"
    until(lambda: len(world.emails(request["JobId"])) == 2)
    assert [event["detail-type"] for event in world.received(request, progress=True)].count("Job Overdue") == 1


def test_filter_policies_work_on_all_topics(world: World) -> None:
    policy = {"outcome": ["partial"], "status": ["COMPLETED_WITH_ERRORS"], "kind": [SPEAKERS]}
    queues = {output: _subscribe_queue(world, output, policy) for output in TOPICS}
    succeeded = world.start_job()
    partial = world.start_job(manifest=world.put_manifest("partial.json", speakers(3, missing=1)))
    for request in (succeeded, partial):
        world.end(world.watch({"kind": SPEAKERS, "request": request}))
    details = [world.event(request)["detail"] for request in (succeeded, partial)]
    email = world.email(partial["JobId"])
    (program,), (person,), (channel,) = (_messages(world, queue) for queue in queues.values())
    assert json.loads(program["Message"]) == details[1]
    assert (person["Subject"], person["Message"]) == (email["Subject"], email["BodyText"])
    assert email["Subject"].startswith("Partial: ")
    assert read_chat_message(channel["Message"])["content"]["title"] == f"⚠️ {email['Subject']}"
    names = [name for name in ("kind", "status", "outcome", "title") if name in details[1]]
    expected = {name: {"Type": "String", "Value": details[1][name]} for name in names}
    assert [message["MessageAttributes"] for message in (program, person, channel)] == [expected] * 3
    assert world.all_emails(succeeded["JobId"]) == []  # email-outcomes doesn't contain succeeded


@pytest.fixture(scope="module")
def faulty(world: World, never_ending: str) -> dict[Fault, Watched]:
    """Watch several jobs at the same time, each with errors of its describe calls, until the watches have ended."""
    faults: list[Fault] = [*TEMPORARY_ERRORS, *((fault, None) for fault in PERMANENT_ERRORS)]
    requests = {fault: world.start_job() for fault in faults}
    for (fault, times), request in requests.items():
        world.voice_id.fail(DESCRIBE[SPEAKERS], fault, times=times, job_id=request["JobId"])
    watches = {fault: world.watch({"kind": SPEAKERS, "request": request}) for fault, request in requests.items()}
    return {fault: (requests[fault], world.end(watch)) for fault, watch in watches.items()}


@pytest.mark.parametrize(("fault", "times"), TEMPORARY_ERRORS)
def test_temporary_errors_delay_the_notification(
    world: World, faulty: dict[Fault, Watched], fault: str, times: int
) -> None:
    request, execution = faulty[fault, times]
    assert execution["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["outcome"] == "succeeded"


@pytest.mark.parametrize(("fault", "error"), PERMANENT_ERRORS.items())
def test_permanent_errors_end_the_watch_as_lost_with_the_reason(
    world: World, faulty: dict[Fault, Watched], fault: str, error: str
) -> None:
    request, execution = faulty[fault, None]
    event = world.event(request)
    assert event["detail-type"] == "Watch Lost"
    assert event["detail"]["outcome"] == "lost"
    assert event["detail"]["error"] == error
    assert (execution["error"], execution["cause"]) == ("WatchLost", event["detail"]["reason"])
    assert world.email(request["JobId"])["Subject"].startswith("Lost: Voice ID speaker enrollment job ")
    # another watch can still report the job's end
    world.voice_id.faults.clear_of(request["JobId"])
    world.end(world.watch({"kind": SPEAKERS, "request": request}))
    assert [event["detail"]["outcome"] for event in until(lambda: _two_events(world, request))] == ["lost", "succeeded"]


def test_an_outage_of_the_service_delays_the_notification(world: World, never_ending: str) -> None:
    world.end(never_ending)  # before the outage, which could change the reason that it reports
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
def test_an_invalid_input_ends_the_watch_as_lost_without_a_describe_call(
    world: World, watch_input: Any, reason: str
) -> None:
    execution = world.end(world.watch(watch_input))
    assert execution["error"] == "WatchLost"
    assert reason in execution["cause"]
    details = until(lambda: [one for one in world.details() if one["watch"] == execution["executionArn"]])
    assert [detail["polls"] for detail in details] == [0]
    email = world.email(execution["executionArn"])
    assert execution["cause"] in email["BodyText"]


def test_several_watches_of_a_job_report_it_once(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("once.json", speakers(4, missing=1)))
    watches = [world.watch({"kind": SPEAKERS, "request": request}) for _ in range(2)]
    ends = [world.end(watch) for watch in watches]
    assert [end["status"] for end in ends] == ["SUCCEEDED", "SUCCEEDED"]
    assert json.loads(ends[0]["output"])["job"] == json.loads(ends[1]["output"])["job"]
    third = world.end(world.watch({"kind": SPEAKERS, "request": request}))
    assert third["status"] == "SUCCEEDED"
    assert len(world.all_events(request)) == 1
    assert len(world.all_emails(request["JobId"])) == 1


@pytest.mark.parametrize("fail_on", [[], ["failed"]])
def test_a_workflow_can_wait_for_a_job_with_the_sync_integration(world: World, fail_on: list[str]) -> None:
    request = world.start_job(manifest=world.put_manifest("sync.json", "{"))
    workflow = _workflow(world, f"caller-{len(fail_on)}")
    watch_input = json.dumps({"kind": SPEAKERS, "request": request, "fail_on": fail_on})
    execution = world.end(world.states.start_execution(stateMachineArn=workflow, input=watch_input)["executionArn"])
    detail = world.event(request)["detail"]
    if fail_on:
        assert execution["error"] == "States.TaskFailed"
        watch = json.loads(execution["cause"])
        assert (watch["Error"], json.loads(watch["Cause"])) == ("JobFailed", detail)
    else:
        assert json.loads(execution["output"])["Output"] == detail


def test_a_job_with_unknown_members_and_an_unknown_status_is_watched_to_its_end(world: World) -> None:
    request = world.start_job()
    world.voice_id.amend(request["JobId"], {"JobStatus": "PAUSED"})
    watch = world.watch({"kind": SPEAKERS, "request": request})
    world.voice_id.wait(request["JobId"])
    time.sleep(1)
    assert world.states.describe_execution(executionArn=watch)["status"] == "RUNNING"
    world.voice_id.amend(request["JobId"], {"Cost": {"Minutes": 12.5}})
    assert world.end(watch)["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["job"]["Cost"] == {"Minutes": 12.5}


def test_the_largest_member_of_a_job_that_is_too_large_is_omitted_and_listed(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("large.json", speakers(2, missing=1)))
    world.voice_id.amend(request["JobId"], {"Log": 'a "quoted" line\n' * 20_000})
    assert world.end(world.watch({"kind": SPEAKERS, "request": request}))["status"] == "SUCCEEDED"
    detail = world.event(request)["detail"]
    assert detail["omitted"] == ["Log"]
    assert detail["job"]["JobId"] == request["JobId"]
    assert "Log" in world.email(request["JobId"])["BodyText"]


def test_a_watch_whose_function_fails_is_reported_as_lost(world: World) -> None:
    request = world.start_job()
    started = world.states.start_execution(
        stateMachineArn=_broken_machine(world), input=json.dumps({"kind": SPEAKERS, "request": request})
    )
    execution = world.end(started["executionArn"])
    event = world.event(request)
    assert (execution["error"], event["detail-type"]) == ("WatchLost", "Watch Lost")
    assert event["detail"]["kind"] == SPEAKERS
    assert event["detail"]["reason"] == execution["cause"]
    assert world.email(execution["executionArn"])["Subject"] == "Lost: Job Watcher failed"


def test_a_watch_of_a_job_that_does_not_end_gives_up(world: World, never_ending: str) -> None:
    execution = world.end(never_ending)
    assert execution["error"] == "WatchLost"
    assert execution["cause"] == f"Gave up after {format_duration(GIVE_UP_DAYS * 86400)}: the job is still IN_PROGRESS."
    event = world.event(json.loads(execution["input"])["request"])
    assert event["detail"]["status"] == "IN_PROGRESS"
    assert event["detail"]["job"]["JobStatus"] == "IN_PROGRESS"


def _subscribe_queue(world: World, output: str, policy: dict[str, list[str]]) -> str:
    """Subscribe a new queue to a topic with a filter policy, and return the queue's URL."""
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
    """Wait for SNS messages on a queue and return them."""
    sqs = world.cloud.client("sqs")
    messages = until(lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"))
    return [json.loads(message["Body"]) for message in messages]


def _two_events(world: World, request: dict[str, str]) -> list[dict[str, Any]] | None:
    events = world.events(request)
    return events if len(events) == 2 else None


def _broken_machine(world: World) -> str:
    """Create a copy of the Watch state machine whose Describe function has no handler, and return its ARN."""
    functions, watch = world.cloud.client("lambda"), world.outputs["WatchArn"]
    deployed = world.states.describe_state_machine(stateMachineArn=watch)
    deployed_functions = functions.list_functions()["Functions"]
    (describe,) = [f for f in deployed_functions if f["FunctionName"].startswith("JobWatcher-JobsWatcherDescribe")]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as bundle:
        bundle.writestr("no_handler.py", "")
    broken = functions.create_function(
        FunctionName="broken",
        Runtime=describe["Runtime"],
        Role=describe["Role"],
        Handler="no_handler.handler",
        Code={"ZipFile": zipped.getvalue()},
    )
    definition = deployed["definition"].replace(describe["FunctionArn"], broken["FunctionArn"])
    assert broken["FunctionArn"] in definition
    role = deployed["roleArn"]
    return str(world.states.create_state_machine(name="broken", definition=definition, roleArn=role)["stateMachineArn"])


def _workflow(world: World, name: str) -> str:
    """Create a state machine that starts a watch and waits for it, and return its ARN."""
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
