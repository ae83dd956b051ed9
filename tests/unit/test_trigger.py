"""Events name jobs, and jobs name watches: once each."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import cloudtrail
from infra.trigger_rules import MAX_PATTERN_LENGTH, WITH_READ_ONLY_CALLS, index, rules
from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.trigger import API_CALL, IncompleteEvent, TriggeredJob, jobs_in, reports_running, watch_name

SPEAKERS = "voice-id/SpeakerEnrollmentJob"
KINDS = catalogue.load("voice-id")
INDEX = index(KINDS.values())
JOB = {"domainId": "d" * 22, "jobId": "j" * 22, "jobStatus": "SUBMITTED"}
REQUEST = {"DomainId": "d" * 22, "JobId": "j" * 22}

requests = st.dictionaries(st.text(max_size=8), st.text(max_size=300) | st.integers(), min_size=1, max_size=3)


def call(**detail: Any) -> dict[str, Any]:
    begun = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob"}
    return {"source": "aws.voiceid", "detail-type": "AWS API Call via CloudTrail", "detail": {**begun, **detail}}


def test_a_call_names_its_job_by_the_response_before_the_request_whatever_the_case() -> None:
    (job,) = jobs_in(call(requestParameters={"domainId": "other"}, responseElements={"job": JOB}), INDEX)
    assert (job.kind.name, job.request, job.service_event) == (SPEAKERS, REQUEST, False)


def test_a_member_that_only_the_request_has_is_found_there() -> None:
    event = call(requestParameters={"DOMAINID": "d" * 22}, responseElements={"job": {"jobId": "j" * 22}})
    assert [job.request for job in jobs_in(event, INDEX)] == [REQUEST]


@pytest.mark.parametrize("detail_type", KINDS[SPEAKERS].event["detail-type"])
def test_both_spellings_of_the_services_own_event_name_the_job(detail_type: str) -> None:
    detail = {"domainId": "d" * 22, "batchJobId": "j" * 22, "action": "BATCH_ENROLLMENT_REQUEST"}
    (job,) = jobs_in({"source": "aws.voiceid", "detail-type": detail_type, "detail": detail}, INDEX)
    assert (job.kind.name, job.request, job.service_event) == (SPEAKERS, REQUEST, True)


@pytest.mark.parametrize(
    "event",
    [
        call(errorCode="AccessDenied", requestParameters={"domainId": "d" * 22}, responseElements=None),
        {**call(responseElements={"job": JOB}), "detail-type": "Something Else"},
        {"source": "aws.voiceid", "detail-type": "VoiceId Fraud Detection", "detail": JOB},
        {"detail": None},
        {},
    ],
    ids=["a call that failed", "another type", "another event", "no detail", "nothing"],
)
def test_an_event_about_nothing_watched_here_names_no_job(event: dict[str, Any]) -> None:
    assert list(jobs_in(event, INDEX)) == []


HIDDEN = [
    "HIDDEN_DUE_TO_SECURITY_REASONS",
    "Hidden_For_Security_Reasons",
    "Value hidden due to security reasons.",
    "***",
]


@pytest.mark.parametrize(
    "elements",
    [None, {}, {"job": {"domainId": "d" * 22}}, *({"job": {**JOB, "jobId": hidden}} for hidden in HIDDEN)],
)
def test_an_event_that_should_name_a_job_and_does_not_is_refused(elements: Any) -> None:
    with pytest.raises(
        IncompleteEvent, match=r"^The event of a voice-id/SpeakerEnrollmentJob job doesn't contain its .*JobId"
    ):
        list(jobs_in(call(requestParameters={"domainId": "d" * 22}, responseElements=elements), INDEX))


def test_a_read_only_call_without_a_response_is_ignored() -> None:
    event = call(readOnly=True, requestParameters={"domainId": "d" * 22}, responseElements=None)
    assert jobs_in(event, INDEX) == []


def test_a_path_of_the_catalogue_matches_services_that_write_upper_camel_case() -> None:
    # https://docs.aws.amazon.com/gameliftstreams/latest/developerguide/logging-using-cloudtrail.html
    kinds = catalogue.load("gameliftstreams")
    source = {"eventSource": "gameliftstreams.amazonaws.com", "eventName": "StartStreamSession"}
    event = call(**source, requestParameters={"Identifier": "sg-1"}, responseElements={"Arn": "arn:…/ABC"})
    assert [(job.kind.noun, job.request) for job in jobs_in(event, index(kinds.values()))] == [
        ("StreamSession", {"Identifier": "sg-1", "StreamSessionIdentifier": "arn:…/ABC"})
    ]


MIGRATION = "dms/MetadataModelAssessment"  # whose catalogue entry says where the members are


def assessment(response: Any) -> dict[str, Any]:
    begun = {"eventSource": "dms.amazonaws.com", "eventName": "StartMetadataModelAssessment"}
    project = {"migrationProjectIdentifier": "project"}
    return {**call(), "detail": {**begun, "requestParameters": project, "responseElements": response}}


def test_a_path_of_the_catalogue_finds_what_names_cannot() -> None:
    kinds = index([catalogue.load("dms")[MIGRATION]])
    filters = [{"Name": "request-id", "Values": ["r-1"]}]
    (job,) = jobs_in(assessment({"requestIdentifier": "r-1"}), kinds)
    assert (job.kind.name, job.request) == (MIGRATION, {"MigrationProjectIdentifier": "project", "Filters": filters})


def test_a_part_that_a_path_does_not_find_is_as_bad_as_a_member() -> None:
    kinds = index([catalogue.load("dms")[MIGRATION]])
    with pytest.raises(IncompleteEvent, match=r"doesn't contain its Filters\.$"):
        list(jobs_in(assessment({}), kinds))


def run_task(elements: Any) -> dict[str, Any]:
    called = {"eventSource": "ecs.amazonaws.com", "eventName": "RunTask", "responseElements": elements}
    return {**call(), "detail": called}


def test_a_call_that_starts_several_jobs_names_each() -> None:
    tasks = [{"clusterArn": "arn:c", "taskArn": f"arn:t{number}"} for number in range(3)]
    jobs = jobs_in(run_task({"tasks": tasks, "failures": []}), index([catalogue.load("ecs")["ecs/Task"]]))
    assert [job.request for job in jobs] == [{"cluster": "arn:c", "tasks": [f"arn:t{number}"]} for number in range(3)]


def test_a_call_that_started_none_of_several_jobs_is_ignored_and_one_that_tells_none_is_refused() -> None:
    kinds = index([catalogue.load("ecs")["ecs/Task"]])
    assert jobs_in(run_task({"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}), kinds) == []
    untold: list[Any] = [None, {}, {"tasks": None}, {"tasks": "HIDDEN_DUE_TO_SECURITY_REASONS"}, {"tasks": [{}]}]
    for elements in untold:
        with pytest.raises(IncompleteEvent):
            jobs_in(run_task(elements), kinds)


@given(requests, st.none() | st.text())
def test_every_name_is_one_that_step_functions_takes(request: dict[str, Any], event_id: str | None) -> None:
    name = watch_name(TriggeredJob(KINDS[SPEAKERS], request, service_event=False), event_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name)


@given(requests, requests, st.none() | st.text(), st.none() | st.text())
@settings(max_examples=300)
def test_two_jobs_or_events_never_share_a_name_and_one_never_has_two(
    one: dict[str, Any], other: dict[str, Any], event: str | None, late: str | None
) -> None:
    kind = KINDS[SPEAKERS]
    names = (
        watch_name(TriggeredJob(kind, one, service_event=False), event),
        watch_name(TriggeredJob(kind, other, service_event=True), late),
    )
    assert (names[0] == names[1]) is ((one, event) == (other, late))
    assert names[0] == watch_name(TriggeredJob(kind, dict(reversed(one.items())), service_event=True), event)


def kind(name: str, **more: Any) -> Kind:
    return Kind(name, describe="", request=[], job="@", status="@", outcome_of={}, **more)


@pytest.mark.parametrize(
    ("detail", "running"),
    [
        ({"status": "IN_PROGRESS"}, True),
        ({"data": {"jobStatus": "in_progress"}}, True),
        ({"status": "COMPLETED"}, False),
        ({"status": "IN_PROGRESS", "job": {"State": "FAILED"}}, False),
        ({"status": "SOMETHING"}, False),
        ({"name": "IN_PROGRESS"}, False),
        ({}, False),
    ],
)
def test_an_event_that_only_says_that_its_job_runs_is_known(detail: dict[str, Any], running: bool) -> None:
    assert reports_running(KINDS[SPEAKERS], {"detail": detail}) is running


def test_rules_are_as_few_as_their_length_allows_and_miss_nothing() -> None:
    kinds = catalogue.kinds()
    made = [rule.pattern for rule in rules(kinds.values())]
    assert all(len(json.dumps(pattern)) <= MAX_PATTERN_LENGTH for pattern in made)
    assert len(made) < 100
    made_of_calls = [pattern["detail"] for pattern in made if pattern["detail-type"] == [API_CALL]]
    for source, names in index(kinds.values())["api_calls"].items():
        for name in names:
            assert any(source in one["eventSource"] and name in one["eventName"] for one in made_of_calls), name


def test_calls_are_accepted_only_from_aws_services() -> None:
    calls = [rule.pattern for rule in rules(KINDS.values()) if rule.pattern["detail-type"] == [API_CALL]]
    assert [pattern["source"] for pattern in calls] == [[{"prefix": "aws."}]]


def test_read_only_calls_have_a_rule_that_receives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudtrail, "is_read_only", lambda service, call: call == "StartFraudsterRegistrationJob")
    states = {
        rule.state: rule.pattern["detail"]["eventName"] for rule in rules(KINDS.values()) if "detail" in rule.pattern
    }
    assert states == {
        "ENABLED": ["StartSpeakerEnrollmentJob"],
        WITH_READ_ONLY_CALLS: ["StartFraudsterRegistrationJob"],
    }


def test_an_event_that_every_kind_restricts_has_a_rule_of_its_own() -> None:
    one, other = {"detail": {"state": ["DONE"]}}, {"detail": {"state": ["FAILED"]}}
    event = {"source": "aws.s", "detail-type": ["Changed"]}
    kinds = [kind("s/One", event={**event, "where": one}), kind("s/Other", event={**event, "where": other})]
    assert [rule.pattern for rule in rules(kinds[:1])] == [{"source": ["aws.s"], "detail-type": ["Changed"], **one}]
    assert [rule.pattern for rule in rules(kinds)] == [
        {"source": ["aws.s"], "detail-type": ["Changed"], "$or": [one, other]}
    ]
    assert [rule.pattern for rule in rules([*kinds, kind("s/All", event=event)])] == [
        {"source": ["aws.s"], "detail-type": ["Changed"]}
    ]
