"""Send many trigger events, most of them duplicates, and check that each job gets exactly one watch."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local.cloud import TIMEOUT, Cloud
from local.environment import REGION
from local.voice_id.events import cloudtrail_event
from local.voice_id.model import SERVICE

from .jobs import THREADS
from .memory import Memory, Sample
from .watches import dead_letter_count

BATCH = 10  # the most that PutEvents accepts
HANDLED, FAILED = '"handled"', "Traceback"  # what the Start function's log contains once for each invocation
SEED = 20_260_520


@dataclass(frozen=True)
class Measured:
    """The results in seconds and megabytes. `last_start` and `handled` are counted from the first event.

    `failed` counts the invocations of the Start function that failed, which Lambda retries.
    """

    events: int
    jobs: int
    problems: Sequence[str]
    failed: int
    sending: float
    last_start: float
    handled: float
    before: Sample
    peak: Sample


class Log:
    """The Start function's log since the object was created. Each count is at most 10,000."""

    def __init__(self, cloud: Cloud) -> None:
        functions = cloud.client("lambda").list_functions()["Functions"]
        (start,) = [function for function in functions if "TriggersStart" in function["FunctionName"]]
        self._group, self._logs = start["LoggingConfig"]["LogGroup"], cloud.client("logs")
        self._earlier = {pattern: self._count(pattern) for pattern in (HANDLED, FAILED)}

    def wait(self, events: int) -> None:
        """Wait until this many events are handled, or until none has been handled for TIMEOUT seconds."""
        handled, deadline = 0, time.monotonic() + TIMEOUT
        while handled < events and time.monotonic() < deadline:
            time.sleep(1)
            if (now := self._count(HANDLED) - self._earlier[HANDLED]) > handled:
                handled, deadline = now, time.monotonic() + TIMEOUT

    def failed(self) -> int:
        """Return the number of invocations that failed."""
        return self._count(FAILED) - self._earlier[FAILED]

    def _count(self, pattern: str) -> int:
        return len(self._logs.filter_log_events(logGroupName=self._group, filterPattern=pattern)["events"])


def measure(cloud: Cloud, outputs: Mapping[str, str], requests: Sequence[dict[str, str]], events: int) -> Measured:
    """Send `events` CloudTrail records of the calls that started these jobs, which don't end."""
    entries, log = _entries(requests, events), Log(cloud)
    dead_letters = dead_letter_count(cloud)
    with Memory(cloud.pid) as memory:
        began = time.time()
        _send(cloud, entries)
        sending = time.time() - began
        log.wait(events)
        handled = time.time() - began
    watches = _watches(cloud, outputs["WatchArn"], requests)
    problems = [*_problems(requests, watches)]
    if (lost := dead_letter_count(cloud) - dead_letters) != 0:
        problems.append(f"{lost} messages in the dead-letter queues")
    started = max((watch["startDate"].timestamp() for watch in watches), default=began)
    return Measured(
        events=events,
        jobs=len(requests),
        problems=problems,
        failed=log.failed(),
        sending=sending,
        last_start=started - began,
        handled=handled,
        before=memory.before,
        peak=memory.peak,
    )


def _entries(requests: Sequence[dict[str, str]], events: int) -> list[Any]:
    """Return the entries of PutEvents: each job's record at least once, and random duplicates, in random order."""
    chance = random.Random(SEED)
    duplicates = chance.choices(requests, k=events - len(requests))
    entries = [_entry(request) for request in [*requests, *duplicates]]
    chance.shuffle(entries)
    return entries


def _entry(request: Mapping[str, str]) -> dict[str, Any]:
    operation = SERVICE.operation_model("StartSpeakerEnrollmentJob")
    job = {**request, "JobStatus": "SUBMITTED", "CreatedAt": time.time()}
    entry = cloudtrail_event(operation, {"DomainId": request["DomainId"]}, REGION, {"Job": job})
    return {**entry, "Detail": json.dumps(entry["Detail"])}


def _send(cloud: Cloud, entries: Sequence[Any]) -> None:
    client = cloud.client("events")

    def put(first: int) -> None:
        response = client.put_events(Entries=entries[first : first + BATCH])
        assert not response["FailedEntryCount"], response

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(put, range(0, len(entries), BATCH)))


def _watches(cloud: Cloud, machine: str, requests: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the descriptions of these jobs' watches."""
    states = cloud.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
    arns = [watch["executionArn"] for page in pages for watch in page["executions"]]
    watches = [states.describe_execution(executionArn=arn) for arn in arns]
    ids = {request["JobId"] for request in requests}
    return [watch for watch in watches if _job_id(watch) in ids]


def _job_id(watch: Mapping[str, Any]) -> Any:
    """Return the JobId in a watch's input, or None. Other tests start watches with invalid inputs."""
    watch_input = json.loads(watch["input"])
    request = watch_input.get("request") if isinstance(watch_input, dict) else None
    return request.get("JobId") if isinstance(request, dict) else None


def _problems(requests: Sequence[Mapping[str, str]], watches: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    count = Counter(map(_job_id, watches))
    for request in requests:
        if count[request["JobId"]] != 1:
            yield f"job {request['JobId']} has {count[request['JobId']]} watches"
    for watch in watches:
        if watch["status"] != "RUNNING":
            yield f"{watch['executionArn']} is {watch['status']}: {watch.get('error')} {watch.get('cause')}"
