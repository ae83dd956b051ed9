"""Tests of automatic watches: events start them through the deployed rules, and each job is reported exactly once."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.default_bus import DefaultBus, Delivery

from .conftest import FRAUDSTERS, SPEAKERS, World, domains, fraudsters, speakers, until

CLOUDTRAIL = "AWS API Call via CloudTrail"


@pytest.fixture
def bus(world: World) -> Iterator[DefaultBus]:
    """Yield the default bus, which delivers every event once and immediately."""
    bus = world.cloud.default_bus
    before = bus.cloudtrail_events, bus.service_events
    bus.cloudtrail_events, bus.service_events = Delivery(), Delivery()
    yield bus
    bus.cloudtrail_events, bus.service_events = before


@pytest.mark.parametrize("kind", [SPEAKERS, FRAUDSTERS])
def test_a_job_is_watched_when_it_starts(world: World, bus: DefaultBus, kind: str) -> None:
    body = speakers(4, missing=1) if kind == SPEAKERS else fraudsters(4, missing=1)
    request = world.start_job(kind, world.put_manifest("started.json", body))
    assert world.event(request)["detail"]["outcome"] == "partial"
    assert world.email(request["JobId"])["Subject"].startswith("Partial: ")


def test_polling_reports_the_end_if_the_service_event_is_lost(world: World, bus: DefaultBus) -> None:
    bus.service_events.times = 0
    request = world.start_job()
    world.voice_id.hold(request["JobId"])  # until the first poll, which is late on a busy machine
    (watch,) = until(lambda: world.watches_of(request))
    world.wait_for_first_poll(watch)
    world.voice_id.release(request["JobId"])
    assert world.event(request)["detail"]["polls"] > 1


def test_the_service_event_starts_a_watch_if_the_cloudtrail_event_is_lost(world: World, bus: DefaultBus) -> None:
    bus.cloudtrail_events.times = 0
    request = world.start_job()
    assert world.event(request)["detail"]["outcome"] == "succeeded"


def test_the_service_event_reports_the_end_before_the_next_poll(
    world: World, bus: DefaultBus, never_ending: str
) -> None:
    world.end(never_ending)  # before the scale changes, because its waits would then take hours
    world.cloud.scale_waits(20)  # the second poll is at least 280 s after the first
    bus.service_events.times = 0  # until the first poll, which is late on a busy machine
    try:
        request = world.start_job()
        world.voice_id.hold(request["JobId"])
        (polling,) = until(lambda: world.watches_of(request))
        world.wait_for_first_poll(polling)
        bus.service_events.times = 1
        world.voice_id.release(request["JobId"])
        event = world.event(request)
    finally:
        world.cloud.scale_waits(0.01)
    assert _status(world, polling) == "RUNNING"
    assert (event["detail"]["watch"], event["detail"]["polls"]) == (polling, 1)
    assert world.watches_of(request) == [polling]
    world.states.stop_execution(executionArn=polling)


def test_a_watch_ends_without_a_second_notification_if_an_event_has_reported_the_end(
    world: World, bus: DefaultBus
) -> None:
    before = set(world.watches())
    request = world.start_job()
    world.event(request)
    until(lambda: all(_status(world, watch) == "SUCCEEDED" for watch in set(world.watches()) - before))
    assert len(world.all_events(request)) == 1


@pytest.mark.parametrize(
    ("cloudtrail", "service"),
    [
        (Delivery(times=3), Delivery(times=3)),
        (Delivery(delay=0.5), Delivery()),
        (Delivery(), Delivery(delay=0.5, times=2)),
        (Delivery(delay=0.75, times=2), Delivery(delay=0.75, times=2)),
    ],
    ids=["duplicates", "late CloudTrail event", "late service event", "late duplicates of both"],
)
def test_a_job_is_reported_once_if_events_are_late_duplicated_or_out_of_order(
    world: World, bus: DefaultBus, cloudtrail: Delivery, service: Delivery
) -> None:
    bus.cloudtrail_events, bus.service_events = cloudtrail, service
    before = set(world.watches())
    request = world.start_job(manifest=world.put_manifest("late.json", speakers(4, missing=1)))
    world.event(request)
    time.sleep(cloudtrail.delay + service.delay + 1)
    until(lambda: all(_status(world, watch) != "RUNNING" for watch in set(world.watches()) - before))
    assert len(world.all_events(request)) == 1
    assert len(world.all_emails(request["JobId"])) == 1


def test_a_rejected_start_call_starts_no_watch(world: World, bus: DefaultBus) -> None:
    before = set(world.watches())
    world.voice_id.fail("StartSpeakerEnrollmentJob", "denied")
    with pytest.raises(Exception, match="AccessDenied"):
        world.start_job()
    request = world.start_job()
    world.event(request)
    requests = [world.request_of(watch) for watch in set(world.watches()) - before]
    assert requests
    assert all(watched == request for watched in requests)


def test_an_event_without_a_job_id_goes_to_the_dead_letter_queue_with_the_reason(world: World, bus: DefaultBus) -> None:
    call = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob", "responseElements": None}
    bus({"Source": "aws.voiceid", "DetailType": CLOUDTRAIL, "Detail": {**call, "requestParameters": {"domainId": "d"}}})
    sqs = world.cloud.client("sqs")
    (queue,) = [url for url in sqs.list_queues()["QueueUrls"] if "TriggerDLQ" in url]
    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    lost = json.loads(message["Body"])
    assert lost["requestPayload"]["detail"]["eventName"] == "StartSpeakerEnrollmentJob"
    assert "doesn't contain its JobId" in json.dumps(lost["responsePayload"])


def test_two_simultaneous_events_start_one_watch(world: World, bus: DefaultBus) -> None:
    bus.cloudtrail_events.times = bus.service_events.times = 0
    request = world.start_job()
    world.voice_id.hold(request["JobId"])
    bus.cloudtrail_events.times = bus.service_events.times = 1
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(bus, [_cloudtrail_event(request), _service_event(request)]))
    until(lambda: world.watches_of(request))
    time.sleep(2)  # a second watch would start in this time
    assert len(world.watches_of(request)) == 1
    world.voice_id.release(request["JobId"])
    assert world.event(request)["detail"]["outcome"] == "succeeded"


def test_a_service_event_about_a_deleted_job_sends_no_notification(world: World, bus: DefaultBus) -> None:
    request = {"DomainId": next(domains), "JobId": "DeletedJob000000000001"}
    bus(_service_event(request))
    (watch,) = until(lambda: world.watches_of(request))
    assert world.end(watch)["status"] == "SUCCEEDED"
    assert world.all_events(request) == []
    assert world.all_emails(request["JobId"]) == []


def test_a_cloudtrail_event_about_an_unknown_job_reports_the_watch_as_lost(world: World, bus: DefaultBus) -> None:
    request = {"DomainId": next(domains), "JobId": "UnknownJob000000000001"}
    bus(_cloudtrail_event(request))
    assert world.event(request)["detail"]["error"] == "ResourceNotFoundException"


def test_fifty_simultaneous_watches_report_the_job_once(world: World, bus: DefaultBus) -> None:
    request = world.start_job(manifest=world.put_manifest("fifty.json", speakers(6, missing=1)))
    with ThreadPoolExecutor(50) as pool:
        watches = list(pool.map(world.watch, [{"kind": SPEAKERS, "request": request}] * 50))
    ends = [world.end(watch) for watch in watches]
    assert {end["status"] for end in ends} == {"SUCCEEDED"}
    assert len(world.all_events(request)) == 1
    assert len(world.all_emails(request["JobId"])) == 1


def test_progress_is_reported_once_per_step_and_never_by_email(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("steps.json", speakers(12, missing=1)))
    world.voice_id.hold(request["JobId"])  # until the first polls, which are late on a busy machine
    world.voice_id.amend(request["JobId"], {"JobStatus": "IN_PROGRESS", "JobProgress": {"PercentComplete": 30}})
    watches = [world.watch({"kind": SPEAKERS, "request": request}) for _ in range(3)]
    for watch in watches:
        world.wait_for_first_poll(watch)
    world.voice_id.amend(request["JobId"], {})
    world.voice_id.release(request["JobId"])
    for watch in watches:
        world.end(watch)
    world.event(request)
    details = [event["detail"] for event in world.all_events(request, progress=True)]
    steps = [(detail["status"], int(detail["percent"] // 25)) for detail in details]
    assert steps
    assert len(steps) == len(set(steps))
    assert all(detail["outcome"] == "running" for detail in details)
    assert len(world.all_emails(request["JobId"])) == 1


def test_a_watch_that_checks_once_does_not_report_a_running_job(world: World) -> None:
    request = world.start_job()
    world.voice_id.hold(request["JobId"])
    execution = world.end(world.watch({"kind": SPEAKERS, "request": request, "check_once": True}))
    assert (execution["status"], json.loads(execution["output"])["polls"]) == ("SUCCEEDED", 1)
    assert world.all_events(request) == []
    world.voice_id.release(request["JobId"])


def _cloudtrail_event(request: dict[str, str]) -> dict[str, Any]:
    """Return the CloudTrail event of the call that started this job."""
    job = {"domainId": request["DomainId"], "jobId": request["JobId"]}
    call = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob"}
    return {"Source": "aws.voiceid", "DetailType": CLOUDTRAIL, "Detail": {**call, "responseElements": {"job": job}}}


def _service_event(request: dict[str, str]) -> dict[str, Any]:
    """Return the service event that this job was submitted."""
    job = {"domainId": request["DomainId"], "batchJobId": request["JobId"]}
    detail = {**job, "action": "BATCH_ENROLLMENT_REQUEST", "status": "SUBMITTED"}
    return {"Source": "aws.voiceid", "DetailType": "VoiceId Batch Speaker Enrollment Action", "Detail": detail}


def _status(world: World, watch: str) -> str:
    return str(world.states.describe_execution(executionArn=watch)["status"])
