"""docs/scale.md is up to date, and follows the code's constants."""

import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from job_watcher import polling
from job_watcher.polling import LIMITS_WITH_EVENTS
from job_watcher.watch import Rules
from tests.bench import costs, email_load, scale, scale_page, simulated_watch
from tests.bench.fleet import BURST
from tests.bench.jobs import Job
from tests.bench.polling import MAX_FIRST_POLL
from tests.bench.strategies import POLL_DURATION

PAGE = scale_page.PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert scale_page.page() == PAGE, "run `make scale`"


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (simulated_watch, "RULES", Rules(limits=polling.PollingLimits(max_delay_ratio=0.1))),
        (simulated_watch, "RULES_WITH_EVENTS", Rules(limits_with_events=polling.PollingLimits(max_interval=1_800))),
        (polling, "STALL_RATIO", 0.5),
        (polling, "MAX_DELAY", 600),
        (costs, "transitions", lambda polls: 20),
        (email_load, "LIMIT", 10),
        (scale_page, "LIMITS_WITH_EVENTS", replace(LIMITS_WITH_EVENTS, max_interval=1_800)),
    ],
)
def test_a_changed_constant_changes_the_page(
    monkeypatch: pytest.MonkeyPatch, owner: ModuleType, name: str, value: object
) -> None:
    monkeypatch.setattr(owner, name, value)
    assert scale_page.page() != PAGE


def retry_of_describe(watch: Any, notify: Any) -> Any:
    return watch["Describe"]["Retry"][0]


def retry_of_notify(watch: Any, notify: Any) -> Any:
    return watch["Notify"]["Retry"][1]


def retry_of_put_event(watch: Any, notify: Any) -> Any:
    return notify["Notify"]["Branches"][0]["States"]["PutEvent"]["Retry"][0]


@pytest.mark.parametrize("retrier", [retry_of_describe, retry_of_notify, retry_of_put_event])
def test_a_changed_retry_of_a_state_machine_changes_the_page(
    monkeypatch: pytest.MonkeyPatch, retrier: Callable[[Any, Any], Any]
) -> None:
    names = ("watch.asl.json", "notify.asl.json", "email_limit.asl.json", "email_digest.asl.json")
    definitions = {name: costs.definition(name) for name in names}
    watch, notify, *_ = (definition["States"] for definition in definitions.values())
    retrier(watch, notify)["MaxAttempts"] *= 2
    monkeypatch.setattr(costs, "definition", definitions.__getitem__)
    assert scale_page.page() != PAGE


@pytest.mark.parametrize("share", scale.MIX, ids=[f"{share.job} {share.service_event}" for share in scale.MIX])
def test_the_polls_are_those_of_the_benchmark(share: scale.Share) -> None:
    rules = simulated_watch.RULES_WITH_EVENTS if share.service_event else simulated_watch.RULES
    watched = simulated_watch.watch(
        share.job,
        MAX_FIRST_POLL / 2,
        random.Random(scale.SEED),
        polls=itertools.repeat(POLL_DURATION),
        messages=itertools.repeat(0),
        rules=rules,
    )
    polls = list(scale.polls_of(share.job, share.service_event))
    messages, reported = sum(poll.messages for poll in polls), sum(poll.reported for poll in polls)
    assert watched == (len(polls), polls[-1].age + POLL_DURATION, messages, reported)


def test_a_watch_publishes_each_notification_once_with_or_without_a_service_event() -> None:
    for service_event in (False, True):
        total: Counter[str] = Counter()
        for _, load in scale.Share(Job(3_600, "none"), service_event).loads():
            total.update(load)
        assert (total["events"], total["publish"], total["email"]) == (1, 2, 1)


def test_the_steady_load_is_that_of_as_many_jobs_starting_as_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    share = scale.Share(Job(3_600, "none"))
    monkeypatch.setattr(scale, "MIX", [share])
    ages = list(scale.poll_ages(share.job, False))
    steady, _ = scale.polls_per_second()
    assert steady == pytest.approx(len(ages) / ages[-1])
    assert scale.loads()["events"][0] == pytest.approx(1 / ages[-1])


def test_a_burst_of_starts_ends_as_a_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "MIX", [scale.Share(Job(3_600, "none"))])
    assert scale.loads()["events"][1] == scale.loads()["email"][1] == pytest.approx(1 / BURST)


def test_emails_are_limited_and_one_more_has_the_number_of_the_others() -> None:
    load = {"email": 10.0, "publish": 20.0, "start": 30.0, "transitions": 40.0, "events": 10.0}
    sent, digests = 400 / 600, 80 / 600  # five emails about each of 80 pairs, and one more
    left_out = 10 - sent
    assert email_load.limited(load) == pytest.approx(
        {
            "email": sent + digests,
            "publish": 10 + sent + digests,
            "start": 30 + 6 * left_out,
            "transitions": 40 + 6 * left_out + digests * (2 + 2 * 27),  # 6,600 names in 11 minutes are 27 pages
            "list": digests * 27,
            "events": 10,
        }
    )
    few = {**load, "email": 0.5}
    assert email_load.limited(few) == {**few, "list": 0}


def test_an_email_that_is_left_out_takes_as_many_more_calls_and_transitions_as_in_the_state_machine() -> None:
    branches = costs.definition("notify.asl.json")["States"]["Notify"]["Branches"]
    (states,) = [branch["States"] for branch in branches if "ReserveEmail" in branch["States"]]
    reserve, count, digest = (states[name] for name in ("ReserveEmail", "CountEmail", "StartDigest"))
    tries = 1 + reserve["Retry"][0]["MaxAttempts"]
    assert (reserve["Catch"][0]["Next"], count["Next"], digest["Catch"][0]["Next"], states["EmailLeftOut"]["End"]) == (
        *("CountEmail", "StartDigest", "EmailLeftOut", True),
    )
    left_out, sent = tries + len(["CountEmail", "StartDigest"]), len(["ReserveEmail"])
    assert left_out - sent == email_load.LIMIT + 1  # calls of StartExecution
    taken = 1  # state of the execution that takes the place, or counts the email
    left_out, sent = left_out + len(["EmailLeftOut"]) + taken, sent + len(["PublishToPeople"]) + taken
    assert left_out - sent == email_load.LIMIT + 1  # transitions


@pytest.mark.parametrize(("case", "regions"), [("burst", "other Regions"), ("steady", "large Regions")])
def test_a_quota_is_reached_at_the_number_of_watches_in_brackets(case: str, regions: str) -> None:
    of_one, quotas = scale.loads(), scale.quotas()
    (found,) = [one for one in scale_page.CASES if one[:2] == (case, regions)]
    reached = scale_page._reached(scale.SIZES[-1], of_one, found)
    assert list(reached.values()) == sorted(reached.values()) and len(reached) > 3
    for name, watches in reached.items():
        below, at = (scale.load(number, of_one)[name][found[2]] for number in (watches - 1, watches))
        assert below < getattr(quotas[name], found[3]) <= at


def table_of(heading: str) -> Sequence[Sequence[str]]:
    """Return the rows of the first table below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line[:2] == "| "
    ]


@pytest.mark.parametrize("size", ["1 open watch", "10,000 open watches", "1,000,000 open watches"])
def test_each_size_has_every_quota(size: str) -> None:
    names = [quota.name for quota in scale.quotas().values()]
    assert [row[0] for row in table_of(size)[1:]] == names


def test_every_quota_has_a_link_to_aws_and_says_whether_it_can_be_raised() -> None:
    rows = table_of("Quotas")[1:]
    assert len(rows) == len(scale.quotas())
    for row in rows:
        assert re.fullmatch(r"\[.+\]\(https://docs\.aws\.amazon\.com/\S+\)", row[0])
        assert row[3] in ("yes", "no")


def test_a_percentage_is_bold_exactly_if_the_quota_is_reached() -> None:
    percentages = re.findall(r"(\*\*)?([\d,]+) %(\*\*)?", PAGE)
    assert len(percentages) > 50
    for before, number, after in percentages:
        assert bool(before) is bool(after) is (int(number.replace(",", "")) >= 100)
