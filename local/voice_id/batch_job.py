"""A Voice ID batch job's real work: it reads its manifest, works the requests one by one and writes their results.

The output file is what AWS documents: Version, Errors and SuccessfulEnrollments or SuccessfulRegistrations.
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
from local.voice_id.audio import voice
from local.voice_id.batch_kind import Kind
from local.voice_id.s3_object import Unusable, read, write

Members = dict[str, Any]
ACTIVE = ("SUBMITTED", "IN_PROGRESS")


def new_id() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(22))


class Stopped(Exception):
    """The emulator goes away in the middle of the job."""


class BatchJob:
    """One job and its thread. `described` is replaced as a whole, never changed, so any thread may read it.

    `known` are the domain's speakers by SpeakerId, or its fraudsters by voice, each with its generated id.
    `tell` hears of the job, as it is then, when it was submitted and when it ended.
    """

    def __init__(
        self,
        kind: Kind,
        described: Members,
        *,
        s3: Any,
        known: dict[str, str],
        seconds_per_request: float,
        tell: Callable[["BatchJob"], None],
    ) -> None:
        self.kind, self.described = kind, described
        self._s3, self._known, self._seconds, self._tell = s3, known, seconds_per_request, tell
        self._free, self._stopping = Event(), Event()
        self._free.set()
        self._thread = Thread(target=self._run, name=described["JobId"], daemon=True)

    @property
    def active(self) -> bool:
        return self.described["JobStatus"] in ACTIVE

    def start(self) -> None:
        """Begin, unless it has begun: a repeated request finds its job under way."""
        if self._thread.ident is None:
            self._thread.start()

    def hold(self) -> None:
        """Stand still before the next step, for ever or until the release."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def wait(self, seconds: float) -> bool:
        """Whether the job's thread ended within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop(self) -> None:
        self._stopping.set()
        self._free.set()

    def _run(self) -> None:
        self._tell(self)
        try:
            self._work()
        except Stopped:
            return
        except Unusable as problem:
            self._end("FAILED", FailureDetails={"Message": str(problem), "StatusCode": problem.status})
        except Exception:
            traceback.print_exc()
            self._end("FAILED", FailureDetails={"Message": "Internal server error", "StatusCode": 500})
        self._tell(self)

    def _work(self) -> None:
        self._take_time()
        self._change(JobStatus="IN_PROGRESS")
        source = self.described["InputDataConfig"]["S3Uri"]
        requests = manifest.requests(source, read(self._s3, source), self.kind.requests, self.kind.ids)
        errors: list[Members] = []
        successes: list[Members] = []
        for done, request in enumerate(requests, 1):
            self._take_time()
            try:
                successes.append(self._success(request, voice(self._s3, request["AudioSpecifications"])))
            except Unusable as problem:
                error = {"RequestId": request["RequestId"], "ErrorCode": problem.status, "ErrorMessage": str(problem)}
                errors.append(error)
            self._change(JobProgress={"PercentComplete": 100 * done // len(requests)})
        self._write({"Version": "1.0", "Errors": errors, self.kind.successes: successes})
        self._end("COMPLETED_WITH_ERRORS" if errors else "COMPLETED")

    def _success(self, request: Members, voice: str) -> Members:
        """Make the speaker or fraudster known; the output's entry that says so."""
        speaker = request.get("SpeakerId")
        identity = speaker or voice
        config, action = self.kind.action
        case = self.described[config][action] if identity in self._known else "NEW"
        if case in ("NEW", "REGISTER_AS_NEW"):
            self._known[identity] = f"id#{new_id()}"
        entry = {"RequestId": request["RequestId"], self.kind.generated: self._known[identity]}
        entry[self.kind.status] = self.kind.statuses[case]
        if speaker:
            return {**entry, "CustomerSpeakerId": speaker}
        return {**entry, "FraudsterSimilarityScore": 100} if case == "SKIP" else entry

    def _write(self, results: Members) -> None:
        output = self.described["OutputDataConfig"]
        name = self.described["InputDataConfig"]["S3Uri"].rpartition("/")[2]
        uri = f"{output['S3Uri'].rstrip('/')}/{self.described['JobId']}/{name}.out"
        write(self._s3, uri, json.dumps(results, indent=2).encode(), output.get("KmsKeyId"))

    def _take_time(self) -> None:
        self._stopping.wait(self._seconds)
        self._free.wait()
        if self._stopping.is_set():
            raise Stopped

    def _end(self, status: str, **members: Any) -> None:
        self._change(JobStatus=status, EndedAt=round(time.time(), 3), **members)

    def _change(self, **members: Any) -> None:
        self.described = {**self.described, **members}
