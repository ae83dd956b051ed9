"""A small version of `make load`: many watches share a quota of describe calls, and many events trigger watches."""

from typing import Any

from tests.load import jobs, triggers, watches

from .conftest import SUBSCRIBER, World, until

EMAILED = ("partial", "failed", "stopped", "lost")  # the stack's email-outcomes


def test_fifty_watches_with_a_small_quota_notify_each_job_once(world: World, record_property: Any) -> None:
    load = watches.Load(jobs=50, quota=0.1, wait_scale=0.01, seconds=(200, 600))
    measured = watches.measure(world.cloud, world.outputs, load, SUBSCRIBER, EMAILED)
    record_property("measured", str(measured))
    assert measured.problems == []
    assert (measured.notified, measured.lost) == (50, 0)
    assert measured.peak.workers < 25, "MiniStack runs too many Lambda functions at the same time"


def test_two_hundred_trigger_events_start_one_watch_for_each_of_eighty_jobs(world: World, record_property: Any) -> None:
    requests = jobs.start(world.cloud, 80)
    measured = triggers.measure(world.cloud, world.outputs, requests, events=200)
    record_property("measured", str(measured))
    assert measured.problems == []
    for request in requests:
        world.voice_id.amend(request["JobId"], {"JobStatus": "COMPLETED"})
    until(lambda: world.events(requests[0]) and all(world.received(request) for request in requests))
    assert {len(world.received(request)) for request in requests} == {1}
