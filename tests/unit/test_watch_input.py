"""An input that names no one watchable job is refused, with a sentence that says what is accepted."""

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


def kind(name: str, describe: str, *request: str, **constant: Any) -> Kind:
    return Kind(name, describe, request, job="@", status="Status", outcome_of={}, constants=constant)


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


def refusal(kind: Kind, request: Mapping[str, Any]) -> str:
    with pytest.raises(InvalidInput) as refused:
        check_request(kind, request, shape(kind))
    return str(refused.value)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fail_on": []},
        {"check_once": True},
        {"fail_on": ["failed", "stopped", "partial", "succeeded"]},
        {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:eu-west-1:123456789012:execution:Mine:x"},
    ],
)
def test_a_good_input_passes(more: dict[str, Any]) -> None:
    check_input(INPUT | more)
    check_request(SPEAKER, REQUEST, shape(SPEAKER))


@pytest.mark.parametrize(
    ("given", "sentence"),
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
def test_a_wrong_input_is_refused_with_a_sentence(given: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_input(given)
    assert str(refused.value) == sentence


@given(JSON)
def test_no_json_at_all_makes_check_input_fail_otherwise(anything: Any) -> None:
    with contextlib.suppress(InvalidInput):
        check_input(anything)


@given(JSON, JSON, JSON)
@example(SPEAKER.name, REQUEST, [{}])
def test_no_member_of_any_type_makes_check_input_fail_otherwise(name: Any, request: Any, fail_on: Any) -> None:
    with contextlib.suppress(InvalidInput):
        check_input({"kind": name, "request": request, "fail_on": fail_on})


@given(st.fixed_dictionaries({"DomainId": JSON, "JobId": JSON}) | st.dictionaries(st.text(max_size=8), JSON))
def test_no_request_makes_check_request_fail_otherwise(request: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):  # 22 letters twice are beyond what is generated here
        check_request(SPEAKER, request, shape(SPEAKER))


@pytest.mark.parametrize(
    ("request_", "sentence"),
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
def test_a_wrong_request_is_refused_with_a_sentence(request_: dict[str, Any], sentence: str) -> None:
    assert refusal(SPEAKER, request_) == sentence


@pytest.mark.parametrize("value", [None, 7, True, ["b" * 22], {"JobId": "b" * 22}])
def test_a_member_of_the_wrong_type_is_refused(value: Any) -> None:
    sentence = refusal(SPEAKER, REQUEST | {"JobId": value})
    assert sentence.startswith(
        "The request is not valid for DescribeSpeakerEnrollmentJob: Invalid type for parameter JobId"
    )
    assert "valid types: <class 'str'>" in sentence and "\n" not in sentence


def test_a_member_that_ends_in_a_newline_is_refused() -> None:
    assert refusal(SPEAKER, REQUEST | {"JobId": "b" * 22 + "\n"}).startswith("JobId ")
    assert refusal(SPEAKER, REQUEST | {"JobId": "b" * 21 + "\n"}).startswith("JobId ")


def test_a_member_too_long_is_refused() -> None:
    check_request(TRANSCRIPTION, {"TranscriptionJobName": "x" * 200}, shape(TRANSCRIPTION))
    sentence = "TranscriptionJobName has 201 characters; accepted are at most 200."
    assert refusal(TRANSCRIPTION, {"TranscriptionJobName": "x" * 201}) == sentence


def test_a_member_too_short_is_refused() -> None:
    sentence = refusal(TRANSCRIPTION, {"TranscriptionJobName": ""})
    assert "Invalid length for parameter TranscriptionJobName, value: 0, valid min length: 1" in sentence


def test_exactly_one_job_is_watched() -> None:
    check_request(BATCH, {"jobs": ["one"]}, shape(BATCH))
    sentence = "jobs has {} items; accepted is exactly one, because a watch follows one job."
    assert refusal(BATCH, {"jobs": ["one", "two"]}) == sentence.format(2)
    assert refusal(BATCH, {"jobs": []}) == sentence.format(0)


def test_a_word_that_the_service_does_not_know_is_refused() -> None:
    request = {"StackSetName": "mine", "OperationId": "one", "CallAs": "SELF"}
    check_request(STACK_SET, request, shape(STACK_SET))
    sentence = "CallAs is 'ME'; accepted is one of SELF, DELEGATED_ADMIN."
    assert refusal(STACK_SET, request | {"CallAs": "ME"}) == sentence


def test_a_fault_inside_a_list_and_a_structure_is_found() -> None:
    assert refusal(SCRIPT, {"DagNodes": [{"Id": "7", "NodeType": "", "Args": []}]}).startswith("DagNodes[0].Id is '7'")


def test_a_constant_member_is_not_the_callers_to_give() -> None:
    textract = kind("textract/DocumentAnalysis", "GetDocumentAnalysis", "JobId", MaxResults=1)
    check_request(textract, {"JobId": "abc"}, shape(textract))
    sentence = "The request has an unknown member 'MaxResults'; accepted are JobId."
    assert refusal(textract, {"JobId": "abc", "MaxResults": 2}) == sentence


def test_a_constant_member_counts_among_the_required_ones() -> None:
    first = kind("cloudformation/StackSetOperation", "DescribeStackSetOperation", "StackSetName", OperationId="one")
    check_request(first, {"StackSetName": "mine"}, shape(first))


def test_a_pattern_that_python_cannot_read_is_left_to_the_service() -> None:
    shapes: dict[str, Any] = {
        "Request": {"type": "structure", "members": {"Id": {"shape": "Id"}}},
        "Id": {"type": "string", "pattern": r"\p{Alnum}+"},
    }
    request = ShapeResolver(shapes).get_shape_by_name("Request")
    assert isinstance(request, StructureShape)
    check_request(kind("x/Job", "DescribeJob", "Id"), {"Id": "abc"}, request)
