"""The demo's two jobs: how each is started and watched, what its service says about it, and its results."""

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import watches
from job_watcher.to_json import to_json
from local.cloud import PATIENCE, Cloud
from local.sample import BUCKET, ROLE, put_call, put_own, put_sample

SPEED = 50  # Step Functions' waits pass so many times faster than on AWS
DOMAIN = "DemoDomain000000000022"
TRANSCRIPTION = "greeting"
TRANSCRIPT = f"transcripts/{TRANSCRIPTION}.json"
TRANSCRIPTION_SECONDS = 8
MOST_ERRORS = 5  # that are shown


@dataclass(frozen=True)
class Job:
    """A job that has been started, and its watch."""

    kind: str
    request: dict[str, str]
    watch: str
    describe: Callable[[], dict[str, Any]]
    """Returns the job as its service describes it now, in JSON's types."""
    results: Callable[[], list[str]]
    """Returns lines about what the job has produced."""

    @property
    def noun(self) -> str:
        return self.kind.partition("/")[2]

    @property
    def id(self) -> str:
        return list(self.request.values())[-1]


def enrollment(cloud: Cloud, machine: str, manifest: Path | None) -> Job:
    """Start a Voice ID job on a manifest; the CloudTrail event of the call starts the watch."""
    s3, voice_id = cloud.client("s3"), cloud.client("voice-id")
    uri = put_own(s3, manifest) if manifest else put_sample(s3)
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
    """Start an Amazon Transcribe job and, as `watch.py start` does, its watch."""
    s3, transcribe = cloud.client("s3"), cloud.client("transcribe")
    _configure(cloud, {"transcribe._JOB_RUN_SECONDS": TRANSCRIPTION_SECONDS})
    request = {"TranscriptionJobName": TRANSCRIPTION}
    transcribe.start_transcription_job(
        **request,
        Media={"MediaFileUri": put_call(s3)},
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
    """Return what the results file of an enrollment job says: how many are enrolled, and what failed and why."""
    try:
        results = json.load(s3.get_object(Bucket=BUCKET, Key=key)["Body"])
    except s3.exceptions.NoSuchKey:
        return ["The job wrote no results file."]
    errors = results["Errors"]
    reasons = [f"- {error['RequestId']}: {error['ErrorMessage']}" for error in errors[:MOST_ERRORS]]
    more = [f"- and {len(errors) - MOST_ERRORS} more"] if len(errors) > MOST_ERRORS else []
    head = [f"s3://{BUCKET}/{key}", f"{len(results['SuccessfulEnrollments'])} enrolled, {len(errors)} failed"]
    return [*head, *reasons, *more]


def transcript(s3: Any) -> list[str]:
    """Return what the transcript says."""
    results = json.load(s3.get_object(Bucket=BUCKET, Key=TRANSCRIPT)["Body"])["results"]
    text = results["transcripts"][0]["transcript"]
    return [f"s3://{BUCKET}/{TRANSCRIPT}", text]


def _first_watch(states: Any, machine: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (executions := watches.newest(states, machine)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no watch was started within {PATIENCE} s")
        time.sleep(0.1)
    return str(executions[-1]["executionArn"])


def _configure(cloud: Cloud, settings: dict[str, float]) -> None:
    """Change settings of MiniStack."""
    body = json.dumps(settings).encode()
    with urllib.request.urlopen(f"{cloud.url}/_ministack/config", data=body, timeout=PATIENCE) as answer:
        assert json.load(answer)["applied"] == settings
