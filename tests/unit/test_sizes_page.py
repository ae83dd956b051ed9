"""docs/sizes.md is up to date and covers every state, and a definition that it can't measure is an error."""

import copy
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from job_watcher import catalogue, waiters
from job_watcher.waiters import Waiter
from tests.sizes import machine
from tests.sizes.answers import MAX_BYTES, Filler
from tests.sizes.cases import SPEAKER, Case, cases, checks_once, ends, largest_answers, output_shape
from tests.sizes.page import PAGE, Largest, limits, measure, page
from tests.sizes.services import measure as measure_call
from tests.sizes.services import size

MACHINES = sorted(path.name.removesuffix(".asl.json") for path in machine.INFRA.glob("*.asl.json"))


@pytest.fixture(scope="module")
def largest() -> Sequence[Largest]:
    return measure(chain(cases(), largest_answers()))


def test_every_payload_is_within_its_limit(largest: Sequence[Largest]) -> None:
    assert [one for one in largest if one.left < 0] == []


def test_the_page_is_up_to_date(largest: Sequence[Largest]) -> None:
    assert page(largest) == PAGE.read_text(encoding="utf-8"), "run `make sizes`"


def test_every_state_of_every_machine_is_measured(largest: Sequence[Largest]) -> None:
    measured = {(one.passed.machine, one.passed.state) for one in largest}
    assert measured == {(name, state) for name in MACHINES for state in machine.state_names(name)}


def test_the_largest_answer_of_every_kind_and_every_call_is_measured() -> None:
    measured = [case.kind for case in largest_answers() if case.kind]
    assert sorted(kind.name for kind in measured if not isinstance(kind, Waiter)) == sorted(catalogue.kinds())
    every = [*catalogue.kinds().values(), *waiters.kinds().values()]
    assert {(kind.service, kind.describe) for kind in measured} == {(kind.service, kind.describe) for kind in every}


def lengths(value: Any, shape: Shape) -> Any:
    """Yield the length and the maximum of each text, list and map in a value."""
    if isinstance(value, str | list | dict) and "max" in shape.metadata and not isinstance(shape, StructureShape):
        yield len(value), shape.metadata["max"]
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            yield from lengths(inner, shape.members[name])
    elif isinstance(shape, ListShape | MapShape):
        for inner in value if isinstance(shape, ListShape) else value.values():
            yield from lengths(inner, shape.member if isinstance(shape, ListShape) else shape.value)


@pytest.mark.parametrize("name", ["voice-id/SpeakerEnrollmentJob", "glue/JobRun", "batch/Job", "ec2/ExportTask"])
def test_a_largest_answer_exceeds_a_notification_but_not_the_models_maximums(name: str) -> None:
    kind = catalogue.load(name.partition("/")[0])[name]
    shape = output_shape(kind)
    answer = Filler("語").largest(shape)
    assert size(str(answer)) > MAX_BYTES / 2 and set(answer) == set(shape.members)
    assert all(length <= most for length, most in lengths(answer, shape))


def add_state(states: Any) -> None:
    states["Extra"] = {"Type": "Pass", "Next": "Describe"}


def add_field(states: Any) -> None:
    states["Ended?"]["Assign"] = {"x": 1}


def change_type(states: Any) -> None:
    states["Ended?"]["Type"] = "Map"


def call_other_service(states: Any) -> None:
    states["Describe"]["Resource"] = "arn:aws:states:::dynamodb:putItem"


def call_other_function(states: Any) -> None:
    states["Describe"]["Arguments"]["FunctionName"] = "poll".ljust(machine.MAX_ARN, ".")


def misspell_path(states: Any) -> None:
    states["Describe"]["Output"] = "{% $states.result.payload %}"


@pytest.mark.parametrize("change", [add_field, change_type, call_other_service, call_other_function, misspell_path])
def test_a_state_that_cannot_be_measured_is_an_error(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]
) -> None:
    changed = copy.deepcopy(machine.definition("watch"))
    change(changed["States"])
    monkeypatch.setattr(machine, "definition", lambda name: changed)
    with pytest.raises((AssertionError, AttributeError, KeyError)):
        list(Case("", [checks_once]).run())


def test_a_state_that_no_case_enters_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = copy.deepcopy(machine.definition("watch"))
    add_state(changed["States"])
    monkeypatch.setattr(machine, "definition", lambda name: changed)
    entered = {passed.state for passed in Case("", [checks_once]).run()}
    assert "Extra" in machine.state_names("watch") and "Extra" not in entered


PUBLISH = {"Message": "x", "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x"}}, "Subject": "x"}


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("sns:publish", {**PUBLISH, "Message": "\x01"}),
        ("sns:publish", {**PUBLISH, "Message": ""}),
        ("sns:publish", {**PUBLISH, "Subject": "é"}),
        ("sns:publish", {**PUBLISH, "MessageAttributes": {"kind": {"DataType": "String", "StringValue": ""}}}),
        ("states:startExecution", {"Name": "a b", "Input": {}}),
        (
            "events:putEvents",
            {"Entries": [{"EventBusName": "b", "Source": "s", "DetailType": "t", "Detail": f'{{"a":{2**63}}}'}]},
        ),
    ],
)
def test_what_aws_rejects_is_an_error(call: str, arguments: Any) -> None:
    with pytest.raises(AssertionError):
        list(measure_call(call, arguments))


def test_the_attributes_and_the_escaped_text_of_a_message_count() -> None:
    message = {**PUBLISH, "Message": '"' * 10}
    sizes = {limit: size for _, limit, size in measure_call("sns:publish", message)}
    assert sizes["message"] == 10 + len("kindStringx")
    assert sizes["queue"] > sizes["message"] + 10
    queued = {"MessageBody": "é", "MessageAttributes": PUBLISH["MessageAttributes"]}
    assert list(measure_call("sqs:sendMessage", queued)) == [("SQS message", "queue", 2 + len("kindStringx"))]


def test_a_payload_above_a_limit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("job_watcher.detail.MAX_BYTES", 280_000)
    found = measure([Case("", [ends({"Notes": "x" * 263_000})], kind=SPEAKER)])
    assert {one.passed.limit for one in found if one.left < 0} == {"state", "message"}


def test_every_limit_has_a_link_to_aws() -> None:
    assert all(limit.link.startswith("https://docs.aws.amazon.com/") for limit in limits().values())
