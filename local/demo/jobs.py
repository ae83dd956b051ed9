"""The demo's two jobs: start each job and its watch, describe the job, and read its results."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import watches
from job_watcher.to_json import to_json
from local.cloud import TIMEOUT, Cloud
from local.sample import BUCKET, ROLE, put_manifest, put_recording, put_sample

SPEED = 50  # how many times shorter Step Functions' waits are than on AWS
DOMAIN = "DemoDomain000000000022"
TRANSCRIPTION = "greeting"
TRANSCRIPT = f"transcripts/{TRANSCRIPTION}.json"
TRANSCRIPTION_SECONDS = 8
MAX_ERRORS = 5  # shown in the results


@dataclass(frozen=True)
class Job:
    """A job that has been started. `watch` is the ARN of its watch."""

    kind: str
    request: dict[str, str]
    watch: str
    describe: Callable[[], dict[str, Any]]
    """Returns the current Job dict, converted to JSON types."""
    results: Callable[[], list[str]]
    """Returns a summary of the job's results, as lines of text."""

    @property
    def noun(self) -> str:
        """Return the kind without its service, such as `SpeakerEnrollmentJob`."""
        return self.kind.partition("/")[2]

    @property
    def id(self) -> str:
        """Return the job's ID or name."""
        return list(self.request.values())[-1]


def enrollment(cloud: Cloud, machine: str, manifest: Path | None) -> Job:
    """Start a Voice ID job with the user's manifest or a sample. The CloudTrail event of the call starts its watch."""
    s3, voice_id = cloud.client("s3"), cloud.client("voice-id")
    uri = put_manifest(s3, manifest) if manifest else put_sample(s3)
    cloud.voice_id.seconds_per_request = 0.75
    started = voice_id.start_speaker_enrollment_job(
        DomainId=DOMAIN,
        JobName="new-callers",
        DataAccessRoleArn=ROLE,
        InputDataConfig={"S3Uri": uri},
        OutputDataConfig={"S3Uri": f"s3://{BUCKET}/results"},
    )["Job"]
    request = {"DomainId": DOMAIN, "JobId": str(started["JobId"])}
    watch = _first_watch(cloud.client("stepfunctions"), machine)

    def describe() -> dict[str, Any]:
        return dict(to_json(voice_id.describe_speaker_enrollment_job(**request)["Job"]))

    def results() -> list[str]:
        return enrolled(s3, f"results/{request['JobId']}/{uri.rpartition('/')[2]}.out")

    return Job("voice-id/SpeakerEnrollmentJob", request, watch, describe, results)


def transcription(cloud: Cloud, machine: str) -> Job:
    """Start an Amazon Transcribe job, and start its watch as `watch.py start` does."""
    s3, transcribe = cloud.client("s3"), cloud.client("transcribe")
    cloud.configure({"transcribe._JOB_RUN_SECONDS": TRANSCRIPTION_SECONDS})
    request = {"TranscriptionJobName": TRANSCRIPTION}
    transcribe.start_transcription_job(
        **request,
        Media={"MediaFileUri": put_recording(s3)},
        LanguageCode="en-US",
        OutputBucketName=BUCKET,
        OutputKey=TRANSCRIPT,
    )
    kind = "transcribe/TranscriptionJob"
    watch = watches.start(cloud.client("stepfunctions"), machine, kind, request)

    def describe() -> dict[str, Any]:
        return dict(to_json(transcribe.get_transcription_job(**request)["TranscriptionJob"]))

    return Job(kind, request, watch, describe, lambda: transcript(s3))


def enrolled(s3: Any, key: str) -> list[str]:
    """Return the summary of an enrollment job's results file: the number of enrolled speakers, and the errors."""
    try:
        results = json.load(s3.get_object(Bucket=BUCKET, Key=key)["Body"])
    except s3.exceptions.NoSuchKey:
        return ["The job wrote no results file."]
    errors = results["Errors"]
    reasons = [f"- {error['RequestId']}: {error['ErrorMessage']}" for error in errors[:MAX_ERRORS]]
    more = [f"- and {len(errors) - MAX_ERRORS} more"] if len(errors) > MAX_ERRORS else []
    counts = [f"s3://{BUCKET}/{key}", f"{len(results['SuccessfulEnrollments'])} enrolled, {len(errors)} failed"]
    return [*counts, *reasons, *more]


def transcript(s3: Any) -> list[str]:
    """Return the transcript's URI and text."""
    results = json.load(s3.get_object(Bucket=BUCKET, Key=TRANSCRIPT)["Body"])["results"]
    text = results["transcripts"][0]["transcript"]
    return [f"s3://{BUCKET}/{TRANSCRIPT}", text]


def _first_watch(states: Any, machine: str) -> str:
    deadline = time.monotonic() + TIMEOUT
    while not (executions := watches.newest(states, machine)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no watch was started within {TIMEOUT} s")
        time.sleep(0.1)
    return str(executions[-1]["executionArn"])
