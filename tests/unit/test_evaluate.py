"""What one poll means: the job runs on, it has ended, or the watch is lost."""

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
from job_watcher.detail import Detail, Notification, execution_name
from job_watcher.errors import Meaning
from job_watcher.notification import watch_lost
from job_watcher.poll_state import PollState, carried_over
from job_watcher.to_json import compact_json
from job_watcher.watch import Rules, Watch

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
RECURRING = replace(SPEAKER, recurs=True)
REQUEST = {"DomainId": "a" * 22, "JobId": "b" * 22}
INPUT = {"kind": SPEAKER.name, "request": REQUEST}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
NOW = CREATED.timestamp() + 3_600
DAYS = 14 * 86_400
HOUR = 3_600
RULES = Rules(give_up_after=DAYS)
NEW: PollState = {"polls": 1, "waited": 0, "outcome": "running"}
ARRIVES = 256 * 1024  # bytes that SNS and Step Functions carry
OUTCOMES = [
    ("COMPLETED", "succeeded"),
    ("COMPLETED_WITH_ERRORS", "partial"),
    ("FAILED", "failed"),
]
PASSING = [Meaning.UNAVAILABLE, Meaning.THROTTLED]
OUT_OF_SIGHT = [Meaning.MISSING, Meaning.DENIED]


def watch(waited: int = 0, given: Any = INPUT, **state: Any) -> Watch:
    return Watch(given, ARN, cast(PollState, {**NEW, "waited": waited, "age": waited, **state}), RULES, SPEAKER)


def seen(status: str, percent: float | None = 50, **more: Any) -> Observation:
    job = {
        "JobId": "b" * 22,
        "JobName": "secret",
        "JobStatus": status,
        "JobProgress": {"PercentComplete": percent},
        "CreatedAt": CREATED,
        **more,
    }
    read = SPEAKER.read({"Job": job})
    assert read is not None
    return read


def ended(answer: Mapping[str, Any]) -> Notification:
    assert "wait" not in answer and answer["outcome"] != "running"
    return cast(Notification, answer)


def running(answer: Mapping[str, Any]) -> PollState:
    assert answer["outcome"] == "running" and answer["wait"] >= 1
    return cast(PollState, answer)


def no_news(watch: Watch, meaning: Meaning, chance: float = 0.5) -> PollState | Notification:
    return evaluate.after_error(watch, meaning, "SomeException", "DescribeSpeakerEnrollmentJob: so it is.", chance)


@pytest.mark.parametrize(("status", "outcome"), OUTCOMES)
def test_a_job_that_ended_is_reported_under_its_own_name(status: str, outcome: str) -> None:
    end = ended(evaluate.after_answer(watch(polls=14), seen(status, 100), NOW))
    detail: Detail = {
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
        "detail": detail,
        "subject": email_message.subject(SPEAKER, detail),
        "text": email_message.body(SPEAKER, detail),
    }


def test_a_job_that_was_created_anew_under_its_old_name_is_another_job() -> None:
    names = {
        ended(evaluate.after_answer(watch(), seen("COMPLETED", CreatedAt=created), NOW))["name"]
        for created in (CREATED, CREATED.replace(year=2027))
    }
    assert len(names) == 2


def test_each_watch_of_a_resource_that_ends_again_and_again_reports() -> None:
    recurring = replace(SPEAKER, recurs=True)
    first, second = (
        ended(evaluate.after_answer(replace(watch(), kind=recurring, arn=arn), seen("COMPLETED"), NOW))
        for arn in (ARN, ARN + "2")
    )
    assert first["name"] != second["name"] != ended(evaluate.after_answer(watch(), seen("COMPLETED"), NOW))["name"]


@pytest.mark.parametrize(("status", "outcome"), OUTCOMES)
def test_an_execution_fails_only_on_the_outcomes_it_was_asked_to(status: str, outcome: str) -> None:
    asked = ended(evaluate.after_answer(watch(given={**INPUT, "fail_on": [outcome]}), seen(status), NOW))
    assert asked["error"] == "JobFailed"
    others = [other for _, other in OUTCOMES if other != outcome]
    for fail_on in ([], others):
        end = evaluate.after_answer(watch(given={**INPUT, "fail_on": fail_on}), seen(status), NOW)
        assert "error" not in end
        assert {**end, "error": "JobFailed"} == asked


def test_a_running_job_is_remembered_without_its_members() -> None:
    state = running(evaluate.after_answer(watch(), seen("IN_PROGRESS", 50), NOW))
    assert state["polls"] == 1 and state["status"] == "IN_PROGRESS" and state.get("percent") == 50
    assert state["waited"] == 180 == state["wait"] + 1  # the poll itself
    assert (
        "secret" not in compact_json(state)
        and "JobName" not in compact_json(state)
        and "b" * 22 not in compact_json(state)
    )


def test_the_memory_stays_small() -> None:
    state: PollState = NEW
    for poll in range(2_000):
        now = NOW + 10_000 * poll
        answer = (
            evaluate.after_answer(watch(**state), seen("IN_PROGRESS", poll / 20), now)
            if poll % 3
            else no_news(watch(**state), Meaning.THROTTLED)
        )
        state = running({**answer, "waited": poll})
    assert len(compact_json(state)) < 300


@pytest.mark.parametrize("percent", [None, -5, 0, 99.5, 250, math.nan, math.inf, "NaN", "", "42", [], {}])
def test_the_memory_is_json_whatever_the_percentage_is(percent: Any) -> None:
    state = running(evaluate.after_answer(watch(), seen("IN_PROGRESS", percent), NOW))
    assert json.loads(json.dumps(state, allow_nan=False)) == state


@pytest.mark.parametrize("created", [None, "", "soon", {}, float("nan"), -1e300, 1e300, CREATED.replace(year=2999)])
def test_an_absurd_creation_time_harms_nothing(created: Any) -> None:
    state = running(evaluate.after_answer(watch(waited=3_600), seen("IN_PROGRESS", None, CreatedAt=created), NOW))
    assert state["wait"] == 179


def test_a_status_that_nobody_knows_never_ends_a_watch() -> None:
    new = seen("COMPLETED_EVENTUALLY", 100)
    assert not new.known
    for waited in (0, 3_600, DAYS - 1):
        assert running(evaluate.after_answer(watch(waited), new, NOW))["status"] == "COMPLETED_EVENTUALLY"


@pytest.mark.parametrize("waited", [0, DAYS])
def test_an_invalid_request_is_lost_at_once(waited: int) -> None:
    end = ended(no_news(watch(waited), Meaning.INVALID))
    assert end["outcome"] == "lost" and end["error"] == "WatchLost"
    assert end["detail"] == {
        "kind": SPEAKER.name,
        "request": REQUEST,
        "outcome": "lost",
        "watch": ARN,
        "polls": 1,
        "error": "SomeException",
        "reason": "DescribeSpeakerEnrollmentJob: so it is.",
    }


@pytest.mark.parametrize("meaning", OUT_OF_SIGHT)
def test_a_job_out_of_sight_has_two_minutes_to_appear(meaning: Meaning) -> None:
    for waited in (0, 60, 119):
        assert running(no_news(watch(waited), meaning))["wait"] == 59
    assert ended(no_news(watch(120), meaning))["detail"]["error"] == "SomeException"


@pytest.mark.parametrize("meaning", OUT_OF_SIGHT)
@pytest.mark.parametrize(
    ("went_well", "silent", "lost"),
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
def test_the_longer_a_watch_went_well_the_longer_it_waits_for_its_job_to_be_seen_again(
    meaning: Meaning, went_well: int, silent: int, lost: bool
) -> None:
    state = {"status": "IN_PROGRESS", "percent": 99, "last_answer": went_well, "age": went_well + silent}
    answer = no_news(watch(went_well + silent, **state), meaning)
    assert (answer["outcome"] == "lost") is lost


def test_one_empty_answer_after_three_hours_does_not_lose_a_batch_job() -> None:
    """DescribeJobs gives such answers: https://github.com/Netflix/metaflow/pull/543"""
    state: PollState = {
        "polls": 60,
        "waited": 10_800,
        "outcome": "running",
        "status": "RUNNING",
        "age": 10_800,
        "last_answer": 10_800,
    }
    job = catalogue.load("batch")["batch/Job"]
    given = {"kind": job.name, "request": {"jobs": ["1234"]}}
    running(no_news(Watch(given, ARN, state, RULES, job), Meaning.MISSING))


@pytest.mark.parametrize("meaning", OUT_OF_SIGHT)
@pytest.mark.parametrize("percent", [None, 0, 50, 99])
@pytest.mark.parametrize("age", [0, 60, 3_600, 86_400, 90 * 86_400])
def test_one_bad_answer_never_ends_a_watch_that_had_a_good_one(meaning: Meaning, percent: int | None, age: int) -> None:
    created = CREATED - timedelta(seconds=age)
    good = running(evaluate.after_answer(watch(), seen("IN_PROGRESS", percent, CreatedAt=created), CREATED.timestamp()))
    for passing in range(20):
        running(no_news(watch(**good), meaning))
        good = running({**no_news(watch(**good), PASSING[passing % 2], chance=1)})


@pytest.mark.parametrize("meaning", OUT_OF_SIGHT)
def test_trouble_that_passes_interrupts_the_two_minutes(meaning: Meaning) -> None:
    assert running(no_news(watch(119), meaning))
    state = running(no_news(watch(119), Meaning.THROTTLED))
    once = running(no_news(watch(**state), meaning))
    assert once["waited"] > 2 * evaluate.GRACE_PERIOD
    ended(no_news(watch(**once), meaning))


def test_a_job_that_is_missing_between_throttled_calls_is_lost_in_the_end() -> None:
    meanings = itertools.cycle([Meaning.THROTTLED, *[Meaning.MISSING] * 4])
    answer = no_news(watch(), next(meanings))
    while answer["outcome"] == "running":
        answer = no_news(watch(**answer), next(meanings))
    assert ended(answer)["detail"]["error"] == "SomeException"


def started_by(*, service_event: bool) -> dict[str, Any]:
    return {**INPUT, "trigger": {"id": "1", "time": "2026-01-01T00:00:00Z", "service_event": service_event}}


def test_an_event_about_something_that_is_gone_ends_its_watch_without_a_notification() -> None:
    answer = no_news(watch(given=started_by(service_event=True)), Meaning.MISSING)
    while "wait" in answer:
        answer = no_news(watch(given=started_by(service_event=True), **answer), Meaning.MISSING)
    assert answer["outcome"] == "running" and "name" not in answer
    assert answer["waited"] == evaluate.GRACE_PERIOD


def test_other_watches_that_an_event_started_can_be_lost() -> None:
    ended(no_news(watch(evaluate.GRACE_PERIOD, started_by(service_event=False)), Meaning.MISSING))
    ended(no_news(watch(evaluate.GRACE_PERIOD, started_by(service_event=True)), Meaning.DENIED))
    ended(no_news(watch(evaluate.GRACE_PERIOD, started_by(service_event=True)), Meaning.INVALID))
    ended(no_news(watch(600, started_by(service_event=True), status="IN_PROGRESS", last_answer=60), Meaning.MISSING))


@pytest.mark.parametrize("meaning", PASSING)
def test_a_watch_that_is_to_poll_once_tries_three_times_if_the_service_fails(meaning: Meaning) -> None:
    once = {**INPUT, "check_once": True}
    waits = [no_news(watch(given=once, polls=polls), meaning).get("wait") for polls in (1, 2, 3)]
    assert waits == [14, 29, None]


@pytest.mark.parametrize("meaning", [*OUT_OF_SIGHT, Meaning.INVALID])
def test_a_watch_that_is_to_poll_once_leaves_everything_else_to_the_other(meaning: Meaning) -> None:
    answer = no_news(watch(given={**INPUT, "check_once": True}, wait=14), meaning)
    assert "wait" not in answer and "detail" not in answer


def test_each_watch_of_what_recurs_reports_its_progress() -> None:
    rules = Rules(progress_step=25)
    recurring = [replace(watch(status="IN_PROGRESS"), arn=arn, kind=RECURRING, rules=rules) for arn in (ARN, ARN + "2")]
    names = {evaluate.after_answer(one, seen("IN_PROGRESS", 50), NOW)["name"] for one in recurring}  # type: ignore[typeddict-item]
    assert len(names) == 2


FROM_EVENT = {**INPUT, "trigger": {"id": "e", "time": "2026-03-01T09:30:00Z", "service_event": False}}
LATER = CREATED.timestamp() + 81 * 86_400


def test_an_event_about_a_job_that_ended_long_ago_ends_its_watch_without_a_notification() -> None:
    answer = evaluate.after_answer(watch(given=FROM_EVENT), seen("COMPLETED", EndedAt=CREATED), LATER)
    assert "wait" not in answer and "detail" not in answer


def test_a_job_that_ended_long_ago_is_reported_to_whoever_asks_and_to_a_watch_that_saw_it_run() -> None:
    ended(evaluate.after_answer(watch(), seen("COMPLETED", EndedAt=CREATED), LATER))
    ended(
        evaluate.after_answer(watch(given=FROM_EVENT, status="IN_PROGRESS"), seen("COMPLETED", EndedAt=CREATED), LATER)
    )
    ended(evaluate.after_answer(watch(given=FROM_EVENT), seen("COMPLETED"), LATER))  # nobody knows when it ended
    ended(
        evaluate.after_answer(
            watch(given=FROM_EVENT), seen("COMPLETED", EndedAt=datetime.fromtimestamp(LATER, UTC)), LATER
        )
    )


def test_an_invalid_request_that_was_good_before_is_no_reason_to_give_up_at_once() -> None:
    running(no_news(watch(600, status="IN_PROGRESS", last_answer=600), Meaning.INVALID))
    ended(no_news(watch(600, status="IN_PROGRESS", last_answer=100), Meaning.INVALID))


@pytest.mark.parametrize("meaning", OUT_OF_SIGHT)
def test_a_job_never_seen_is_looked_for_at_least_three_times(meaning: Meaning) -> None:
    tries, answer = 1, no_news(watch(), meaning, chance=1)
    while answer["outcome"] == "running":
        tries, answer = tries + 1, no_news(watch(**answer), meaning, chance=1)
    assert tries == 3


@pytest.mark.parametrize("meaning", PASSING)
def test_trouble_that_passes_is_no_news_until_the_watch_gives_up(meaning: Meaning) -> None:
    for waited in (0, 120, 86_400, DAYS - 1):
        state = running(no_news(watch(waited, last_answer=7, percent=50), meaning))
        assert state.get("last_answer") == 7 and state.get("percent") == 50
    detail = ended(no_news(watch(DAYS), meaning))["detail"]
    assert detail["error"] == "GaveUp"
    assert detail["reason"] == (
        "Gave up after 14 d; the last answer was SomeException: DescribeSpeakerEnrollmentJob: so it is."
    )


def test_the_memory_of_an_earlier_version_is_good_enough() -> None:
    kept = {
        **NEW,
        "waited": 3_600,
        "silent": 9,
        "status": "IN_PROGRESS",
        "percent": 98,
        "age": 3_600,
        "last_progress": 3_600,
    }
    state = running(no_news(replace(watch(), state=carried_over(kept)), Meaning.THROTTLED, chance=1))
    assert state["wait"] == 3 * 15 - 1 and "silent" not in state
    answer: PollState | Notification = state  # its last good answer was not dated: from now on, then
    for _ in range(7):
        answer = no_news(watch(**running(answer)), Meaning.DENIED)
    while answer["outcome"] == "running":
        answer = no_news(watch(**answer), Meaning.DENIED)
    assert ended(answer)["detail"]["error"] == "SomeException"


def test_a_watch_gives_up_a_job_that_never_ends_and_shows_it() -> None:
    running(evaluate.after_answer(watch(DAYS - 1), seen("IN_PROGRESS"), NOW))
    detail = ended(evaluate.after_answer(watch(DAYS), seen("IN_PROGRESS"), NOW))["detail"]
    assert (detail["outcome"], detail["error"]) == ("lost", "GaveUp")
    assert detail["reason"] == "Gave up after 14 d: the job is still IN_PROGRESS."
    assert detail["status"] == "IN_PROGRESS" and detail["job"]["JobName"] == "secret"


def test_the_last_look_before_giving_up_may_see_the_end() -> None:
    assert ended(evaluate.after_answer(watch(DAYS), seen("COMPLETED"), NOW))["outcome"] == "succeeded"


def test_a_lost_watch_tells_the_last_status_it_saw_and_no_job() -> None:
    detail = ended(no_news(watch(3_600, status="IN_PROGRESS", percent=50, last_answer=60), Meaning.MISSING))["detail"]
    assert detail["status"] == "IN_PROGRESS" and "job" not in detail
    assert "status" not in ended(no_news(watch(3_600), Meaning.MISSING))["detail"]


def test_a_lost_watch_is_reported_under_its_own_name_and_not_the_jobs() -> None:
    for end in (
        ended(no_news(watch(), Meaning.INVALID)),
        ended(evaluate.after_answer(watch(DAYS), seen("IN_PROGRESS"), NOW)),
        watch_lost(watch(), "InvalidInput", "No."),
    ):
        assert end["name"] == "the-watch"


def test_fail_on_does_not_change_the_error_of_a_lost_watch() -> None:
    given = {**INPUT, "fail_on": ["failed", "stopped", "partial", "succeeded"]}
    assert ended(no_news(watch(given=given), Meaning.INVALID))["error"] == "WatchLost"


def test_from_one_poll_to_the_next_it_is_the_interval_with_a_second_for_the_poll_itself() -> None:
    state = running(evaluate.after_answer(watch(waited=500), seen("IN_PROGRESS", 99), NOW))
    assert state["waited"] == 500 + 15 and state["wait"] == 14
    assert state.get("age") == NOW - CREATED.timestamp() + 14  # the clock will say how long the poll took


@pytest.mark.parametrize("shortest", [1, 1.5])
def test_a_wait_is_never_under_a_second(shortest: float) -> None:
    eager = replace(watch(), rules=Rules(DAYS, polling.PollingLimits(min_interval=shortest)))
    assert running(evaluate.after_answer(eager, seen("IN_PROGRESS", 99), NOW))["wait"] == 1


@given(st.integers(0, 2_000), st.floats(1, 2_000), st.floats(0, 1), st.none() | st.integers(0, 100))
@example(10, 10.25, 0, None)
def test_a_wait_never_passes_the_moment_of_giving_up(
    waited: int, give_up_after: float, chance: float, percent: int | None
) -> None:
    patient = replace(watch(waited, percent=percent, age=9e6, last_progress=0), rules=Rules(give_up_after))
    for answer in (
        evaluate.after_answer(patient, seen("IN_PROGRESS", percent), NOW),
        no_news(patient, Meaning.THROTTLED, chance),
    ):
        assert (answer["outcome"] == "lost") == (waited >= give_up_after)
        if answer["outcome"] == "running":
            assert waited < running(answer)["waited"] <= give_up_after + 1


def test_a_long_reason_is_cut() -> None:
    assert watch_lost(watch(), "InvalidInput", "x" * 2_000)["detail"]["reason"] == "x" * 2_000
    assert watch_lost(watch(), "InvalidInput", "x" * 2_001)["detail"]["reason"] == "x" * 2_000 + "…"


@pytest.mark.parametrize("given", [None, [], "voice-id", 7, {}, {"request": None}, {"request": ["x"], "fail_on": 7}])
def test_an_input_of_any_shape_can_be_lost(given: Any) -> None:
    nowhere = Watch(given, ARN, {**NEW, "polls": 0}, RULES)
    detail = watch_lost(nowhere, "InvalidInput", "The input is wrong.")["detail"]
    assert (detail["kind"], detail["request"], detail["polls"]) == (None, {}, 0)


def sns_bytes(end: Notification) -> int:
    return len(compact_json({"default": compact_json(end["detail"]), "email": end["text"]}).encode())


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "x" * 250_000, "request": {}},
        {"kind": '"' * 120_000, "request": {"JobId": '"' * 120_000}},
        {"kind": SPEAKER.name, "request": {"k" * 250_000: "v"}},
        {"kind": SPEAKER.name, "request": {f"{number:0100}": number for number in range(2_000)}},
        {"kind": SPEAKER.name, "request": {"JobId": ["\x01" * 5] * 20_000}},
        {"kind": {"a": "é" * 130_000}, "request": {"JobId": 1}},
    ],
)
def test_a_huge_input_that_is_refused_is_still_reported(given: Any) -> None:
    end = watch_lost(Watch(given, ARN, NEW, RULES), "InvalidInput", f"The input is wrong: {given!r}")
    assert sns_bytes(end) <= ARRIVES and len(compact_json(end).encode()) <= ARRIVES
    assert end["detail"]["error"] == "InvalidInput" and end["detail"]["watch"] == ARN
    assert end["detail"]["omitted"] == ["kind", "request"]


def test_what_was_left_out_is_named_before_what_was_too_large() -> None:
    careful = replace(SPEAKER, omit=["JobName"])
    answer = careful.read({"Job": {"JobStatus": "COMPLETED", "JobName": "secret", "Log": "x" * 300_000}})
    assert answer is not None
    end = ended(evaluate.after_answer(replace(watch(), kind=careful), answer, NOW))
    assert end["detail"]["omitted"] == ["JobName", "Log"] and "secret" not in compact_json(end)
    assert "Omitted   JobName, Log\n" in end["text"]


def test_a_huge_job_is_still_reported_and_says_what_it_lost() -> None:
    end = ended(evaluate.after_answer(watch(), seen("COMPLETED", Results=['"é'] * 80_000), NOW))
    assert sns_bytes(end) <= ARRIVES and len(compact_json(end).encode()) <= ARRIVES
    assert end["detail"]["omitted"] == ["Results"]
    assert end["detail"]["job"]["JobName"] == "secret" and "Results" not in end["detail"]["job"]
    assert "Omitted   Results\n" in end["text"]
