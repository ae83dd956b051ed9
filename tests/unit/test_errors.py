"""What an AWS error means for a watch, whatever its service calls it."""

from typing import Any, cast

import pytest
from botocore import exceptions as network
from botocore.exceptions import BotoCoreError, ClientError

from infra.lint import service_model
from job_watcher import errors
from job_watcher.errors import Meaning

SEED = {
    "ResourceNotFoundException": Meaning.MISSING,
    "ValidationException": Meaning.INVALID,
    "InternalServerException": Meaning.UNAVAILABLE,
    "ThrottlingException": Meaning.THROTTLED,
    "AccessDeniedException": Meaning.DENIED,
}
URL = "https://voiceid.eu-west-1.amazonaws.com/"


def refused(code: str, message: str = "", status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeSpeakerEnrollmentJob")


@pytest.mark.parametrize(("code", "meaning"), SEED.items())
def test_each_exception_of_the_first_kind_has_its_meaning(code: str, meaning: Meaning) -> None:
    assert errors.meaning(refused(code, "Why it was so.")) is meaning


def test_the_first_kind_has_no_other_exceptions() -> None:
    model = service_model("voice-id")
    assert model is not None
    described = model.operation_model("DescribeSpeakerEnrollmentJob").error_shapes
    assert {shape.name for shape in described} == set(SEED)


@pytest.mark.parametrize(
    "code",
    [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "EC2ThrottledException",
        "TooManyRequestsException",  # Comprehend
        "LimitExceededException",  # Transcribe
        "ProvisionedThroughputExceededException",  # Textract
        "RequestLimitExceeded",  # EC2
        "BandwidthLimitExceeded",
        "SlowDown",  # S3
    ],
)
def test_every_services_throttle_is_a_throttle(code: str) -> None:
    assert errors.meaning(refused(code, "Rate exceeded")) is Meaning.THROTTLED


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFoundException", "The requested resource was not found"),
        ("InvalidJobIdException", "Request has invalid Job Id"),  # Textract
        ("EntityNotFoundException", "Job run not found"),  # Glue
        ("ExecutionDoesNotExist", "Execution Does Not Exist: 'arn:aws:states:…'"),  # Step Functions
        ("InvalidSnapshot.NotFound", "The snapshot 'snap-0' does not exist."),  # EC2
        ("ExportNotFoundException", "Export not found"),  # DynamoDB
        ("ExportTaskNotFound", "No such task"),  # RDS
        ("NoSuchEntity", "No such entity"),  # IAM
        ("ValidationError", "Stack with id x does not exist"),  # CloudFormation
        ("ValidationException", "Could not find requested job with name: x"),  # SageMaker
        ("BadRequestException", "The requested job couldn't be found. Check the job name and try again."),  # Transcribe
        ("InvalidRequestException", "QueryExecution x was not found"),  # Athena
        ("ValidationException", "Cannot find the job"),
        ("ValidationException", "Unable to find job x"),
    ],
)
def test_every_services_not_found_is_missing(code: str, message: str) -> None:
    assert errors.meaning(refused(code, message)) is Meaning.MISSING


@pytest.mark.parametrize(
    "code",
    [
        "ValidationException",
        "ValidationError",
        "BadRequestException",
        "InvalidRequestException",
        "InvalidParameterValue",
        "InvalidParameterException",
        "InvalidSnapshotID.Malformed",
        "MalformedQueryString",
        "SerializationException",
        "MissingParameter",
        "UnknownOperationException",
    ],
)
def test_a_request_that_was_never_good_is_invalid(code: str) -> None:
    assert errors.meaning(refused(code, "1 validation error detected")) is Meaning.INVALID


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "KMSAccessDeniedException",
        "UnauthorizedOperation",
        "NotAuthorizedException",
        "AuthFailure",
        "UnrecognizedClientException",
        "OptInRequired",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
    ],
)
def test_every_services_no_is_a_no(code: str) -> None:
    assert errors.meaning(refused(code, "User is not authorized to perform this action", 403)) is Meaning.DENIED


@pytest.mark.parametrize(
    "code",
    [
        "InternalServerException",
        "InternalServerError",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
        "RequestTimeoutException",
        "RequestExpired",
        "ExpiredTokenException",
        "PriorRequestNotComplete",
    ],
)
def test_a_service_that_cannot_answer_now_is_unavailable(code: str) -> None:
    assert errors.meaning(refused(code)) is Meaning.UNAVAILABLE


def test_a_denial_that_says_not_found_stays_a_denial() -> None:
    assert errors.meaning(refused("AccessDeniedException", "The role could not be found")) is Meaning.DENIED


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (500, Meaning.UNAVAILABLE),
        (502, Meaning.UNAVAILABLE),
        (503, Meaning.UNAVAILABLE),
        (504, Meaning.UNAVAILABLE),
        (404, Meaning.MISSING),
        (429, Meaning.THROTTLED),
        (400, Meaning.DENIED),
        (401, Meaning.DENIED),
        (403, Meaning.DENIED),
    ],
)
def test_a_code_nobody_knows_is_judged_by_its_status(status: int, meaning: Meaning) -> None:
    assert errors.meaning(refused("SomethingNewException", "?", status)) is meaning
    assert errors.meaning(refused(str(status), "?", status)) is meaning  # what botocore makes of a proxy's page


def test_a_known_code_is_worth_more_than_its_status() -> None:
    assert errors.meaning(refused("ThrottlingException", "Rate exceeded", 503)) is Meaning.THROTTLED
    assert errors.meaning(refused("ResourceNotFoundException", "?", 400)) is Meaning.MISSING


def test_an_error_without_code_or_status_counts_as_denied() -> None:
    nothing = ClientError(cast(Any, {"Error": {}}), "DescribeSpeakerEnrollmentJob")
    assert errors.meaning(nothing) is Meaning.DENIED


@pytest.mark.parametrize(
    "error",
    [
        network.EndpointConnectionError(endpoint_url=URL),
        network.ConnectTimeoutError(endpoint_url=URL),
        network.ReadTimeoutError(endpoint_url=URL),
        network.ConnectionClosedError(endpoint_url=URL),
        network.SSLError(endpoint_url=URL, error=OSError("bad handshake")),
        network.ProxyConnectionError(proxy_url=URL),
        network.ResponseStreamingError(error="incomplete read"),
        network.NoCredentialsError(),
        network.CredentialRetrievalError(provider="container", error_msg="time-out"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_at_all_is_unavailable(error: BotoCoreError) -> None:
    assert errors.meaning(error) is Meaning.UNAVAILABLE
    assert errors.code(error) == type(error).__name__
    assert errors.message(error) == str(error) != ""


def test_what_botocore_itself_refuses_is_invalid() -> None:
    assert errors.meaning(network.ParamValidationError(report="Missing required parameter")) is Meaning.INVALID
    nowhere = network.UnknownServiceError(service_name="voiceid", known_service_names="voice-id")
    assert errors.meaning(nowhere) is Meaning.INVALID


def test_an_answers_error_keeps_the_services_code_and_words() -> None:
    error = refused("ValidationException", "1 validation error detected")
    assert errors.code(error) == "ValidationException"
    assert errors.message(error) == "1 validation error detected"
