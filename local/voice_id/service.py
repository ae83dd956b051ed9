"""The Voice ID emulator: an HTTP endpoint for boto3, with controls for tests (faults, throttling, outages, holds)."""

import traceback
from collections import Counter
from collections.abc import Callable, Collection
from threading import Lock
from types import TracebackType
from typing import Any, Self

from local.voice_id.aws_json import Endpoint, Members, ServiceError
from local.voice_id.batch_job import BatchJob
from local.voice_id.batch_kind import Kind
from local.voice_id.events import cloudtrail_event, service_event
from local.voice_id.faults import Fault, Faults, RateLimiter
from local.voice_id.jobs import Jobs
from local.voice_id.model import SERVICE, service_error, validated

ERRORS = {
    "throttle": ("ThrottlingException", "Rate exceeded"),
    "error": ("InternalServerException", "Internal server error"),
    "denied": ("AccessDeniedException", "User is not authorized to perform this action"),
    "not-found": ("ResourceNotFoundException", "The requested resource was not found"),
    "invalid": ("ValidationException", "The request failed a validation"),
}


class VoiceId:
    """The emulator. `with VoiceId(s3=...) as voice_id:` serves the API at `voice_id.url` until the block ends.

    `s3` is the boto3 client with which jobs read and write their files. `events` is called with each PutEvents entry
    for the default bus, in the thread of the call or job. `domains` are the IDs of the domains that exist (None: every
    valid ID). `calls` counts the API calls by operation, and `throttled` those that exceeded `calls_per_second`, the
    throttling limit of each operation (None: no limit). `calls_per_second` and `seconds_per_request` can be changed at
    any time; the latter applies to new jobs.
    """

    def __init__(
        self,
        *,
        s3: Any,
        events: Callable[[Members], None] | None = None,
        port: int = 0,
        seconds_per_request: float = 0.2,
        calls_per_second: float | None = None,
        domains: Collection[str] | None = None,
    ) -> None:
        self.seconds_per_request, self.calls_per_second = seconds_per_request, calls_per_second
        self._s3, self._events = s3, events
        self._jobs = Jobs(self._create_job, domains)
        self._generated_ids: dict[tuple[Kind, str], dict[str, str]] = {}  # by kind and domain
        self._hold_new_jobs = False
        self.faults, self._rate_limiter = Faults(self._jobs.operations), RateLimiter()
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self._calls_lock = Lock()
        self._endpoint = Endpoint("VoiceID", self._call, port)
        self.url = f"http://127.0.0.1:{self._endpoint.port}"

    def start(self) -> None:
        """Accept connections."""
        self._endpoint.open()

    def pause(self) -> None:
        """Simulate an outage: break connections and refuse new ones. Jobs continue."""
        self._endpoint.close()

    def resume(self) -> None:
        """End the outage."""
        self._endpoint.open()

    def stop(self) -> None:
        """Close the endpoint for good, release its port, and stop all jobs at their next step."""
        self._endpoint.release_port()
        for job in self._jobs.all.values():
            job.stop()
        for job in self._jobs.all.values():
            job.wait(5)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def fail(
        self, operation: str, fault: str, *, times: int | None = 1, job_id: str | None = None, **response: Any
    ) -> None:
        """Inject a fault into the operation's next `times` calls (None: into all until `faults.clear()`).

        With `job_id`, only calls about this job have the fault. The faults are faults.FAULTS. `slow` delays the
        response by `seconds`. `drop`, `cut` and `body` run the operation: `drop` closes the connection without a
        response, `cut` closes it after half of the response, and `body` sends `body` with the HTTP status `status`
        instead. The others return an error. Raise ValueError as Faults.add does.
        """
        self.faults.add(operation, Fault(fault, times, **response), job_id)

    def hold(self, job_id: str | None = None) -> None:
        """Suspend a job before its next step. Without an ID, suspend all jobs and those that are started later."""
        self._hold_new_jobs = self._hold_new_jobs or job_id is None
        for job in self._select(job_id):
            job.hold()

    def release(self, job_id: str | None = None) -> None:
        """Resume a job. Without an ID, resume all jobs, and don't hold new ones."""
        self._hold_new_jobs = self._hold_new_jobs and job_id is not None
        for job in self._select(job_id):
            job.release()

    def amend(self, job_id: str, members: Members) -> None:
        """Replace members of the Job dict in responses; None removes a member. {} ends the replacement."""
        self._select(job_id)
        self._jobs.amendments[job_id] = members

    def wait(self, job_id: str, seconds: float = 120) -> Members:
        """Wait until the job has ended and return its Job dict. Raise TimeoutError after `seconds`."""
        (job,) = self._select(job_id)
        if not job.wait(seconds):
            raise TimeoutError(f"job {job_id} is still {job.described['JobStatus']} after {seconds} s")
        return self._jobs.described(job_id)

    def jobs(self) -> list[Members]:
        """Return the Job dicts of all jobs, as responses contain them."""
        return [self._jobs.described(job_id) for job_id in list(self._jobs.all)]

    def _select(self, job_id: str | None) -> list[BatchJob]:
        jobs = dict(self._jobs.all)
        if job_id is not None and job_id not in jobs:
            raise ValueError(f"unknown job {job_id!r}; the jobs are {', '.join(jobs) or 'none'}")
        return [jobs[job_id]] if job_id is not None else list(jobs.values())

    def _create_job(self, kind: Kind, described: Members) -> BatchJob:
        job = BatchJob(
            kind,
            described,
            s3=self._s3,
            generated_ids=self._generated_ids.setdefault((kind, described["DomainId"]), {}),
            seconds_per_request=self.seconds_per_request,
            on_event=self._put_service_event,
        )
        if self._hold_new_jobs:
            job.hold()
        return job

    def _call(self, operation: str, request: Members, region: str) -> Members:
        with self._calls_lock:
            self.calls[operation] += 1
        if operation not in self._jobs.operations:
            raise unsupported(operation, self._jobs.operations)
        fault = self.faults.take(operation, request.get("JobId"))
        try:
            response = self._respond(operation, request, fault)
        except ServiceError as error:
            self._put_cloudtrail_event(operation, request, region, error)
            raise
        self._put_cloudtrail_event(operation, request, region, response)
        if operation.startswith("Start"):
            self._jobs.run(response["Job"]["JobId"])
        if fault:
            fault.replace_response(response)
        return response

    def _respond(self, operation: str, request: Members, fault: Fault | None) -> Members:
        if fault and fault.name == "slow":
            self._endpoint.closing.wait(fault.seconds)
        if fault and fault.name in ERRORS:
            raise service_error(*ERRORS[fault.name])
        if self.calls_per_second and not self._rate_limiter.acquire(operation, self.calls_per_second):
            with self._calls_lock:
                self.throttled[operation] += 1
            raise service_error(*ERRORS["throttle"])
        handler, kind = self._jobs.operations[operation]
        return handler(kind, validated(operation, request))

    def _put_cloudtrail_event(self, operation: str, request: Members, region: str, result: Any) -> None:
        if operation.startswith("Start"):  # CloudTrail's events about read-only calls don't reach the bus
            self._put_event(cloudtrail_event(SERVICE.operation_model(operation), request, region, result))

    def _put_service_event(self, job: BatchJob) -> None:
        self._put_event(service_event(job.kind.noun, job.described, SERVICE.shape_for(job.kind.noun)))

    def _put_event(self, entry: Members) -> None:
        try:
            if self._events:
                self._events(entry)
        except Exception:
            traceback.print_exc()  # events are best effort, as on AWS: the call or job continues without the event


def unsupported(operation: str, supported: Collection[str]) -> ServiceError:
    """Return the error for an operation that isn't emulated, or that Voice ID doesn't have."""
    if operation in SERVICE.operation_names:
        message = f"{operation} is not emulated; the emulated operations are {', '.join(supported)}"
        return ServiceError("NotImplementedException", message, 501)
    return ServiceError("UnknownOperationException", f"Voice ID has no operation {operation!r}", 404)
