"""An invalid input is rejected with a message that says what was wrong and what is accepted."""

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.model import ShapeResolver, StructureShape
from hypothesis import example, given
from hypothesis import strategies as st

from infra.service_models import service_model
from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.watch_input import MEMBERS, InvalidInput, check_input, check_request

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
REQUEST = {"DomainId": "a" * 22, "JobId": "Job0123456789ABCDEFGHI"}
INPUT = {"kind": SPEAKER.name, "request": REQUEST}


def kind(name: str, describe: str, *request: str, **constants: Any) -> Kind:
    return Kind(name, describe, request, job="@", status="Status", outcome_of={}, constants=constants)


TRANSCRIPTION = kind("transcribe/TranscriptionJob", "GetTranscriptionJob", "TranscriptionJobName")
BATCH = kind("batch/Job", "DescribeJobs", "jobs")
STACK_SET = kind(
    "cloudformation/StackSetOperation", "DescribeStackSetOperation", "StackSetName", "OperationId", "CallAs"
)
SCRIPT = kind("glue/Script", "CreateScript", "DagNodes")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def shape(kind: Kind) -> StructureShape:
    model = service_model(kind.service)
    assert model is not None
    shape = model.operation_model(kind.describe).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def rejection_message(kind: Kind, request: Mapping[str, Any]) -> str:
    with pytest.raises(InvalidInput) as error_info:
        check_request(kind, request, shape(kind))
    return str(error_info.value)


@pytest.mark.parametrize(
    "optional_members",
    [
        {},
        {"fail_on": []},
        {"check_once": True},
        {"overdue_after": 1},
        {"overdue_after": 0.5},
        {"overdue_after": 1e9},
        {"fail_on": ["failed", "stopped", "partial", "succeeded"]},
        {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:eu-west-1:123456789012:execution:Mine:x"},
    ],
)
def test_a_valid_input_is_accepted(optional_members: dict[str, Any]) -> None:
    check_input(INPUT | optional_members)
    check_request(SPEAKER, REQUEST, shape(SPEAKER))


@pytest.mark.parametrize(
    ("watch_input", "message"),
    [
        (None, "The input is null; accepted is an object with the members kind and request."),
        ([INPUT], "The input is a list; accepted is an object with the members kind and request."),
        ("voice-id", "The input is a string; accepted is an object with the members kind and request."),
        (True, "The input is a boolean; accepted is an object with the members kind and request."),
        (7, "The input is a number; accepted is an object with the members kind and request."),
        (0.5, "The input is a number; accepted is an object with the members kind and request."),
        (
            INPUT | {"failon": ["failed"]},
            f"The input has an unknown member 'failon'; accepted are {', '.join(MEMBERS)}.",
        ),
        ({}, "The input has no kind; accepted is a name such as 'voice-id/SpeakerEnrollmentJob'."),
        (
            INPUT | {"kind": None},
            "The input has no kind; accepted is a name such as 'voice-id/SpeakerEnrollmentJob'.",
        ),
        (
            {"kind": SPEAKER.name},
            "The input has no request; accepted is an object with the arguments of the describe call.",
        ),
        (
            INPUT | {"request": [REQUEST]},
            "The input has no request; accepted is an object with the arguments of the describe call.",
        ),
        *(
            (
                INPUT | {"overdue_after": value},
                f"overdue_after is {value!r}; accepted is a positive number of seconds.",
            )
            for value in (0, -1, "3h", None, True, [60], float("inf"), float("nan"))
        ),
        (
            INPUT | {"fail_on": "failed"},
            "fail_on is 'failed'; accepted is a list of succeeded, partial, failed, stopped.",
        ),
        (
            INPUT | {"fail_on": ["failed", "lost"]},
            "fail_on is ['failed', 'lost']; accepted is a list of succeeded, partial, failed, stopped.",
        ),
        (
            INPUT | {"fail_on": [["failed"]]},
            "fail_on is [['failed']]; accepted is a list of succeeded, partial, failed, stopped.",
        ),
        (INPUT | {"check_once": "yes"}, "check_once is 'yes'; accepted are true and false."),
        (INPUT | {"fail_on": None}, "fail_on is None; accepted is a list of succeeded, partial, failed, stopped."),
    ],
)
def test_an_invalid_input_is_rejected_with_a_message(watch_input: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as error_info:
        check_input(watch_input)
    assert str(error_info.value) == message


@given(JSON)
def test_check_input_raises_only_invalid_input_for_any_json(any_json: Any) -> None:
    with contextlib.suppress(InvalidInput):
        check_input(any_json)


@given(JSON, JSON, JSON)
@example(SPEAKER.name, REQUEST, [{}])
def test_check_input_raises_only_invalid_input_for_members_of_any_type(name: Any, request: Any, fail_on: Any) -> None:
    with contextlib.suppress(InvalidInput):
        check_input({"kind": name, "request": request, "fail_on": fail_on})


@given(st.fixed_dictionaries({"DomainId": JSON, "JobId": JSON}) | st.dictionaries(st.text(max_size=8), JSON))
def test_check_request_raises_only_invalid_input_for_any_request(request: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):  # the generated requests never have two valid ids
        check_request(SPEAKER, request, shape(SPEAKER))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "The request has no DomainId; accepted are DomainId, JobId."),
        ({"DomainId": "a" * 22}, "The request has no JobId; accepted are DomainId, JobId."),
        (
            {"DomainId": "a" * 22, "JobID": "b" * 22},
            "The request has an unknown member 'JobID'; accepted are DomainId, JobId.",
        ),
        (REQUEST | {"Region": "eu"}, "The request has an unknown member 'Region'; accepted are DomainId, JobId."),
        (
            REQUEST | {"JobId": "not-an-id"},
            "The request is not valid for DescribeSpeakerEnrollmentJob: "
            "Invalid length for parameter JobId, value: 9, valid min length: 22.",
        ),
        (
            REQUEST | {"DomainId": "a" * 21 + "!"},
            f"DomainId is '{'a' * 21}!'; accepted is a string that matches ^[a-zA-Z0-9]{{22}}$.",
        ),
    ],
)
def test_an_invalid_request_is_rejected_with_a_message(request_: dict[str, Any], message: str) -> None:
    assert rejection_message(SPEAKER, request_) == message


@pytest.mark.parametrize("value", [None, 7, True, ["b" * 22], {"JobId": "b" * 22}])
def test_a_member_of_the_wrong_type_is_rejected(value: Any) -> None:
    message = rejection_message(SPEAKER, REQUEST | {"JobId": value})
    assert message.startswith(
        "The request is not valid for DescribeSpeakerEnrollmentJob: Invalid type for parameter JobId"
    )
    assert "valid types: <class 'str'>" in message and "\n" not in message


def test_a_member_that_ends_in_a_newline_is_rejected() -> None:
    assert rejection_message(SPEAKER, REQUEST | {"JobId": "b" * 22 + "\n"}).startswith("JobId ")
    assert rejection_message(SPEAKER, REQUEST | {"JobId": "b" * 21 + "\n"}).startswith("JobId ")


def test_a_member_that_is_too_long_is_rejected() -> None:
    check_request(TRANSCRIPTION, {"TranscriptionJobName": "x" * 200}, shape(TRANSCRIPTION))
    message = "TranscriptionJobName has 201 characters; accepted are at most 200."
    assert rejection_message(TRANSCRIPTION, {"TranscriptionJobName": "x" * 201}) == message


def test_a_member_that_is_too_short_is_rejected() -> None:
    message = rejection_message(TRANSCRIPTION, {"TranscriptionJobName": ""})
    assert "Invalid length for parameter TranscriptionJobName, value: 0, valid min length: 1" in message


def test_a_list_must_have_exactly_one_item() -> None:
    check_request(BATCH, {"jobs": ["one"]}, shape(BATCH))
    message = "jobs has {} items; accepted is exactly one, because a watch follows one job."
    assert rejection_message(BATCH, {"jobs": ["one", "two"]}) == message.format(2)
    assert rejection_message(BATCH, {"jobs": []}) == message.format(0)


def test_a_value_that_is_not_in_the_enum_is_rejected() -> None:
    request = {"StackSetName": "mine", "OperationId": "one", "CallAs": "SELF"}
    check_request(STACK_SET, request, shape(STACK_SET))
    message = "CallAs is 'ME'; accepted is one of SELF, DELEGATED_ADMIN."
    assert rejection_message(STACK_SET, request | {"CallAs": "ME"}) == message


def test_an_invalid_value_in_a_structure_in_a_list_is_rejected() -> None:
    assert rejection_message(SCRIPT, {"DagNodes": [{"Id": "7", "NodeType": "", "Args": []}]}).startswith(
        "DagNodes[0].Id is '7'"
    )


def test_a_constant_member_is_rejected_in_a_request() -> None:
    textract = kind("textract/DocumentAnalysis", "GetDocumentAnalysis", "JobId", MaxResults=1)
    check_request(textract, {"JobId": "abc"}, shape(textract))
    message = "The request has an unknown member 'MaxResults'; accepted are JobId."
    assert rejection_message(textract, {"JobId": "abc", "MaxResults": 2}) == message


def test_a_constant_member_can_be_a_required_one() -> None:
    first = kind("cloudformation/StackSetOperation", "DescribeStackSetOperation", "StackSetName", OperationId="one")
    check_request(first, {"StackSetName": "mine"}, shape(first))


def test_a_pattern_is_not_checked_if_that_could_take_seconds() -> None:
    analyzer = kind("accessanalyzer/AccessPreview", "GetAccessPreview", "accessPreviewId", "analyzerArn")
    preview_id = "00000000-0000-0000-0000-000000000000"
    message = rejection_message(analyzer, {"accessPreviewId": preview_id, "analyzerArn": "a" * 8_192})
    assert message.endswith("accepted is a string that matches [^:]*:[^:]*:[^:]*:[^:]*:[^:]*:analyzer/.{1,255}.")
    check_request(analyzer, {"accessPreviewId": preview_id, "analyzerArn": "a" * 8_193}, shape(analyzer))


def test_a_value_above_the_maximum_length_is_rejected_before_its_pattern_is_checked() -> None:
    request = {"DomainId": "a" * 22, "JobId": "!" * 30_000}
    assert rejection_message(SPEAKER, request) == "JobId has 30000 characters; accepted are at most 22."


def test_a_pattern_that_is_invalid_in_python_is_not_checked() -> None:
    shapes: dict[str, Any] = {
        "Request": {"type": "structure", "members": {"Id": {"shape": "Id"}}},
        "Id": {"type": "string", "pattern": r"\p{Alnum}+"},
    }
    request = ShapeResolver(shapes).get_shape_by_name("Request")
    assert isinstance(request, StructureShape)
    check_request(kind("x/Job", "DescribeJob", "Id"), {"Id": "abc"}, request)
