"""Faults of describe calls, several at once: each job is reported once, or its watch is lost with the reason."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from .conftest import DESCRIBE, SPEAKERS, TIME_OUT, World, until

CONCURRENT_WATCHES = 8  # each one needs a process for its Lambda function
DAY = 24 * 3600
ANSWER = {"fault": "slow", "seconds": 0}
PAGE = b"<html><head><title>502 Bad Gateway</title></head></html>"
KEY_DISABLED = b'{"__type": "KMSInvalidStateException", "Message": "The key is disabled."}'
WRONG_TYPES = {
    "CreatedAt": "soon",
    "DataAccessRoleArn": 7,
    "DomainId": [],
    "EndedAt": {"at": None},
    "EnrollmentConfig": "none",
    "FailureDetails": [7],
    "InputDataConfig": True,
    "JobId": {"id": 1},
    "JobName": ["a", 7],
    "JobProgress": "half",
    "OutputDataConfig": 1.5,
}


@dataclass(frozen=True)
class Case:
    """The faults of a job's describe calls, and the outcome that is reported: `error` is the reason if it is lost."""

    faults: tuple[Mapping[str, Any], ...] = ()
    amended: Mapping[str, Any] = field(default_factory=dict)
    """Members that the job has in all answers."""
    held: bool = False
    """Whether the job doesn't end."""
    error: str = ""
    job: Mapping[str, Any] = field(default_factory=dict)
    """Members that the reported job has."""
    omitted: tuple[str, ...] = ()


def replaced(body: bytes, times: int | None, status: int = 200) -> Case:
    """Return a case in which another body is the response to the first calls."""
    return Case(({"fault": "body", "body": body, "times": times, "status": status},))


def failing(fault: str, times: int | None, error: str = "", **options: Any) -> Case:
    """Return a case in which the first calls fail."""
    return Case(({"fault": fault, "times": times, **options},), error=error)


EARLIEST = "time-out"  # the case that takes longest; the fixture `timing_out` starts it before all other tests
CASES = {
    "throttled": failing("throttle", 8),
    "error 500": failing("error", 6),
    EARLIEST: Case((TIME_OUT,)),
    "no answer": failing("drop", 4),
    "connection breaks in the answer": failing("cut", 4),
    "empty answer": replaced(b"", 2),
    "null": replaced(b"null", 4),
    "page of a proxy": replaced(PAGE, 4),
    "page of a proxy with status 502": replaced(PAGE, 8, 502),
    "truncated JSON": replaced(b'{"Job": {"JobStatus": "COMPL', 4),
    "wrong types": Case(amended=WRONG_TYPES),
    "status has the wrong type": replaced(b'{"Job": {"JobStatus": 7}}', 8),
    "status is missing": replaced(b'{"Job": {"JobName": "calls"}}', 8),
    "status is unknown": replaced(b'{"Job": {"JobStatus": "PAUSED"}}', 4),
    "unknown members": Case(amended={"Cost": {"Minutes": 12.5}}, job={"Cost": {"Minutes": 12.5}}),
    "job of 5 MB": Case(amended={"Log": "x" * 5_000_000}, omitted=("Log",)),
    "clock is ahead": Case(amended={"CreatedAt": time.time() + DAY, "EndedAt": time.time()}),
    "clock starts in 1970": Case(amended={"CreatedAt": 0, "EndedAt": 1}, job={"CreatedAt": "1970-01-01T00:00:00Z"}),
    "not found at first": failing("not-found", 2),
    "never found": failing("not-found", None, "ResourceNotFoundException"),
    "deleted": Case((ANSWER, {"fault": "not-found", "times": None}), held=True, error="ResourceNotFoundException"),
    "permission missing at first": failing("denied", 2),
    "permission missing": failing("denied", None, "AccessDeniedException"),
    "key disabled for a while": replaced(KEY_DISABLED, 2, 400),
    "key disabled": failing("body", None, "KMSInvalidStateException", body=KEY_DISABLED, status=400),
    "request rejected": failing("invalid", None, "ValidationException"),
}


@dataclass(frozen=True)
class Watched:
    """A job with faults, and its watch's execution when it has ended."""

    request: dict[str, str]
    execution: Future[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def clear_faults(world: World, timing_out: tuple[dict[str, str], str]) -> Iterator[None]:
    """Keep the faults until the last watch of this file has ended."""
    yield
    world.voice_id.faults.clear()


@pytest.fixture(scope="module")
def watched(world: World, timing_out: tuple[dict[str, str], str]) -> Iterator[dict[str, Watched]]:
    """Start the job of each case, and watch several of them at a time."""
    early, early_watch = timing_out
    requests = {name: start_job(world, case) for name, case in CASES.items() if name != EARLIEST}
    with ThreadPoolExecutor(CONCURRENT_WATCHES) as executor:
        later = {name: Watched(request, executor.submit(watch, world, request)) for name, request in requests.items()}
        yield {EARLIEST: Watched(early, executor.submit(world.end, early_watch)), **later}


def start_job(world: World, case: Case) -> dict[str, str]:
    """Start a job with the faults of a case, and return the request that describes it."""
    request = world.start_job()
    job_id = request["JobId"]
    if case.held:
        world.voice_id.hold(job_id)
    world.voice_id.amend(job_id, dict(case.amended))
    for fault in case.faults:
        world.voice_id.fail(DESCRIBE[SPEAKERS], job_id=job_id, **fault)
    return request


def watch(world: World, request: dict[str, str]) -> dict[str, Any]:
    """Watch a job, and return the watch's execution when it has ended."""
    return world.end(world.watch({"kind": SPEAKERS, "request": request}))


def events(world: World, request: dict[str, str]) -> list[dict[str, Any]]:
    """Return the events about a job's end. Wait only if none has arrived."""
    return world.received(request) or until(lambda: world.events(request))


@pytest.mark.parametrize("name", CASES)
def test_a_job_is_reported_once_or_its_watch_is_lost_with_the_reason(
    world: World, watched: dict[str, Watched], name: str
) -> None:
    case, request = CASES[name], watched[name].request
    execution = watched[name].execution.result()
    (event,) = events(world, request)
    detail = event["detail"]
    assert detail.get("error", "") == case.error
    if case.error:
        assert (event["detail-type"], detail["outcome"], execution["error"]) == ("Watch Lost", "lost", "WatchLost")
        assert detail["reason"] == execution["cause"]
        assert world.email(request["JobId"])["Subject"].startswith("Lost: Voice ID speaker enrollment job ")
    else:
        assert (event["detail-type"], detail["outcome"], execution["status"]) == ("Job Ended", "succeeded", "SUCCEEDED")
        assert json.loads(execution["output"]) == detail
        assert detail["job"].items() >= case.job.items()
        assert detail.get("omitted", []) == [*case.omitted]
        assert detail["polls"] > 1 or not case.faults


def test_no_job_is_reported_twice(world: World, watched: dict[str, Watched]) -> None:
    for job in watched.values():
        job.execution.result()
        events(world, job.request)
    world.events({})  # receives what is left
    assert [len(world.received(job.request)) for job in watched.values()] == [1] * len(CASES)
    lost = [watched[name].request["JobId"] for name, case in CASES.items() if case.error]
    assert [len(world.all_emails(job_id)) for job_id in lost] == [1] * len(lost)
