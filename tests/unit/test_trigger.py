"""Events identify jobs, and each job has its own execution name."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import cloudtrail
from infra.trigger_rules import MAX_PATTERN_LENGTH, WITH_READ_ONLY_CALLS, index, rules
from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.trigger import API_CALL, IncompleteEvent, TriggeredJob, find_jobs, reports_running, watch_name
from tests.examples import examples

SPEAKER = "voice-id/SpeakerEnrollmentJob"
KINDS = catalogue.load("voice-id")
INDEX = index(KINDS.values())
JOB = {"domainId": "d" * 22, "jobId": "j" * 22, "jobStatus": "SUBMITTED"}
REQUEST = {"DomainId": "d" * 22, "JobId": "j" * 22}

requests = st.dictionaries(st.text(max_size=8), st.text(max_size=300) | st.integers(), min_size=1, max_size=3)


def api_call_event(**detail: Any) -> dict[str, Any]:
    api_call = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob"}
    return {"source": "aws.voiceid", "detail-type": "AWS API Call via CloudTrail", "detail": {**api_call, **detail}}


def test_the_response_takes_precedence_over_the_request_and_case_is_ignored() -> None:
    (job,) = find_jobs(api_call_event(requestParameters={"domainId": "other"}, responseElements={"job": JOB}), INDEX)
    assert (job.kind.name, job.request, job.service_event) == (SPEAKER, REQUEST, False)


def test_a_member_that_is_missing_in_the_response_is_read_from_the_request() -> None:
    event = api_call_event(requestParameters={"DOMAINID": "d" * 22}, responseElements={"job": {"jobId": "j" * 22}})
    assert [job.request for job in find_jobs(event, INDEX)] == [REQUEST]


@pytest.mark.parametrize("detail_type", KINDS[SPEAKER].event["detail-type"])
def test_both_detail_types_of_the_service_event_identify_the_job(detail_type: str) -> None:
    detail = {"domainId": "d" * 22, "batchJobId": "j" * 22, "action": "BATCH_ENROLLMENT_REQUEST"}
    (job,) = find_jobs({"source": "aws.voiceid", "detail-type": detail_type, "detail": detail}, INDEX)
    assert (job.kind.name, job.request, job.service_event) == (SPEAKER, REQUEST, True)


@pytest.mark.parametrize(
    "event",
    [
        api_call_event(errorCode="AccessDenied", requestParameters={"domainId": "d" * 22}, responseElements=None),
        {**api_call_event(responseElements={"job": JOB}), "detail-type": "Something Else"},
        {"source": "aws.voiceid", "detail-type": "VoiceId Fraud Detection", "detail": JOB},
        {"detail": None},
        {},
    ],
    ids=["a call that failed", "another type", "another event", "no detail", "nothing"],
)
def test_an_event_about_something_else_identifies_no_job(event: dict[str, Any]) -> None:
    assert list(find_jobs(event, INDEX)) == []


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
def test_an_event_without_the_jobs_identifier_is_rejected(elements: Any) -> None:
    with pytest.raises(
        IncompleteEvent, match=r"^The event of a voice-id/SpeakerEnrollmentJob job doesn't contain its .*JobId"
    ):
        list(find_jobs(api_call_event(requestParameters={"domainId": "d" * 22}, responseElements=elements), INDEX))


def test_a_read_only_call_without_a_response_is_ignored() -> None:
    event = api_call_event(readOnly=True, requestParameters={"domainId": "d" * 22}, responseElements=None)
    assert find_jobs(event, INDEX) == []


def test_a_catalogue_path_matches_events_in_upper_camel_case() -> None:
    # https://docs.aws.amazon.com/gameliftstreams/latest/developerguide/logging-using-cloudtrail.html
    kinds = catalogue.load("gameliftstreams")
    source = {"eventSource": "gameliftstreams.amazonaws.com", "eventName": "StartStreamSession"}
    event = api_call_event(**source, requestParameters={"Identifier": "sg-1"}, responseElements={"Arn": "arn:…/ABC"})
    assert [(job.kind.noun, job.request) for job in find_jobs(event, index(kinds.values()))] == [
        ("StreamSession", {"Identifier": "sg-1", "StreamSessionIdentifier": "arn:…/ABC"})
    ]


MIGRATION = "dms/MetadataModelAssessment"  # its catalogue entry has the paths of the members


def assessment_event(response: Any) -> dict[str, Any]:
    api_call = {"eventSource": "dms.amazonaws.com", "eventName": "StartMetadataModelAssessment"}
    project = {"migrationProjectIdentifier": "project"}
    return {**api_call_event(), "detail": {**api_call, "requestParameters": project, "responseElements": response}}


def test_a_catalogue_path_finds_members_with_other_names() -> None:
    kinds = index([catalogue.load("dms")[MIGRATION]])
    filters = [{"Name": "request-id", "Values": ["r-1"]}]
    (job,) = find_jobs(assessment_event({"requestIdentifier": "r-1"}), kinds)
    assert (job.kind.name, job.request) == (MIGRATION, {"MigrationProjectIdentifier": "project", "Filters": filters})


def test_an_event_without_a_value_at_a_catalogue_path_is_rejected() -> None:
    kinds = index([catalogue.load("dms")[MIGRATION]])
    with pytest.raises(IncompleteEvent, match=r"doesn't contain its Filters\.$"):
        list(find_jobs(assessment_event({}), kinds))


def run_task_event(elements: Any) -> dict[str, Any]:
    called = {"eventSource": "ecs.amazonaws.com", "eventName": "RunTask", "responseElements": elements}
    return {**api_call_event(), "detail": called}


def test_a_call_that_starts_several_jobs_identifies_each() -> None:
    tasks = [{"clusterArn": "arn:c", "taskArn": f"arn:t{number}"} for number in range(3)]
    jobs = find_jobs(run_task_event({"tasks": tasks, "failures": []}), index([catalogue.load("ecs")["ecs/Task"]]))
    assert [job.request for job in jobs] == [{"cluster": "arn:c", "tasks": [f"arn:t{number}"]} for number in range(3)]


def test_a_call_that_started_no_task_is_ignored_but_missing_tasks_are_rejected() -> None:
    kinds = index([catalogue.load("ecs")["ecs/Task"]])
    assert find_jobs(run_task_event({"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}), kinds) == []
    without_tasks: list[Any] = [None, {}, {"tasks": None}, {"tasks": "HIDDEN_DUE_TO_SECURITY_REASONS"}, {"tasks": [{}]}]
    for elements in without_tasks:
        with pytest.raises(IncompleteEvent):
            find_jobs(run_task_event(elements), kinds)


@given(requests, st.none() | st.text())
def test_step_functions_accepts_every_watch_name(request: dict[str, Any], event_id: str | None) -> None:
    name = watch_name(TriggeredJob(KINDS[SPEAKER], request, service_event=False), event_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name)


@given(requests, requests, st.none() | st.text(), st.none() | st.text())
@examples(150)
def test_different_jobs_or_events_have_different_names_and_equal_ones_have_the_same(
    request: dict[str, Any], other_request: dict[str, Any], event_id: str | None, other_event_id: str | None
) -> None:
    kind = KINDS[SPEAKER]
    names = (
        watch_name(TriggeredJob(kind, request, service_event=False), event_id),
        watch_name(TriggeredJob(kind, other_request, service_event=True), other_event_id),
    )
    assert (names[0] == names[1]) is ((request, event_id) == (other_request, other_event_id))
    assert names[0] == watch_name(TriggeredJob(kind, dict(reversed(request.items())), service_event=True), event_id)


def kind(name: str, **members: Any) -> Kind:
    return Kind(name, describe="", request=[], job="@", status="@", outcome_of={}, **members)


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
def test_an_event_with_only_running_statuses_is_recognized(detail: dict[str, Any], running: bool) -> None:
    assert reports_running(KINDS[SPEAKER], {"detail": detail}) is running


def test_fewer_than_100_rules_within_the_length_limit_match_every_call() -> None:
    kinds = catalogue.kinds()
    patterns = [rule.pattern for rule in rules(kinds.values())]
    assert all(len(json.dumps(pattern)) <= MAX_PATTERN_LENGTH for pattern in patterns)
    assert len(patterns) < 100
    call_patterns = [pattern["detail"] for pattern in patterns if pattern["detail-type"] == [API_CALL]]
    for source, names in index(kinds.values())["api_calls"].items():
        for name in names:
            matching = [each for each in call_patterns if source in each["eventSource"] and name in each["eventName"]]
            assert matching, name


def test_calls_are_accepted_only_from_aws_services() -> None:
    calls = [rule.pattern for rule in rules(KINDS.values()) if rule.pattern["detail-type"] == [API_CALL]]
    assert [pattern["source"] for pattern in calls] == [[{"prefix": "aws."}]]


def test_read_only_calls_have_their_own_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudtrail, "is_read_only", lambda service, call: call == "StartFraudsterRegistrationJob")
    states = {
        rule.state: rule.pattern["detail"]["eventName"] for rule in rules(KINDS.values()) if "detail" in rule.pattern
    }
    assert states == {
        "ENABLED": ["StartSpeakerEnrollmentJob"],
        WITH_READ_ONLY_CALLS: ["StartFraudsterRegistrationJob"],
    }


def test_an_event_that_every_kind_restricts_has_its_own_rule() -> None:
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
