"""The events that Voice ID and CloudTrail put on the default event bus, as PutEvents entries whose Detail is a dict.

CloudTrail's event: https://docs.aws.amazon.com/connect/latest/adminguide/logging-using-cloudtrail.html
Voice ID's event: https://docs.aws.amazon.com/connect/latest/adminguide/voiceid-event-schema.html. It documents when
Voice ID sends an event (submitted, succeeded, failed), but not the values of `status`; STATUSES is an assumption.
A job whose requests failed in part counts as succeeded.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from local.voice_id.aws_json import Members, ServiceError, lower_camel

ACCOUNT = "000000000000"
ACTIONS = {
    "SpeakerEnrollmentJob": ("VoiceId Batch Speaker Enrollment Action", "BATCH_ENROLLMENT_REQUEST"),
    "FraudsterRegistrationJob": ("VoiceId Batch Fraudster Registration Action", "BATCH_REGISTRATION_REQUEST"),
}
STATUSES = {"SUBMITTED": "SUBMITTED", "COMPLETED": "SUCCESS", "COMPLETED_WITH_ERRORS": "SUCCESS", "FAILED": "FAILURE"}
DATA = ("dataAccessRoleArn", "enrollmentConfig", "registrationConfig", "inputDataConfig", "outputDataConfig")


def cloudtrail_event(
    operation: OperationModel, request: Members, region: str, result: Members | ServiceError
) -> Members:
    """Return CloudTrail's event for one API call. A failed call has `errorCode`, and null as `responseElements`."""
    failure: Members = {}
    if isinstance(result, ServiceError):
        failure = {"errorCode": result.code, "errorMessage": str(result)}
    detail = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "Root", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"},
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "voiceid.amazonaws.com",
        "eventName": operation.name,
        "awsRegion": region,
        **failure,
        "requestParameters": as_recorded(request, operation.input_shape),
        "responseElements": None if failure else as_recorded(result, operation.output_shape),
        "requestID": str(uuid4()),
        "eventID": str(uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
        "recipientAccountId": ACCOUNT,
    }
    return {"Source": "aws.voiceid", "DetailType": "AWS API Call via CloudTrail", "Detail": detail}


def service_event(noun: str, job: Members, shape: Shape) -> Members:
    """Return Voice ID's event about a job that was submitted or has ended. It has neither times nor a JobStatus."""
    detail_type, action = ACTIONS[noun]
    members = as_recorded(job, shape)
    detail = {
        "sourceId": str(uuid4()),
        "domainId": job["DomainId"],
        "action": action,
        "status": STATUSES[job["JobStatus"]],
        "batchJobId": job["JobId"],
        "data": {name: members[name] for name in DATA if name in members},
        **error_info(job),
    }
    return {"Source": "aws.voiceid", "DetailType": detail_type, "Detail": detail}


def error_info(job: Members) -> Members:
    """Return `errorInfo` of a job that failed, else nothing."""
    failure = job.get("FailureDetails")
    if not failure:
        return {}
    code = failure["StatusCode"]
    error_type = "InternalServerException" if code >= 500 else "BadRequestException"
    return {"errorInfo": {"errorMessage": failure["Message"], "errorType": error_type, "errorCode": code}}


def as_recorded(value: Any, shape: Shape | None) -> Any:
    """Return a value as CloudTrail records it: lowerCamelCase names, redacted sensitive members, formatted times."""
    if shape is not None and shape.metadata.get("sensitive"):
        return "HIDDEN_DUE_TO_SECURITY_REASONS"
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = [(name, member) for name, member in shape.members.items() if name in value]
        return {lower_camel(name): as_recorded(value[name], member) for name, member in members}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [as_recorded(item, shape.member) for item in value]
    if shape is not None and shape.type_name == "timestamp":
        at = datetime.fromtimestamp(value, UTC)
        return f"{at:%b} {at.day}, {at.year}, {at.hour % 12 or 12}:{at:%M:%S %p}"  # Aug 17, 2021, 1:55:40 AM
    return value
