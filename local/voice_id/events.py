"""What Voice ID tells the default event bus, as entries of PutEvents whose Detail is still a dict.

CloudTrail's: https://docs.aws.amazon.com/connect/latest/adminguide/logging-using-cloudtrail.html
Its own: https://docs.aws.amazon.com/connect/latest/adminguide/voiceid-event-schema.html, where AWS names the moments
(submitted, succeeds, fails) but not the values of `status`: those are a guess. A batch that ends with some of
its requests failed has succeeded.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from local.voice_id.aws_json import Members, Refusal, lower_camel

ACCOUNT = "000000000000"
ACTIONS = {
    "SpeakerEnrollmentJob": ("VoiceId Batch Speaker Enrollment Action", "BATCH_ENROLLMENT_REQUEST"),
    "FraudsterRegistrationJob": ("VoiceId Batch Fraudster Registration Action", "BATCH_REGISTRATION_REQUEST"),
}
STATUSES = {"SUBMITTED": "SUBMITTED", "COMPLETED": "SUCCESS", "COMPLETED_WITH_ERRORS": "SUCCESS", "FAILED": "FAILURE"}
DATA = ("dataAccessRoleArn", "enrollmentConfig", "registrationConfig", "inputDataConfig", "outputDataConfig")


def api_call(operation: OperationModel, given: Members, region: str, outcome: Members | Refusal) -> Members:
    """CloudTrail's event of one call: `responseElements` where it succeeded, else null and `errorCode`."""
    failure = {}
    if isinstance(outcome, Refusal):
        failure = {"errorCode": outcome.code, "errorMessage": str(outcome)}
    detail = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "Root", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"},
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "voiceid.amazonaws.com",
        "eventName": operation.name,
        "awsRegion": region,
        **failure,
        "requestParameters": recorded(given, operation.input_shape),
        "responseElements": None if isinstance(outcome, Refusal) else recorded(outcome, operation.output_shape),
        "requestID": str(uuid4()),
        "eventID": str(uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
        "recipientAccountId": ACCOUNT,
    }
    return {"Source": "aws.voiceid", "DetailType": "AWS API Call via CloudTrail", "Detail": detail}


def batch_action(noun: str, job: Members, shape: Shape) -> Members:
    """Voice ID's own event of a job that was submitted or ended; no times and no JobStatus in it."""
    detail_type, action = ACTIONS[noun]
    members = recorded(job, shape)
    detail = {
        "sourceId": str(uuid4()),
        "domainId": job["DomainId"],
        "action": action,
        "status": STATUSES[job["JobStatus"]],
        "batchJobId": job["JobId"],
        "data": {name: members[name] for name in DATA if name in members},
    }
    if failure := job.get("FailureDetails"):
        code = failure["StatusCode"]
        kind = "InternalServerException" if code >= 500 else "BadRequestException"
        detail["errorInfo"] = {"errorMessage": failure["Message"], "errorType": kind, "errorCode": code}
    return {"Source": "aws.voiceid", "DetailType": detail_type, "Detail": detail}


def recorded(value: Any, shape: Shape | None) -> Any:
    """A value as CloudTrail records it: lowerCamelCase members, sensitive ones hidden, times in words."""
    if shape is not None and shape.metadata.get("sensitive"):
        return "HIDDEN_DUE_TO_SECURITY_REASONS"
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            lower_camel(name): recorded(value[name], shape.members[name]) for name in shape.members if name in value
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [recorded(item, shape.member) for item in value]
    if shape is not None and shape.type_name == "timestamp":
        at = datetime.fromtimestamp(value, UTC)
        return f"{at:%b} {at.day}, {at.year}, {at.hour % 12 or 12}:{at:%M:%S %p}"  # Aug 17, 2021, 1:55:40 AM
    return value
