"""A typical handler with boto3 and Powertools' Logger, Tracer, Metrics and Parser."""

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
tracer = Tracer()
metrics = Metrics()
voice_id = boto3.client("voice-id")


class Request(BaseModel):
    """The describe call's arguments."""

    DomainId: str
    JobId: str


class Event(BaseModel):
    """The state machine's input to the function."""

    request: Request


@metrics.log_metrics
@logger.inject_lambda_context
@tracer.capture_lambda_handler
@event_parser(model=Event)
def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Return the job's status and percentage."""
    job = voice_id.describe_speaker_enrollment_job(DomainId=event.request.DomainId, JobId=event.request.JobId)["Job"]
    logger.info("polled", extra={"status": job["JobStatus"]})
    return {"status": job["JobStatus"], "percent": job["JobProgress"]["PercentComplete"]}
