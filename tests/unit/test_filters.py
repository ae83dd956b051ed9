"""The setting `filters` decides which jobs events start watches of: in rules' patterns and in the Start function."""

import json
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from infra.filter_patterns import call_paths, filter_pattern
from infra.setting_types import InvalidSetting
from infra.trigger_rules import MAX_PATTERN_LENGTH, index, rules
from job_watcher import catalogue
from job_watcher.filters import Filters, selects
from job_watcher.poll_state import carry_over
from job_watcher.polling import PollingLimits
from job_watcher.trigger import find_jobs
from job_watcher.watch import Rules, Watch
from tests.settings import from_context
from tests.unit.api_call import api_call_event
from tests.unit.service_events import EVENTS
from tests.unit.test_service_events import event
from tests.unit.test_start_calls import OVERRIDES

KINDS = catalogue.kinds()
INDEX = index(KINDS.values())
JOB_RUN, TASK = KINDS["glue/JobRun"], KINDS["ecs/Task"]
ENABLED = "glue/JobRun,glue/Crawler,ecs/*"
PROD = {"glue/JobRun": {"JobName": ["prod-*"]}}
FORM = 'accepted is an object such as {"glue/JobRun": {"JobName": "prod-*"}, "ecs/Task": false}.'
MEMBERS = 'accepted is false, or an object with patterns of request members such as {"JobName": "prod-*"}.'


def read(filters: Any, kinds: str = ENABLED) -> Filters:
    return from_context({"kinds": kinds, "filters": filters}).filters


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {}),
        ("", {}),
        ('{"ecs/Task": false}', {"ecs/Task": False}),
        ({"glue/JobRun": {"JobName": "prod-*"}}, {"glue/JobRun": {"JobName": ("prod-*",)}}),
        ({"*/JobRun": {"JobName": ["a", "b*"]}}, {"glue/JobRun": {"JobName": ("a", "b*")}}),
        ({"glue/*": False, "glue/JobRun": {"RunId": "*"}}, {"glue/JobRun": False, "glue/Crawler": False}),
        (
            {"glue/*": {"title": "prod-*"}},
            {"glue/JobRun": {"JobName": ("prod-*",)}, "glue/Crawler": {"Name": ("prod-*",)}},
        ),
        (
            {"glue/JobRun": {"JobName": "a"}, "*/JobRun": {"RunId": "b"}},
            {"glue/JobRun": {"JobName": ("a",), "RunId": ("b",)}},
        ),
    ],
)
def test_a_job_must_pass_all_filters_whose_pattern_matches_its_kind(filters: Any, expected: Any) -> None:
    assert read(filters) == expected


@pytest.mark.parametrize(
    ("filters", "problem"),
    [
        (7, f" is 7; {FORM}"),
        ([], f" is []; {FORM}"),
        ("prod-*", f" is 'prod-*', which is not JSON; {FORM}"),
        ({"glue/JobRn": False}, ": 'glue/JobRn' matches no enabled kind; did you mean 'glue/JobRun'?"),
        ({"glue/JobRun": True}, f": 'glue/JobRun' is True; {MEMBERS}"),
        ({"glue/JobRun": "prod-*"}, f": 'glue/JobRun' is 'prod-*'; {MEMBERS}"),
        ({"glue/JobRun": {}}, f": 'glue/JobRun' is {{}}; {MEMBERS}"),
        (
            {"glue/JobRun": {"Jobname": "a"}},
            ": 'Jobname' is not a request member of glue/JobRun; did you mean 'JobName'?",
        ),
        ({"ecs/*": {"title": "a"}}, ": 'title' is not a request member of ecs/Task; accepted are cluster, tasks."),
        (
            {"glue/JobRun": {"title": "a", "JobName": "b"}},
            ": 'JobName' is the title of glue/JobRun; accepted is one of the two.",
        ),
        ({"glue/*": {"JobName": "a"}}, ": 'JobName' is not a request member of glue/Crawler; did you mean 'Name'?"),
        (
            {"glue/JobRun": {"JobName": 7}},
            ": 'JobName' is 7; accepted is a pattern, or a list of patterns.",
        ),
        ({"glue/JobRun": {"JobName": []}}, ": 'JobName' is []; accepted is a pattern, or a list of patterns."),
        (
            {"glue/JobRun": {"JobName": ["a", ""]}},
            ": 'JobName' is ['a', '']; accepted is a pattern, or a list of patterns.",
        ),
        (
            {"glue/JobRun": {"JobName": "a"}, "*/JobRun": {"JobName": "b"}},
            ": two filters have patterns of 'JobName' of glue/JobRun; accepted is one.",
        ),
    ],
)
def test_an_invalid_filter_is_rejected_with_one_sentence(filters: Any, problem: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        read(filters)
    assert str(invalid.value) == f"filters{problem}"


@pytest.mark.parametrize(
    ("kind", "request_", "selected"),
    [
        ("glue/JobRun", {"JobName": "prod-orders"}, True),
        ("glue/JobRun", {"JobName": "dev-prod-orders"}, False),
        ("glue/JobRun", {"JobName": "PROD-orders"}, False),
        ("glue/JobRun", {"RunId": "jr_1"}, True),
        ("ecs/Task", {"tasks": ["a/1"]}, False),
        ("ecs/Service", {"services": ["dev", "prod"]}, True),
        ("ecs/Service", {"services": ["dev"]}, False),
        ("mgn/Job", {"filters": {"jobIDs": ["mgnjob-7"]}}, True),
        ("sagemaker/ImageVersion", {"Version": 7}, True),
        ("batch/Job", {"jobs": ["dev"]}, True),
    ],
)
def test_a_filter_matches_texts_numbers_and_the_values_in_lists_and_objects(
    kind: str, request_: dict[str, Any], selected: bool
) -> None:
    filters: Filters = {
        **PROD,
        "ecs/Task": False,
        "ecs/Service": {"services": ["prod"]},
        "mgn/Job": {"filters": ["mgnjob-?"]},
        "sagemaker/ImageVersion": {"Version": ["[67]"]},
    }
    assert selects(filters, kind, request_) is selected


def run_event(run: str, job: str) -> dict[str, Any]:
    return event("aws.glue", "Glue Job State Change", {"jobName": job, "jobRunId": run, "state": "FAILED"})


def test_an_event_without_all_members_is_ignored_only_if_the_others_exclude_the_job() -> None:
    found = index([JOB_RUN])
    assert find_jobs(run_event("", "dev-orders"), found, PROD) == []
    assert find_jobs(run_event("", "orders"), found, {"glue/JobRun": False}) == []
    assert [job.request for job in find_jobs(run_event("jr_1", "prod-orders"), found, PROD)] == [
        {"JobName": "prod-orders", "RunId": "jr_1"}
    ]
    for run, job in (("", "prod-orders"), ("jr_1", "")):
        with pytest.raises(Exception, match="doesn't contain its"):
            find_jobs(run_event(run, job), found, PROD)


def test_a_job_without_events_is_polled_as_if_its_service_sent_none() -> None:
    limits = Rules(limits_with_events=PollingLimits(max_interval=3600), filters=PROD)
    watches = [
        Watch(
            {"kind": "glue/JobRun", "request": {"JobName": name, "RunId": "jr_1"}},
            "arn",
            carry_over(None),
            limits,
            JOB_RUN,
        )
        for name in ("prod-orders", "dev-orders")
    ]
    assert [watch.limits.max_interval for watch in watches] == [3600, limits.limits.max_interval]


def test_no_rule_matches_events_of_kinds_that_events_do_not_start() -> None:
    assert list(rules([TASK], {"ecs/Task": False})) == []
    names = {name for rule in rules([TASK, JOB_RUN], {"ecs/Task": False}) for name in rule.pattern["detail-type"]}
    assert names == {"AWS API Call via CloudTrail", "Glue Job Run Status", "Glue Job State Change"}


def test_rules_have_the_patterns_that_eventbridge_can_express() -> None:
    globs = ["prod-*", "*-prod", "a*b", "*nightly*", "orders"]
    values = [{"prefix": "prod-"}, {"suffix": "-prod"}, {"wildcard": "a*b"}, {"wildcard": "*nightly*"}, "orders"]
    restriction = [{"exists": False}, *values]
    call, service = [rule.pattern["detail"] for rule in rules([JOB_RUN], {"glue/JobRun": {"JobName": globs}})]
    assert call["requestParameters"] == {"jobName": restriction}
    assert service == {"jobName": restriction}


@pytest.mark.parametrize("glob", ["prod-?", "[ab]*", "a\\b*", "a**b", "*", "a*b*c*d"])
def test_other_patterns_are_left_to_the_start_function(glob: str) -> None:
    assert filter_pattern({"glue/JobRun": {"JobName": ["prod-*", glob]}}, JOB_RUN, JOB_RUN.started) == {}


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("glue/JobRun", {"JobName": "requestParameters.jobName", "RunId": "responseElements.jobRunId"}),
        ("sagemaker/TrainingJob", {"TrainingJobName": "requestParameters.trainingJobName"}),
        (
            "transcribe/TranscriptionJob",
            {"TranscriptionJobName": "responseElements.transcriptionJob.transcriptionJobName"},
        ),
    ],
)
def test_the_members_of_api_calls_are_where_the_start_function_finds_them(name: str, paths: dict[str, str]) -> None:
    kind = KINDS[name]
    assert call_paths(kind, kind.start[0]) == {member: f"detail.{path}" for member, path in paths.items()}


def test_a_filter_that_would_make_the_pattern_too_long_is_left_to_the_start_function() -> None:
    filters = {"glue/JobRun": {"JobName": ["x" * 200 + f"{number}*" for number in range(20)]}}
    patterns = [rule.pattern for rule in rules([JOB_RUN], filters)]
    assert [rule.pattern for rule in rules([JOB_RUN])] == patterns
    assert all(len(json.dumps(pattern)) <= MAX_PATTERN_LENGTH for pattern in patterns)


def test_kinds_with_the_same_event_have_one_rule_for_what_either_filter_selects() -> None:
    other = replace(JOB_RUN, name="glue/Other")
    (call, _) = rules([JOB_RUN, other], {**PROD, "glue/Other": {"JobName": ["test-*"]}})
    for name, expected in (("prod-a", True), ("test-a", True), ("dev-a", False)):
        start = api_call_event("glue", "StartJobRun", overrides={"jobName": name})
        assert matches(call.pattern, start) is expected
    assert "requestParameters" not in next(rules([JOB_RUN, other], PROD)).pattern["detail"]


def matches(pattern: Any, sent: dict[str, Any]) -> bool:
    """Whether a pattern matches an event, in moto's implementation."""
    return EventPattern(None, pattern).matches_event(sent)  # type: ignore[arg-type]


def sample_events() -> Iterator[dict[str, Any]]:
    """Yield the sample events in AWS's documentation, and generated events of some API calls."""
    yield from (event(*row[:4]) for row in EVENTS if row[4])
    for kind in [kind for kind in KINDS.values() if kind.start][::3]:
        yield api_call_event(kind.service, kind.start[0], overrides=OVERRIDES.get(kind.name))


def test_the_rules_match_every_event_that_the_start_function_accepts_and_few_others() -> None:
    dropped = passed = 0
    for sent in sample_events():
        for job in find_jobs(sent, INDEX):
            for member, value in job.request.items():
                for globs in (like(value), ["other", "other-*", "*-other"]):
                    filters: Filters = {job.kind.name: {member: globs}}
                    accepted = bool(find_jobs(sent, index([job.kind]), filters))
                    matched = any(matches(rule.pattern, sent) for rule in rules([job.kind], filters))
                    assert accepted is (globs == like(value))
                    assert matched or not accepted, (sent, filters)
                    dropped, passed = dropped + (not matched), passed + (matched and not accepted)
    assert dropped > passed


def like(value: Any) -> list[str]:
    """Return a pattern that matches the value."""
    text = json.dumps(value).strip('[]{}" ').rpartition('"')[2] if not isinstance(value, str) else value
    return [f"{text[:3]}*", f"*{text[-3:]}", f"*{text}"]


names = st.text("ab-*", max_size=6)


@given(names.filter(bool), st.text("ab-", max_size=6))
def test_a_pattern_in_a_rule_matches_the_same_names_as_in_the_start_function(glob: str, name: str) -> None:
    pattern = filter_pattern({"glue/JobRun": {"JobName": [glob]}}, JOB_RUN, JOB_RUN.event["request"])
    if pattern:
        assert matches(pattern, run_event("jr_1", name)) is fnmatchcase(name, glob)
