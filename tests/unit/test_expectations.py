"""The setting `expect`: which ends of jobs meet an entry, and which entries are accepted."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.setting_types import InvalidSetting
from job_watcher import catalogue, metrics
from job_watcher.expectations import Expectation, met
from job_watcher.poll_state import carry_over
from job_watcher.watch import Rules, Watch
from tests.settings import from_context
from tests.unit.documentation import blocks, page

KINDS = "voice-id/*,glue/JobRun,glue/Crawler"
HOUR, DAY = 3_600, 86_400
FORM = 'accepted is an object such as {"glue/JobRun": {"JobName": "nightly-orders", "every": "26h"}}.'
LENGTH = "accepted is a duration such as 30m, 3h or 2d, from 10 min to 7 d."
REQUEST = {"JobName": "nightly-orders", "RunId": "jr_1"}
NIGHTLY = Expectation("nightly", "glue/JobRun", {"JobName": ("nightly-*", "hourly")}, 26 * HOUR)
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC).timestamp()


def read(expect: Any) -> tuple[Expectation, ...]:
    return from_context({"kinds": KINDS, "expect": expect}).expectations


def names(
    one: Expectation = NIGHTLY, kind: str = "glue/JobRun", request: Mapping[str, Any] = REQUEST, **detail: Any
) -> list[str]:
    return list(met([one], kind, {"request": request, "outcome": "succeeded", **detail}, NOW))


def test_the_success_of_a_job_that_the_patterns_match_meets_the_expectation() -> None:
    assert names() == names(request={**REQUEST, "JobName": "hourly"}) == ["nightly"]
    assert names(request={**REQUEST, "JobName": "weekly"}) == names(request={}) == names(kind="glue/Crawler") == []
    assert names(replace(NIGHTLY, kinds="glue/*"), kind="glue/Crawler") == ["nightly"]
    by_title = replace(NIGHTLY, members={"title": ("new-*",)})
    assert names(by_title, title="new-callers") == ["nightly"] and names(by_title) == []


@pytest.mark.parametrize("outcome", ["partial", "failed", "stopped", "lost"])
def test_another_outcome_does_not_meet_it(outcome: str) -> None:
    assert names(outcome=outcome) == []


@pytest.mark.parametrize(
    ("ended", "expected"),
    [("2026-03-01T07:30:00Z", ["nightly"]), ("2026-03-01T07:29:59Z", []), ("2026-03-02T09:30:00Z", ["nightly"])],
)
def test_a_job_that_ended_too_long_ago_and_is_watched_again_does_not_meet_it(ended: str, expected: list[str]) -> None:
    assert names(ended=ended) == expected


def test_the_functions_publish_the_metric_that_the_alarm_reads(capsys: pytest.CaptureFixture[str]) -> None:
    kind = catalogue.load("glue")["glue/JobRun"]
    watch_input = {"kind": kind.name, "request": REQUEST}
    watch = Watch(watch_input, "arn", carry_over({}), Rules(expectations=[NIGHTLY]), kind)
    for outcome in ("failed", "succeeded"):
        metrics.publish_end(watch, {"detail": {**watch_input, "outcome": outcome, "polls": 1}}, NOW)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (published,) = [line for line in lines if "ExpectedJobsSucceeded" in line]
    assert published["ExpectedJobsSucceeded"] == [1.0] and published["expectation"] == "nightly"
    assert published["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "expectation"]]


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ("", ()),
        (
            '{"glue/JobRun": {"JobName": "nightly-orders", "every": "26h"}}',
            (
                Expectation(
                    "glue/JobRun JobName=nightly-orders", "glue/JobRun", {"JobName": ("nightly-orders",)}, 26 * HOUR
                ),
            ),
        ),
        (
            {"glue/*": {"every": "7d"}, "voice-id/S*": [{"title": ["é*", "b"], "every": "10m"}]},
            (
                Expectation("glue/*", "glue/*", {}, 7 * DAY),
                Expectation("voice-id/S* title=\\xe9*|b", "voice-id/S*", {"title": ("é*", "b")}, 600),
            ),
        ),
    ],
)
def test_an_entry_has_patterns_of_request_members_or_of_the_title(expect: Any, expected: Any) -> None:
    assert read(expect) == expected
    settings = from_context({"kinds": KINDS, "expect": expect})
    stored = json.loads(settings.function_settings())["expectations"]
    assert stored == json.loads(json.dumps([one.__dict__ for one in expected]))


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        (7, f" is 7; {FORM}"),
        ("nightly", f" is 'nightly', which is not JSON; {FORM}"),
        ({"glue/JobRn": {"every": "26h"}}, ": 'glue/JobRn' matches no enabled kind; did you mean 'glue/JobRun'?"),
        ({"glue/JobRun": "26h"}, f": 'glue/JobRun' is '26h' without every; {FORM}"),
        ({"glue/JobRun": {"JobName": "a"}}, f": 'glue/JobRun' is {{'JobName': 'a'}} without every; {FORM}"),
        (
            {"glue/JobRun": {"Jobname": "a", "every": "26h"}},
            ": 'Jobname' is not a member of glue/JobRun; did you mean 'JobName'?",
        ),
        (
            {"glue/*": {"JobName": "a", "every": "26h"}},
            ": 'JobName' is not a member of glue/Crawler; did you mean 'Name'?",
        ),
        (
            {"glue/JobRun": {"JobName": 7, "every": "26h"}},
            ": 'JobName' is 7; accepted is a pattern, or a list of patterns.",
        ),
        ({"glue/JobRun": {"every": "5m"}}, f": every of 'glue/JobRun' is '5m'; {LENGTH}"),
        ({"glue/JobRun": {"every": "8d"}}, f": every of 'glue/JobRun' is '8d'; {LENGTH}"),
        ({"glue/JobRun": {"every": 26}}, f": every of 'glue/JobRun' is 26; {LENGTH}"),
        (
            {"glue/JobRun": [{"every": "26h"}, {"every": "2d"}]},
            ": two entries are about 'glue/JobRun'; accepted is one.",
        ),
    ],
)
def test_an_invalid_entry_is_rejected_with_one_sentence(expect: Any, problem: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        read(expect)
    assert str(invalid.value) == f"expect{problem}"


def test_the_example_in_the_documentation_is_accepted() -> None:
    (example,) = [block for block in blocks(page("docs/watches.md"), "json") if '"every"' in block]
    expectations = from_context({"kinds": "*", "expect": example}).expectations
    assert [one.every for one in expectations] == [26 * HOUR, 1.5 * HOUR, 7 * DAY]
