"""Temporary errors never end a watch at once. Permanent errors end it long before it would give up."""

import re
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore import exceptions as network
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import example, given
from hypothesis import strategies as st

from infra.service_models import require_service_model
from job_watcher import catalogue, errors, evaluate
from job_watcher.aws_call import UnreadableAnswer
from job_watcher.errors import Classification, Meaning
from job_watcher.poll_state import PollState
from job_watcher.watch import Rules, Watch

KIND = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
INPUT = {"kind": KIND.name, "request": {"DomainId": "a" * 22, "JobId": "b" * 22}}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
NEW_WATCH: PollState = {"polls": 1, "waited": 0, "outcome": "running"}
GIVE_UP_AFTER = 14 * 86_400  # seconds
RESOLVES_ITSELF = re.compile(
    r"Conflict|Concurrent|InProgress|SetupIn|Quota|LimitExceeded|Throttl|TooManyRequests|Busy|NotReady|Unavailable"
    r"|Timeout|Pending|(?<!Not)InUse|KMS(?!KeyValidation)|(?<!Invalid)State(Exception|Fault)?$|Denied|Unauthorized"
)
# Codes that match the pattern above, but mean that the request is invalid, such as a limit on its size.
ABOUT_THE_REQUEST = re.compile("Invalid(Conflict|Target|Max)|Size|Length|Required")


def client_error(code: Any, message: Any = "", status: Any = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeSpeakerEnrollmentJob")


def watch(**state: Any) -> Watch:
    return Watch(INPUT, ARN, cast(PollState, {**NEW_WATCH, "age": state.get("waited", 0), **state}), Rules(), KIND)


def no_answer(state: Mapping[str, Any], meaning: Meaning = Meaning.UNREACHABLE, random: float = 0) -> Mapping[str, Any]:
    return evaluate.after_error(watch(**state), meaning, "EndpointConnectionError", "No such host.", random)


def poll_until(condition: Callable[[Mapping[str, Any]], bool], state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Poll a host that doesn't exist. Return the last state before the result meets the condition."""
    while not condition(result := no_answer(state)):
        state = result
    return state


def is_lost(result: Mapping[str, Any]) -> bool:
    return bool(result["outcome"] == "lost")


def test_no_modeled_error_that_resolves_itself_ends_a_watch_at_once() -> None:
    services = {kind.service for kind in catalogue.kinds().values()}
    shapes = [shape for service in services for shape in require_service_model(service).error_shapes]
    codes = {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes}
    resolving = {code for code in codes if RESOLVES_ITSELF.search(code) and not ABOUT_THE_REQUEST.search(code)}
    assert len(resolving) > 200
    assert {code for code in resolving if errors.meaning(client_error(code)) is Meaning.INVALID} == set()


@pytest.mark.parametrize("code", ["ValidationException", "ValidationError", "InvalidRequestException", "BadRequest"])
@pytest.mark.parametrize(
    "message",
    [
        "Rate exceeded",
        "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: glue:GetJobRun",
        "The quota for concurrent jobs has been reached",
        "Account limit exceeded",
        "There isn't enough capacity",
        "Account setup is in progress",
        "Your account isn't set up. Try again in a few minutes",
        "The account is not yet set up",
        "The cluster is busy",
        "The system is busy, please retry",
        "The resource isn't ready",
        "The resource has not been initialized yet",
        "The index is not active",
        "The resource is currently updating",
        "The resource is in use",
        "The KMS key is disabled",
        "The KMS key is pending import",
        "The KMS key is unavailable",
        "arn:aws:kms:eu-west-1:111122223333:key/1234 is pending deletion.",
        "The call conflicts with an update",
        "Please wait and submit the request again",
        "Something went wrong",
        "The cluster can't be described during an upgrade",
        "You must opt in to the Region",
        "Authentication failed",
        "Permission denied",
        "Payment required",
        "Forbidden",
    ],
)
def test_a_validation_error_that_may_resolve_itself_never_ends_a_watch_at_once(code: str, message: str) -> None:
    assert errors.meaning(client_error(code, message)) is not Meaning.INVALID


@pytest.mark.parametrize("code", ["ValidationException", "InvalidParameterValue", "BadRequestException"])
@pytest.mark.parametrize(
    "message",
    [
        "EndTime should be later than StartTime",
        "The parameter jobId is missing",
        "Conflicting parameters: jobId and jobArn",
        "This feature is not available in this Region",
        "This operation isn't supported in eu-west-1",
        "Temporary security credentials are not supported",
        "The KMS key is pending deletion",
        "Check your input and try again",
        "Your subscription has expired",
        "The account is closed",
        "The service is unavailable in this Region",
        "The job belongs to another user",
        "Unexpected error: the job was not found",
        "The request was rejected by an explicit deny",
        "The feature is not yet supported",
    ],
)
def test_an_error_that_may_be_permanent_is_not_polled_until_the_watch_gives_up(code: str, message: str) -> None:
    assert errors.meaning(client_error(code, message)) in (Meaning.DENIED, Meaning.INVALID, Meaning.MISSING)


@pytest.mark.parametrize(
    ("code", "message", "meaning"),
    [
        ("AccessDeniedException", "Rate exceeded", Meaning.THROTTLED),
        ("AccessDeniedException", "User: u is not authorized to perform: x:DescribeRate exceeded", Meaning.DENIED),
        ("InvalidSignatureException", "Signature not yet current: 20260101T000600Z", Meaning.UNAVAILABLE),
        ("SignatureDoesNotMatch", "The signature doesn't match.", Meaning.DENIED),
        ("ValidationException", "You have exceeded the maximum number of requests", Meaning.THROTTLED),
        ("ValidationException", "An unknown error occurred", Meaning.UNAVAILABLE),
        ("ValidationException", "Unknown job", Meaning.MISSING),
        ("ValidationException", "The cluster is restoring", Meaning.UNAVAILABLE),
        ("ValidationException", "KMSInvalidStateException: key", Meaning.DENIED),
        ("InvalidAccountStatusException", "", Meaning.DENIED),
        ("PaymentRequired", "", Meaning.DENIED),
        ("NotStabilizedException", "", Meaning.UNAVAILABLE),
        ("DatabaseResumingException", "", Meaning.UNAVAILABLE),
        ("KeyPendingDeletionException", "", Meaning.DENIED),
        ("EncryptionKeyNotFoundException", "", Meaning.DENIED),
    ],
)
def test_an_error_has_the_meaning_that_its_code_and_message_say(code: str, message: str, meaning: Meaning) -> None:
    assert errors.meaning(client_error(code, message)) is meaning


def test_a_generic_code_is_invalid_only_if_the_message_is_about_the_request_or_says_nothing() -> None:
    for message in ("", "No.", "The message.", "Invalid job name", "A job name is required", "The name is too long"):
        assert errors.meaning(client_error("ValidationException", message)) is Meaning.INVALID
    assert errors.meaning(client_error("ValidationException", "Something happened there")) is Meaning.DENIED


@pytest.mark.parametrize("code", ["UnknownOperationException", "InvalidAction", "MissingAction", "NotImplemented"])
@pytest.mark.parametrize("status", [400, 404, 501])
@pytest.mark.parametrize("message", ["", "Could not find operation DescribeJob", "The service is unavailable"])
def test_an_operation_that_the_service_does_not_have_is_invalid(code: str, status: int, message: str) -> None:
    assert errors.meaning(client_error(code, message, status)) is Meaning.INVALID


def test_the_http_status_takes_precedence_over_a_code_that_means_invalid() -> None:
    assert errors.meaning(client_error("InvalidRequestException", "No.", 403)) is Meaning.DENIED
    assert errors.meaning(client_error("InvalidRequestException", "No.", 401)) is Meaning.DENIED
    assert errors.meaning(client_error("InvalidRequestException", "No.", 404)) is Meaning.MISSING
    assert errors.meaning(client_error("InvalidRequestException", "No.", 424)) is Meaning.UNAVAILABLE
    assert errors.meaning(client_error("501", "Not Implemented", 501)) is Meaning.INVALID


def test_a_classification_contains_the_rule_that_decided() -> None:
    assert errors.classify(client_error("ResourceNotFoundException")) == (Meaning.MISSING, "code", "Not.?Found")
    assert errors.classify(client_error("SomethingNew", status=404)) == (Meaning.MISSING, "HTTP status", "404")
    assert errors.classify(client_error("ValidationException", "No such job")) == (
        Meaning.MISSING,
        "message",
        r"\bno such",
    )
    assert errors.classify(client_error("AccessDenied", "The token has expired")).decided_by == "message"
    assert errors.classify(client_error("SomethingNew")) == (Meaning.DENIED, "default", "")
    assert errors.classify(network.ReadTimeoutError(endpoint_url="x")).rule == r"\bHTTPClientError"


ANYTHING = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(max_size=3), max_size=2)


@given(code=st.text() | ANYTHING, message=st.text() | ANYTHING, status=st.integers(0, 999) | ANYTHING)
@example("ValidationException", "id" * 5_000 + " invalid", 400)
def test_any_code_message_and_status_has_a_meaning_and_a_rule(code: Any, message: Any, status: Any) -> None:
    error = client_error(code, message, status)
    classification = errors.classify(error)
    assert classification.meaning in Meaning and classification.meaning is errors.meaning(error)
    assert classification.decided_by in ("code", "message", "HTTP status", "default")
    texts = {"code": errors.code(error), "message": errors.message(error)}
    if classification.decided_by in texts:
        text = texts[classification.decided_by].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        assert re.search(classification.rule, text, re.IGNORECASE)


@given(
    st.dictionaries(st.sampled_from(["Error", "ResponseMetadata"]), ANYTHING | st.dictionaries(st.text(), st.text()))
)
def test_an_error_response_of_any_shape_has_a_meaning(answer: dict[str, Any]) -> None:
    error = client_error("x")
    error.response = cast(Any, answer)
    assert errors.meaning(error) in Meaning
    assert isinstance(errors.code(error), str) and isinstance(errors.message(error), str)


@pytest.mark.parametrize(
    "message", ["no " * 5_000_000, "id invalid " * 1_000_000, "x" * 10_000_000, "kms " * 2_000_000]
)
def test_a_huge_message_is_classified_quickly(message: str) -> None:
    start = time.process_time()
    errors.meaning(client_error("ValidationException", message))
    assert time.process_time() - start < 10


def all_exceptions(exception: type[BotoCoreError] = BotoCoreError) -> set[type[BotoCoreError]]:
    below = [all_exceptions(each) for each in exception.__subclasses__() if each.__module__ == network.__name__]
    return {exception}.union(*below)


def test_every_exception_of_botocore_has_a_meaning_and_only_missing_answers_are_temporary() -> None:
    temporary = set()
    for exception in all_exceptions():
        error = exception.__new__(exception)
        error.kwargs = {}
        temporary |= {exception} if errors.meaning(error) is Meaning.UNAVAILABLE else set()
    without_answer = (network.HTTPClientError, network.ConnectionError)
    others = {each.__name__ for each in temporary if not issubclass(each, without_answer)}
    assert others == {
        "CapacityNotAvailableError",
        "ChecksumError",
        "CredentialRetrievalError",
        "FlexibleChecksumError",
        "IncompleteReadError",
        "MetadataRetrievalError",
        "NoCredentialsError",
    }


def test_an_answer_that_cannot_be_read_is_temporary() -> None:
    assert errors.meaning(UnreadableAnswer(error=ValueError("<html>"))) is Meaning.UNAVAILABLE


def error_of_call(lookup_error: OSError, monkeypatch: pytest.MonkeyPatch) -> BotoCoreError:
    """Return the error that botocore raises if the DNS lookup of the endpoint's host name fails with this error."""

    def fails(*_: Any, **__: Any) -> None:
        raise lookup_error

    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, proxies={})
    client: Any = botocore.session.get_session().create_client("voice-id", region_name="eu-north-1", config=config)
    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(BotoCoreError) as raised:
        client.describe_domain(DomainId="a" * 22)
    return raised.value


@pytest.mark.parametrize("answer", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_host_name_that_does_not_exist_is_unreachable(answer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    error = error_of_call(socket.gaierror(answer, "Name or service not known"), monkeypatch)
    assert errors.code(error) == "EndpointConnectionError"
    assert errors.meaning(error) is Meaning.UNREACHABLE
    assert errors.message(error) == (
        'Could not connect to the endpoint URL: "https://voiceid.eu-north-1.amazonaws.com/" '
        "The host name doesn't exist. The service may not be available in this Region."
    )


@pytest.mark.parametrize(
    "failure", [socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), ConnectionRefusedError()]
)
def test_a_failing_dns_server_and_a_rejected_connection_are_temporary(
    failure: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert errors.meaning(error_of_call(failure, monkeypatch)) is Meaning.UNAVAILABLE


def test_the_watch_of_a_service_whose_host_never_existed_is_lost_after_15_minutes() -> None:
    last = poll_until(is_lost, NEW_WATCH)
    assert last["waited"] >= evaluate.UNREACHABLE_PERIOD
    assert last["waited"] - (last["wait"] + 1) < evaluate.UNREACHABLE_PERIOD
    assert no_answer(last)["detail"]["error"] == "EndpointConnectionError"


def test_a_dns_outage_of_a_day_does_not_end_a_watch_that_got_an_answer() -> None:
    last = poll_until(is_lost, {"status": "IN_PROGRESS", "waited": 600, "age": 600, "last_answer": 600})
    assert last["waited"] - 600 >= 86_400
    assert last["waited"] < 2 * 86_400 < GIVE_UP_AFTER


@pytest.mark.parametrize("meaning", [Meaning.UNAVAILABLE, Meaning.THROTTLED])
def test_any_other_result_restarts_the_15_minutes(meaning: Meaning) -> None:
    state = no_answer(poll_until(lambda after: after["waited"] > 800, NEW_WATCH))
    state = no_answer(state, meaning)
    assert "unreachable_since" not in state
    assert not is_lost(no_answer({**state, "waited": 1_200}))


@pytest.mark.parametrize("meaning", [Meaning.MISSING, Meaning.DENIED])
def test_one_denial_after_a_dns_outage_does_not_end_a_watch(meaning: Meaning) -> None:
    answered = {"status": "IN_PROGRESS", "waited": 600, "age": 600, "last_answer": 600}
    outage = poll_until(lambda after: after["waited"] > 3 * 3_600, answered)
    after = no_answer(outage, meaning)
    assert not is_lost(after) and "unreachable_since" not in after


def test_an_extra_check_does_not_report_a_host_that_does_not_exist() -> None:
    other = watch()
    result = evaluate.after_error(
        Watch({**INPUT, "check_once": True}, other.arn, other.state, other.rules, KIND),
        Meaning.UNREACHABLE,
        "E",
        "r",
        0,
    )
    assert "wait" not in result and "detail" not in result


def test_a_removed_operation_ends_a_watch_that_got_answers_only_if_the_error_persists() -> None:
    answered = {"status": "IN_PROGRESS", "waited": 600, "age": 600, "last_answer": 600}
    assert not is_lost(no_answer(answered, Meaning.INVALID))
    assert is_lost(no_answer({**answered, "waited": 900, "age": 900}, Meaning.INVALID))
    assert is_lost(no_answer(NEW_WATCH, Meaning.INVALID))


def test_unrecognized_errors_count_as_denied() -> None:
    assert errors.classify(client_error("SomethingNew", "Something happened.")) == Classification(
        Meaning.DENIED, "default"
    )
