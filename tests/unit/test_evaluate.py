"""What one poll means for a watch: the job is still running, it has ended, or the watch is lost."""

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from job_watcher import catalogue, email_message, evaluate, polling
from job_watcher.catalogue import Observation
from job_watcher.detail import Notification, execution_name
from job_watcher.errors import Meaning
from job_watcher.notification import build_watch_lost
from job_watcher.poll_state import PollState, carry_over
from job_watcher.to_json import compact_json
from job_watcher.watch import Rules, Watch

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
RECURRING = replace(SPEAKER, recurs=True)
REQUEST = {"DomainId": "a" * 22, "JobId": "b" * 22}
INPUT = {"kind": SPEAKER.name, "request": REQUEST}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
NOW = CREATED.timestamp() + 3_600
GIVE_UP_AFTER = 14 * 86_400
HOUR = 3_600
RULES = Rules(give_up_after=GIVE_UP_AFTER)
NEW_WATCH: PollState = {"polls": 1, "waited": 0, "outcome": "running"}
MAX_PAYLOAD = 256 * 1024  # bytes that SNS and Step Functions accept
OUTCOMES = [
    ("COMPLETED", "succeeded"),
    ("COMPLETED_WITH_ERRORS", "partial"),
    ("FAILED", "failed"),
]
TEMPORARY = [Meaning.UNAVAILABLE, Meaning.THROTTLED]
MISSING_OR_DENIED = [Meaning.MISSING, Meaning.DENIED]


def watch(waited: int = 0, watch_input: Any = INPUT, **state: Any) -> Watch:
    return Watch(
        watch_input, ARN, cast(PollState, {**NEW_WATCH, "waited": waited, "age": waited, **state}), RULES, SPEAKER
    )


def observe(status: Any, percent: float | None = 50, **members: Any) -> Observation:
    job = {
        "JobId": "b" * 22,
        "JobName": "secret",
        "JobStatus": status,
        "JobProgress": {"PercentComplete": percent},
        "CreatedAt": CREATED,
        **members,
    }
    observation = SPEAKER.read({"Job": job})
    assert observation is not None
    return observation


def assert_ended(result: Mapping[str, Any]) -> Notification:
    assert "wait" not in result and result["outcome"] != "running"
    return cast(Notification, result)


def assert_running(result: Mapping[str, Any]) -> PollState:
    assert result["outcome"] == "running" and result["wait"] >= 1
    return cast(PollState, result)


def fail_poll(watch: Watch, meaning: Meaning, random: float = 0.5) -> PollState | Notification:
    return evaluate.after_error(watch, meaning, "SomeException", "DescribeSpeakerEnrollmentJob: the message.", random)


@pytest.mark.parametrize(("status", "outcome"), OUTCOMES)
def test_the_notification_of_an_ended_job_is_named_after_the_job(status: str, outcome: str) -> None:
    end = assert_ended(evaluate.after_answer(watch(polls=14), observe(status, 100), NOW))
    detail: dict[str, Any] = {
        "kind": "voice-id/SpeakerEnrollmentJob",
        "request": REQUEST,
        "status": status,
        "outcome": outcome,
        "job": {
            "JobId": "b" * 22,
            "JobName": "secret",
            "JobStatus": status,
            "JobProgress": {"PercentComplete": 100},
            "CreatedAt": "2026-03-01T09:30:00Z",
        },
        "watch": ARN,
        "polls": 14,
    }
    assert end == {
        "outcome": outcome,
        "name": execution_name(SPEAKER.name, REQUEST, "2026-03-01T09:30:00Z"),
        "detail": {**end["detail"], **detail},
        "subject": f"{outcome.capitalize()}: voice-id speaker enrollment job secret (eu-west-1)",
        "text": email_message.body(SPEAKER, end["detail"]),
    }


def test_a_job_with_another_creation_time_is_another_job() -> None:
    names = {
        assert_ended(evaluate.after_answer(watch(), observe("COMPLETED", CreatedAt=created), NOW))["name"]
        for created in (CREATED, CREATED.replace(year=2027))
    }
    assert len(names) == 2


def test_each_watch_of_a_recurring_resource_reports_its_end() -> None:
    first, second = (
        assert_ended(evaluate.after_answer(replace(watch(), kind=RECURRING, arn=arn), observe("COMPLETED"), NOW))
        for arn in (ARN, ARN + "2")
    )
    not_recurring = assert_ended(evaluate.after_answer(watch(), observe("COMPLETED"), NOW))
    assert first["name"] != second["name"] != not_recurring["name"]


@pytest.mark.parametrize(("status", "outcome"), OUTCOMES)
def test_an_execution_fails_only_on_the_outcomes_in_fail_on(status: str, outcome: str) -> None:
    failing = assert_ended(
        evaluate.after_answer(watch(watch_input={**INPUT, "fail_on": [outcome]}), observe(status), NOW)
    )
    assert failing["error"] == "JobFailed"
    others = [other for _, other in OUTCOMES if other != outcome]
    for fail_on in ([], others):
        end = evaluate.after_answer(watch(watch_input={**INPUT, "fail_on": fail_on}), observe(status), NOW)
        assert "error" not in end
        assert {**end, "error": "JobFailed"} == failing


def test_the_state_of_a_running_job_does_not_contain_the_job() -> None:
    state = assert_running(evaluate.after_answer(watch(), observe("IN_PROGRESS", 50), NOW))
    assert state["polls"] == 1 and state["status"] == "IN_PROGRESS" and state.get("percent") == 50
    assert state["waited"] == 180 == state["wait"] + 1  # the poll itself
    assert (
        "secret" not in compact_json(state)
        and "JobName" not in compact_json(state)
        and "b" * 22 not in compact_json(state)
    )


def test_the_poll_state_stays_small() -> None:
    state: PollState = NEW_WATCH
    for poll in range(2_000):
        now = NOW + 10_000 * poll
        result = (
            evaluate.after_answer(watch(**state), observe("IN_PROGRESS", poll / 20), now)
            if poll % 3
            else fail_poll(watch(**state), Meaning.THROTTLED)
        )
        state = assert_running({**result, "waited": poll})
    assert len(compact_json(state)) < 300


@pytest.mark.parametrize("percent", [None, -5, 0, 99.5, 250, math.nan, math.inf, "NaN", "", "42", [], {}])
def test_the_poll_state_is_valid_json_with_any_percentage(percent: Any) -> None:
    state = assert_running(evaluate.after_answer(watch(), observe("IN_PROGRESS", percent), NOW))
    assert json.loads(json.dumps(state, allow_nan=False)) == state


@pytest.mark.parametrize("created", [None, "", "soon", {}, float("nan"), -1e300, 1e300, CREATED.replace(year=2999)])
def test_an_invalid_creation_time_is_ignored(created: Any) -> None:
    state = assert_running(
        evaluate.after_answer(watch(waited=3_600), observe("IN_PROGRESS", None, CreatedAt=created), NOW)
    )
    assert state["wait"] == 179


def test_an_unknown_status_never_ends_a_watch() -> None:
    unknown = observe("COMPLETED_EVENTUALLY", 100)
    assert not unknown.known
    for waited in (0, 3_600, GIVE_UP_AFTER - 1):
        assert assert_running(evaluate.after_answer(watch(waited), unknown, NOW))["status"] == "COMPLETED_EVENTUALLY"


@pytest.mark.parametrize("waited", [0, GIVE_UP_AFTER])
def test_a_watch_is_lost_at_once_after_an_invalid_request(waited: int) -> None:
    end = assert_ended(fail_poll(watch(waited), Meaning.INVALID))
    assert end["outcome"] == "lost" and end["error"] == "WatchLost"
    assert end["detail"] == {
        **{name: end["detail"][name] for name in ("account", "region", "links", "summary")},
        "kind": SPEAKER.name,
        "request": REQUEST,
        "outcome": "lost",
        "watch": ARN,
        "polls": 1,
        "error": "SomeException",
        "reason": "DescribeSpeakerEnrollmentJob: the message.",
    }


@pytest.mark.parametrize("meaning", MISSING_OR_DENIED)
def test_a_missing_or_denied_job_is_polled_for_two_minutes(meaning: Meaning) -> None:
    for waited in (0, 60, 119):
        assert assert_running(fail_poll(watch(waited), meaning))["wait"] == 14
    assert assert_ended(fail_poll(watch(120), meaning))["detail"]["error"] == "SomeException"


@pytest.mark.parametrize("meaning", MISSING_OR_DENIED)
@pytest.mark.parametrize(
    ("answered_for", "missing_for", "lost"),
    [
        (60, 119, False),
        (60, 120, True),
        (3 * HOUR, 1_079, False),
        (3 * HOUR, 1_081, True),
        (24 * HOUR, HOUR, False),
        (24 * HOUR, 3 * HOUR, True),
        (13 * 24 * HOUR, 23 * HOUR, False),
        (13 * 24 * HOUR, 25 * HOUR, True),
    ],
)
def test_a_watch_that_got_answers_for_longer_tolerates_a_missing_job_for_longer(
    meaning: Meaning, answered_for: int, missing_for: int, lost: bool
) -> None:
    state = {"status": "IN_PROGRESS", "percent": 99, "last_answer": answered_for, "age": answered_for + missing_for}
    result = fail_poll(watch(answered_for + missing_for, **state), meaning)
    assert (result["outcome"] == "lost") is lost


def test_one_empty_answer_after_three_hours_does_not_end_a_watch_of_a_batch_job() -> None:
    """DescribeJobs sometimes returns empty answers: https://github.com/Netflix/metaflow/pull/543"""
    state: PollState = {
        "polls": 60,
        "waited": 10_800,
        "outcome": "running",
        "status": "RUNNING",
        "age": 10_800,
        "last_answer": 10_800,
    }
    job = catalogue.load("batch")["batch/Job"]
    watch_input = {"kind": job.name, "request": {"jobs": ["1234"]}}
    assert_running(fail_poll(Watch(watch_input, ARN, state, RULES, job), Meaning.MISSING))


@pytest.mark.parametrize("meaning", MISSING_OR_DENIED)
@pytest.mark.parametrize("percent", [None, 0, 50, 99])
@pytest.mark.parametrize("age", [0, 60, 3_600, 86_400, 90 * 86_400])
def test_one_missing_or_denied_answer_never_ends_a_watch_that_got_an_answer(
    meaning: Meaning, percent: int | None, age: int
) -> None:
    created = CREATED - timedelta(seconds=age)
    state = assert_running(
        evaluate.after_answer(watch(), observe("IN_PROGRESS", percent, CreatedAt=created), CREATED.timestamp())
    )
    for number in range(20):
        assert_running(fail_poll(watch(**state), meaning))
        state = assert_running({**fail_poll(watch(**state), TEMPORARY[number % 2], random=1)})


@pytest.mark.parametrize("meaning", MISSING_OR_DENIED)
def test_a_throttled_poll_restarts_the_two_minutes(meaning: Meaning) -> None:
    assert assert_running(fail_poll(watch(119), meaning))
    state = assert_running(fail_poll(watch(119), Meaning.THROTTLED))
    two_minutes_later = 119 + evaluate.GRACE_PERIOD
    assert_running(fail_poll(replace(watch(), state={**state, "waited": two_minutes_later - 1}), meaning))
    assert_ended(fail_poll(replace(watch(), state={**state, "waited": two_minutes_later}), meaning))


def test_a_watch_whose_job_is_missing_between_throttled_polls_is_eventually_lost() -> None:
    meanings = itertools.cycle([Meaning.THROTTLED, *[Meaning.MISSING] * 4])
    result = fail_poll(watch(), next(meanings))
    while result["outcome"] == "running":
        result = fail_poll(watch(**result), next(meanings))
    assert assert_ended(result)["detail"]["error"] == "SomeException"


def triggered_input(*, service_event: bool) -> dict[str, Any]:
    return {**INPUT, "trigger": {"id": "1", "time": "2026-01-01T00:00:00Z", "service_event": service_event}}


def test_a_watch_ends_without_a_notification_if_the_service_event_is_about_a_deleted_job() -> None:
    result = fail_poll(watch(watch_input=triggered_input(service_event=True)), Meaning.MISSING)
    while "wait" in result:
        result = fail_poll(watch(watch_input=triggered_input(service_event=True), **result), Meaning.MISSING)
    assert result["outcome"] == "running" and "name" not in result
    assert result["waited"] == evaluate.GRACE_PERIOD


def test_other_watches_that_an_event_triggered_can_be_lost() -> None:
    assert_ended(fail_poll(watch(evaluate.GRACE_PERIOD, triggered_input(service_event=False)), Meaning.MISSING))
    assert_ended(fail_poll(watch(evaluate.GRACE_PERIOD, triggered_input(service_event=True)), Meaning.DENIED))
    assert_ended(fail_poll(watch(evaluate.GRACE_PERIOD, triggered_input(service_event=True)), Meaning.INVALID))
    assert_ended(
        fail_poll(
            watch(600, triggered_input(service_event=True), status="IN_PROGRESS", last_answer=60), Meaning.MISSING
        )
    )


@pytest.mark.parametrize("meaning", TEMPORARY)
def test_an_extra_check_polls_up_to_three_times_if_the_service_throttles_or_fails(meaning: Meaning) -> None:
    extra_check = {**INPUT, "check_once": True}
    waits = [fail_poll(watch(watch_input=extra_check, polls=polls), meaning).get("wait") for polls in (1, 2, 3)]
    assert waits == [14, 29, None]


@pytest.mark.parametrize("meaning", [*MISSING_OR_DENIED, Meaning.INVALID])
def test_an_extra_check_never_reports_a_lost_watch(meaning: Meaning) -> None:
    result = fail_poll(watch(watch_input={**INPUT, "check_once": True}, wait=14), meaning)
    assert "wait" not in result and "detail" not in result


def test_each_watch_of_a_recurring_resource_reports_its_progress() -> None:
    rules = Rules(progress_step=25)
    recurring = [replace(watch(status="IN_PROGRESS"), arn=arn, kind=RECURRING, rules=rules) for arn in (ARN, ARN + "2")]
    names = {evaluate.after_answer(each, observe("IN_PROGRESS", 50), NOW)["name"] for each in recurring}  # type: ignore[typeddict-item]
    assert len(names) == 2


@pytest.mark.parametrize("status", ["X" * 1_000, "PAUSED\ud800", "IN_PROGRESS", ["PAUSED"], None])
def test_a_status_that_did_not_change_is_not_progress(status: Any) -> None:
    rules, answer = Rules(progress_step=25), observe(status, 50)
    state = assert_running(evaluate.after_answer(replace(watch(), rules=rules), answer, NOW))
    carried_over = replace(watch(), rules=rules, state=carry_over(json.loads(json.dumps(state))))
    assert "detail" not in evaluate.after_answer(carried_over, answer, NOW)
    assert "detail" in evaluate.after_answer(carried_over, observe("OTHER", 50), NOW)


TRIGGERED_INPUT = {**INPUT, "trigger": {"id": "e", "time": "2026-03-01T09:30:00Z", "service_event": False}}
LATER = CREATED.timestamp() + 81 * 86_400  # more than evaluate.MAX_EVENT_AGE


def test_a_watch_ends_without_a_notification_if_an_event_is_about_a_job_that_ended_long_ago() -> None:
    result = evaluate.after_answer(watch(watch_input=TRIGGERED_INPUT), observe("COMPLETED", EndedAt=CREATED), LATER)
    assert "wait" not in result and "detail" not in result


def test_a_job_that_ended_long_ago_is_reported_if_no_event_triggered_the_watch_or_the_job_was_running_before() -> None:
    assert_ended(evaluate.after_answer(watch(), observe("COMPLETED", EndedAt=CREATED), LATER))
    assert_ended(
        evaluate.after_answer(
            watch(watch_input=TRIGGERED_INPUT, status="IN_PROGRESS"), observe("COMPLETED", EndedAt=CREATED), LATER
        )
    )
    no_end_time = observe("COMPLETED")
    assert_ended(evaluate.after_answer(watch(watch_input=TRIGGERED_INPUT), no_end_time, LATER))
    assert_ended(
        evaluate.after_answer(
            watch(watch_input=TRIGGERED_INPUT), observe("COMPLETED", EndedAt=datetime.fromtimestamp(LATER, UTC)), LATER
        )
    )


def test_an_invalid_request_that_was_answered_before_does_not_end_the_watch_at_once() -> None:
    assert_running(fail_poll(watch(600, status="IN_PROGRESS", last_answer=600), Meaning.INVALID))
    assert_ended(fail_poll(watch(600, status="IN_PROGRESS", last_answer=100), Meaning.INVALID))


@pytest.mark.parametrize("meaning", MISSING_OR_DENIED)
def test_a_job_that_was_never_found_is_polled_every_15_seconds_for_two_minutes(meaning: Meaning) -> None:
    polls, result = 1, fail_poll(watch(), meaning, random=1)
    while result["outcome"] == "running":
        polls, result = polls + 1, fail_poll(watch(**result), meaning, random=1)
    assert polls == 1 + evaluate.GRACE_PERIOD / 15


@pytest.mark.parametrize("meaning", TEMPORARY)
def test_temporary_errors_never_end_a_watch_before_it_gives_up(meaning: Meaning) -> None:
    for waited in (0, 120, 86_400, GIVE_UP_AFTER - 1):
        state = assert_running(fail_poll(watch(waited, last_answer=7, percent=50), meaning))
        assert state.get("last_answer") == 7 and state.get("percent") == 50
    detail = assert_ended(fail_poll(watch(GIVE_UP_AFTER), meaning))["detail"]
    assert detail["error"] == "GaveUp"
    assert detail["reason"] == (
        "Gave up after 14 d; the last answer was SomeException: DescribeSpeakerEnrollmentJob: the message."
    )


def test_the_poll_state_of_an_earlier_version_is_accepted() -> None:
    old_state = {
        **NEW_WATCH,
        "waited": 3_600,
        "silent": 9,
        "status": "IN_PROGRESS",
        "percent": 98,
        "age": 3_600,
        "last_progress": 3_600,
    }
    state = assert_running(fail_poll(replace(watch(), state=carry_over(old_state)), Meaning.THROTTLED, random=1))
    assert state["wait"] == 2 * 15 - 1 and "silent" not in state
    result: PollState | Notification = state  # it has no time of the last answer, which is then set to now
    for _ in range(7):
        result = fail_poll(watch(**assert_running(result)), Meaning.DENIED)
    while result["outcome"] == "running":
        result = fail_poll(watch(**result), Meaning.DENIED)
    assert assert_ended(result)["detail"]["error"] == "SomeException"


def test_a_watch_gives_up_on_a_job_that_never_ends_and_reports_the_job() -> None:
    assert_running(evaluate.after_answer(watch(GIVE_UP_AFTER - 1), observe("IN_PROGRESS"), NOW))
    detail = assert_ended(evaluate.after_answer(watch(GIVE_UP_AFTER), observe("IN_PROGRESS"), NOW))["detail"]
    assert (detail["outcome"], detail["error"]) == ("lost", "GaveUp")
    assert detail["reason"] == "Gave up after 14 d: the job is still IN_PROGRESS."
    assert detail["status"] == "IN_PROGRESS" and detail["job"]["JobName"] == "secret"


def test_the_last_poll_before_giving_up_can_detect_the_end() -> None:
    assert (
        assert_ended(evaluate.after_answer(watch(GIVE_UP_AFTER), observe("COMPLETED"), NOW))["outcome"] == "succeeded"
    )


def test_a_lost_watch_reports_the_last_known_status_but_no_job() -> None:
    end = assert_ended(fail_poll(watch(3_600, status="IN_PROGRESS", percent=50, last_answer=60), Meaning.MISSING))
    detail = end["detail"]
    assert detail["status"] == "IN_PROGRESS" and "job" not in detail
    assert "status" not in assert_ended(fail_poll(watch(3_600), Meaning.MISSING))["detail"]


def test_the_notification_of_a_lost_watch_is_named_after_the_watch() -> None:
    for end in (
        assert_ended(fail_poll(watch(), Meaning.INVALID)),
        assert_ended(evaluate.after_answer(watch(GIVE_UP_AFTER), observe("IN_PROGRESS"), NOW)),
        build_watch_lost(watch(), "InvalidInput", "No."),
    ):
        assert end["name"] == "lost-the-watch"


def test_fail_on_does_not_change_the_error_of_a_lost_watch() -> None:
    watch_input = {**INPUT, "fail_on": ["failed", "stopped", "partial", "succeeded"]}
    assert assert_ended(fail_poll(watch(watch_input=watch_input), Meaning.INVALID))["error"] == "WatchLost"


def test_the_wait_is_the_polling_interval_minus_one_second_for_the_poll_itself() -> None:
    state = assert_running(evaluate.after_answer(watch(waited=500), observe("IN_PROGRESS", 99), NOW))
    assert state["waited"] == 500 + 15 and state["wait"] == 14
    assert state.get("age") == NOW - CREATED.timestamp() + 14  # the clock adds the poll's duration later


@pytest.mark.parametrize("min_interval", [1, 1.5])
def test_a_wait_is_at_least_one_second(min_interval: float) -> None:
    frequently_polled = replace(watch(), rules=Rules(GIVE_UP_AFTER, polling.PollingLimits(min_interval=min_interval)))
    assert assert_running(evaluate.after_answer(frequently_polled, observe("IN_PROGRESS", 99), NOW))["wait"] == 1


@given(st.integers(0, 2_000), st.floats(1, 2_000), st.floats(0, 1), st.none() | st.integers(0, 100))
@example(10, 10.25, 0, None)
def test_the_next_poll_is_never_later_than_the_time_to_give_up(
    waited: int, give_up_after: float, random: float, percent: int | None
) -> None:
    watch_at_poll = replace(watch(waited, percent=percent, age=9e6, last_progress=0), rules=Rules(give_up_after))
    for result in (
        evaluate.after_answer(watch_at_poll, observe("IN_PROGRESS", percent), NOW),
        fail_poll(watch_at_poll, Meaning.THROTTLED, random),
    ):
        assert (result["outcome"] == "lost") == (waited >= give_up_after)
        if result["outcome"] == "running":
            assert waited < assert_running(result)["waited"] <= give_up_after + 1


def test_a_long_reason_is_truncated() -> None:
    assert build_watch_lost(watch(), "InvalidInput", "x" * 2_000)["detail"]["reason"] == "x" * 2_000
    assert build_watch_lost(watch(), "InvalidInput", "x" * 2_001)["detail"]["reason"] == "x" * 2_000 + "…"


@pytest.mark.parametrize(
    "watch_input", [None, [], "voice-id", 7, {}, {"request": None}, {"request": ["x"], "fail_on": 7}]
)
def test_a_watch_with_any_input_can_be_reported_as_lost(watch_input: Any) -> None:
    invalid = Watch(watch_input, ARN, {**NEW_WATCH, "polls": 0}, RULES)
    detail = build_watch_lost(invalid, "InvalidInput", "The input is wrong.")["detail"]
    assert (detail["kind"], detail["request"], detail["polls"]) == (None, {}, 0)


def sns_message_bytes(end: Notification) -> int:
    return len(compact_json({"default": compact_json(end["detail"]), "email": end["text"]}).encode())


@pytest.mark.parametrize(
    "watch_input",
    [
        {"kind": "x" * 250_000, "request": {}},
        {"kind": '"' * 120_000, "request": {"JobId": '"' * 120_000}},
        {"kind": SPEAKER.name, "request": {"k" * 250_000: "v"}},
        {"kind": SPEAKER.name, "request": {f"{number:0100}": number for number in range(2_000)}},
        {"kind": SPEAKER.name, "request": {"JobId": ["\x01" * 5] * 20_000}},
        {"kind": {"a": "é" * 130_000}, "request": {"JobId": 1}},
    ],
)
def test_a_rejected_input_above_the_size_limit_is_reported(watch_input: Any) -> None:
    end = build_watch_lost(
        Watch(watch_input, ARN, NEW_WATCH, RULES), "InvalidInput", f"The input is wrong: {watch_input!r}"
    )
    assert sns_message_bytes(end) <= MAX_PAYLOAD and len(compact_json(end).encode()) <= MAX_PAYLOAD
    assert end["detail"]["error"] == "InvalidInput" and end["detail"]["watch"] == ARN
    assert end["detail"]["omitted"] == ["kind", "request"]


def test_members_omitted_as_secrets_are_listed_before_those_omitted_for_their_size() -> None:
    kind_with_omit = replace(SPEAKER, omit=["JobName"])
    observation = kind_with_omit.read({"Job": {"JobStatus": "COMPLETED", "JobName": "secret", "Log": "x" * 300_000}})
    assert observation is not None
    end = assert_ended(evaluate.after_answer(replace(watch(), kind=kind_with_omit), observation, NOW))
    assert end["detail"]["omitted"] == ["JobName", "Log"] and "secret" not in compact_json(end)
    assert "Omitted: JobName, Log\n" in end["text"]


def test_a_job_above_the_size_limit_is_reported_and_lists_the_omitted_members() -> None:
    end = assert_ended(evaluate.after_answer(watch(), observe("COMPLETED", Results=['"é'] * 80_000), NOW))
    assert sns_message_bytes(end) <= MAX_PAYLOAD and len(compact_json(end).encode()) <= MAX_PAYLOAD
    assert end["detail"]["omitted"] == ["Results"]
    assert end["detail"]["job"]["JobName"] == "secret" and "Results" not in end["detail"]["job"]
    assert "Omitted: Results\n" in end["text"]
