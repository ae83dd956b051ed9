"""A describe answer keeps the members that botocore's model doesn't know, and no members are added."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import StructureShape
from botocore.stub import Stubber

from job_watcher import aws_call, catalogue, waiters
from job_watcher.unmodeled import add_unmodeled_members, read_leniently
from local.voice_id import VoiceId

FakeService = Callable[[bytes, int], str]
DOMAIN = "a" * 22
START = {
    "DomainId": DOMAIN,
    "JobName": "march",
    "DataAccessRoleArn": "arn:aws:iam::123456789012:role/voice-data",
    "InputDataConfig": {"S3Uri": "s3://our-calls/manifest.json"},
    "OutputDataConfig": {"S3Uri": "s3://our-calls/results"},
}


def client(service: str, url: str) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    return closing(boto3.client(service, endpoint_url=url, config=config))


def answers(client: Any, operation: str, **request: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a call's answer as botocore parses it, and with the unmodeled members of its body."""
    bodies = [b""]
    client.meta.events.register("before-parse", lambda response_dict, **_: bodies.append(response_dict["body"]))
    parsed = getattr(client, xform_name(operation))(**request)
    model = client.meta.service_model.operation_model(operation)
    return parsed, add_unmodeled_members(copy.deepcopy(parsed), bodies[-1], model)


def complete_answer(client: Any, operation: str, **request: Any) -> dict[str, Any]:
    """Return a call's answer with the unmodeled members of its body, and without the metadata."""
    _, complete = answers(client, operation, **request)
    assert complete.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    return complete


def shape(client: Any, operation: str) -> StructureShape:
    output_shape = client.meta.service_model.operation_model(operation).output_shape
    assert isinstance(output_shape, StructureShape)
    return output_shape


@pytest.fixture
def voice_id() -> Iterator[VoiceId]:
    with VoiceId(s3=None) as service:
        service.hold()  # the jobs in these tests never reach S3
        yield service


def describe_job(voice_id: VoiceId, **amended: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the Job dict of a describe answer as botocore parses it, and with the unmodeled members."""
    with client("voice-id", voice_id.url) as voice:
        job_id = voice.start_speaker_enrollment_job(**START)["Job"]["JobId"]
        voice_id.amend(job_id, amended)
        parsed, complete = answers(voice, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId=job_id)
        return parsed["Job"], complete["Job"]


def test_a_new_member_is_kept(voice_id: VoiceId) -> None:
    parsed, job = describe_job(voice_id, Priority=7, Tags=[{"Key": "team", "Value": "é"}], Nothing=None)
    assert "Priority" not in parsed
    assert job == {**parsed, "Priority": 7, "Tags": [{"Key": "team", "Value": "é"}]}


def test_a_new_member_of_a_structure_is_kept(voice_id: VoiceId) -> None:
    config = {"FraudDetectionConfig": {"RiskThreshold": 50, "Mode": {"Strict": True}}, "Since": 1.5}
    parsed, job = describe_job(
        voice_id, JobProgress={"PercentComplete": 40, "Phase": "training"}, EnrollmentConfig=config
    )
    assert parsed["JobProgress"] == {"PercentComplete": 40}
    assert job["JobProgress"] == {"PercentComplete": 40, "Phase": "training"}
    assert job["EnrollmentConfig"] == config


def test_a_new_member_inside_a_list_is_kept(voice_id: VoiceId) -> None:
    with client("voice-id", voice_id.url) as voice:
        job_id = voice.start_speaker_enrollment_job(**START)["Job"]["JobId"]
        voice_id.amend(job_id, {"JobProgress": {"PercentComplete": 40, "Phase": "training"}})
        complete = complete_answer(voice, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    assert [job["JobProgress"] for job in complete["JobSummaries"]] == [{"PercentComplete": 40, "Phase": "training"}]


def test_an_answer_without_new_members_is_unchanged(voice_id: VoiceId) -> None:
    parsed, job = describe_job(voice_id)
    assert job == parsed
    assert isinstance(job["CreatedAt"], datetime)


def test_the_functions_client_keeps_new_members(voice_id: VoiceId, use_voice_id_at: Callable[[str], None]) -> None:
    use_voice_id_at(voice_id.url)
    job_id = aws_call.client("voice-id").start_speaker_enrollment_job(**START)["Job"]["JobId"]
    voice_id.amend(job_id, {"Priority": 7})
    kind = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
    assert aws_call.describe(kind, {"DomainId": DOMAIN, "JobId": job_id})["Job"]["Priority"] == 7


def test_a_member_beside_the_job_is_kept(fake_service: FakeService) -> None:
    body = {"Job": {"JobStatus": "FAILED", "New": {"A": [1]}}, "Links": ["x"], "__type": "DescribeResponse"}
    with client("voice-id", fake_service(json.dumps(body).encode(), 200)) as voice:
        complete = complete_answer(voice, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId="b" * 22)
    assert complete == {"Job": {"JobStatus": "FAILED", "New": {"A": [1]}}, "Links": ["x"]}


def test_a_null_for_a_member_that_the_model_knows_stays_absent(fake_service: FakeService) -> None:
    body = {"Job": {"JobStatus": "FAILED", "EndedAt": None, "FailureDetails": None}}
    with client("voice-id", fake_service(json.dumps(body).encode(), 200)) as voice:
        complete = complete_answer(voice, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId="b" * 22)
    assert complete == {"Job": {"JobStatus": "FAILED"}}


def test_a_member_with_another_name_in_the_body_appears_once(fake_service: FakeService) -> None:
    body = {"job": {"id": "1", "status": "ERROR", "userMetadata": {"who": "we"}, "brandNew": 1, "role": "r"}}
    with client("mediaconvert", fake_service(json.dumps(body).encode(), 200)) as convert:
        complete = complete_answer(convert, "GetJob", Id="1")
    expected = {"Id": "1", "Status": "ERROR", "UserMetadata": {"who": "we"}, "brandNew": 1, "Role": "r"}
    assert complete == {"Job": expected}


def test_new_members_inside_lists_and_maps_of_a_rest_service_are_kept(fake_service: FakeService) -> None:
    body = {
        "jobs": [
            {"jobName": "a", "jobId": "1", "status": "FAILED", "parameters": {"p": "v"}, "retries": {"left": 2}},
            {"jobName": "b", "jobId": "2", "status": "FAILED", "container": {"image": "i", "gpus": 4}},
        ]
    }
    with client("batch", fake_service(json.dumps(body).encode(), 200)) as batch:
        complete = complete_answer(batch, "DescribeJobs", jobs=["1", "2"])
    assert complete == body


def test_a_map_that_botocore_parses_is_unchanged(fake_service: FakeService) -> None:
    body = {"connectorConfigurations": {"Ours": {"connectorName": "ours", "registeredAt": 1.5e9, "brandNew": 1}}}
    with client("appflow", fake_service(json.dumps(body).encode(), 200)) as appflow:
        complete = complete_answer(appflow, "DescribeConnectors")
    ours = complete["connectorConfigurations"]["Ours"]
    assert isinstance(ours.pop("registeredAt"), datetime)
    assert ours == {"connectorName": "ours", "brandNew": 1}


def test_an_answer_in_xml_is_unchanged(fake_service: FakeService) -> None:
    xml = b"""<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>mine</StackName><New>1</New>
    </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
    with client("cloudformation", fake_service(xml, 200)) as formation:
        complete = complete_answer(formation, "DescribeStacks")
    assert complete == {"Stacks": [{"StackName": "mine"}]}


def test_a_stubbed_answer_is_unchanged() -> None:
    with client("voice-id", "http://127.0.0.1:1") as voice, Stubber(voice) as stub:
        stub.add_response("describe_speaker_enrollment_job", {"Job": {"JobStatus": "FAILED"}})
        _, complete = answers(voice, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId="b" * 22)
    assert complete == {"Job": {"JobStatus": "FAILED"}}


def test_an_error_is_unchanged(fake_service: FakeService, use_voice_id_at: Callable[[str], None]) -> None:
    body = {"__type": "ResourceNotFoundException", "Message": "No such job.", "ResourceType": "BATCH_JOB"}
    use_voice_id_at(fake_service(json.dumps(body).encode(), 400))
    kind = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
    with pytest.raises(ClientError) as error:
        aws_call.observe(kind, {"DomainId": DOMAIN, "JobId": "b" * 22})
    assert error.value.response["Error"] == {"Message": "No such job.", "Code": "ResourceNotFoundException"}
    assert {*error.value.response} == {"Error", "Message", "ResourceType", "ResponseMetadata"}


def test_an_answer_that_botocore_cannot_parse_is_read_with_the_names_of_the_model() -> None:
    body = {"__type": "GetJobResult", "job": {"id": 1, "status": "ERROR", "createdAt": "soon", "brandNew": {"__x": 1}}}
    with client("mediaconvert", "http://127.0.0.1:1") as convert:
        answer = read_leniently(json.dumps(body).encode(), shape(convert, "GetJob"))
    assert answer == {"Job": {"Id": 1, "Status": "ERROR", "CreatedAt": "soon", "brandNew": {"__x": 1}}}


def test_a_waiter_reads_an_answer_that_botocore_cannot_parse(
    fake_service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"State": "RUNNING", "EgressEndpoints": [{"SourceIp": {"not": "a string"}}], "Maintenance": "none"}
    monkeypatch.setenv("AWS_ENDPOINT_URL_MEDIALIVE", fake_service(json.dumps(body).encode(), 200))
    kind = waiters.load("medialive")["medialive/waiter/ChannelStopped"]
    assert any(acceptor.matcher == "status" for acceptor in kind.acceptors)
    aws_call.client.cache_clear()
    with closing(aws_call.client("medialive")):
        observation = aws_call.observe(kind, {"ChannelId": "1"})
    aws_call.client.cache_clear()
    assert observation is not None and (observation.status, observation.outcome) == ("RUNNING", "running")
