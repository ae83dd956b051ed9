"""Details are valid JSON and within the size limits, and executions are named after their job."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from job_watcher.detail import MAX_BYTES, Detail, execution_name, serialize, truncate
from job_watcher.to_json import compact_json, parse_time, to_json
from tests.examples import examples

MAX_PAYLOAD = 256 * 1024  # bytes that SNS and Step Functions accept
LOCAL = datetime.now(UTC).astimezone().tzinfo  # boto3 returns times in this zone
assert LOCAL is not None
ZONES: st.SearchStrategy[tzinfo] = st.sampled_from(
    [UTC, LOCAL, timezone(timedelta(hours=14)), timezone(-timedelta(hours=9, minutes=30))]
)
TIMES = st.datetimes(datetime(2004, 1, 2), datetime(2200, 1, 1), timezones=ZONES)
WORDS = st.text(max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | WORDS
ANSWERS = st.recursive(
    SCALARS | st.floats() | st.decimals(-1e12, 1e12) | st.binary(max_size=5) | TIMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
REQUESTS = st.dictionaries(WORDS, SCALARS | st.lists(SCALARS, max_size=2), max_size=4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 3, 1, 9, 30, tzinfo=UTC), "2026-03-01T09:30:00Z"),
        (datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=2))), "2026-03-01T07:30:00Z"),
        (datetime(2026, 3, 1, 22, 0, tzinfo=timezone(-timedelta(hours=7))), "2026-03-02T05:00:00Z"),
        (datetime(2026, 3, 1, 9, 30, 1, 250_000, tzinfo=UTC), "2026-03-01T09:30:01.250Z"),
        (datetime.fromtimestamp(1_772_357_400, LOCAL), "2026-03-01T09:30:00Z"),
        (b"\x00\xffvoice", "AP92b2ljZQ=="),
        (Decimal("3"), 3),
        (Decimal("0.5"), 0.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (1.5, 1.5),
        (10**18, 10**18),
        (10**20, "100000000000000000000"),
        (Decimal("1E+20"), "100000000000000000000"),
        (True, True),
        (None, None),
        ("2026", "2026"),
        ((1, (2, b"")), [1, [2, ""]]),
        (
            {"Job": [{"At": datetime(2026, 3, 1, tzinfo=UTC), "N": Decimal("7")}]},
            {"Job": [{"At": "2026-03-01T00:00:00Z", "N": 7}]},
        ),
    ],
)
def test_a_value_is_converted_to_its_json_type(value: Any, expected: Any) -> None:
    assert to_json(value) == expected
    assert type(to_json(value)) is type(expected)


@given(ANSWERS)
@example({"Score": Decimal("Infinity")})
@example({"Score": Decimal("NaN")})
def test_every_answer_can_be_converted_to_json(answer: Any) -> None:
    assert json.loads(json.dumps(to_json(answer), allow_nan=False)) == to_json(answer)


@given(TIMES)
def test_a_time_is_unchanged_after_conversion_to_json_and_back(time: datetime) -> None:
    converted = parse_time(to_json(time))
    assert converted is not None
    assert abs(converted - time) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        datetime(2026, 3, 1, 11, 30, tzinfo=timezone(timedelta(hours=2))),
        "2026-03-01T09:30:00Z",
        "2026-03-01T11:30:00+02:00",
        "2026-03-01 09:30:00.000Z",
        1_772_357_400,
        1_772_357_400.0,
        1_772_357_400_000,  # milliseconds, as in AWS Batch
    ],
)
def test_a_time_is_parsed_in_every_notation_that_services_use(value: Any) -> None:
    assert parse_time(value) == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "yesterday",
        "2026-13-01",
        float("nan"),
        float("inf"),
        1e300,
        {},
        [],
        0,
        -1,
        "1970-01-01T00:00:00Z",
    ],
)
def test_a_value_that_is_not_a_valid_time_is_none(value: Any) -> None:
    assert parse_time(value) is None


@given(st.text(max_size=30) | st.floats() | st.integers() | st.datetimes(timezones=ZONES))
@example("9999-12-31T23:59:59-05:00")
@example("0001-01-01T00:00:00+05:00")
def test_parsing_a_time_never_raises_an_exception(value: Any) -> None:
    assert isinstance(parse_time(value), datetime | None)


def test_compact_json_has_no_spaces_and_keeps_non_ascii_letters() -> None:
    assert compact_json({"Müller": ["é", 1]}) == '{"Müller":["é",1]}'


@given(st.text(max_size=120), REQUESTS, st.none() | st.text(max_size=5) | st.integers())
@example("voice-id/" + "x" * 200, {}, None)
def test_step_functions_accepts_every_execution_name(kind: str, request: dict[str, Any], created: Any) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", execution_name(kind, request, created))


@given(REQUESTS)
def test_an_execution_name_does_not_depend_on_the_order_of_members(request: dict[str, Any]) -> None:
    reversed_request = dict(reversed(request.items()))
    assert execution_name("voice-id/SpeakerEnrollmentJob", reversed_request, 1) == execution_name(
        "voice-id/SpeakerEnrollmentJob", request, 1
    )


def test_each_job_has_a_different_execution_name() -> None:
    names = [
        execution_name("voice-id/SpeakerEnrollmentJob", {"JobId": "a"}, "2026-03-01T09:30:00Z"),
        execution_name("voice-id/SpeakerEnrollmentJob", {"JobId": "b"}, "2026-03-01T09:30:00Z"),
        execution_name("voice-id/SpeakerEnrollmentJob", {"JobId": "a"}, "2026-03-01T09:30:01Z"),
        execution_name("voice-id/SpeakerEnrollmentJob", {"JobId": "a"}, None),
        execution_name("voice-id/SpeakerEnrollmentJob", {"JobID": "a"}, "2026-03-01T09:30:00Z"),
        execution_name("voice-id/FraudsterRegistrationJob", {"JobId": "a"}, "2026-03-01T09:30:00Z"),
        execution_name("voice-id/FraudsterRegistration-Job", {"JobId": "a"}, "2026-03-01T09:30:00Z"),
    ]
    assert len(set(names)) == len(names)
    assert all(name.startswith("voice-id-") for name in names)


def test_execution_names_are_the_same_in_every_version() -> None:
    """Otherwise a new version would report jobs again that an earlier version has reported."""
    name = execution_name("voice-id/SpeakerEnrollmentJob", {"JobId": "b", "DomainId": "a"}, "2026-03-01T09:30:00Z")
    assert name == "voice-id-SpeakerEnrollmentJob-56daa39985631d454b6e05a6268dcbcf"


def detail(**job: Any) -> Detail:
    return {
        "kind": "voice-id/SpeakerEnrollmentJob",
        "request": {"DomainId": "a" * 22, "JobId": "b" * 22},
        "outcome": "partial",
        "status": "COMPLETED_WITH_ERRORS",
        "job": job,
        "watch": "arn:aws:states:eu-west-1:123456789012:execution:Watch:x",
        "polls": 14,
    }


def payload_bytes(detail: Detail, email: str) -> int:
    """Return the bytes of the Notify machine's largest payload: its input, or the task that publishes the detail."""
    state, task = {"detail": detail, "subject": "x" * 99, "text": email}, {"Message": compact_json(detail)}
    return max(len(compact_json(payload).encode()) for payload in (state, task))


def test_a_job_within_the_limit_is_not_truncated() -> None:
    original = detail(JobId="b", Notes="x" * 200_000)
    assert truncate(original, "An email.") == original


def test_the_largest_members_of_a_job_above_the_limit_are_removed_and_listed() -> None:
    small = {"JobId": "b", "JobStatus": "COMPLETED", "Notes": "x" * 90_000}
    truncated = truncate(detail(**small, Results=["y" * 200_000], More="z" * 170_000), "An email.")
    assert truncated == {**detail(**small), "omitted": ["Results", "More"]}


def test_the_size_of_the_email_counts() -> None:
    assert truncate(detail(JobId="b", Notes="x" * 200_000), "An email. " * 6_000)["omitted"] == ["Notes"]


@pytest.mark.parametrize("character", ['"', "\\", "\n", "\x01", "é", "語", "🎙"])
def test_the_size_of_escaped_characters_counts(character: str) -> None:
    truncated = truncate(detail(**{f"Part{number}": character * 4_000 for number in range(40)}), character * 1_000)
    assert payload_bytes(truncated, character * 1_000) <= MAX_PAYLOAD
    assert payload_bytes(truncated, character * 1_000) > MAX_PAYLOAD / 2, "more was removed than necessary"


# No email is longer than 35,000 characters.
LENGTHS = st.dictionaries(WORDS, st.integers(0, 150_000), max_size=8)


@examples(20)
@given(LENGTHS, st.sampled_from(['"', "é", "🎙", "\x01", "x"]), st.integers(0, 35_000))
def test_every_job_is_truncated_to_the_limit(lengths: dict[str, int], character: str, email: int) -> None:
    job = {member: character * length for member, length in lengths.items()}
    truncated = truncate(detail(**job), character * email)
    omitted = truncated.get("omitted", [])
    assert payload_bytes(truncated, character * email) <= MAX_PAYLOAD
    assert {**truncated["job"], **{member: job[member] for member in omitted}} == job
    assert set(truncated["job"]).isdisjoint(omitted)
    if omitted and truncated["job"]:
        assert max(map(len, truncated["job"].values())) <= min(len(job[member]) for member in omitted)


def test_a_rejected_input_above_the_limit_is_left_out_of_the_notification() -> None:
    rejected: Detail = {
        "kind": "x" * 300_000,
        "request": {"JobId": "y" * 300_000},
        "outcome": "lost",
        "error": "InvalidInput",
        "reason": "The input cannot be watched.",
        "watch": "arn:aws:states:eu-west-1:123456789012:execution:Watch:x",
        "polls": 0,
    }
    assert truncate(rejected, "An email.") == {
        **rejected,
        "kind": None,
        "request": {},
        "omitted": ["kind", "request"],
    }


@pytest.mark.parametrize("character", ["x", '"', "語", "🎙"])
def test_a_failed_executions_cause_keeps_the_notification_within_the_limit(character: str) -> None:
    for length in (10_000, 15_000, 32_000):
        text = character * 12_000
        failed = truncate(detail(JobId="b", Notes=character * length), text)
        result = serialize({"detail": failed, "error": "JobFailed", "text": text})
        assert len(result["cause"]) <= 32_768
        assert len(json.dumps(result, ensure_ascii=False).encode()) <= MAX_PAYLOAD
        assert ("job" in json.loads(result["cause"])) is (len(result["message"].encode()) <= 32_768)


def test_the_limit_leaves_room_for_the_rest_of_the_state() -> None:
    assert MAX_PAYLOAD - 16_384 <= MAX_BYTES <= MAX_PAYLOAD - 8_192
