"""Run a Voice ID batch job: read its manifest, process the requests one by one, and write the results file.

The results file has the members that AWS documents: Version, Errors, and SuccessfulEnrollments or
SuccessfulRegistrations.
https://docs.aws.amazon.com/connect/latest/adminguide/speaker-enrollment-job-schema.html
https://docs.aws.amazon.com/connect/latest/adminguide/fraudster-registration-schema.html
"""

import json
import secrets
import string
import time
import traceback
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from local.voice_id import manifest
from local.voice_id.audio import fingerprint
from local.voice_id.batch_kind import Kind
from local.voice_id.s3_object import JobError, read, write

Members = dict[str, Any]
ACTIVE = ("SUBMITTED", "IN_PROGRESS")


def new_id() -> str:
    """Return a random ID of 22 letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(22))


class EmulatorStopped(Exception):
    """The emulator stops before the job has ended."""


class BatchJob:
    """One job and its thread.

    `described` is the Job dict that the API returns. Each change replaces the whole dict, so any thread may read it.
    `generated_ids` maps the domain's SpeakerIds, or its fraudsters' voice fingerprints, to their generated IDs; jobs
    of the same kind and domain share it. `on_event` is called when the job is submitted and when it ends.
    """

    def __init__(
        self,
        kind: Kind,
        described: Members,
        *,
        s3: Any,
        generated_ids: dict[str, str],
        seconds_per_request: float,
        on_event: Callable[["BatchJob"], None],
    ) -> None:
        self.kind, self.described = kind, described
        self._s3, self._generated_ids, self._on_event = s3, generated_ids, on_event
        self._seconds_per_request = seconds_per_request
        self._released, self._stopping = Event(), Event()
        self._released.set()
        self._thread = Thread(target=self._run, name=described["JobId"], daemon=True)

    @property
    def active(self) -> bool:
        """Return whether the job is submitted or in progress."""
        return self.described["JobStatus"] in ACTIVE

    def start(self) -> None:
        """Start the job's thread, unless a repeated request with the same ClientToken has started it already."""
        if self._thread.ident is None:
            self._thread.start()

    def hold(self) -> None:
        """Suspend the job before its next step, until `release`."""
        self._released.clear()

    def release(self) -> None:
        """Resume the job."""
        self._released.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the job's thread to end. Return whether it ended within this time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End the thread before the job's next step. The job keeps its status."""
        self._stopping.set()
        self._released.set()

    def _run(self) -> None:
        self._on_event(self)
        try:
            self._process()
        except EmulatorStopped:
            return
        except JobError as error:
            self._end("FAILED", FailureDetails={"Message": str(error), "StatusCode": error.status})
        except Exception:
            traceback.print_exc()
            self._end("FAILED", FailureDetails={"Message": "Internal server error", "StatusCode": 500})
        self._on_event(self)

    def _process(self) -> None:
        self._sleep()
        self._update(JobStatus="IN_PROGRESS")
        source = self.described["InputDataConfig"]["S3Uri"]
        content = read(self._s3, source)
        requests = manifest.requests(source, content, self.kind.requests_member, self.kind.id_members)
        errors: list[Members] = []
        successes: list[Members] = []
        for processed, request in enumerate(requests, 1):
            self._sleep()
            try:
                successes.append(self._success(request, fingerprint(self._s3, request["AudioSpecifications"])))
            except JobError as error:
                errors.append(self._error(request, error))
            self._update(JobProgress={"PercentComplete": 100 * processed // len(requests)})
        self._write({"Version": "1.0", "Errors": errors, self.kind.successes_member: successes})
        self._end("COMPLETED_WITH_ERRORS" if errors else "COMPLETED")

    def _success(self, request: Members, voice: str) -> Members:
        """Enroll or register the person, and return the entry for the results file."""
        speaker = request.get("SpeakerId")
        identity = speaker or voice
        config, member = self.kind.duplicate_action
        action = self.described[config][member] if identity in self._generated_ids else "NEW"
        if action in ("NEW", "REGISTER_AS_NEW"):
            self._generated_ids[identity] = f"id#{new_id()}"
        entry = {"RequestId": request["RequestId"], self.kind.generated_id_member: self._generated_ids[identity]}
        entry[self.kind.status_member] = self.kind.entry_statuses[action]
        if speaker:
            return {**entry, "CustomerSpeakerId": speaker}
        return {**entry, "FraudsterSimilarityScore": 100} if action == "SKIP" else entry

    def _error(self, request: Members, error: JobError) -> Members:
        return {"RequestId": request["RequestId"], "ErrorCode": error.status, "ErrorMessage": str(error)}

    def _write(self, results: Members) -> None:
        output = self.described["OutputDataConfig"]
        name = self.described["InputDataConfig"]["S3Uri"].rpartition("/")[2]
        uri = f"{output['S3Uri'].rstrip('/')}/{self.described['JobId']}/{name}.out"
        write(self._s3, uri, json.dumps(results, indent=2).encode(), output.get("KmsKeyId"))

    def _sleep(self) -> None:
        """Take the time of one request, and wait while the job is held. Raise EmulatorStopped if it must end."""
        self._stopping.wait(self._seconds_per_request)
        self._released.wait()
        if self._stopping.is_set():
            raise EmulatorStopped

    def _end(self, status: str, **members: Any) -> None:
        self._update(JobStatus=status, EndedAt=round(time.time(), 3), **members)

    def _update(self, **members: Any) -> None:
        self.described = {**self.described, **members}
