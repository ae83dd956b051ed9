"""Jobs of the Voice ID emulator that end when planned, with different outcomes, and need no input files."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Self

from local.cloud import Cloud
from local.sample import ROLE

KIND = "voice-id/SpeakerEnrollmentJob"
DESCRIBE = "DescribeSpeakerEnrollmentJob"
OUTCOMES = {"COMPLETED": "succeeded", "COMPLETED_WITH_ERRORS": "partial", "FAILED": "failed"}
THREADS = 10  # boto3's connection pool has as many connections
NEVER = 86_400.0  # seconds; longer than a load test
domains = (f"LoadTestDomain{number:08}" for number in itertools.count(1))


@dataclass(frozen=True, eq=False)
class Job:
    """A job that takes `seconds` and ends with `status`. Half of the jobs report a percentage."""

    request: dict[str, str]
    seconds: float
    status: str
    reports_percentage: bool

    @property
    def id(self) -> str:
        """Return the JobId."""
        return self.request["JobId"]


class Jobs:
    """`count` jobs that all start when the block begins, with evenly spread durations: the shortest and the longest.

    `ended` contains the time of each end, in seconds since 1970, by JobId.
    """

    def __init__(self, cloud: Cloud, count: int, seconds: tuple[float, float]) -> None:
        self._emulator = cloud.voice_id
        self.all = [_plan(number, request, count, seconds) for number, request in enumerate(start(cloud, count))]
        self.ended: dict[str, float] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._started = time.time()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        running = {job: -1 for job in self.all}
        while running and not self._stopping.wait(0.1):
            for job, percent in list(running.items()):
                age = time.time() - self._started
                if age >= job.seconds:
                    self._end(job)
                    del running[job]
                elif (now := int(100 * age / job.seconds)) > percent:
                    self._progress(job, now)
                    running[job] = now if job.reports_percentage else 100

    def _progress(self, job: Job, percent: int) -> None:
        progress = {"PercentComplete": percent} if job.reports_percentage else None
        members = {"JobStatus": "IN_PROGRESS", "CreatedAt": self._started, "JobProgress": progress}
        self._emulator.amend(job.id, members)

    def _end(self, job: Job) -> None:
        failure = {"Message": "The manifest is not valid JSON", "StatusCode": 400} if job.status == "FAILED" else None
        ended = self.ended[job.id] = time.time()
        members = {"JobStatus": job.status, "CreatedAt": self._started, "EndedAt": ended, "FailureDetails": failure}
        self._emulator.amend(job.id, members)


def start(cloud: Cloud, count: int) -> list[dict[str, str]]:
    """Start jobs that don't end by themselves, each in a new domain, and return their requests."""
    before, cloud.voice_id.seconds_per_request = cloud.voice_id.seconds_per_request, NEVER
    client = cloud.client("voice-id")

    def start_one(domain: str) -> dict[str, str]:
        job = client.start_speaker_enrollment_job(
            DomainId=domain,
            DataAccessRoleArn=ROLE,
            InputDataConfig={"S3Uri": "s3://load-test/manifest.json"},
            OutputDataConfig={"S3Uri": "s3://load-test/results"},
        )["Job"]
        return {"DomainId": job["DomainId"], "JobId": job["JobId"]}

    with ThreadPoolExecutor(THREADS) as pool:
        requests = list(pool.map(start_one, itertools.islice(domains, count)))
    cloud.voice_id.seconds_per_request = before
    return requests


def _plan(number: int, request: dict[str, str], count: int, seconds: tuple[float, float]) -> Job:
    shortest, longest = seconds
    duration = shortest + (longest - shortest) * number / max(1, count - 1)
    return Job(request, duration, list(OUTCOMES)[number % len(OUTCOMES)], reports_percentage=number % 2 == 0)
