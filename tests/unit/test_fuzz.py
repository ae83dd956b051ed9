"""Random answers, inputs, stored states and events: no handler raises, and Step Functions accepts every result."""

import contextlib
import importlib
import json
import math
import random
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import PROTOCOL_PARSERS
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from infra.service_models import service_model
from infra.trigger_rules import index
from job_watcher import aws_call, catalogue, describe, trigger, waiters
from job_watcher.catalogue import Kind
from tests.examples import FACTOR, examples
from tests.sizes.cases import MAX_EXECUTION_INPUT, Case, is_lost
from tests.sizes.page import limits
from tests.sizes.services import ARN
from tests.unit.conftest import Invocation
from tests.unit.fake_states import FakeStates
from tests.unit.test_payload_sizes import check

KINDS: dict[str, Kind] = {**catalogue.kinds(), **waiters.kinds()}
REQUESTS: dict[str, dict[str, Any]] = {
    "voice-id/SpeakerEnrollmentJob": {"DomainId": "d" * 22, "JobId": "j" * 22},
    "glue/JobRun": {"JobName": "nightly", "RunId": "jr_1"},
    "batch/Job": {"jobs": ["j-1"]},
    "cloudformation/Stack": {"StackName": "stack"},
    "rds/waiter/DBSnapshotCompleted": {"DBSnapshotIdentifier": "snapshot"},
    "ec2/Image": {"ImageIds": ["ami-12345678"]},
    "cloudfront/Invalidation": {"DistributionId": "E1", "Id": "I1"},
    "s3/ObjectRestore": {"Bucket": "bucket", "Key": "key"},
    "s3/waiter/ObjectExists": {"Bucket": "bucket", "Key": "key"},
    "cloudwatchomni/TelemetryQuery": {"queryId": "q-1"},
}
SPEAKER_INPUT = {"kind": "voice-id/SpeakerEnrollmentJob", "request": REQUESTS["voice-id/SpeakerEnrollmentJob"]}
STATUSES = [200, 200, 200, 204, 206, 301, 304, 400, 403, 404, 429, 500, 503]
CONTENT_TYPES = [
    "application/json",
    "application/x-amz-json-1.1",
    "text/xml",
    "text/html; charset=utf-16",
    "application/cbor",
    "",
]
WEIRD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**53 + 1,
    10**400,
    1e308,
    math.nan,
    math.inf,
    "",
    " \n",
    "\ud800x",
    "\x00\r\n\u202e",
    "x" * 3_000,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "99999999999999999999",
    "1e400",
    [],
    {},
    [[[1]]],
    [None, "x"],
]
BODIES = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"<html>",
    b"<a/>",
    b"{" * 1_000,
    b'{"a":' * 990 + b"1" + b"}" * 990,
    b"\xff\xfe\x00",
    b"9" * 5_000,
    b'{"Job": null}',
    b"<a>" * 1_000 + b"</a>" * 1_000,
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xbf" * 2_000,
    b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;"><!ENTITY d SYSTEM "file:///etc/hostname">]><a>&c;&d;</a>',
]


class Answer:
    """What the service answers to every call."""

    status, content_type, body, error_type, missing = 200, "", b"", "", 0


@pytest.fixture(scope="module")
def service() -> Iterator[Answer]:
    """An HTTP service that each client of the Describe function calls, and its answer, which tests set."""
    answer = Answer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            head = [
                f"HTTP/1.1 {answer.status} .",
                f"Content-Length: {len(answer.body) + answer.missing}",
                "Connection: close",
                *([f"Content-Type: {answer.content_type}"] if answer.content_type else []),
                *([f"x-amzn-errortype: {answer.error_type}"] if answer.error_type else []),
            ]
            self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body)

        do_GET = do_HEAD = do_POST

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, pytest.MonkeyPatch.context() as patch:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        patch.setattr(describe, "KINDS", ["*", "*/waiter/*"])
        one_attempt = Config(retries={"mode": "standard", "total_max_attempts": 1}, s3={"addressing_style": "path"})
        patch.setattr(aws_call, "CLIENT_CONFIG", one_attempt)
        aws_call.client.cache_clear()
        yield answer
        server.shutdown()
        thread.join()
    aws_call.client.cache_clear()


def random_value(shape: Shape | None, rnd: random.Random, depth: int = 0) -> Any:
    """Return a value of a shape, in which any part may be missing, unknown or of another type."""
    if rnd.random() < 0.07 or depth > 8:
        return rnd.choice(WEIRD)
    if isinstance(shape, StructureShape):
        names = {name: member for name, member in shape.members.items() if rnd.random() < 0.7}
        known = {
            member.serialization.get("name", name): random_value(member, rnd, depth + 1)
            for name, member in names.items()
        }
        unknown = {rnd.choice(["new", "\ud800", "\x01", "Error", "__type"]): rnd.choice(WEIRD)}
        return known | (unknown if rnd.random() < 0.1 else {})
    if isinstance(shape, ListShape):
        return [random_value(shape.member, rnd, depth + 1) for _ in range(rnd.choice([0, 1, 1, 1, 2]))]
    if isinstance(shape, MapShape):
        return {rnd.choice(["a", "", "\u202e"]): random_value(shape.value, rnd, depth + 1)}
    if shape is not None and shape.metadata.get("enum"):
        return rnd.choice(shape.metadata["enum"])
    scalars = {"timestamp": [1_767_225_600, "2026-01-01T00:00:00Z", -1e11, 4e12], "boolean": [True, False, "true"]}
    return rnd.choice(scalars.get(shape.type_name if shape else "", ["text", 7, 42.5, 2**53 + 1]))


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def as_xml(value: Any, name: str = "Response") -> bytes:
    """Return XML in which a list is a repeated element, and its items also have the names member and item."""
    if isinstance(value, Mapping):
        inner = b"".join(as_xml(item, key) for key, item in value.items())
    elif isinstance(value, list):
        inner = b"".join(as_xml(item, item_name) for item in value for item_name in ("member", "item"))
    else:
        inner = escape("" if value is None else str(value)).encode(errors="replace")
    tag = "".join(character for character in name if character.isascii() and character.isalnum()) or "x"
    return b"<%s>%s</%s>" % (tag.encode(), inner, tag.encode())


def as_cbor(value: Any) -> bytes:
    """Return CBOR: https://www.rfc-editor.org/rfc/rfc8949.html."""
    if isinstance(value, bool) or value is None:
        return bytes([{False: 0xF4, True: 0xF5, None: 0xF6}[value]])
    if isinstance(value, int) and -(2**64) <= value < 2**64:
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, int | float):
        return b"\xfb" + struct.pack(">d", value if isinstance(value, float) else math.inf)
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(as_cbor, value))
    if isinstance(value, Mapping):
        return _head(5, len(value)) + b"".join(as_cbor(key) + as_cbor(item) for key, item in value.items())
    text: bytes = value.encode(errors="surrogatepass")
    return _head(3, len(text)) + text


def _head(major_type: int, number: int) -> bytes:
    return bytes([major_type << 5 | 27]) + struct.pack(">Q", number)


ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "json": as_json,
    "rest-json": as_json,
    "query": as_xml,
    "ec2": as_xml,
    "rest-xml": as_xml,
    "smithy-rpc-v2-cbor": as_cbor,
}


def protocol(name: str) -> str:
    model = service_model(name.partition("/")[0])
    assert model is not None
    return str(model.resolved_protocol)


def random_body(kind: Kind, rnd: random.Random) -> bytes:
    """Return the body of an answer or of an error, or one of BODIES, sometimes cut or with a wrong byte."""
    model = service_model(kind.service)
    assert model is not None
    shape = model.operation_model(kind.describe).output_shape
    value = random_value(shape, rnd)
    if rnd.random() < 0.2:
        error = {"Code": rnd.choice(WEIRD), "Message": rnd.choice(WEIRD), "message": "x", "__type": rnd.choice(WEIRD)}
        value = rnd.choice([error, {"Error": error}, {"Errors": [{"Error": error}]}])
    elif protocol(kind.name) == "query":
        value = {shape.serialization.get("resultWrapper", "Result") if shape else "Result": value}
    body = ENCODERS[protocol(kind.name)](value)
    damage = rnd.random()
    if damage < 0.1:
        return rnd.choice(BODIES)
    if damage < 0.2 and body:
        place = rnd.randrange(len(body))
        return body[:place] + rnd.choice([b"", bytes([rnd.randrange(256)]) + body[place + 1 :]])
    return body


def poll(watch_input: Any, state: Any) -> dict[str, Any]:
    event = {"input": watch_input, "watch": ARN, "state": state}
    return dict(describe.handler(cast(Any, event), cast(Any, Invocation())))


def check_result(result: Mapping[str, Any], watch_input: Any) -> None:
    """Check that the state machine accepts a result, and that it decides what follows."""
    assert json.loads(json.dumps(result, allow_nan=False, ensure_ascii=False).encode()) == result
    polls = [lambda watch: result, is_lost("Error", "The next poll ends the watch.")]
    check(Case("", polls, input=watch_input, kind=None, runtimes=[False]))
    if "name" in result:
        assert isinstance(json.loads(result["message"]), dict)
    if "wait" in result:
        assert type(result["wait"]) is int and 1 <= result["wait"] <= 99_999_999
    assert result["outcome"] != "running" or "wait" in result or "polls" in result


def test_the_kinds_in_these_tests_have_all_protocols_that_botocore_supports() -> None:
    assert {protocol(name) for name in REQUESTS} == {*PROTOCOL_PARSERS}


@pytest.mark.parametrize("name", REQUESTS)
@examples(25)
@given(seed=st.integers(0, 2**32))
def test_any_http_answer_has_a_result(name: str, service: Answer, seed: int) -> None:
    rnd = random.Random(seed)
    watch_input = {"kind": name, "request": REQUESTS[name], "fail_on": ["failed"]}
    service.status, service.content_type = rnd.choice(STATUSES), rnd.choice(CONTENT_TYPES)
    service.body, service.missing = random_body(KINDS[name], rnd), rnd.choice([0] * 9 + [5])
    service.error_type = rnd.choice(["", "", "Throttling:http://x", "\xe9" * 300, ":"])
    state = {"polls": 1, "waited": 30, "outcome": "running", **rnd.choice([{}, {"status": "x", "last_answer": 30}])}
    check_result(poll(watch_input, state), watch_input)


@pytest.mark.parametrize("name", {protocol(name): name for name in REQUESTS}.values())
def test_an_unreadable_body_of_a_protocol_has_a_result(name: str, service: Answer) -> None:
    service.content_type, service.missing, service.error_type = "", 0, ""
    watch_input = {"kind": name, "request": REQUESTS[name]}
    for service.status in (200, 400, 500):
        for service.body in BODIES:
            check_result(poll(watch_input, {}), watch_input)


JSON = st.recursive(
    st.sampled_from(WEIRD) | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
STATE_MEMBERS = [
    "polls",
    "waited",
    "outcome",
    "wait",
    "status",
    "percent",
    "age",
    "last_answer",
    "last_disruption",
    "unreachable_since",
    "highest_percent",
    "last_progress",
    "name",
    "detail",
    "message",
    "text",
    "subject",
    "error",
    "told",
    "news",
]
STATES = JSON | st.dictionaries(st.sampled_from(STATE_MEMBERS), JSON)


@examples(80, HealthCheck.too_slow)
@given(
    state=STATES,
    job_status=st.sampled_from(["IN_PROGRESS", "FAILED", "COMPLETED", "NEW"]),
    status=st.sampled_from([200, 400, 503]),
)
@example({"status": "x" * 300_000, "polls": 1e300, "waited": "1_000"}, "FAILED", 200)
@example({"status": "\ud800", "last_answer": 0}, "x", 400)
def test_any_stored_state_is_read(service: Answer, state: Any, job_status: str, status: int) -> None:
    service.status, service.content_type, service.missing, service.error_type = status, "", 0, ""
    service.body = as_json({"Job": {"JobStatus": job_status}, "__type": "ValidationException"})
    check_result(poll(SPEAKER_INPUT, state), SPEAKER_INPUT)


LARGEST = 10**308  # jsonata-python can't compare larger integers
INPUT_MEMBERS = ["kind", "request", "fail_on", "check_once", "trigger", "characters", "other", "\ud800"]
INPUTS = JSON | st.dictionaries(
    st.sampled_from(INPUT_MEMBERS),
    JSON
    | st.sampled_from([*REQUESTS, "voice-id/X", "../x", "s3/waiter/", "x/waiter/y/z", ["failed"], *REQUESTS.values()]),
)


@examples(80)
@given(watch_input=INPUTS.filter(lambda given: type(given) is not int or abs(given) < LARGEST))
@example({"kind": "voice-id/SpeakerEnrollmentJob", "request": {"DomainId": "\ud800" * 22, "JobId": "\x00" * 22}})
@example({"kind": "s3/waiter/ObjectExists", "request": {"Bucket": "\ud800", "Key": "\ud800"}})
@example({"kind": "s3/waiter/ObjectExists", "request": {"Bucket": "bucket", "Key": "\ud800"}})
@example({"kind": "ec2/Image", "request": {"ImageIds": ["\ud800"]}})
@example({"kind": "x/" + "waiter/" * 500, "request": {}})
@example(
    {
        "kind": "voice-id/SpeakerEnrollmentJob",
        "request": REQUESTS["voice-id/SpeakerEnrollmentJob"],
        "trigger": {"time": 1e308},
    }
)
@example(
    {
        "kind": "voice-id/SpeakerEnrollmentJob",
        "request": REQUESTS["voice-id/SpeakerEnrollmentJob"],
        "trigger": {"time": [{}]},
    }
)
def test_any_input_has_a_result(service: Answer, watch_input: Any) -> None:
    service.status, service.content_type, service.missing, service.error_type = 200, "", 0, ""
    service.body = as_json({"Job": {"JobStatus": "IN_PROGRESS"}})
    check_result(poll(watch_input, {}), watch_input)


@pytest.mark.parametrize("name", sorted(random.Random(1).sample(sorted(KINDS), 40)))
def test_any_request_of_a_kind_has_a_result(name: str, service: Answer) -> None:
    service.status, service.body, service.missing, service.content_type, service.error_type = 400, b"", 0, "", ""
    rnd = random.Random(name)
    for _ in range(3 * FACTOR):
        request = {member: rnd.choice([*WEIRD, "text", ["text"], ["\ud800"]]) for member in KINDS[name].request}
        check_result(poll({"kind": name, "request": request}, {}), {})


INDEX = index(catalogue.kinds().values())
TRIGGERS = [
    (trigger_type, source, name, names[0])
    for trigger_type in ("api_calls", "service_events")
    for source, kinds_by_name in INDEX[trigger_type].items()
    for name, names in kinds_by_name.items()
]


@pytest.fixture(scope="module")
def start() -> Iterator[ModuleType]:
    """Yield the Start function's module with a fake Step Functions and a fake SQS."""
    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("job_watcher.start")
        states = FakeStates(module.step_functions().exceptions, datetime.now(UTC))
        patch.setattr(module, "step_functions", lambda: states)
        patch.setattr(module, "client", {"sqs": SimpleNamespace(send_message=check_message)}.__getitem__)
        patch.setattr(module, "INDEX", INDEX)
        yield module


def check_message(QueueUrl: str, MessageBody: str) -> None:
    """Check a message that makes the Poll function check a job that is being watched."""
    assert set(json.loads(MessageBody)["input"]) == {"kind", "request", "check_once"}
    assert len(MessageBody.encode()) <= limits()["queue"].limit


def random_event(rnd: random.Random) -> dict[str, Any]:
    """Return an event about a call or a service's own event, with the members that its kind reads, of any type."""
    trigger_type, source, name, kind_name = rnd.choice(TRIGGERS)
    kind = KINDS[kind_name]
    paths = " ".join([*kind.request, *kind.started.values(), *map(str, kind.event.values()), "status State"])
    names = [*{*re.findall(r"\w+", paths)} - {"detail", "requestParameters", "responseElements"}]
    names += [name[0].lower() + name[1:] for name in names]

    def tree(depth: int = 0) -> Any:
        if depth > 4 or rnd.random() < 0.3:
            return rnd.choice([*WEIRD, "text", "text", "arn:aws:x:::a/b", "HIDDEN_DUE_TO_SECURITY_REASONS", False])
        if rnd.random() < 0.2:
            return [tree(depth + 1) for _ in range(rnd.randrange(3))]
        chosen = names if depth == 0 else rnd.sample(names, min(3, len(names)))
        return {name: tree(depth + 1) for name in chosen if rnd.random() < 0.9}

    call = {"eventSource": source, "eventName": name, "requestParameters": tree(), "responseElements": tree()}
    read_only = rnd.choice([{}, {"readOnly": tree()}])
    own = {"source": source, "detail-type": name, "detail": tree()}
    event = {"detail-type": trigger.API_CALL, "detail": {**call, **read_only}} if trigger_type == "api_calls" else own
    event |= {"id": rnd.choice(["id-1", *WEIRD]), "time": rnd.choice(["2026-01-01T00:00:00Z", *WEIRD])}
    return {member: tree() if rnd.random() < 0.03 else value for member, value in event.items()}


@examples(250)
@given(seed=st.integers(0, 2**32))
def test_any_event_starts_watches_or_is_ignored_or_incomplete(start: ModuleType, seed: int) -> None:
    event = random_event(random.Random(seed))
    before = set(start.step_functions().executions)
    try:
        start.handler(event, cast(Any, Invocation()))
    except trigger.IncompleteEvent:
        assert set(start.step_functions().executions) == before
        return
    for arn in set(start.step_functions().executions) - before:
        execution = start.step_functions().executions[arn]
        assert len(execution["input"].encode()) <= MAX_EXECUTION_INPUT and len(arn.rpartition(":")[2]) <= 80
        assert set(json.loads(execution["input"])) >= {"kind", "request", "trigger"}


def test_random_events_start_watches(start: ModuleType) -> None:
    """Otherwise the test above would show little."""
    for seed in range(200):
        with contextlib.suppress(trigger.IncompleteEvent):
            start.handler(random_event(random.Random(seed)), cast(Any, Invocation()))
    assert len(start.step_functions().executions) > 20


STRANGE: dict[str, tuple[str, Any]] = {
    "not a number": ("NaN", "nan"),
    "infinity": ("-1e400", "-inf"),
    "a 400-digit number": ("9" * 400, "9" * 400),
    "an integer above 2^53": (f"{2**53 + 1}", 2**53 + 1),
    "a lone surrogate": (r'"\ud800x"', "\ufffdx"),
    "a pair of surrogates": (r'"\ud83c\udf99"', "🎙"),
    "control characters": (r'"\u0000\r\n\u202e"', "\x00\r\n\u202e"),
    "a list instead of a number": ("[1, [2]]", [1, [2]]),
    "an object instead of a number": ('{"a": null}', {"a": None}),
}


@pytest.mark.parametrize("value", STRANGE)
def test_a_strange_value_is_represented_in_the_event(value: str, service: Answer) -> None:
    sent, represented = STRANGE[value]
    service.status, service.content_type, service.missing, service.error_type = 200, "", 0, ""
    for member in ("JobName", "New"):
        service.body = b'{"Job": {"JobStatus": "FAILED", "%s": %s}}' % (member.encode(), sent.encode())
        result = poll({**SPEAKER_INPUT, "fail_on": ["failed"]}, {})
        check_result(result, SPEAKER_INPUT)
        for text in (result["message"], result["cause"]):
            assert json.loads(text)["job"] == {"JobStatus": "FAILED", member: represented}


@pytest.mark.parametrize("member", ["JobName", "CreatedAt", "EndedAt", "JobProgress", "FailureDetails", "New"])
def test_a_strange_value_in_any_member_does_not_hide_the_end_of_a_job(member: str, service: Answer) -> None:
    service.status, service.content_type, service.missing, service.error_type = 200, "", 0, ""
    nested = ['{"a":' * 1_000 + "1" + "}" * 1_000, "[" * 1_000 + "]" * 1_000]
    for value in (*nested, *(sent for sent, _ in STRANGE.values()), *map(json.dumps, WEIRD)):
        service.body = b'{"Job": {"JobStatus": "FAILED", "%s": %s}}' % (member.encode(), value.encode())
        result = poll(SPEAKER_INPUT, {})
        check_result(result, SPEAKER_INPUT)
        assert (result["outcome"], result.get("detail_type")) == ("failed", "Job Ended"), value
