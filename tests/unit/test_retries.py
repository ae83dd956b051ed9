"""How long the Watch state machine retries when it can't invoke the Describe function."""

import pytest

from infra.service_models import service_model
from job_watcher import news, polling
from tests.unit.retries import delays, retrier

DAY = 24 * 3600
EVENTS_PER_ATTEMPT = 3  # in the execution history: TaskScheduled, TaskStarted, TaskFailed
MAX_HISTORY_EVENTS = 25_000  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
EVENTS_PER_POLL = 9  # of a watch of an earlier version, which polls in a loop
EVENTS_PER_NEWS = 15  # with a notification
THROTTLED = "Lambda.TooManyRequestsException"
# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception lists the
# first three. AccessDeniedException is returned if the state machine's role is wrong.
NOT_IN_THE_MODEL = [
    "AWSLambdaException",
    "SdkClientException",
    "ClientExecutionTimeoutException",
    "AccessDeniedException",
    "Unknown",  # time-outs and exceeded memory according to that page; also slow starts during an outage
    "Sandbox.Timedout",
]
# Errors of Invoke that can't occur with this function, or that last until the next deployment.
FEW_RETRIES = {
    "CodeArtifactUserDeletedException": "it lasts until the code is deployed again",
    "CodeArtifactUserFailedException": "it lasts until the code is deployed again",
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
    "RecursiveInvocationException": "the function doesn't call anything that invokes it",
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


def test_a_watch_survives_a_lambda_outage_of_one_day() -> None:
    assert sum(delays(retrier(THROTTLED))) >= DAY


def test_a_watch_continues_within_fifteen_minutes_after_an_outage() -> None:
    assert max(delays(retrier(THROTTLED))) <= 900


def test_a_lambda_outage_of_one_day_uses_few_events_of_the_execution_history() -> None:
    events = EVENTS_PER_ATTEMPT * (1 + retrier(THROTTLED)["MaxAttempts"])
    assert events <= 350
    three_outages = 3 * events
    assert polling.MAX_LOOP_POLLS * EVENTS_PER_POLL + three_outages < MAX_HISTORY_EVENTS
    assert news.MAX_NEWS * EVENTS_PER_NEWS + three_outages < MAX_HISTORY_EVENTS


def test_a_short_outage_delays_a_poll_by_seconds() -> None:
    assert sum(delays(retrier(THROTTLED))[:3]) < 20


@pytest.mark.parametrize(
    "error",
    [
        "Runtime.ExitError",  # the process ended, for example because it was out of memory
        "Runtime.ImportModuleError",
        "KeyError",
    ],
)
def test_a_crash_of_the_function_is_retried_for_minutes(error: str) -> None:
    assert 180 < sum(delays(retrier(error))) < 600


def test_every_error_of_invoke_is_retried_for_a_day_or_is_known_to_be_permanent() -> None:
    model = service_model("lambda")
    assert model is not None
    modeled = {shape.name for shape in model.operation_model("Invoke").error_shapes}
    retried_for_a_day = {name.removeprefix("Lambda.") for name in retrier(THROTTLED)["ErrorEquals"]}
    assert retried_for_a_day == modeled - set(FEW_RETRIES) | set(NOT_IN_THE_MODEL)
    assert set(FEW_RETRIES) <= modeled
