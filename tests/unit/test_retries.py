"""How long the Watch state machine tries again when it can't invoke Describe."""

import pytest

from infra.service_models import service_model
from job_watcher import polling
from tests.unit.retries import delays, retrier

DAY = 24 * 3600
EVENTS = 3  # of the history, for each attempt: TaskScheduled, TaskStarted, TaskFailed
HISTORY = 25_000  # events, https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
EVENTS_OF_A_POLL = 9
THROTTLED = "Lambda.TooManyRequestsException"
# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception has the first
# three. The last is for a mistake in the role of the state machine.
NOT_IN_THE_MODEL = [
    "AWSLambdaException",
    "SdkClientException",
    "ClientExecutionTimeoutException",
    "AccessDeniedException",
    "Unknown",  # time-outs and state, says that page; a slow start in an outage too
    "Sandbox.Timedout",
]
# Errors of Invoke that a function of ours can't have, or that last until somebody deploys again.
FEW_RETRIES = {
    "CodeArtifactUserDeletedException": "a new deployment of the code ends it",
    "CodeArtifactUserFailedException": "a new deployment of the code ends it",
    "DurableExecutionAlreadyStartedException": "the function isn't durable",
    "EFSIOException": "the function mounts no file system",
    "EFSMountConnectivityException": "the function mounts no file system",
    "EFSMountFailureException": "the function mounts no file system",
    "EFSMountTimeoutException": "the function mounts no file system",
    "InvalidParameterValueException": "the request is the same every time",
    "InvalidRequestContentException": "the request is the same every time",
    "InvalidRuntimeException": "the function can't run",
    "InvalidSecurityGroupIDException": "the function can't run",
    "InvalidSubnetIDException": "the function can't run",
    "InvalidZipFileException": "the function can't run",
    "ModeNotSupportedException": "the request is the same every time",
    "NoPublishedVersionException": "the function has no alias",
    "RecursiveInvocationException": "the function isn't invoked by what it calls",
    "RequestTooLargeException": "the request is the same every time",
    "ResourceNotFoundException": "the function has been deleted or replaced",
    "S3FilesMountConnectivityException": "the function mounts no file system",
    "S3FilesMountFailureException": "the function mounts no file system",
    "S3FilesMountTimeoutException": "the function mounts no file system",
    "SerializedRequestEntityTooLargeException": "the request is the same every time",
    "SnapStartException": "the function doesn't use SnapStart",
    "SnapStartNotReadyException": "the function doesn't use SnapStart",
    "SnapStartRegenerationFailureException": "the function doesn't use SnapStart",
    "SnapStartTimeoutException": "the function doesn't use SnapStart",
    "UnsupportedMediaTypeException": "the request is the same every time",
}


def test_an_outage_of_lambda_may_last_a_day() -> None:
    assert sum(delays(retrier(THROTTLED))) >= DAY


def test_the_end_of_an_outage_is_noticed_within_fifteen_minutes() -> None:
    assert max(delays(retrier(THROTTLED))) <= 900


def test_an_outage_of_a_day_takes_few_events_of_the_history() -> None:
    events = EVENTS * (1 + retrier(THROTTLED)["MaxAttempts"])
    assert events <= 350
    assert polling.MAX_POLLS * EVENTS_OF_A_POLL + 3 * events < HISTORY  # of a watch of a year, with three such days


def test_short_trouble_delays_a_poll_by_seconds() -> None:
    assert sum(delays(retrier(THROTTLED))[:3]) < 20


@pytest.mark.parametrize(
    "error",
    [
        "Runtime.ExitError",  # the process ended: out of state, for example
        "Runtime.ImportModuleError",
        "KeyError",
    ],
)
def test_a_function_that_crashes_is_tried_again_for_minutes(error: str) -> None:
    assert 180 < sum(delays(retrier(error))) < 600


def test_every_error_of_invoking_a_function_is_retried_for_a_day_or_is_known_to_last() -> None:
    model = service_model("lambda")
    assert model is not None
    modelled = {shape.name for shape in model.operation_model("Invoke").error_shapes}
    a_day = {name.removeprefix("Lambda.") for name in retrier(THROTTLED)["ErrorEquals"]}
    assert a_day == modelled - set(FEW_RETRIES) | set(NOT_IN_THE_MODEL)
    assert set(FEW_RETRIES) <= modelled
