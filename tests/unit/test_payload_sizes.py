"""Every payload of every state of both state machines stays within AWS's limits, for every answer and input."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from job_watcher.poll_state import carry_over
from tests.examples import examples
from tests.sizes.cases import (
    CHARACTERS,
    MAX_INPUT_LENGTH,
    SMALL_REQUEST,
    SPEAKER,
    Case,
    crashes,
    ends,
    input_length,
    is_lost,
    nested,
    runs,
)
from tests.sizes.page import limits
from tests.sizes.services import size

TEXTS = st.builds(
    lambda characters, length: (characters * length)[:length],
    st.lists(st.sampled_from([*CHARACTERS.values(), "\x7f", "\u202e", "<", " ", "/"]), min_size=1, max_size=3).map(
        "".join
    ),
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


def part(shape: Callable[[str, str, int], Any], name: str, text: str, count: int) -> Any:
    """Return members of a job, up to a million characters."""
    return shape(name[:10_000], text[: 1_000_000 // count], count)


PARTS = st.builds(part, st.sampled_from(SHAPES), TEXTS, TEXTS, st.sampled_from([1, 2, 7, 45, 300]))
JOBS = st.lists(PARTS, max_size=3).map(lambda parts: {name: value for part in parts for name, value in part.items()})
OUTCOMES = st.sampled_from(["failed", "succeeded"])


def cut(text: str) -> str:
    """Return a text so short that the state machine passes on an input that contains it."""
    while input_length(text) > MAX_INPUT_LENGTH - 500:
        text = text[: len(text) * 3 // 4]
    return text


REQUESTS = st.builds(lambda domain, text: {"DomainId": domain, "JobId": cut(text)}, st.just("d" * 22), TEXTS)
JSON = st.recursive(
    TEXTS.map(cut) | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["kind", "request", '"']), inner),
    max_leaves=4,
)


def check(case: Case) -> None:
    """Run a watch with both Lambda runtimes, and check what the state machines pass against all limits."""
    for passed in case.run():
        assert passed.size <= limits()[passed.limit].limit, passed


@examples(25)
@given(JOBS, REQUESTS, OUTCOMES)
@example({"JobName": "🎙" * 31_000}, SMALL_REQUEST, "failed")
@example({"JobName": "x"}, {"DomainId": "d", "JobId": "🎙" * 32_000}, "failed")
@example({"JobName": "x" * 300_000}, {"DomainId": "d", "JobId": "🎙" * 32_000}, "failed")
@example({"JobName": "x" * 100_000}, {"DomainId": "d", "JobId": "x" * 32_600}, "failed")
@example({f"\x01{'🎙' * 98}{number:02}": "x" * 5_000 for number in range(70)}, SMALL_REQUEST, "failed")
@example(
    {"\u200b" * 1_000: "\u200b" * 150_000, **{f"m{number}": "🎙" * 1_000 for number in range(50)}},
    SMALL_REQUEST,
    "failed",
)
def test_a_job_of_any_size_is_within_all_limits(job: Any, request: Any, outcome: str) -> None:
    check(Case("", [ends(job, outcome)], request))


@examples(15)
@given(st.sampled_from([*CHARACTERS.values()]), st.integers(0, 400), st.integers(1, 5_000))
@example("🎙", 400, 100)
@example("\ud800", 1, 1)
def test_any_number_of_members_omitted_as_secrets_is_within_all_limits(name: str, count: int, length: int) -> None:
    paths = [f"{name * length}{number}" for number in range(count)]
    case = Case("", [ends({"JobName": "march"}, omitted=paths)])
    check(case)
    sent = json.loads(case.results()[0]["message"])
    assert sent["kind"] == SPEAKER.name and sent["request"] == SMALL_REQUEST
    assert len(sent.get("omitted", [])) == min(count, 51)


@examples(25)
@given(TEXTS, TEXTS, TEXTS)
@example("x", "\x01" * 5_000, "🎙" * 30_000)
def test_a_lost_watch_is_within_all_limits(kind: str, reason: str, job_id: str) -> None:
    check(Case("", [runs("FAILED", 0), is_lost(kind, reason)], {"JobId": cut(job_id)}))
    check(Case("", [is_lost(kind, reason)], kind=None, input={"kind": cut(kind), "request": {"JobId": cut(job_id)}}))


@examples(15)
@given(TEXTS, st.sampled_from([0.0, 99.0, 1e308]), REQUESTS)
@example("🎙" * 200, 50.0, {"DomainId": "d", "JobId": "🎙" * 32_000})
def test_a_progress_update_and_the_next_poll_are_within_all_limits(status: str, percent: float, request: Any) -> None:
    check(Case("", [runs("before", 5), runs(status, percent), ends({"JobStatus": status})], request))


@examples(25)
@given(JSON, TEXTS, TEXTS)
@example({"kind": "\ufffe\x01", "request": {"JobId": "\uffff"}}, "", "")
def test_a_failed_function_is_within_all_limits_whatever_the_input_is(given: Any, error: str, cause: str) -> None:
    check(Case("", [crashes(error[:256] or "E", cause[:32_768])], input=given, kind=None))


@given(st.dictionaries(st.sampled_from(["polls", "waited", "outcome", "status", "wait", "age"]), TEXTS | st.floats()))
def test_a_stored_state_of_any_size_becomes_small(state: Any) -> None:
    assert size(carry_over(state)) < 2_000


def result(job: Any, request: Any = SMALL_REQUEST) -> Any:
    """Return the result of a poll that finds a failed job."""
    return Case("", [ends(job)], request).results()[0]


def test_what_can_be_kept_is_kept() -> None:
    job = {"Notes": "x" * 150_000, "Log": "🎙" * 30_000, "JobName": "march"}
    sent = json.loads(result(job)["message"])
    assert (sent["omitted"], sent["job"]) == (["Notes"], {"Log": job["Log"], "JobName": "march"})
    cause = json.loads(result({"Log": "🎙" * 31_000})["cause"])
    assert cause["request"] == SMALL_REQUEST and not cause.get("job")


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63)])
def test_a_large_integer_is_unchanged_in_the_event_the_message_and_the_cause(number: int) -> None:
    case = Case("", [ends({"Size": number})])
    check(case)
    assert all(f'"Size":{number}' in case.results()[0][member] for member in ("message", "cause"))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**300 + 7, 10**400])
def test_an_integer_that_eventbridge_does_not_accept_is_text_with_the_same_digits(number: int) -> None:
    case = Case("", [ends({"Size": number, "Ratio": float("inf")})])
    check(case)
    assert json.loads(case.results()[0]["message"])["job"] == {"Size": str(number), "Ratio": "inf"}


def seconds(job: Any) -> float:
    """Return the least time of three polls that find this job."""
    times = []
    for _ in range(3):
        start = time.process_time()
        result(job)
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
    """The larger jobs have 10,000 members, or a text of 1 MB."""
    small, large = make(250_000), make(1_000_000)
    assert seconds(large) <= 12 * max(seconds(small), 0.01)


def test_custom_settings_of_a_kind_do_not_change_the_limits() -> None:
    kind = replace(SPEAKER, advice={"failed": "é" * 5_000}, reason="@")
    check(Case("", [ends({"JobName": "x" * 240_000})], kind=kind))
