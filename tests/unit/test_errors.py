"""What AWS errors mean for a watch, although services have different codes and messages for them."""

from functools import cache
from typing import Any, NamedTuple, cast

import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ThrottledRetryableChecker

from infra.service_models import service_model
from job_watcher import catalogue, errors, waiters
from job_watcher.errors import Meaning

VOICE_ID_ERRORS = {
    "ResourceNotFoundException": Meaning.MISSING,
    "ValidationException": Meaning.INVALID,
    "InternalServerException": Meaning.UNAVAILABLE,
    "ThrottlingException": Meaning.THROTTLED,
    "AccessDeniedException": Meaning.DENIED,
}
# The meaning of each error in botocore's models of the describe calls (catalogue and waiters), if it has no message.
# Each was reviewed against the models' documentation. Reasons for errors whose names don't explain their meaning:
# - LimitExceededException, ServiceQuotaExceededException: a describe call creates nothing, so the limit is on calls.
# - ConflictException, ConcurrentUpdateException, ResourceContention, …State…: temporary, the resource is changing.
# - ResourceExistsException: it makes no sense for a describe call; its HTTP status is 409.
# - ServiceException, OperationFailureException, RequestFailedException: the service gives no reason.
# - KMS…: about the key of the job's data and not about the job, even if the key is missing or disabled.
# - InvalidS3ObjectException (Textract): the output can't be read.
# - InvalidResourceException (Snowball), InvalidTarget, InvalidInstance (load balancers): "can't be found".
# - Unsupported…, …NotEnabled…, Uninitialized…, …NotPermitted…: about the account's settings, which can be changed.
# - BaseException, CFNRegistryException, ClientException and others: unrecognized errors count as denied.
MODELED = {
    Meaning.UNAVAILABLE: """
        AccountSetupInProgressException BadGatewayException CloudHsmInternalFailureException
        CloudHsmServiceException ConcurrentModificationException ConcurrentUpdateException ConflictException
        ConflictingOperationException DataUnavailableException DependencyException DependencyFailureException
        ElasticBeanstalkServiceException GatewayTimeoutException HealthUnavailable IllegalSessionStateException
        InterconnectServerException InternalErrorException InternalException InternalFailureException
        InternalServerError InternalServerErrorException InternalServerException InternalServiceError
        InternalServiceErrorException InternalServiceException InvalidEndpointException
        InvalidResourceStateFault InvalidStateException KMSInternalException OperationFailureException
        OperationTimeoutException OrganizationStateException RegionSetupInProgressException
        RequestFailedException RequestInProgressException RequestTimeoutException ResourceContention
        ResourceExistsException ResourceUnavailableException ServerException ServerInternalErrorException
        ServerInternalException ServiceException ServiceFailure ServiceFailureException
        ServiceUnavailableException
    """,
    Meaning.THROTTLED: """
        ActiveWaitingRequestsExceededException CallRateLimitExceededException KmsThrottlingException
        LimitExceededException ProvisionedThroughputExceededException RateLimitExceededException
        ServiceQuotaExceededException ThrottledClientException ThrottledException ThrottlingException
        TooManyRequestException TooManyRequestsException
    """,
    Meaning.MISSING: """
        AcceleratorNotFoundException AccessPointNotFound AnalysisNotFoundException AssociationDoesNotExist
        AutomationExecutionNotFoundException BackupNotFound BackupNotFoundException
        BlueGreenDeploymentNotFoundFault CacheClusterNotFound ChangeSetNotFound
        CloudHsmResourceNotFoundException ClusterNotFound ClusterNotFoundException ClusterNotFoundFault
        ClusterSnapshotNotFound UnknownResourceFault
        CreateAccountStatusNotFoundException CustomKeyStoreNotFoundException DBClusterNotFoundFault
        DBClusterSnapshotNotFoundFault DBInstanceNotFound DBProxyNotFoundFault DBSnapshotNotFound
        DaemonNotFoundException DataRepositoryAssociationNotFound DataRepositoryTaskNotFound
        DeploymentDoesNotExistException DirectoryDoesNotExistException DoesNotExistException
        EntityDoesNotExistException EntityNotFound EntityNotFoundException EventDataStoreNotFoundException
        ExecutionDoesNotExist ExportNotFoundException ExportTaskNotFound FileSystemNotFound
        GeneratedTemplateNotFound HandshakeNotFoundException ImageNotFoundException ImportNotFoundException
        IntegrationNotFoundFault InvalidCommandId InvalidDeletionIdException InvalidDeploymentIdException
        InvalidInstance InvalidInstanceId InvalidJobIdException InvalidResourceException InvalidTarget
        InvalidTaskIdException InvocationDoesNotExist JobNotFoundException
        LifecyclePolicyPreviewNotFoundException LoadBalancerNotFound MountTargetNotFound NoSuchBucket
        NoSuchChange NoSuchDistribution NoSuchEntity NoSuchExportException NoSuchInvalidation NoSuchKey
        NoSuchOrganizationConfigRuleException NoSuchOrganizationConformancePackException
        NoSuchRemediationConfigurationException NoSuchResourceException NoSuchStreamingDistribution
        NotFoundException OperationNotFound OperationNotFoundException OrganizationNotFoundException
        PipelineExecutionNotFoundException PipelineNotFoundException
        ProvisionedConcurrencyConfigNotFoundException QueryIdNotFoundException ReplicationGroupNotFoundFault
        RepositoryNotFoundException RequestTokenNotFoundException ResizeNotFound ResourceNotFound
        ResourceNotFoundException ResourceNotFoundFault ResourceScanNotFound ScanNotFoundException
        ServerlessCacheNotFoundFault ServerlessCacheSnapshotNotFoundFault ServiceLinkedRoleNotFoundFault
        ServiceNotFoundException SnapshotNotFound SnapshotNotFoundFault StackRefactorNotFoundException
        StackSetNotFoundException SynthesisTaskNotFoundException TableRestoreNotFoundFault TargetGroupNotFound
        VolumeNotFound
    """,
    Meaning.DENIED: """
        AWSOrganizationsNotInUseException AccessDenied AccessDeniedException AccessDeniedFault
        AuthorizationErrorException AuthorizationException BaseException CFNRegistryException ClientException
        CloudHsmAccessDeniedException CloudHsmTagException DisabledOperationException ForbiddenException
        HomeRegionNotSetException InactiveEventDataStoreException InsufficientPrivilegesException
        InterconnectClientException InvalidAccessException InvalidKMSKeyException InvalidS3ObjectException
        KMSAccessDeniedException KMSDisabledException KMSInvalidStateException KMSNotFoundException
        KmsAccessDeniedException KmsInvalidStateException MissingAuthenticationToken NoLongerSupportedException
        NoManagementAccountSLRExistsException NotAuthorizedException OperationNotEnabledException
        OperationNotPermittedException OperationNotPermittedFault OptInRequiredException
        OrganizationAccessDeniedException
        ServiceAccountException UnauthenticatedException UnauthorizedClientException UnauthorizedException
        UninitializedAccountException UnsupportedAPIEndpointException UnsupportedFeatureException
        UnsupportedRegionException UnsupportedUserEditionException
    """,
    Meaning.INVALID: """
        ArgumentException BadRequest BadRequestException CloudHsmInvalidRequestException
        ContentSizeExceededException DeploymentIdRequiredException EventDataStoreARNInvalidException
        IllegalArgumentException InterconnectValidationException InvalidArgsException InvalidArgumentException
        InvalidArn InvalidArnException InvalidDataRepositoryType InvalidFilterKey InvalidGatewayRequestException
        InvalidInput InvalidInputException InvalidLimitException InvalidMarkerException InvalidNextToken
        InvalidNextTokenException InvalidOperationException InvalidPaginationTokenException
        InvalidParameterCombination InvalidParameterCombinationException InvalidParameterException
        InvalidParameterValue InvalidParameterValueException InvalidParameterValuesException
        InvalidParametersException InvalidPluginName InvalidRequestException InvalidTagFault
        MissingParameterValueException OperationNotSupportedException UnprocessableEntityException
        UnsupportedOperation UnsupportedOperationException ValidationException
    """,
}
URL = "https://voiceid.eu-west-1.amazonaws.com/"


def client_error(code: str, message: str = "", status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeSpeakerEnrollmentJob")


@pytest.mark.parametrize(("code", "meaning"), VOICE_ID_ERRORS.items())
def test_each_voice_id_error_has_the_expected_meaning(code: str, meaning: Meaning) -> None:
    assert errors.meaning(client_error(code, "The message.")) is meaning


def test_voice_ids_describe_call_has_no_other_errors() -> None:
    model = service_model("voice-id")
    assert model is not None
    described = model.operation_model("DescribeSpeakerEnrollmentJob").error_shapes
    assert {shape.name for shape in described} == set(VOICE_ID_ERRORS)


class ModeledError(NamedTuple):
    """An error in botocore's model of a call that a watch can make."""

    code: str
    status: int


@cache
def modeled_errors() -> set[ModeledError]:
    kinds = [*catalogue.kinds().values(), *waiters.kinds().values()]
    calls = {(service_model(kind.service), kind.describe) for kind in kinds}
    shapes = [shape for model, call in calls if model for shape in model.operation_model(call).error_shapes]
    traits = [(shape.name, shape.metadata.get("error", {})) for shape in shapes]
    return {ModeledError(trait.get("code", name), trait.get("httpStatusCode", 400)) for name, trait in traits}


def test_each_modeled_error_has_the_reviewed_meaning() -> None:
    reviewed = {code: meaning for meaning, codes in MODELED.items() for code in codes.split()}
    assert {error.code for error in modeled_errors()} == set(reviewed)
    for error in modeled_errors():
        assert errors.meaning(client_error(error.code, status=error.status)) is reviewed[error.code], error


def test_the_meanings_of_codes_agree_with_their_http_statuses() -> None:
    expected = [
        (error, meaning_of_status(error.status)) for error in modeled_errors() if not error.code.startswith("KMS")
    ]
    assert sum(meaning is not None for _, meaning in expected) > 60
    for error, meaning in expected:
        assert meaning in (None, errors.meaning(client_error(error.code))), error


def meaning_of_status(status: int) -> Meaning | None:
    known = {404: Meaning.MISSING, 408: Meaning.UNAVAILABLE, 429: Meaning.THROTTLED}
    return Meaning.UNAVAILABLE if status >= 500 else known.get(status)


def test_errors_that_waiters_expect_never_end_a_watch_at_once() -> None:
    expected_by_waiters = {
        acceptor.expected
        for waiter in waiters.kinds().values()
        for acceptor in waiter.acceptors
        if acceptor.matcher == "error" and isinstance(acceptor.expected, str) and acceptor.state != "failure"
    }
    explained_by_message = {"ValidationError", "ValidationException"}  # the message contains "does not exist"
    assert len(expected_by_waiters) > 30
    assert {
        code for code in expected_by_waiters if errors.meaning(client_error(code)) is Meaning.INVALID
    } == explained_by_message


def test_botocores_throttling_codes_mean_throttled() -> None:
    codes = set(getattr(ThrottledRetryableChecker, "_THROTTLED_ERROR_CODES"))  # noqa: B009
    others = {"TransactionInProgressException", "PriorRequestNotComplete"}  # they are temporary too
    assert {code for code in codes if errors.meaning(client_error(code)) is not Meaning.THROTTLED} == others


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
        "ServiceQuotaExceededException",
        "Client.RequestLimitExceeded",
    ],
)
def test_the_throttling_codes_of_all_services_mean_throttled(code: str) -> None:
    assert errors.meaning(client_error(code)) is errors.meaning(client_error(code, status=503)) is Meaning.THROTTLED


@pytest.mark.parametrize("code", ["ValidationException", "ValidationError", "BadRequest", "ClientException", "SomeNew"])
@pytest.mark.parametrize(
    "message",
    [
        "Rate exceeded",
        "Rate limit exceeded",
        "Request limit exceeded.",
        "Too many requests",
        "Maximum sending rate exceeded.",
        "The request was throttled",
        "Please reduce your request rate.",
        "Slow down",
    ],
)
def test_an_error_with_another_code_and_a_throttling_message_means_throttled(code: str, message: str) -> None:
    assert errors.meaning(client_error(code, message)) is Meaning.THROTTLED


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
        ("ValidationException", "Could not find requested job with name: t"),  # SageMaker
        ("ValidationException", "Requested resource not found."),  # SageMaker: a training job
        ("ValidationException", "RecordNotFound"),  # SageMaker: a notebook instance
        ("ValidationException", "Cannot find the job"),
        ("ValidationException", "Unable to find job x"),
        ("ValidationException", "Job run x doesn\N{RIGHT SINGLE QUOTATION MARK}t exist."),  # EMR on EKS
        ("ValidationException", "Invalid job run short id"),
        ("ValidationException", "Query does not exist."),  # Redshift Data
        ("ValidationException", "No job found with the given id"),
        ("ValidationException", "Unknown job x"),
        ("ValidationException", "No matching job"),
        ("ValidationException", "No such job"),
        ("ValidationException", "There is no job with id x"),
        ("ValidationException", "A nonexistent job"),
        ("ValidationException", "The job is no longer available"),
        ("ValidationException", "The job has been purged"),
        ("ValidationException", "The id does not match an existing job"),
        ("ValidationException", "The job could not be retrieved"),
        ("ValidationError", "AutoScalingGroup name not found - null"),
        ("ValidationError", "No Environment found for EnvironmentName = 'x'."),  # Elastic Beanstalk
        ("InvalidRequestException", "Cluster id 'j-1' is not valid."),  # EMR
        ("InvalidRequestException", "Sync task x is not found."),  # DataSync
        ("InvalidInputException", "Deployment ID 'x' is invalid."),  # Greengrass
        ("InvalidInputException", "Invalid build ID provided"),  # CodeBuild
        ("InvalidParameterValue", "Cannot find target instance: x"),  # RDS
        ("InvalidParameterException", "The specified job id no longer exists"),
        ("InvalidParameterValueException", "The job x has been deleted"),
        ("BadRequestException", "Resource not found: x"),  # Kafka
        ("BadRequestException", "The request is rejected since no such resource found."),  # GuardDuty
        ("ClientException", "Job queue x does not exist"),  # Batch
        ("ClientException", "The specified task set does not exist."),  # ECS
        ("PreconditionFailedException", "Failed to retrieve resource since it does not exist"),  # Lex
        ("InvalidGatewayRequestException", "The specified gateway was not found."),  # Storage Gateway
        ("InvalidArnException", "The requested ARN does not refer to an existing resource."),  # ACM
        ("InvalidDocument", "The specified document does not exist."),  # SSM
        ("InvalidCommandId", ""),  # SSM
        ("InvocationDoesNotExist", ""),
        ("WAFNonexistentItemException", ""),
        ("AWS.SimpleQueueService.NonExistentQueue", ""),
        ("PipelineDeletedException", ""),  # Data Pipeline
        ("UnknownResourceFault", ""),  # SWF
        ("ResourceNotDiscoveredException", ""),  # Config
    ],
)
def test_the_not_found_errors_of_all_services_mean_missing(code: str, message: str) -> None:
    assert errors.meaning(client_error(code, message)) is Meaning.MISSING


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", "1 validation error detected"),
        (
            "ValidationException",
            "1 validation error detected: Value 'not found' at 'jobName' failed to satisfy constraint",
        ),
        ("ValidationException", "Value 'not found' at 'jobName' failed to satisfy constraint"),
        ("ValidationException", "The job name 'unknown' doesn't match the regular expression"),
        ("ValidationException", "Malformed ARN: no such partition"),
        ("ValidationException", "2 validation errors detected: unknown enum value"),
        ("ValidationException", "Invalid job id format"),
        ("ValidationException", "The parameter DBSnapshotIdentifier must begin with a letter"),
        ("ValidationException", "Unknown parameter in input: Job"),
        ("ValidationError", "1 validation error detected"),
        ("BadRequestException", "Malformed input request"),
        ("InvalidRequestException", "One or more parameter values are not valid."),
        ("InvalidParameterValue", "Value (x) for parameter instanceId is invalid."),
        ("InvalidParameterException", "The parameter is not valid"),
        ("InvalidAMIID.Malformed", 'Invalid id: "x" (expecting "ami-...")'),
        ("InvalidSnapshotID.Malformed", ""),
        ("InvalidArn", "Invalid Arn: 'x'"),
        ("MalformedQueryString", ""),
        ("SerializationException", ""),
        ("MissingParameter", "The request must contain the parameter x"),
        ("MissingParameterValueException", ""),
        ("UnknownOperationException", ""),
        ("UnsupportedOperationException", ""),
        ("InvalidAction", ""),
        ("ClientException", "jobs must contain at least one id"),
    ],
)
def test_errors_about_the_request_itself_mean_invalid(code: str, message: str) -> None:
    assert errors.meaning(client_error(code, message)) is Meaning.INVALID


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", ""),
        ("AccessDeniedException", ""),
        ("AcessDeniedException", ""),  # as WAF spells it
        ("KMSAccessDeniedException", ""),
        ("KMSDisabledException", ""),
        ("KMSKeyNotAccessibleFault", "Specified KMS key [x] does not exist, is not enabled or you do not have access"),
        ("UnauthorizedOperation", "You are not authorized to perform this operation."),
        ("Client.UnauthorizedOperation", ""),
        ("UnauthorizedException", ""),
        ("AuthorizationError", ""),
        ("NotAuthorizedException", ""),
        ("AuthFailure", ""),
        ("ForbiddenException", ""),
        ("UnrecognizedClientException", "The security token included in the request is invalid."),
        ("InvalidClientTokenId", "The security token included in the request is invalid."),
        ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
        ("MissingAuthenticationToken", ""),
        ("OptInRequired", ""),
        ("SubscriptionRequiredException", "The AWS Access Key Id needs a subscription for the service"),
        ("InvalidSignatureException", ""),
        ("SignatureDoesNotMatch", ""),
        ("ValidationException", "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: glue:GetJobRun"),
        ("ValidationError", "S3 error: Access Denied"),  # CloudFormation
        ("ValidationException", "Unauthorized"),
        ("ValidationException", "You are not permitted to perform this action"),
        ("ValidationException", "The security token included in the request is invalid"),
        ("ValidationException", "Could not assume the role"),
        ("ValidationException", "Unable to access the job"),
        ("ValidationException", "You don't have sufficient permissions to access this job"),
        ("InvalidInputException", "The input detectorId is not owned by the current account."),  # GuardDuty
        ("InvalidRequestException", "Macie is not enabled"),
        ("ClientException", "The role lacks kms permissions"),
        ("ValidationException", "The KMS key is not accessible"),
    ],
)
def test_the_access_errors_of_all_services_mean_denied(code: str, message: str) -> None:
    for status in (400, 403):
        assert errors.meaning(client_error(code, message, status)) is Meaning.DENIED


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InternalServerException", ""),
        ("InternalServerError", ""),
        ("InternalFailure", ""),
        ("InternalError", ""),
        ("Server.InternalError", ""),
        ("ServiceUnavailable", ""),
        ("ServiceUnavailableException", ""),
        ("RequestTimeout", ""),
        ("RequestTimeoutException", ""),
        ("PriorRequestNotComplete", ""),
        ("TransactionInProgressException", ""),
        ("IDPCommunicationError", ""),
        ("InvalidEndpointException", ""),  # a cached endpoint, which the SDK renews
        # Lambda renews the credentials
        ("RequestExpired", ""),
        ("ExpiredToken", "The security token included in the request is expired"),
        ("ExpiredTokenException", ""),
        ("UnrecognizedClientException", "The security token included in the request is expired"),
        ("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260101T000100Z"),
        ("RequestTimeTooSkewed", ""),
        # temporary states of the resource
        ("ConflictException", ""),
        ("ConcurrentModificationException", ""),
        ("ResourceInUseException", ""),
        ("ResourceNotReadyException", ""),
        ("RequestInProgressException", ""),
        ("InvalidDBInstanceState", ""),
        ("InvalidStateException", ""),
        ("IncorrectState", ""),
        ("ServerBusyException", ""),
        ("ValidationError", "Stack:x is in UPDATE_IN_PROGRESS state and can not be read."),
        ("InvalidRequestException", "The request is invalid given the state of the cluster."),  # EKS
        ("ValidationException", "The job is being created"),
        ("ValidationException", "The job is still initializing"),
        ("ValidationException", "The job has not started yet"),
        ("ValidationException", "The cluster is in CREATING status"),
        ("ValidationException", "Another operation is in progress"),
        ("ValidationException", "The service is temporarily unavailable. Try again later."),
        ("BadRequestException", "An internal error occurred"),
        ("BadRequestException", "An update is in progress"),
        ("BadRequestException", "The service is unavailable"),
        ("BadRequestException", "Temporary failure"),
        ("BadRequestException", "Try again later"),
        ("BadRequestException", "The call timed out"),
        ("BadRequestException", "The call conflicts with an update"),
        ("BadRequestException", "Wait for another operation"),
        ("BadRequestException", "Not possible given the state of the cluster"),
        ("ValidationException", "The provided token has expired."),
        ("ValidationException", "Expired security token"),
    ],
)
def test_temporary_errors_mean_unavailable(code: str, message: str) -> None:
    assert errors.meaning(client_error(code, message)) is Meaning.UNAVAILABLE


@pytest.mark.parametrize(
    "code",
    [
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "UnauthenticatedException",
        "AuthFailure",
        "ForbiddenException",
        "InsufficientPrivilegesException",
        "OperationNotPermittedException",
        "InsufficientPermissionsException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "OperationNotEnabledException",
        "UnsupportedRegionException",
        "KMSNotFoundException",
    ],
)
def test_a_denied_code_with_a_not_found_message_means_denied(code: str) -> None:
    assert errors.meaning(client_error(code, "The role could not be found")) is Meaning.DENIED


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (500, Meaning.UNAVAILABLE),
        (502, Meaning.UNAVAILABLE),
        (503, Meaning.UNAVAILABLE),
        (504, Meaning.UNAVAILABLE),
        (404, Meaning.MISSING),
        (410, Meaning.MISSING),
        (408, Meaning.UNAVAILABLE),
        (409, Meaning.UNAVAILABLE),
        (429, Meaning.THROTTLED),
        (400, Meaning.DENIED),
        (401, Meaning.DENIED),
        (403, Meaning.DENIED),
    ],
)
def test_the_meaning_of_an_unknown_code_depends_on_the_http_status(status: int, meaning: Meaning) -> None:
    assert errors.meaning(client_error("SomethingNewException", "?", status)) is meaning
    proxy_error = client_error(str(status), "?", status)  # botocore's code for a proxy's error page
    assert errors.meaning(proxy_error) is meaning


def test_a_known_code_takes_precedence_over_the_http_status() -> None:
    assert errors.meaning(client_error("ThrottlingException", "Rate exceeded", 503)) is Meaning.THROTTLED
    assert errors.meaning(client_error("ResourceNotFoundException", "?", 400)) is Meaning.MISSING


def test_the_http_status_takes_precedence_over_a_validation_error() -> None:
    assert (
        errors.meaning(client_error("ValidationException", "1 validation error detected", 503)) is Meaning.UNAVAILABLE
    )
    assert errors.meaning(client_error("ValidationException", "1 validation error detected", 429)) is Meaning.THROTTLED


def test_an_error_without_code_or_status_counts_as_denied() -> None:
    empty_error = ClientError(cast(Any, {"Error": {}}), "DescribeSpeakerEnrollmentJob")
    assert errors.meaning(empty_error) is Meaning.DENIED


@pytest.mark.parametrize(
    "error",
    [
        botocore_errors.EndpointConnectionError(endpoint_url=URL),
        botocore_errors.ConnectTimeoutError(endpoint_url=URL),
        botocore_errors.ReadTimeoutError(endpoint_url=URL),
        botocore_errors.ConnectionClosedError(endpoint_url=URL),
        botocore_errors.SSLError(endpoint_url=URL, error=OSError("bad handshake")),
        botocore_errors.ProxyConnectionError(proxy_url=URL),
        botocore_errors.ResponseStreamingError(error="incomplete read"),
        botocore_errors.NoCredentialsError(),
        botocore_errors.CredentialRetrievalError(provider="container", error_msg="time-out"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_call_without_an_answer_means_unavailable(error: BotoCoreError) -> None:
    assert errors.meaning(error) is Meaning.UNAVAILABLE
    assert errors.code(error) == type(error).__name__
    assert errors.message(error) == str(error) != ""


def test_a_request_that_botocore_rejects_means_invalid() -> None:
    assert errors.meaning(botocore_errors.ParamValidationError(report="Missing required parameter")) is Meaning.INVALID
    unknown_service = botocore_errors.UnknownServiceError(service_name="voiceid", known_service_names="voice-id")
    assert errors.meaning(unknown_service) is Meaning.INVALID
    assert errors.meaning(botocore_errors.UnsupportedS3ArnError(arn="arn:aws:s3:::x")) is Meaning.INVALID


def test_the_services_code_and_message_are_returned() -> None:
    error = client_error("ValidationException", "1 validation error detected")
    assert errors.code(error) == "ValidationException"
    assert errors.message(error) == "1 validation error detected"
