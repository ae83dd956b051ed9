"""Transcribe a recording, and watch the job."""

import json
import os
from pathlib import PurePosixPath
from typing import Any

import boto3


def handler(event: dict[str, str], context: Any) -> str:
    """Start a transcription job for `{"recording": "call-1.wav"}`, and return the ARN of the watch."""
    request = {"TranscriptionJobName": PurePosixPath(event["recording"]).stem}
    media = f"s3://{os.environ['BUCKET']}/{event['recording']}"
    boto3.client("transcribe").start_transcription_job(**request, Media={"MediaFileUri": media}, LanguageCode="en-US")
    # Not needed if CloudTrail or Transcribe's events start the watch. If both do so, there is still one notification.
    watch = boto3.client("stepfunctions").start_execution(
        stateMachineArn=os.environ["WATCH_ARN"],
        input=json.dumps({"kind": "transcribe/TranscriptionJob", "request": request}),
    )
    return str(watch["executionArn"])
