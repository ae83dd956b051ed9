"""A describe answer keeps the members that botocore's model does not know, and gains none."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import StructureShape
from botocore.stub import Stubber

from job_watcher import catalogue, describe
from job_watcher.unmodeled import BODY, add_unmodeled_members, keep_body
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
    made = boto3.client(service, endpoint_url=url, config=config)
    made.meta.events.register("before-parse", keep_body)
    return closing(made)


def shape(client: Any, operation: str) -> StructureShape:
    found = client.meta.service_model.operation_model(operation).output_shape
    assert isinstance(found, StructureShape)
    return found


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    return answer


@pytest.fixture
def voice_id() -> Iterator[VoiceId]:
    with VoiceId(s3=None) as service:
        service.hold()  # no job of these tests gets as far as S3
        yield service


def described(voice_id: VoiceId, **amended: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job of a describe answer as botocore reads it, and as it is once completed."""
    with client("voice-id", voice_id.url) as voice:
        job_id = voice.start_speaker_enrollment_job(**START)["Job"]["JobId"]
        voice_id.amend(job_id, amended)
        answer = voice.describe_speaker_enrollment_job(DomainId=DOMAIN, JobId=job_id)
        bare = {name: value for name, value in answer.items() if name != BODY}
        return bare["Job"], add_unmodeled_members(answer, shape(voice, "DescribeSpeakerEnrollmentJob"))["Job"]


def test_a_new_member_is_kept(voice_id: VoiceId) -> None:
    bare, job = described(voice_id, Priority=7, Tags=[{"Key": "team", "Value": "é"}], Nothing=None)
    assert "Priority" not in bare
    assert job == {**bare, "Priority": 7, "Tags": [{"Key": "team", "Value": "é"}]}


def test_a_new_member_of_a_structure_is_kept(voice_id: VoiceId) -> None:
    config = {"FraudDetectionConfig": {"RiskThreshold": 50, "Mode": {"Strict": True}}, "Since": 1.5}
    bare, job = described(voice_id, JobProgress={"PercentComplete": 40, "Phase": "training"}, EnrollmentConfig=config)
    assert bare["JobProgress"] == {"PercentComplete": 40}
    assert job["JobProgress"] == {"PercentComplete": 40, "Phase": "training"}
    assert job["EnrollmentConfig"] == config


def test_a_new_member_inside_a_list_is_kept(voice_id: VoiceId) -> None:
    with client("voice-id", voice_id.url) as voice:
        job_id = voice.start_speaker_enrollment_job(**START)["Job"]["JobId"]
        voice_id.amend(job_id, {"JobProgress": {"PercentComplete": 40, "Phase": "training"}})
        answer = voice.list_speaker_enrollment_jobs(DomainId=DOMAIN)
        whole = add_unmodeled_members(answer, shape(voice, "ListSpeakerEnrollmentJobs"))
    assert [job["JobProgress"] for job in whole["JobSummaries"]] == [{"PercentComplete": 40, "Phase": "training"}]


def test_nothing_is_invented_and_what_botocore_reads_stays_as_it_is(voice_id: VoiceId) -> None:
    bare, job = described(voice_id)
    assert job == bare
    assert isinstance(job["CreatedAt"], datetime)


def test_the_function_asks_with_a_client_that_keeps_new_members(
    voice_id: VoiceId, use_voice_id_at: Callable[[str], None]
) -> None:
    use_voice_id_at(voice_id.url)
    job_id = describe.client("voice-id").start_speaker_enrollment_job(**START)["Job"]["JobId"]
    voice_id.amend(job_id, {"Priority": 7})
    kind = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
    assert describe.describe(kind, {"DomainId": DOMAIN, "JobId": job_id})["Job"]["Priority"] == 7


def test_a_member_beside_the_job_is_kept(fake_service: FakeService) -> None:
    said = {"Job": {"JobStatus": "FAILED", "New": {"A": [1]}}, "Links": ["x"], "__type": "DescribeResponse"}
    with client("voice-id", fake_service(json.dumps(said).encode(), 200)) as voice:
        answer = voice.describe_speaker_enrollment_job(DomainId=DOMAIN, JobId="b" * 22)
        whole = without_metadata(add_unmodeled_members(answer, shape(voice, "DescribeSpeakerEnrollmentJob")))
    assert whole == {"Job": {"JobStatus": "FAILED", "New": {"A": [1]}}, "Links": ["x"]}


def test_a_null_for_a_member_that_the_model_knows_stays_absent(fake_service: FakeService) -> None:
    said = {"Job": {"JobStatus": "FAILED", "EndedAt": None, "FailureDetails": None}}
    with client("voice-id", fake_service(json.dumps(said).encode(), 200)) as voice:
        answer = voice.describe_speaker_enrollment_job(DomainId=DOMAIN, JobId="b" * 22)
        whole = without_metadata(add_unmodeled_members(answer, shape(voice, "DescribeSpeakerEnrollmentJob")))
    assert whole == {"Job": {"JobStatus": "FAILED"}}


def test_a_member_that_travels_under_another_name_appears_once(fake_service: FakeService) -> None:
    said = {"job": {"id": "1", "status": "ERROR", "userMetadata": {"who": "we"}, "brandNew": 1, "role": "r"}}
    with client("mediaconvert", fake_service(json.dumps(said).encode(), 200)) as convert:
        whole = without_metadata(add_unmodeled_members(convert.get_job(Id="1"), shape(convert, "GetJob")))
    expected = {"Id": "1", "Status": "ERROR", "UserMetadata": {"who": "we"}, "brandNew": 1, "Role": "r"}
    assert whole == {"Job": expected}


def test_new_members_inside_lists_and_maps_of_a_rest_service_are_kept(fake_service: FakeService) -> None:
    said = {
        "jobs": [
            {"jobName": "a", "jobId": "1", "status": "FAILED", "parameters": {"p": "v"}, "retries": {"left": 2}},
            {"jobName": "b", "jobId": "2", "status": "FAILED", "container": {"image": "i", "gpus": 4}},
        ]
    }
    with client("batch", fake_service(json.dumps(said).encode(), 200)) as batch:
        whole = without_metadata(
            add_unmodeled_members(batch.describe_jobs(jobs=["1", "2"]), shape(batch, "DescribeJobs"))
        )
    assert whole == said


def test_what_botocore_reads_inside_a_map_stays_as_it_is(fake_service: FakeService) -> None:
    said = {"connectorConfigurations": {"Ours": {"connectorName": "ours", "registeredAt": 1.5e9, "brandNew": 1}}}
    with client("appflow", fake_service(json.dumps(said).encode(), 200)) as appflow:
        whole = add_unmodeled_members(appflow.describe_connectors(), shape(appflow, "DescribeConnectors"))
    ours = whole["connectorConfigurations"]["Ours"]
    assert isinstance(ours.pop("registeredAt"), datetime)
    assert ours == {"connectorName": "ours", "brandNew": 1}


def test_an_answer_in_xml_is_left_as_it_is(fake_service: FakeService) -> None:
    xml = b"""<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>mine</StackName><New>1</New>
    </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
    with client("cloudformation", fake_service(xml, 200)) as formation:
        whole = add_unmodeled_members(formation.describe_stacks(), shape(formation, "DescribeStacks"))
    assert whole["Stacks"] == [{"StackName": "mine"}] and BODY not in whole


def test_a_stubbed_answer_is_left_as_it_is() -> None:
    with client("voice-id", "http://127.0.0.1:1") as voice, Stubber(voice) as stub:
        stub.add_response("describe_speaker_enrollment_job", {"Job": {"JobStatus": "FAILED"}})
        answer = voice.describe_speaker_enrollment_job(DomainId=DOMAIN, JobId="b" * 22)
        assert add_unmodeled_members(answer, shape(voice, "DescribeSpeakerEnrollmentJob")) == {
            "Job": {"JobStatus": "FAILED"}
        }


def test_an_error_is_left_as_it_is(fake_service: FakeService) -> None:
    said = {"__type": "ResourceNotFoundException", "Message": "No such job.", "ResourceType": "BATCH_JOB"}
    url = fake_service(json.dumps(said).encode(), 400)
    with client("voice-id", url) as voice, pytest.raises(ClientError) as error:
        voice.describe_speaker_enrollment_job(DomainId=DOMAIN, JobId="b" * 22)
    assert error.value.response["Error"] == {"Message": "No such job.", "Code": "ResourceNotFoundException"}
    assert BODY not in error.value.response
