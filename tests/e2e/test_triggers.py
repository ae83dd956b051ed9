"""Nobody starts a watch here but the deployed rules; whatever comes of the events, one job has one notification."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.default_bus import DefaultBus, Delivery

from .conftest import DESCRIBE, FRAUDSTERS, SPEAKERS, World, domains, fraudsters, speakers, until

CLOUDTRAIL = "AWS API Call via CloudTrail"


@pytest.fixture
def bus(world: World) -> Iterator[DefaultBus]:
    """The default bus as it should be: every event once, at once."""
    before = world.cloud.default_bus.calls, world.cloud.default_bus.service_event
    world.cloud.default_bus.calls, world.cloud.default_bus.service_event = Delivery(), Delivery()
    yield world.cloud.default_bus
    world.cloud.default_bus.calls, world.cloud.default_bus.service_event = before


@pytest.mark.parametrize("kind", [SPEAKERS, FRAUDSTERS])
def test_starting_a_job_is_enough(world: World, bus: DefaultBus, kind: str) -> None:
    body = speakers(4, bad=1) if kind == SPEAKERS else fraudsters(4, bad=1)
    request = world.start_job(kind, world.put_manifest("started.json", body))
    assert world.event(request)["detail"]["outcome"] == "partial"
    assert world.email(request["JobId"])["Subject"].startswith("Partial: ")


def test_polling_reports_when_the_services_own_event_never_comes(world: World, bus: DefaultBus) -> None:
    bus.service_event.times = 0
    request = world.start_job()
    assert world.event(request)["detail"]["polls"] > 1


def test_the_services_own_event_is_enough_when_cloudtrail_is_silent(world: World, bus: DefaultBus) -> None:
    bus.calls.times = 0
    request = world.start_job()
    assert world.event(request)["detail"]["outcome"] == "succeeded"


def test_the_services_own_event_is_reported_long_before_the_next_poll(
    world: World, bus: DefaultBus, never_ending: str
) -> None:
    world.end(never_ending)  # before its waits become slow too
    world.cloud.scale_waits(20)  # the second poll comes after 280 s at least
    before = set(world.watches())
    try:
        request = world.start_job()
        event = world.event(request)
    finally:
        world.cloud.scale_waits(0.01)
    (followed,) = [watch for watch in set(world.watches()) - before if _status(world, watch) == "RUNNING"]
    assert event["detail"]["watch"] != followed
    assert event["detail"]["polls"] == 1
    world.states.stop_execution(executionArn=followed)


def test_a_followed_job_whose_end_was_told_ends_its_watch_quietly(world: World, bus: DefaultBus) -> None:
    before = set(world.watches())
    request = world.start_job()
    world.event(request)
    until(lambda: all(_status(world, watch) == "SUCCEEDED" for watch in set(world.watches()) - before))
    assert len(world.events(request)) == 1


@pytest.mark.parametrize(
    ("calls", "news"),
    [
        (Delivery(times=3), Delivery(times=3)),
        (Delivery(delay=2), Delivery()),
        (Delivery(), Delivery(delay=2, times=2)),
        (Delivery(delay=3, times=2), Delivery(delay=3, times=2)),
    ],
    ids=["repeated", "the call late", "the news late", "both late and twice"],
)
def test_events_late_repeated_or_out_of_order_report_once(
    world: World, bus: DefaultBus, calls: Delivery, news: Delivery
) -> None:
    bus.calls, bus.service_event = calls, news
    before = set(world.watches())
    request = world.start_job(manifest=world.put_manifest("late.json", speakers(4, bad=1)))
    world.event(request)
    time.sleep(calls.delay + news.delay + 1)
    until(lambda: all(_status(world, watch) != "RUNNING" for watch in set(world.watches()) - before))
    assert len(world.events(request)) == 1
    assert len(world.emails(request["JobId"])) == 1


def test_a_start_that_failed_starts_nothing(world: World, bus: DefaultBus) -> None:
    before = set(world.watches())
    world.voice_id.fail("StartSpeakerEnrollmentJob", "denied")
    with pytest.raises(Exception, match="AccessDenied"):
        world.start_job()
    request = world.start_job()
    world.event(request)
    inputs = [_input(world, watch) for watch in set(world.watches()) - before]
    assert inputs
    assert all(given["request"] == request for given in inputs)


def test_an_event_that_names_no_job_ends_in_the_queue_of_lost_events_with_the_reason(
    world: World, bus: DefaultBus
) -> None:
    call = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob", "responseElements": None}
    bus({"Source": "aws.voiceid", "DetailType": CLOUDTRAIL, "Detail": {**call, "requestParameters": {"domainId": "d"}}})
    sqs = world.cloud.client("sqs")
    (queue,) = [url for url in sqs.list_queues()["QueueUrls"] if "TriggerDLQ" in url]
    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    lost = json.loads(message["Body"])
    assert lost["requestPayload"]["detail"]["eventName"] == "StartSpeakerEnrollmentJob"
    assert "doesn't contain its JobId" in json.dumps(lost["responsePayload"])


def test_two_events_at_the_same_instant_start_one_watch(world: World, bus: DefaultBus) -> None:
    bus.calls.times = bus.service_event.times = 0
    request = world.start_job()
    world.voice_id.hold(request["JobId"])
    bus.calls.times = bus.service_event.times = 1
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(bus, [_call(request), _news(request)]))
    until(lambda: _watches_of(world, request))
    time.sleep(2)  # for a second one, were there any
    assert len(_watches_of(world, request)) == 1
    world.voice_id.release(request["JobId"])
    assert world.event(request)["detail"]["outcome"] == "succeeded"


def test_the_services_event_about_a_job_that_is_gone_notifies_nobody(world: World, bus: DefaultBus) -> None:
    request = {"DomainId": next(domains), "JobId": "DeletedJob000000000001"}
    bus(_news(request))
    (watch,) = until(lambda: _watches_of(world, request))
    assert world.end(watch)["status"] == "SUCCEEDED"
    assert world.events(request) == []
    assert world.emails(request["JobId"]) == []


def test_a_call_whose_job_is_never_found_is_reported_as_lost(world: World, bus: DefaultBus) -> None:
    request = {"DomainId": next(domains), "JobId": "UnknownJob000000000001"}
    bus(_call(request))
    assert world.event(request)["detail"]["error"] == "ResourceNotFoundException"


def test_fifty_simultaneous_starts_report_once(world: World, bus: DefaultBus) -> None:
    request = world.start_job(manifest=world.put_manifest("fifty.json", speakers(6, bad=1)))
    with ThreadPoolExecutor(50) as pool:
        watches = list(pool.map(world.watch, [{"kind": SPEAKERS, "request": request}] * 50))
    ends = [world.end(watch) for watch in watches]
    assert {end["status"] for end in ends} == {"SUCCEEDED"}
    assert len(world.events(request)) == 1
    assert len(world.emails(request["JobId"])) == 1


def test_progress_is_told_once_a_step_and_never_by_email(world: World) -> None:
    request = world.start_job(manifest=world.put_manifest("steps.json", speakers(12, bad=1)))
    for watch in [world.watch({"kind": SPEAKERS, "request": request}) for _ in range(3)]:
        world.end(watch)
    world.event(request)
    steps = [(e["detail"]["status"], int(e["detail"]["percent"] // 25)) for e in world.events(request, progress=True)]
    assert steps
    assert len(steps) == len(set(steps))
    assert all(event["detail"]["outcome"] == "running" for event in world.events(request, progress=True))
    assert len(world.emails(request["JobId"])) == 1


def test_a_watch_that_is_to_look_once_leaves_a_running_job_alone(world: World) -> None:
    request = world.start_job()
    world.voice_id.hold(request["JobId"])
    calls = world.voice_id.calls[DESCRIBE[SPEAKERS]]
    looked = world.end(world.watch({"kind": SPEAKERS, "request": request, "check_once": True}))
    assert looked["status"] == "SUCCEEDED"
    assert world.voice_id.calls[DESCRIBE[SPEAKERS]] == calls + 1
    assert world.events(request) == []
    world.voice_id.release(request["JobId"])


def _call(request: dict[str, str]) -> dict[str, Any]:
    """CloudTrail's record of the call that started this job."""
    job = {"domainId": request["DomainId"], "jobId": request["JobId"]}
    call = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob"}
    return {"Source": "aws.voiceid", "DetailType": CLOUDTRAIL, "Detail": {**call, "responseElements": {"job": job}}}


def _news(request: dict[str, str]) -> dict[str, Any]:
    """The service's own event when this job was submitted."""
    job = {"domainId": request["DomainId"], "batchJobId": request["JobId"]}
    detail = {**job, "action": "BATCH_ENROLLMENT_REQUEST", "status": "SUBMITTED"}
    return {"Source": "aws.voiceid", "DetailType": "VoiceId Batch Speaker Enrollment Action", "Detail": detail}


def _watches_of(world: World, request: dict[str, str]) -> list[str]:
    return [watch for watch in world.watches() if _input(world, watch)["request"] == request]


def _status(world: World, watch: str) -> str:
    return str(world.states.describe_execution(executionArn=watch)["status"])


def _input(world: World, watch: str) -> Any:
    return json.loads(world.states.describe_execution(executionArn=watch)["input"])
