"""Amazon Connect Voice ID's batch jobs, emulated from botocore's own model of the service, for boto3 to talk to."""

import traceback
from collections import Counter
from collections.abc import Callable, Collection
from threading import Lock
from types import TracebackType
from typing import Any, Self

from local.voice_id.aws_json import Endpoint, Members, NoAnswer, Refusal
from local.voice_id.batch_job import BatchJob
from local.voice_id.batch_kind import Kind
from local.voice_id.events import api_call, batch_action
from local.voice_id.faults import Fault, Faults, Throttle
from local.voice_id.jobs import Jobs
from local.voice_id.model import SERVICE, accepted, refusal

REFUSALS = {
    "throttle": ("ThrottlingException", "Rate exceeded"),
    "error": ("InternalServerException", "Internal server error"),
    "denied": ("AccessDeniedException", "User is not authorized to perform this action"),
    "not-found": ("ResourceNotFoundException", "The requested resource was not found"),
    "invalid": ("ValidationException", "The request failed a validation"),
}


class VoiceId:
    """The service and its switches. `with VoiceId(s3=...) as voice_id:` listens at `voice_id.url` meanwhile.

    `s3` is a boto3 client, for the jobs' work. `events` is told every entry for the default bus, in the thread of
    the call or job it comes from. `domains` are the ones that exist (None: every well-formed id).
    `calls` counts by operation. `calls_per_second` and `seconds_per_request` may be changed at any time;
    a job keeps the seconds it began with.
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
        self._jobs = Jobs(self._job, domains)
        self._known: dict[tuple[Kind, str], dict[str, str]] = {}
        self._holding = False
        self.faults, self._throttle = Faults(self._jobs.operations), Throttle()
        self.calls: Counter[str] = Counter()
        self._counting = Lock()
        self._endpoint = Endpoint("VoiceID", self._call, port)
        self.url = f"http://127.0.0.1:{self._endpoint.port}"

    def start(self) -> None:
        self._endpoint.open()

    def pause(self) -> None:
        """Play dead: connections break and new ones are refused, while the jobs work on."""
        self._endpoint.close()

    def resume(self) -> None:
        self._endpoint.open()

    def stop(self) -> None:
        """For good: the port is given up and the jobs end where they are."""
        self._endpoint.give_up_port()
        for job in self._jobs.all.values():
            job.stop()
        for job in self._jobs.all.values():
            job.wait(5)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def fail(self, operation: str, fault: str, *, times: int | None = 1, seconds: float = 5.0) -> None:
        """Let the operation's next `times` calls (None: all until `faults.clear()`) suffer one of faults.FAULTS.

        `slow` answers after so many seconds; `drop` does what the call asks for, but closes the connection unanswered.
        """
        self.faults.add(operation, fault, times=times, seconds=seconds)

    def hold(self, job_id: str | None = None) -> None:
        """Let the job stand still before its next step; without an id all jobs, those to come included."""
        self._holding = self._holding or job_id is None
        for job in self._chosen(job_id):
            job.hold()

    def release(self, job_id: str | None = None) -> None:
        self._holding = self._holding and job_id is not None
        for job in self._chosen(job_id):
            job.release()

    def amend(self, job_id: str, members: Members) -> None:
        """Describe the job with these members instead of its own (None: without), until amended anew ({}: its own)."""
        self._chosen(job_id)
        self._jobs.amendments[job_id] = members

    def wait(self, job_id: str, seconds: float = 10) -> Members:
        """The job when it has ended, as it would be described; TimeoutError if it takes longer."""
        (job,) = self._chosen(job_id)
        if not job.wait(seconds):
            raise TimeoutError(f"job {job_id} is still {job.described['JobStatus']} after {seconds} s")
        return self._jobs.described(job_id)

    def _chosen(self, job_id: str | None) -> list[BatchJob]:
        jobs = dict(self._jobs.all)
        if job_id is not None and job_id not in jobs:
            raise ValueError(f"no job {job_id!r}: {', '.join(jobs) or 'none was started'}")
        return [jobs[job_id]] if job_id is not None else list(jobs.values())

    def _job(self, kind: Kind, described: Members) -> BatchJob:
        known = self._known.setdefault((kind, described["DomainId"]), {})
        seconds = self.seconds_per_request
        job = BatchJob(kind, described, s3=self._s3, known=known, seconds_per_request=seconds, tell=self._tell_of)
        if self._holding:
            job.hold()
        return job

    def _call(self, operation: str, given: Members, region: str) -> Members:
        with self._counting:
            self.calls[operation] += 1
        if operation not in self._jobs.operations:
            raise unknown(operation, self._jobs.operations)
        fault = self.faults.take(operation)
        try:
            answer = self._answer(operation, given, fault)
        except Refusal as refused:
            self._record(operation, given, region, refused)
            raise
        self._record(operation, given, region, answer)
        if fault and fault.name == "drop":
            raise NoAnswer
        return answer

    def _answer(self, operation: str, given: Members, fault: Fault | None) -> Members:
        if fault and fault.name == "slow":
            self._endpoint.closing.wait(fault.seconds)
        if fault and fault.name in REFUSALS:
            raise refusal(*REFUSALS[fault.name])
        if self.calls_per_second and not self._throttle.admits(operation, self.calls_per_second):
            raise refusal(*REFUSALS["throttle"])
        act, kind = self._jobs.operations[operation]
        return act(kind, accepted(operation, given))

    def _record(self, operation: str, given: Members, region: str, outcome: Members | Refusal) -> None:
        """Tell of a start and let its job begin; CloudTrail's events of read-only calls do not reach the bus."""
        if operation.startswith("Start"):
            self._tell(api_call(SERVICE.operation_model(operation), given, region, outcome))
            if not isinstance(outcome, Refusal):
                self._jobs.begin(outcome["Job"]["JobId"])

    def _tell_of(self, job: BatchJob) -> None:
        self._tell(batch_action(job.kind.noun, job.described, SERVICE.shape_for(job.kind.noun)))

    def _tell(self, entry: Members) -> None:
        try:
            if self._events:
                self._events(entry)
        except Exception:
            traceback.print_exc()  # best effort, as on AWS: an event that is lost fails no call and no job


def unknown(operation: str, emulated: Collection[str]) -> Refusal:
    if operation in SERVICE.operation_names:
        message = f"{operation} is not emulated: {', '.join(emulated)} are"
        return Refusal("NotImplementedException", message, 501)
    return Refusal("UnknownOperationException", f"Voice ID has no operation {operation!r}", 404)
