"""The jobs that `smoke` can run: what each one creates, what it costs, and the calls that it makes."""

import io
import json
import time
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cleanup import Cleanup

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""


@dataclass(frozen=True)
class SmokeJob:
    """A job that is inexpensive and needs no role. Everything it creates has one name."""

    kind: str
    action: str
    """What the job does, and which resources it needs."""
    cost: str
    pricing: str
    """The page with the prices."""
    permissions: Sequence[str]
    """The IAM actions that the caller needs for the job and its resources; the service itself uses some of them."""
    start: Callable[[Client, Cleanup, str], Mapping[str, Any]]
    """Creates the resources, starts the job, and returns the watch's request."""


def run_query(client: Client, cleanup: Cleanup, name: str) -> Mapping[str, Any]:
    """Run a query that reads no data. Athena keeps its result, so no bucket is needed, and reads the default database.

    https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
    https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
    """
    athena = client("athena")
    cleanup.create(
        f"Athena workgroup {name}",
        lambda: athena.create_work_group(
            Name=name,
            Configuration={
                "ManagedQueryResultsConfiguration": {"Enabled": True},
                "EnforceWorkGroupConfiguration": True,
                "PublishCloudWatchMetricsEnabled": False,
            },
        ),
        lambda _: athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True),
    )
    started = athena.start_query_execution(QueryString="SELECT 1", WorkGroup=name)
    return {"QueryExecutionId": started["QueryExecutionId"]}


def run_automation(client: Client, cleanup: Cleanup, name: str) -> Mapping[str, Any]:
    """Run a runbook that waits for 10 seconds, with the caller's permissions.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html
    """
    ssm = client("ssm")
    step = {"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT10S"}}
    cleanup.create(
        f"Systems Manager document {name}",
        lambda: ssm.create_document(
            Name=name,
            DocumentType="Automation",
            DocumentFormat="JSON",
            Content=json.dumps({"schemaVersion": "0.3", "mainSteps": [step]}),
        ),
        lambda _: ssm.delete_document(Name=name),
    )
    while ssm.describe_document(Name=name)["Document"]["Status"] == "Creating":
        time.sleep(1)
    return {"AutomationExecutionId": ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]}


def transcribe_silence(client: Client, cleanup: Cleanup, name: str) -> Mapping[str, Any]:
    """Transcribe a second of silence. Amazon Transcribe keeps the result, so the bucket is only for the recording."""
    s3, transcribe, key = client("s3"), client("transcribe"), "silence.wav"
    cleanup.create(
        f"S3 bucket {name}",
        lambda: s3.create_bucket(Bucket=name, **_location(s3.meta.region_name)),
        lambda _: s3.delete_bucket(Bucket=name),
    )
    cleanup.create(
        f"S3 object s3://{name}/{key}",
        lambda: s3.put_object(Bucket=name, Key=key, Body=_silence()),
        lambda _: s3.delete_object(Bucket=name, Key=key),
    )
    cleanup.create(
        f"transcription job {name}",
        lambda: transcribe.start_transcription_job(
            TranscriptionJobName=name, LanguageCode="en-US", Media={"MediaFileUri": f"s3://{name}/{key}"}
        ),
        lambda _: transcribe.delete_transcription_job(TranscriptionJobName=name),
    )
    return {"TranscriptionJobName": name}


def _location(region: str) -> Mapping[str, Any]:
    """Return the argument of CreateBucket that is required in each Region except us-east-1."""
    return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _silence(rate: int = 8_000) -> bytes:
    """Return a recording of a second: mono, 16-bit PCM."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(bytes(2 * rate))
    return file.getvalue()


JOBS = (
    SmokeJob(
        "athena/QueryExecution",
        "SELECT 1, in a temporary workgroup",
        "less than 1 cent, because the query scans no data",
        "https://aws.amazon.com/athena/pricing/",
        ("athena:CreateWorkGroup", "athena:StartQueryExecution", "glue:GetDatabase", "athena:DeleteWorkGroup"),
        run_query,
    ),
    SmokeJob(
        "ssm/AutomationExecution",
        "a temporary runbook waits 10 s",
        "less than 1 cent, for one step of an automation",
        "https://aws.amazon.com/systems-manager/pricing/",
        ("ssm:CreateDocument", "ssm:DescribeDocument", "ssm:StartAutomationExecution", "ssm:DeleteDocument"),
        run_automation,
    ),
    SmokeJob(
        "transcribe/TranscriptionJob",
        "a second of silence, in a temporary bucket",
        "about 1 cent, the minimum for a transcription",
        "https://aws.amazon.com/transcribe/pricing/",
        (
            "s3:CreateBucket",
            "s3:PutObject",
            "s3:GetObject",
            "transcribe:StartTranscriptionJob",
            "transcribe:DeleteTranscriptionJob",
            "s3:DeleteObject",
            "s3:DeleteBucket",
        ),
        transcribe_silence,
    ),
)
