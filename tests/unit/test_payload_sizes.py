"""The payload of every state of both state machines stays within AWS's limits, for every answer and input."""

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra.service_models import service_model
from job_watcher import catalogue, detail, evaluate, notification, waiters
from job_watcher.catalogue import Kind, Observation
from job_watcher.detail import serialize
from job_watcher.expressions import search
from job_watcher.poll_state import PollState, carry_over
from job_watcher.to_json import compact_json
from job_watcher.watch import Rules, Watch

INFRA = Path(__file__).parents[2] / "infra"
WATCH, NOTIFY = (json.loads((INFRA / f"{name}.asl.json").read_text())["States"] for name in ("watch", "notify"))
# "256 KiB of data as a UTF-8 encoded string": https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_PAYLOAD = 262_144
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html
MAX_CAUSE, MAX_ERROR = 32_768, 256
# Message, subject and attributes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_MESSAGE = 262_144
SUBJECT = re.compile(r"[\x20-\x7e]{1,99}")
# The characters that SQS accepts, which SNS also sends messages to:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
SQS_TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
# Source, detail-type and detail: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
MAX_ENTRY = 262_144
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
MAX_TOKEN = 2_048
MAX_INPUT_LENGTH = 32_768  # characters of an input that the state machine passes on
# What the Lambda integration adds to a result: https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
INVOCATION = {
    "ExecutedVersion": "$LATEST",
    "SdkHttpMetadata": {"AllHttpHeaders": {"X-Amzn-Trace-Id": ["x" * 1_000]}, "HttpStatusCode": 200},
    "SdkResponseMetadata": {"RequestId": "x" * 36},
    "StatusCode": 200,
}
ARN = "arn:aws:states:ap-southeast-1:123456789012:execution:" + "W" * 80 + ":" + "x" * 80
NEW: PollState = {"polls": 0, "waited": 0, "outcome": "running"}
NOW = 1_767_225_600
SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
ONE_RUNTIME = [HealthCheck.function_scoped_fixture]  # the fixture doesn't change between examples
PATH = re.compile(r"{% \$states\.(input|context|result)((?:\.\w+)*) %}")


def arguments(template: Any, states: Mapping[str, Any]) -> Any:
    """Return a field of a state with the values of its expressions, which are paths, except the watch's input."""
    if isinstance(template, dict):
        return {name: arguments(inner, states) for name, inner in template.items()}
    if isinstance(template, list):
        return [arguments(inner, states) for inner in template]
    if not template.startswith("{%"):
        return template
    if template.startswith("{% $length($string($states.context.Execution.Input)) <= 32768 ?"):
        return states["context"]["Execution"]["Input"]
    if template == "{% $states.input = $states.context.Execution.Input ? {} : $states.input %}":
        return states["input"]
    if template == "{% $sift($states.input, function($value, $name) {$type($value) = 'number' or $name = 'status'}) %}":
        state = states["input"].items()
        return {name: value for name, value in state if type(value) in (int, float) or name == "status"}
    path = PATH.fullmatch(template)
    assert path, f"this test doesn't evaluate {template}"
    value = states[path[1]]
    for member in path[2].split(".")[1:]:
        value = value[member]
    return value


def tasks(states: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the states that have arguments, with their names."""
    for name, state in states.items():
        if "Arguments" in state:
            yield name, state
        for branch in state.get("Branches", ()):
            yield from tasks(branch["States"])


def payloads(result: Mapping[str, Any], watch_input: Any) -> dict[str, Any]:
    """Return the inputs, arguments and outputs of both machines' states after a poll with this result."""
    execution = {
        "Id": ARN,
        "Name": ARN.rpartition(":")[2],
        "Input": watch_input,
        "StartTime": "2026-01-01T00:00:00.000Z",
    }
    context = {"Execution": execution, "Task": {"Token": "x" * MAX_TOKEN}}
    found = {"Describe, result": {"Payload": result, **INVOCATION}, "Describe, output": result}
    states = {"input": result, "result": {"Payload": result}, "context": context}
    if "wait" in result:
        found["Describe, arguments"] = arguments(WATCH["Describe"]["Arguments"], states)
        found["WaitForNews, arguments"] = arguments(WATCH["WaitForNews"]["Arguments"], states)
    if "message" not in result:
        return found
    found["Notify, arguments"] = arguments(WATCH["Notify"]["Arguments"], states)
    notify_input = found["Notify, arguments"]["Input"]
    states = {"input": notify_input, "context": context}
    for name, state in tasks(NOTIFY):
        found[f"{name}, arguments"] = arguments(state["Arguments"], states)
    return {**found, "input of Notify": notify_input, "Succeeded, output": json.loads(result["message"])}


def size(value: Any) -> int:
    """Return the bytes of a value as JSON, or of a text."""
    return len((value if isinstance(value, str) else compact_json(value)).encode(errors="surrogatepass"))


def check(result: Mapping[str, Any], watch_input: Any) -> dict[str, int]:
    """Check a poll's result against all limits. Return the size of each payload in bytes."""
    sizes = {name: size(value) for name, value in payloads(result, watch_input).items()}
    assert max(sizes.values()) <= MAX_PAYLOAD, sizes
    assert len(json.dumps(result, ensure_ascii=detail.ESCAPED, allow_nan=False).encode()) <= MAX_PAYLOAD
    if "message" in result:
        check_publication(result)
    if "error" in result:
        assert len(result["cause"].encode("utf-16-le")) / 2 <= MAX_CAUSE
        assert 0 < len(result["error"]) <= MAX_ERROR
    return sizes


def check_publication(result: Mapping[str, Any]) -> None:
    """Check what EventBridge and SNS limit."""
    assert NAME.fullmatch(result["name"])
    assert size("job-watcher") + size(result["detail_type"]) + size(result["message"]) <= MAX_ENTRY
    attributes = sum(size(name) + sum(map(size, value.values())) for name, value in result["attributes"].items())
    texts = [result["message"], result["text"], *(value["StringValue"] for value in result["attributes"].values())]
    assert all(SQS_TEXT.fullmatch(text) for text in texts)
    assert all(value["StringValue"] for value in result["attributes"].values())
    assert attributes + max(size(result["message"]), size(result["text"])) <= MAX_MESSAGE
    if result["detail_type"] != "Job Progressed":
        assert result["text"] and SUBJECT.fullmatch(result["subject"])


def ended(job: Any, request: Any, kind: Kind = SPEAKER, omitted: Any = ()) -> tuple[dict[str, Any], Any]:
    """Return the result of a poll that finds a failed job, and the watch's input, in which fail_on has this outcome."""
    watch_input = {"kind": kind.name, "request": request, "fail_on": ["failed"]}
    status = "x" if not isinstance(job.get("JobStatus"), str) else job["JobStatus"]
    observation = Observation(job, status, "failed", True, None, NOW, omitted)
    result: Any = evaluate.after_answer(Watch(watch_input, ARN, NEW, Rules(), kind), observation, NOW)
    return serialize(result), watch_input


CHARACTERS = [
    '"',
    "\\",
    "\n",
    "\x01",
    "\x7f",
    "é",
    "語",
    "🎙",
    "\u200b",
    "\u202e",
    "\ufffe",
    "\ud800",
    "x",
    "<",
    " ",
    "/",
]
TEXTS = st.builds(
    lambda characters, length: (characters * length)[:length],
    st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=3).map("".join),
    st.sampled_from([0, 1, 90, 250, 1_000, 5_000, 32_000, 130_000, 300_000]),
)
SHAPES: list[Callable[[str, str, int], Any]] = [
    lambda name, text, count: {f"{name}{number}": text for number in range(count)},
    lambda name, text, count: {name: [text] * count},
    lambda name, text, count: {name: [{name: text}] * count},
    lambda name, text, count: {f"{name}{number}": number for number in range(100 * count)},
    lambda name, text, count: {name: nested(text, 20 * count)},
    lambda name, text, count: {name: {f"{name}{number}": {name: text} for number in range(count)}},
    lambda name, text, count: {"FailureDetails": {"Message": text, "StatusCode": [name] * count}},
    lambda name, text, count: {"JobStatus": text, "CreatedAt": name, "JobName": count},
]


def nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = {"a": [value]}
    return value


def part(shape: Callable[[str, str, int], Any], name: str, text: str, count: int) -> Any:
    """Return members of a job, up to a million characters."""
    return shape(name[:10_000], text[: 1_000_000 // count], count)


PARTS = st.builds(part, st.sampled_from(SHAPES), TEXTS, TEXTS, st.sampled_from([1, 2, 7, 45, 300]))
JOBS = st.lists(PARTS, max_size=3).map(lambda parts: {name: value for part in parts for name, value in part.items()})


def cut(text: str) -> str:
    """Return a text so short that the state machine passes on an input that contains it."""
    while len(compact_json(text)) > MAX_INPUT_LENGTH - 500:
        text = text[: len(text) * 3 // 4]
    return text


REQUESTS = st.builds(lambda domain, text: {"DomainId": domain, "JobId": cut(text)}, st.just("d" * 22), TEXTS)


@pytest.fixture(params=[False, True], ids=["as UTF-8", "escaped"])
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Lambda runtime that returns characters that aren't ASCII as they are, or one that escapes them."""
    monkeypatch.setattr(detail, "ESCAPED", request.param)


@pytest.mark.usefixtures("runtime")
@settings(max_examples=60, suppress_health_check=ONE_RUNTIME)
@given(JOBS, REQUESTS)
@example({"JobName": "🎙" * 31_000}, {"DomainId": "d", "JobId": "j"})
@example({"JobName": "x"}, {"DomainId": "d", "JobId": "🎙" * 32_000})
@example({"JobName": "x" * 300_000}, {"DomainId": "d", "JobId": "🎙" * 32_000})
@example({"JobName": "x" * 100_000}, {"DomainId": "d", "JobId": "x" * 32_600})
@example({f"\x01{'🎙' * 98}{number:02}": "x" * 5_000 for number in range(70)}, {"DomainId": "d", "JobId": "j"})
@example(
    {"\u200b" * 1_000: "\u200b" * 150_000, **{f"m{number}": "🎙" * 1_000 for number in range(50)}},
    {"DomainId": "d", "JobId": "j"},
)
def test_a_failed_job_of_any_size_is_within_all_limits(job: Any, request: Any) -> None:
    check(*ended(job, request))


@pytest.mark.usefixtures("runtime")
@settings(max_examples=40, suppress_health_check=ONE_RUNTIME)
@given(st.sampled_from(CHARACTERS), st.integers(0, 400), st.integers(1, 5_000))
@example("🎙", 400, 100)
def test_any_number_of_members_omitted_as_secrets_is_within_all_limits(name: str, count: int, length: int) -> None:
    paths = [f"{name * length}{number}".encode(errors="replace").decode() for number in range(count)]
    result, watch_input = ended({"JobName": "march"}, {"DomainId": "d", "JobId": "j"}, omitted=paths)
    check(result, watch_input)
    sent = json.loads(result["message"])
    assert sent["kind"] == SPEAKER.name and sent["request"] == watch_input["request"]
    assert len(sent.get("omitted", [])) == min(count, 51)


@pytest.mark.usefixtures("runtime")
@settings(max_examples=60, suppress_health_check=ONE_RUNTIME)
@given(TEXTS, TEXTS, TEXTS)
@example("x", "\x01" * 5_000, "🎙" * 30_000)
def test_a_lost_watch_is_within_all_limits(kind: str, reason: str, job_id: str) -> None:
    for name in (SPEAKER.name, cut(kind)):
        watch_input = {"kind": name, "request": {"JobId": cut(job_id)[: 32_000 - len(cut(kind))]}}
        watch = Watch(watch_input, ARN, {**NEW, "status": "FAILED"}, Rules(), SPEAKER if name == SPEAKER.name else None)
        check(serialize(notification.build_watch_lost(watch, kind, reason)), watch_input)


@pytest.mark.usefixtures("runtime")
@settings(max_examples=40, suppress_health_check=ONE_RUNTIME)
@given(TEXTS, REQUESTS, st.sampled_from([None, 0.0, 99.0, 1e308]))
@example("🎙" * 200, {"DomainId": "d", "JobId": "🎙" * 32_000}, 50.0)
def test_a_progress_update_and_the_next_poll_are_within_all_limits(status: str, request: Any, percent: Any) -> None:
    watch_input = {"kind": SPEAKER.name, "request": request}
    watch = Watch(watch_input, ARN, {**NEW, "status": "before"}, Rules(progress_step=10), SPEAKER)
    observation = Observation({"JobStatus": status}, status, "running", True, percent, None)
    result: Any = evaluate.after_answer(watch, observation, NOW)
    if "detail" in result:
        result = serialize(result)
        assert json.loads(result["message"])["outcome"] == "running"
    check(result, watch_input)


@given(st.dictionaries(st.sampled_from([*NEW, "status", "wait", "age"]), TEXTS | st.integers() | st.floats()))
def test_a_stored_state_of_any_size_becomes_small(state: Any) -> None:
    assert size(carry_over(state)) < 2_000


def test_what_can_be_kept_is_kept() -> None:
    job = {"Notes": "x" * 150_000, "Log": "🎙" * 30_000, "JobName": "march"}
    sent = json.loads(ended(job, {"DomainId": "d", "JobId": "j"})[0]["message"])
    assert (sent["omitted"], sent["job"]) == (["Notes"], {"Log": job["Log"], "JobName": "march"})
    cause = json.loads(ended({"Log": "🎙" * 31_000}, {"DomainId": "d", "JobId": "j"})[0]["cause"])
    assert cause["request"] == {"DomainId": "d", "JobId": "j"} and not cause.get("job")


@pytest.mark.parametrize("number", [2**53 + 1, -(2**63) - 1, 10**300 + 7])
def test_a_large_integer_is_unchanged_in_the_message_and_the_cause(number: int) -> None:
    result, _ = ended({"Size": number}, {"DomainId": "d", "JobId": "j"})
    assert all(f'"Size":{number}' in result[member] for member in ("message", "cause"))


def test_a_number_that_no_double_represents_is_text() -> None:
    """Step Functions and EventBridge parse the message, and a JSON parser may read such a number as infinity."""
    result, _ = ended({"Size": 10**400, "Ratio": float("inf")}, {"DomainId": "d", "JobId": "j"})
    assert json.loads(result["message"])["job"] == {"Size": str(10**400), "Ratio": "inf"}


class Filler:
    """Fills a shape with the largest values that the model allows, up to a total number of characters."""

    def __init__(self, character: str, budget: int) -> None:
        self.character, self.budget = character, budget

    def fill(self, shape: Shape | None, above: tuple[str, ...] = ()) -> Any:
        """Return a value of this shape. A shape inside itself is left out."""
        if shape is None or shape.name in above:
            return None
        inside = (*above, shape.name)
        if isinstance(shape, StructureShape):
            return {name: self.fill(member, inside) for name, member in shape.members.items()}
        if isinstance(shape, ListShape):
            return [self.fill(shape.member, inside) for _ in range(self.count(shape))]
        if isinstance(shape, MapShape):
            return {
                f"{number}{self.text(shape.key)}": self.fill(shape.value, inside) for number in range(self.count(shape))
            }
        return self.text(shape) if shape.type_name == "string" else 2**63 - 1

    def count(self, shape: Shape) -> int:
        """Return the number of items: the maximum, or 200, or 1 if the total is reached."""
        return min(200, shape.metadata.get("max", 200)) if self.budget > 0 else 1

    def text(self, shape: Shape) -> str:
        length = min(5_000, shape.metadata.get("max", 5_000)) if self.budget > 0 else 1
        self.budget -= length
        return self.character * length


ALL: dict[str, Kind] = {**catalogue.kinds(), **waiters.kinds()}
SAMPLE = sorted(random.Random(20_260_520).sample(sorted(ALL), 120))


@pytest.mark.parametrize("name", SAMPLE)
def test_the_largest_answer_that_the_model_allows_is_within_all_limits(name: str) -> None:
    kind, model = ALL[name], service_model(ALL[name].service)
    assert model is not None
    character = random.Random(name).choice(CHARACTERS)
    answer = Filler(character, 1_000_000).fill(model.operation_model(kind.describe).output_shape) or {}
    found = search(kind.job, answer)
    job, omitted = kind.remove_omitted(found if isinstance(found, dict) else answer)
    request = {member: cut(character * (20_000 // len(kind.request))) for member in kind.request}
    check(*ended(job, request, kind, omitted))


def seconds(job: Any) -> float:
    """Return the least time of three polls that find this job."""
    times = []
    for _ in range(3):
        start = time.process_time()
        ended(job, {"DomainId": "d", "JobId": "j"})
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize(
    "make",
    [
        lambda size: {f"Member{number}": number for number in range(size // 100)},
        lambda size: {"Notes": "x" * size},
        lambda size: {"Notes": "http://" * (size // 7)},
        lambda size: {"n" * size: {f"m{number}": number for number in range(size // 100)}},
        lambda size: {"FailureDetails": {"Message": {"n" * size: [*range(size // 100)]}}},
        lambda size: {"Items": [{"Name": "x", "Number": number} for number in range(size // 100)]},
    ],
    ids=["many members", "long text", "many links", "long name", "long name in the reason", "many items"],
)
def test_the_time_is_linear_in_the_size_of_the_job(make: Callable[[int], Any]) -> None:
    """The larger jobs have 50,000 members, or a text of 5 MB."""
    small, large = make(1_250_000), make(5_000_000)
    assert seconds(large) <= 12 * max(seconds(small), 0.01)


def test_custom_settings_of_a_kind_do_not_change_the_limits() -> None:
    kind = replace(SPEAKER, advice={"failed": "é" * 5_000}, reason="@")
    check(*ended({"JobName": "x" * 240_000}, {"DomainId": "d", "JobId": "j"}, kind))
