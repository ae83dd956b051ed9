"""A job that is overdue is reported once: never early, at most one polling interval late, and the watch continues."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aws_cdk import Duration
from hypothesis import given
from hypothesis import strategies as st

from infra.setting_types import InvalidSetting
from job_watcher import catalogue, evaluate, news
from job_watcher.catalogue import Observation
from job_watcher.detail import MAX_BYTES, MAX_PROGRESS_BYTES, serialize
from job_watcher.errors import Meaning
from job_watcher.overdue import OverdueRule
from job_watcher.poll_state import PollState, carry_over
from job_watcher.polling import LIMITS_WITH_EVENTS, PollingLimits
from job_watcher.watch import Rules, Watch
from tests.settings import from_context
from tests.unit.documentation import blocks, page
from tests.unit.simulated_deployment import Deployment, Job

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
INPUT = {"kind": SPEAKER.name, "request": {"DomainId": "d" * 22, "JobId": "j" * 22}}
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
KINDS = "voice-id/*,glue/JobRun,glue/Crawler,batch/Job,s3/waiter/BucketExists"
FORM = 'accepted is an object such as {"glue/*": "3h", "batch/Job": {"statuses": {"RUNNABLE": "1h"}}}.'
LENGTH = "accepted is a duration such as 30m, 3h or 2d, from 1 s to 14 d."


def watch(rule: OverdueRule, watch_input: Mapping[str, Any] = INPUT, kind: Any = SPEAKER, **rules: Any) -> Watch:
    state: PollState = {"polls": 1, "waited": 0, "outcome": "running"}
    return Watch(watch_input, ARN, state, Rules(overdue={kind.name: rule}, **rules), kind)


def observe(status: str = "IN_PROGRESS", percent: float | None = None, **members: Any) -> Observation:
    job = {"JobId": "j" * 22, "JobName": "new-callers", "JobStatus": status, "CreatedAt": CREATED, **members}
    observation = SPEAKER.read({"Job": {**job, "JobProgress": {"PercentComplete": percent}}})
    assert observation is not None
    return observation


def poll(watch: Watch, age: float, observation: Observation | None = None, random: float = 0) -> dict[str, Any]:
    return dict(evaluate.after_answer(watch, observation or observe(), CREATED.timestamp() + age, random))


def is_overdue(result: Mapping[str, Any]) -> bool:
    return result.get("detail_type") == "Job Overdue"


def after_poll(watch: Watch, result: Mapping[str, Any], **state: Any) -> Watch:
    """Return the watch at its next poll, with the state that the queue's message has."""
    kept = {name: value for name, value in result.items() if name == "status" or isinstance(value, int | float)}
    return replace(watch, state=carry_over({**kept, **state}))


# What the notification contains


def test_the_notification_says_why_the_job_is_overdue() -> None:
    started = watch(OverdueRule(after=3 * HOUR), services={"voice-id": "Voice ID"})
    before = poll(started, 2 * HOUR, observe(percent=40))
    result = serialize(poll(after_poll(started, before), 3 * HOUR + 61, observe(percent=40)))
    job = "Voice ID speaker enrollment job new-callers"
    detail = json.loads(result["message"])
    links = detail.pop("links")
    assert detail == {
        **INPUT,
        "title": "new-callers",
        "status": "IN_PROGRESS",
        "outcome": "running",
        "summary": f"{job} is overdue: It has been running for more than 3 h.",
        "reason": "It has been running for more than 3 h.",
        "percent": 40,
        "changed": "2026-03-01T11:30:00Z",
        "created": "2026-03-01T09:30:00Z",
        "seconds": 3 * HOUR + 61,
        "account": "123456789012",
        "region": "eu-west-1",
        "watch": ARN,
        "polls": 1,
    }
    assert result["subject"] == f"Overdue: {job} (eu-west-1)"
    assert result["text"] == (
        f"{detail['summary']}\n\n"
        "Status: IN_PROGRESS\n"
        "Started: 2026-03-01 09:30:00 UTC\n"
        "Duration: 3 h 1 min\n"
        "Progress: 40 %\n"
        "Unchanged since: 2026-03-01 11:30:00 UTC\n\n"
        f"Watch: {links['watch']}\n\n"
        "Recommended action: Check whether the job makes progress, and stop it if it doesn't. Job Watcher will also "
        "report its end.\n\n"
        f"Details:\nKind: {SPEAKER.name}\nDomainId: {'d' * 22}\nJobId: {'j' * 22}\n"
    )
    values = {name: value["StringValue"] for name, value in result["attributes"].items()}
    named = {"kind": SPEAKER.name, "title": "new-callers"}
    assert values == {**named, "status": "IN_PROGRESS", "outcome": "overdue"}
    assert (result["outcome"], result["detail_type"], "wait" in result) == ("running", "Job Overdue", True)


def test_the_reason_includes_what_the_service_says_about_the_running_job() -> None:
    kind = catalogue.load("batch")["batch/Job"]
    started = watch(OverdueRule(statuses={"RUNNABLE": HOUR}), {"kind": kind.name, "request": {"jobs": ["1"]}}, kind)
    said = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested"

    def answer(created: float) -> Observation:
        job = {"jobId": "1", "jobName": "render", "status": "RUNNABLE", "createdAt": 1_000 * created}
        observation = kind.read({"jobs": [{**job, "statusReason": said}]})
        assert observation is not None
        return observation

    created = CREATED.timestamp()
    first = poll(started, 1, answer(created))
    result = poll(after_poll(started, first), HOUR + 1, answer(created))
    assert result["detail"]["reason"] == f"Its status has been RUNNABLE for more than 1 h. The service says: {said}"
    assert "Recommended action: If the job is RUNNABLE, it waits for compute resources." in result["text"]
    recurring = replace(started, kind=replace(kind, recurs=True))  # the text may be about the last change
    result = poll(after_poll(recurring, first, age=HOUR + 2), HOUR + 1, answer(created))
    assert result["detail"]["reason"] == "Its status has been RUNNABLE for more than 1 h."


@pytest.mark.parametrize(
    ("rule", "percent", "reason"),
    [
        (OverdueRule(after=HOUR), 5, "It has been running for more than 1 h."),
        (OverdueRule(stalled=HOUR), 12.5, "Its percentage, 12.5 %, hasn't risen for more than 1 h."),
        (OverdueRule(statuses={"SUBMITTED": HOUR}), None, "Its status has been SUBMITTED for more than 1 h."),
        (  # the most specific reason is given
            OverdueRule(after=HOUR, stalled=HOUR, statuses={"SUBMITTED": HOUR}),
            5,
            "Its status has been SUBMITTED for more than 1 h.",
        ),
        (OverdueRule(after=HOUR, stalled=HOUR), 5, "Its percentage, 5 %, hasn't risen for more than 1 h."),
    ],
)
def test_each_condition_has_its_reason(rule: OverdueRule, percent: Any, reason: str) -> None:
    started, observation = watch(rule), observe("SUBMITTED", percent)
    first = poll(started, 1, observation)
    assert not is_overdue(first) and not is_overdue(poll(after_poll(started, first), HOUR - 1, observation))
    result = poll(after_poll(started, first), HOUR + 1, observation)
    assert is_overdue(result) and result["detail"]["reason"] == reason


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (("SUBMITTED", 5), ("IN_PROGRESS", 6)),  # both changed
        (("IN_PROGRESS", None), ("IN_PROGRESS", None)),  # neither limit applies
    ],
)
def test_a_change_restarts_the_time_of_a_status_and_of_a_percentage(
    before: tuple[str, Any], now: tuple[str, Any]
) -> None:
    rule = OverdueRule(stalled=HOUR, statuses={"SUBMITTED": HOUR})
    started = watch(rule)
    first = poll(started, 1, observe(*before))
    assert not is_overdue(poll(after_poll(started, first), 2 * HOUR, observe(*now)))


def test_overdue_after_in_the_input_replaces_the_age_in_the_setting_and_nothing_else() -> None:
    rule = OverdueRule(after=HOUR, stalled=2 * HOUR)
    assert watch(rule, {**INPUT, "overdue_after": 60}).overdue_rule == OverdueRule(after=60, stalled=2 * HOUR)
    assert watch(rule).overdue_rule == rule
    assert replace(watch(rule), kind=replace(SPEAKER, name="glue/JobRun")).overdue_rule == OverdueRule()


def test_the_age_of_a_resource_that_changes_repeatedly_is_that_of_the_watch() -> None:
    kind = replace(SPEAKER, recurs=True)
    started = watch(OverdueRule(after=HOUR), kind=kind)
    first = poll(started, 300 * DAY)
    assert not is_overdue(first)
    second = poll(after_poll(started, first, age=HOUR), 300 * DAY + HOUR)
    assert is_overdue(second) and "seconds" not in second["detail"]


# When it is reported


@dataclass(frozen=True)
class Story:
    """A job: its status and percentage from each of these ages."""

    changes: Sequence[tuple[float, str, float | None]]

    def at(self, age: float) -> tuple[str, float | None]:
        return next((status, percent) for start, status, percent in reversed(self.changes) if start <= age)

    def since(self, age: float, position: int) -> float:
        """Return since what age the job has had its present status (position 1) or percentage (2)."""
        past = [change for change in self.changes if change[0] <= age]
        start = past[-1][0]
        for change in reversed(past):
            if change[position] != past[-1][position]:
                break
            start = change[0]
        return start

    def time_overdue(self, rule: OverdueRule, age: float) -> float:
        """Return for how long the job has been overdue at this age; less than zero if it isn't."""
        status, percent = self.at(age)
        past = [math.inf if rule.after is None else rule.after]
        if status in rule.statuses:
            past.append(self.since(age, 1) + rule.statuses[status])
        if rule.stalled is not None and percent is not None:
            past.append(self.since(age, 2) + rule.stalled)
        return age - min(past)


LONGEST = 3 * HOUR
LENGTHS = st.floats(20, LONGEST)
CHANGES = st.lists(
    st.tuples(st.floats(1, 2 * HOUR), st.booleans(), st.none() | st.integers(0, 3)),
    max_size=3,
)
RULES = st.builds(
    OverdueRule,
    after=st.none() | LENGTHS,
    stalled=st.none() | LENGTHS,
    statuses=st.dictionaries(st.sampled_from(["SUBMITTED", "IN_PROGRESS"]), LENGTHS),
)


def story(changes: Sequence[tuple[float, bool, int | None]]) -> Story:
    """Return a job to whose status and percentage nothing returns, because a watch can't see what happens unseen."""
    changed, age, status, percent = [(0.0, "SUBMITTED", cast(float | None, None))], 0.0, "SUBMITTED", None
    for length, starts, rise in changes:
        age += length
        status = "IN_PROGRESS" if starts else status
        percent = percent if rise is None else (percent or 0) + rise
        changed.append((age, status, percent))
    return Story(changed)


@given(RULES, CHANGES, st.sampled_from([PollingLimits(), LIMITS_WITH_EVENTS]), st.floats(0, 1), st.booleans())
def test_an_overdue_job_is_reported_once_and_never_early_and_at_most_one_interval_late(
    rule: OverdueRule,
    changes: list[tuple[float, bool, int | None]],
    limits: PollingLimits,
    random: float,
    with_progress: bool,
) -> None:
    """The answers of a watch follow the story of its job, until it has been overdue for long."""
    job = story(changes)
    end = job.changes[-1][0] + LONGEST + 2 * HOUR
    current = watch(rule, limits=limits, progress_step=1.0 if with_progress else None)
    age, reports, longest = 1.0, [], 1.0
    while age < end:
        result = poll(current, age, observe(*job.at(age)), random)
        if is_overdue(result):
            reports.append(age)
            assert news.find_news(current.state, result) == "overdue"
        wait = result["wait"] + 0.4
        longest = max(longest, wait if not reports else 0)
        current, age = after_poll(current, result), age + wait
    assert len(reports) <= 1 and all(job.time_overdue(rule, reported) >= 0 for reported in reports)
    if (overdue_for := job.time_overdue(rule, age)) >= 0:
        (reported,) = reports
        unseen = 0 if rule == OverdueRule(after=rule.after) else longest  # a change is seen up to one interval later
        assert reported <= max(1, age - overdue_for) + unseen + limits.min_interval + 3


def test_the_poll_that_finds_that_a_job_is_overdue_is_on_time() -> None:
    started = watch(OverdueRule(after=HOUR + 100), limits_with_events=LIMITS_WITH_EVENTS)
    first = poll(started, HOUR)
    assert first["wait"] == 100
    result = poll(after_poll(started, first), HOUR + 100)
    assert is_overdue(result) and result["wait"] == round(0.25 * (HOUR + 100)) - 1  # back to the usual interval


def test_a_job_that_is_overdue_without_an_answer_is_reported_by_the_first_answer() -> None:
    started = watch(OverdueRule(after=HOUR))
    first = poll(started, HOUR - 30)
    unanswered = evaluate.after_error(after_poll(started, first), Meaning.THROTTLED, "Throttling", "Slow down.", 0)
    assert "name" not in unanswered and unanswered["wait"] > 30
    assert is_overdue(poll(after_poll(started, unanswered), HOUR + 200))


def test_an_extra_check_and_an_end_are_not_reported_as_overdue() -> None:
    late = 5 * HOUR
    assert "name" not in poll(watch(OverdueRule(after=HOUR), {**INPUT, "check_once": True}), late)
    end = serialize(poll(watch(OverdueRule(after=HOUR)), late, observe("COMPLETED")))
    assert (end["detail_type"], end["outcome"]) == ("Job Ended", "succeeded")


def test_a_watch_of_an_earlier_version_reports_an_overdue_job_after_the_update() -> None:
    started = watch(OverdueRule(after=HOUR, statuses={"IN_PROGRESS": 2 * HOUR}))
    state = poll(started, 2 * HOUR)
    earlier = {name: value for name, value in state.items() if name not in ("overdue", "status_since")}
    result = poll(after_poll(started, earlier), 2 * HOUR + 60)
    assert is_overdue(result) and result["detail"]["reason"] == "It has been running for more than 1 h."
    only_status = replace(started, rules=Rules(overdue={SPEAKER.name: OverdueRule(statuses={"IN_PROGRESS": HOUR})}))
    assert not is_overdue(poll(after_poll(only_status, earlier), 2 * HOUR + 60))


def test_an_overdue_job_is_news_however_much_was_reported_before() -> None:
    before: PollState = {"polls": 5, "waited": 0, "outcome": "running", "reported": news.MAX_NEWS, "status": "A"}
    after = {**before, "wait": 60}
    assert news.find_news(before, {**after, "overdue": 1, "name": "the-name"}) == "overdue"
    assert news.find_news({**before, "overdue": 1}, {**after, "overdue": 1}) is None


def test_it_replaces_a_progress_event_of_the_same_poll() -> None:
    started = watch(OverdueRule(after=HOUR), progress_step=25.0)
    first = poll(started, HOUR - 60, observe(percent=10))
    second = poll(after_poll(started, first), HOUR, observe(percent=60))
    assert is_overdue(second) and second["detail"]["percent"] == 60
    third = poll(after_poll(started, second), HOUR + 300, observe(percent=80))
    assert serialize(third)["detail_type"] == "Job Progressed"


@pytest.mark.parametrize("character", ["x", "\U0001f399", "\x00", '"'])
def test_the_notification_is_small_enough_for_the_next_poll(character: str) -> None:
    """The state machine passes it to the next poll together with the watch's input."""
    request = {**INPUT["request"], "DomainId": character * 32_000}  # type: ignore[dict-item]
    name, statuses = character * 5_000, {"IN_PROGRESS": 60.0}
    for rule in (OverdueRule(after=60), OverdueRule(statuses=statuses)):
        started = watch(rule, {**INPUT, "request": request})
        first = poll(replace(started, rules=Rules()), 1)
        result = serialize(poll(after_poll(started, first), HOUR, observe(JobName=name, Data=character * MAX_BYTES)))
        assert len(json.dumps(result, ensure_ascii=False).encode()) <= MAX_PROGRESS_BYTES
        assert "job" not in json.loads(result["message"])


# Two watches of a job, with the real functions


def test_two_watches_of_a_job_report_once_that_it_is_overdue_and_once_that_it_ended() -> None:
    with pytest.MonkeyPatch.context() as patch:
        deployment = Deployment(patch, overdue_after=2 * HOUR)
        job = Job("1" * 22, deployment.time.now)
        deployment.watch(job)
        deployment.watch(job, overdue_after=HOUR)
        deployment.time.wait(HOUR - MINUTE)
        assert deployment.overdue_reported(job) == []
        deployment.time.wait(2 * MINUTE)
        (detail,) = deployment.overdue_reported(job)
        assert detail["reason"] == "It has been running for more than 1 h."
        deployment.time.wait(3 * HOUR)
        assert len(deployment.overdue_reported(job)) == 1 and len(deployment.running()) == 2
        job.status = "COMPLETED"
        deployment.time.wait(HOUR)
        assert [end["outcome"] for end in deployment.ends_reported(job)] == ["succeeded"]
        assert [watch.status for watch in deployment.watches] == ["SUCCEEDED"] * 2


# The setting


def read(overdue: Any) -> Mapping[str, OverdueRule]:
    return from_context({"kinds": KINDS, "overdue": overdue}).overdue


@pytest.mark.parametrize(
    ("overdue", "expected"),
    [
        ("", {}),
        ({}, {}),
        ('{"glue/JobRun": "3h"}', {"glue/JobRun": OverdueRule(after=3 * HOUR)}),
        ({"glue/JobRun": "90s"}, {"glue/JobRun": OverdueRule(after=90)}),
        ({"glue/JobRun": Duration.minutes(90)}, {"glue/JobRun": OverdueRule(after=90 * MINUTE)}),
        ({"batch/*": {"after": "1.5d"}}, {"batch/Job": OverdueRule(after=1.5 * DAY)}),
        (
            {"batch/Job": {"statuses": {"RUNNABLE": "1h", "STARTING": "10m"}}},
            {"batch/Job": OverdueRule(statuses={"RUNNABLE": HOUR, "STARTING": 10 * MINUTE})},
        ),
        (  # only where it applies: a percentage
            {"*/S*Job": {"stalled": "30m"}, "glue/*": "2h", "voice-id/S*": "1h"},
            {
                SPEAKER.name: OverdueRule(after=HOUR, stalled=30 * MINUTE),
                "glue/JobRun": OverdueRule(after=2 * HOUR),
                "glue/Crawler": OverdueRule(after=2 * HOUR),
            },
        ),
        (  # only where it applies: a status. A later entry replaces single members of an earlier one.
            {"glue/*": {"after": "3h", "statuses": {"STARTING": "1h", "STOPPING": "5m"}}, "glue/JobRun": "2h"},
            {
                "glue/JobRun": OverdueRule(after=2 * HOUR, statuses={"STARTING": HOUR, "STOPPING": 5 * MINUTE}),
                "glue/Crawler": OverdueRule(after=3 * HOUR, statuses={"STOPPING": 5 * MINUTE}),
            },
        ),
    ],
)
def test_a_kind_gets_the_members_of_all_entries_that_match_it(overdue: Any, expected: Any) -> None:
    assert read(overdue) == expected


@pytest.mark.parametrize(
    ("overdue", "problem"),
    [
        (7, f" is 7; {FORM}"),
        ("3h", f" is '3h', which is not JSON; {FORM}"),
        ({"glue/JobRn": "3h"}, ": 'glue/JobRn' matches no enabled kind; did you mean 'glue/JobRun'?"),
        ({"glue/JobRun": 3}, f": after of 'glue/JobRun' is 3; {LENGTH}"),
        ({"glue/JobRun": "3 hours"}, f": after of 'glue/JobRun' is '3 hours'; {LENGTH}"),
        ({"glue/JobRun": "0s"}, f": after of 'glue/JobRun' is '0s'; {LENGTH}"),
        ({"glue/JobRun": "14.1d"}, f": after of 'glue/JobRun' is '14.1d'; {LENGTH}"),
        ({"glue/JobRun": {}}, ": 'glue/JobRun' is empty; accepted are after, stalled, statuses."),
        ({"glue/JobRun": {"affter": "3h"}}, ": 'affter' is not a member of 'glue/JobRun'; did you mean 'after'?"),
        (
            {"glue/*": {"stalled": "1h"}},
            ": 'glue/*' has no percentage; accepted are after and statuses.",
        ),
        ({SPEAKER.name: {"stalled": "x"}}, f": stalled of {SPEAKER.name!r} is 'x'; {LENGTH}"),
        (
            {"batch/Job": {"statuses": "RUNNABLE"}},
            ": the statuses of 'batch/Job' are 'RUNNABLE'; accepted is an object such as {\"RUNNABLE\": \"1h\"}.",
        ),
        ({"batch/Job": {"statuses": {"RUNNABLE": 1}}}, f": RUNNABLE of 'batch/Job' is 1; {LENGTH}"),
        (
            {"batch/Job": {"statuses": {"RUNABLE": "1h"}}},
            ": 'RUNABLE' is not a status of a running job of 'batch/Job'; did you mean 'RUNNABLE'?",
        ),
        (
            {"batch/Job": {"statuses": {"SUCCEEDED": "1h"}}},
            ": 'SUCCEEDED' is not a status of a running job of 'batch/Job'; accepted are PENDING, RUNNABLE, RUNNING, "
            "STARTING, SUBMITTED.",
        ),
        (
            {"s3/waiter/*": {"statuses": {"404": "1h"}}},
            ": '404' is not a status of a running job of 's3/waiter/*'; none is accepted.",
        ),
    ],
)
def test_an_invalid_entry_is_rejected_with_one_sentence(overdue: Any, problem: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        read(overdue)
    assert str(invalid.value) == f"overdue{problem}"


def test_the_functions_read_the_rules_from_their_settings() -> None:
    settings = from_context({"kinds": KINDS, "overdue": {"batch/Job": {"statuses": {"RUNNABLE": "1h"}}}})
    rules = json.loads(settings.function_settings())["overdue"]
    assert {kind: OverdueRule(**rule) for kind, rule in rules.items()} == settings.overdue


def test_the_examples_in_the_documentation_are_accepted() -> None:
    settings, example = [block for block in blocks(page("docs/watches.md"), "json") if '"statuses"' in block]
    assert from_context(json.loads(settings)["context"]).overdue == {
        "batch/Job": OverdueRule(statuses={"RUNNABLE": HOUR})
    }
    rules = from_context({"kinds": "*", "overdue": example}).overdue
    assert rules["batch/Job"] == OverdueRule(statuses={"RUNNABLE": HOUR})
    assert rules["sagemaker/TrainingJob"] == OverdueRule(after=DAY, stalled=2 * HOUR)
