"""Tests of the Voice ID emulator, with boto3 over a real socket and a fake S3."""

import io
import json
import re
import threading
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from local.voice_id import VoiceId, faults

SESSION = boto3.Session("test", "test", region_name="eu-west-1")
DOMAIN = "a" * 22
NOUNS = ["SpeakerEnrollmentJob", "FraudsterRegistrationJob"]
Members = dict[str, Any]


class FakeS3:
    """Stores objects in a dict, and raises S3's errors. `on_read` is called with each key that is read."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.denied: set[str] = set()
        self.put: list[Members] = []
        self.on_read: Callable[[str], object] = lambda key: None

    def get_object(self, *, Bucket: str, Key: str) -> Members:
        self.on_read(Key)
        if Key in self.denied:
            raise s3_error("AccessDenied", "Access Denied", 403)
        if Key not in self.objects:
            raise s3_error("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": io.BytesIO(self.objects[Key]), "ContentLength": len(self.objects[Key])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **rest: str) -> None:
        if Bucket in self.denied:
            raise s3_error("AccessDenied", "Access Denied", 403)
        self.objects[Key] = Body
        self.put.append({"Bucket": Bucket, "Key": Key, **rest})


def s3_error(code: str, message: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")


def wav(rate: int = 8000, width: int = 2, channels: int = 1, frames: int = 80, sound: bytes = b"\1") -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setparams((channels, width, rate, 0, "NONE", "NONE"))
        audio.writeframes(sound * (frames * width * channels))
    return file.getvalue()


def audio(key: str = "good.wav", channel: int = 0) -> Members:
    return {"S3Uri": f"s3://audio/{key}", "ChannelId": channel}


def speaker(number: int, *audios: Members) -> Members:
    specifications = list(audios) or [audio()]
    return {"RequestId": f"r{number}", "SpeakerId": f"s{number}", "AudioSpecifications": specifications}


def manifest(*requests: Members, noun: str = "SpeakerEnrollmentJob") -> bytes:
    return json.dumps({"Version": "1.0", f"{noun[:-3]}Requests": requests}).encode()


def request(**other: Any) -> Members:
    return {
        "DomainId": DOMAIN,
        "DataAccessRoleArn": "arn:aws:iam::123456789012:role/voice",
        "InputDataConfig": {"S3Uri": "s3://inbox/jobs/input.json"},
        "OutputDataConfig": {"S3Uri": "s3://out/results"},
        **other,
    }


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def s3() -> FakeS3:
    s3 = FakeS3()
    s3.objects |= {"good.wav": wav(), "jobs/input.json": manifest(speaker(1))}
    return s3


@pytest.fixture
def events() -> list[Members]:
    """Return the list to which the emulator adds the PutEvents entries of its events."""
    return []


@pytest.fixture
def voice_id(s3: FakeS3, events: list[Members]) -> Iterator[VoiceId]:
    with VoiceId(s3=s3, events=events.append, seconds_per_request=0) as voice_id:
        yield voice_id


@contextmanager
def connect(voice_id: VoiceId, **config: Any) -> Iterator[Any]:
    """Yield a client that neither retries nor validates, so that tests see the emulator's own responses."""
    config = {"parameter_validation": False, "read_timeout": 60, "max_pool_connections": 50, **config}
    one_attempt = Config(retries={"total_max_attempts": 1}, **config)
    with closing(SESSION.client("voice-id", endpoint_url=voice_id.url, config=one_attempt)) as client:
        yield client


@pytest.fixture
def client(voice_id: VoiceId) -> Iterator[Any]:
    with connect(voice_id) as client:
        yield client


def call(client: Any, operation: str, **members: Any) -> Members:
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    answer: Members = getattr(client, method)(**members)
    return answer


def error_of(client: Any, operation: str, **members: Any) -> Members:
    with pytest.raises(ClientError) as caught:
        call(client, operation, **members)
    answer: Any = caught.value.response
    return {**answer, **answer["Error"], "Status": answer["ResponseMetadata"]["HTTPStatusCode"]}


def start_job(client: Any, noun: str = "SpeakerEnrollmentJob", **other: Any) -> str:
    job_id: str = call(client, f"Start{noun}", **request(**other))["Job"]["JobId"]
    return job_id


def describe_job(client: Any, job_id: str, noun: str = "SpeakerEnrollmentJob") -> Members:
    job: Members = call(client, f"Describe{noun}", DomainId=DOMAIN, JobId=job_id)["Job"]
    return job


def post(voice_id: VoiceId, target: str, body: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", int(voice_id.url.rpartition(":")[2]), timeout=60)
    connection.request("POST", "/", body, {"X-Amz-Target": target})
    answer = connection.getresponse()
    status, content = answer.status, json.loads(answer.read())
    connection.close()
    return status, content


# ------------------------------------------------------------------------------------------------- running a job


def test_a_job_with_valid_requests_completes_and_is_described_in_full(client: Any, voice_id: VoiceId) -> None:
    job_id = start_job(client, JobName="night-shift", OutputDataConfig={"S3Uri": "s3://out", "KmsKeyId": "alias/k"})
    voice_id.wait(job_id)
    job = describe_job(client, job_id)
    assert job.pop("CreatedAt") <= job.pop("EndedAt")
    assert job == {
        "DataAccessRoleArn": "arn:aws:iam::123456789012:role/voice",
        "DomainId": DOMAIN,
        "EnrollmentConfig": {
            "ExistingEnrollmentAction": "SKIP",
            "FraudDetectionConfig": {"FraudDetectionAction": "FAIL"},
        },
        "InputDataConfig": {"S3Uri": "s3://inbox/jobs/input.json"},
        "JobId": job_id,
        "JobName": "night-shift",
        "JobProgress": {"PercentComplete": 100},
        "JobStatus": "COMPLETED",
        "OutputDataConfig": {"S3Uri": "s3://out", "KmsKeyId": "alias/k"},
    }


def test_a_new_job_is_submitted_without_progress_and_end_time(client: Any, voice_id: VoiceId) -> None:
    voice_id.hold()
    config = {"FraudDetectionConfig": {"RiskThreshold": 7}}
    job = call(client, "StartSpeakerEnrollmentJob", **request(EnrollmentConfig=config))["Job"]
    assert job == describe_job(client, job["JobId"])
    assert (job["JobStatus"], job["JobProgress"]) == ("SUBMITTED", {"PercentComplete": 0})
    assert job["EnrollmentConfig"]["FraudDetectionConfig"] == {"RiskThreshold": 7, "FraudDetectionAction": "FAIL"}
    assert not {"EndedAt", "FailureDetails", "JobName", "ClientToken"} & set(job)
    with pytest.raises(TimeoutError, match="is still SUBMITTED after 0 s"):
        voice_id.wait(job["JobId"], 0)


def test_the_percentage_is_the_share_of_processed_requests(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    s3.objects["jobs/input.json"] = manifest(*map(speaker, range(3)))
    voice_id.hold()
    job_id = start_job(client)
    polls: list[tuple[str, str, int]] = []

    def poll(key: str) -> None:
        job = describe_job(client, job_id)
        polls.append((key, job["JobStatus"], job["JobProgress"]["PercentComplete"]))

    s3.on_read = poll
    voice_id.release()
    voice_id.wait(job_id)
    assert polls == [
        ("jobs/input.json", "IN_PROGRESS", 0),
        ("good.wav", "IN_PROGRESS", 0),
        ("good.wav", "IN_PROGRESS", 33),
        ("good.wav", "IN_PROGRESS", 66),
    ]


def test_each_request_takes_the_configured_time(client: Any, voice_id: VoiceId) -> None:
    voice_id.seconds_per_request = 0.05
    began = time.monotonic()
    voice_id.wait(start_job(client))
    assert time.monotonic() - began >= 0.1  # once while it is submitted, and once for the request


def test_the_results_file_lists_the_enrolled_speakers(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    job_id = start_job(client, OutputDataConfig={"S3Uri": "s3://out/results/", "KmsKeyId": "alias/k"})
    voice_id.wait(job_id)
    key = f"results/{job_id}/input.json.out"
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/k"}
    assert s3.put == [{"Bucket": "out", "Key": key, "ContentType": "application/json", **encryption}]
    output = json.loads(s3.objects[key])
    (entry,) = output.pop("SuccessfulEnrollments")
    assert output == {"Version": "1.0", "Errors": []}
    assert re.fullmatch(r"id#[a-zA-Z0-9]{22}", entry.pop("GeneratedSpeakerId"))
    assert entry == {"RequestId": "r1", "CustomerSpeakerId": "s1", "EnrollmentStatus": "NEW_ENROLLMENT"}


def run_job(client: Any, voice_id: VoiceId, s3: FakeS3, noun: str, **other: Any) -> list[Members]:
    job_id = start_job(client, noun, **other)
    assert voice_id.wait(job_id)["JobStatus"] == "COMPLETED"
    output = json.loads(s3.objects[f"results/{job_id}/input.json.out"])
    entries: list[Members] = output["SuccessfulEnrollments" if "Speaker" in noun else "SuccessfulRegistrations"]
    return entries


def test_a_speaker_who_is_already_enrolled_is_skipped_or_overwritten(
    client: Any, voice_id: VoiceId, s3: FakeS3
) -> None:
    def enroll(**other: Any) -> Members:
        return run_job(client, voice_id, s3, "SpeakerEnrollmentJob", **other)[0]

    overwrite = {"EnrollmentConfig": {"ExistingEnrollmentAction": "OVERWRITE"}}
    entries = [enroll(), enroll(), enroll(**overwrite), enroll(DomainId="b" * 22)]
    statuses = ["NEW_ENROLLMENT", "DUPLICATE_SKIPPED", "ENROLLMENT_OVERWRITE", "NEW_ENROLLMENT"]
    assert [entry["EnrollmentStatus"] for entry in entries] == statuses
    first, second, third, elsewhere = (entry["GeneratedSpeakerId"] for entry in entries)
    assert first == second == third != elsewhere


def test_fraudsters_are_identified_by_voice(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    noun = "FraudsterRegistrationJob"
    s3.objects["other.wav"] = wav(sound=b"\2")
    s3.objects["jobs/input.json"] = manifest(
        *({"RequestId": key, "AudioSpecifications": [audio(key)]} for key in ("good.wav", "other.wav")), noun=noun
    )
    register_as_new = {"RegistrationConfig": {"DuplicateRegistrationAction": "REGISTER_AS_NEW"}}
    first, second, third = (run_job(client, voice_id, s3, noun, **other) for other in ({}, {}, register_as_new))
    status, score, generated = "RegistrationStatus", "FraudsterSimilarityScore", "GeneratedFraudsterId"
    assert [entry[status] for entry in first + third] == ["NEW_REGISTRATION"] * 4
    assert [(entry[status], entry[score]) for entry in second] == [("DUPLICATE_SKIPPED", 100)] * 2
    assert [entry[generated] for entry in first] == [entry[generated] for entry in second]
    assert len({entry[generated] for entry in first + third}) == 4
    assert not any(score in entry for entry in first + third)


BAD_AUDIO: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "could not be read: NoSuchKey: The specified key does not exist."),
    "text": (b"hello, world", "is not a PCM .wav file: file does not start with RIFF id"),
    "empty": (b"", "is not a PCM .wav file: it ends too early"),
    "fast": (wav(rate=16000), "has a sample rate of 16000 Hz; it must be 8000 Hz"),
    "coarse": (wav(width=1), "has 8 bits per sample; it must have 16"),
    "surround": (wav(channels=6), "has 6 channels; it must have 1 or 2"),
    "silent": (wav(frames=0), "has no speech"),
    "cut": (wav()[:-10], "is truncated"),
    "huge": (wav(frames=10 * 1024 * 1024), "has 20971564 bytes; the maximum is 20971520"),
}


def test_requests_with_invalid_audio_fail_and_the_others_succeed(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    s3.objects |= {key: content for key, (content, _) in BAD_AUDIO.items() if content is not None}
    s3.objects["stereo"] = wav(channels=2)
    messages = [f"s3://audio/{key} {message}" for key, (_, message) in BAD_AUDIO.items()]
    specifications = [[audio(), audio(key)] for key in BAD_AUDIO]
    for specification, message in (
        ([audio(channel=1)], "s3://audio/good.wav has no channel 1; its channels are 0"),
        ([audio("stereo", -1)], "s3://audio/stereo has no channel -1; its channels are 0, 1"),
        ([audio()] * 11, "11 audio files; the maximum is 10"),
        (
            [{"S3Uri": "good.wav", "ChannelId": 0}],
            "good.wav is not the URI of an S3 object; the format is s3://bucket/key",
        ),
    ):
        specifications.append(specification)
        messages.append(message)
    bad = [speaker(number, *specification) for number, specification in enumerate(specifications)]
    good = [speaker(98, *[audio()] * 10), speaker(99, audio("stereo", 1))]
    s3.objects["jobs/input.json"] = manifest(*bad, *good)
    job_id = start_job(client)
    job = voice_id.wait(job_id)
    assert (job["JobStatus"], job["JobProgress"]["PercentComplete"]) == ("COMPLETED_WITH_ERRORS", 100)
    assert "FailureDetails" not in job
    output = json.loads(s3.objects[f"results/{job_id}/input.json.out"])
    assert [entry["RequestId"] for entry in output["SuccessfulEnrollments"]] == ["r98", "r99"]
    assert [entry["ErrorMessage"] for entry in output["Errors"]] == messages
    assert [entry["RequestId"] for entry in output["Errors"]] == [entry["RequestId"] for entry in bad]
    assert [entry["ErrorCode"] for entry in output["Errors"]] == [404] + [400] * (len(bad) - 1)


def test_a_job_whose_requests_all_fail_completes_with_errors(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    s3.denied.add("good.wav")
    assert voice_id.wait(start_job(client))["JobStatus"] == "COMPLETED_WITH_ERRORS"


INVALID_MANIFEST = "s3://inbox/jobs/input.json is not a valid manifest of SpeakerEnrollmentRequests: "


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{\n  'Version'", "is not JSON: Expecting property name enclosed in double quotes at line 2, column 3"),
        (b"", "is not JSON: Expecting value at line 1, column 1"),
        (b'"\xff"', "is not JSON: byte 1 is not valid utf-8"),
        (b"[]", INVALID_MANIFEST + "the file: Member must be of type structure"),
        (b'{"Version": "1.0"}', INVALID_MANIFEST + "SpeakerEnrollmentRequests: Member must not be null"),
        (manifest(), "SpeakerEnrollmentRequests: Member must have length greater than or equal to 1"),
        (manifest(speaker(1)).replace(b"1.0", b"2.0"), "Version: Member must satisfy enum value set: [1.0]"),
        (manifest(speaker(1), speaker(1)), INVALID_MANIFEST + "RequestId 'r1' occurs 2 times"),
        (
            manifest(speaker(1), {}, speaker(2) | {"SpeakerId": 7}),
            "SpeakerEnrollmentRequests[1].RequestId: Member must",
        ),
        (manifest({}, {}), "; and 3 more"),
        (manifest(speaker(1, audio(channel=True))), "AudioSpecifications[0].ChannelId: Member must be of type integer"),
    ],
)
def test_an_invalid_manifest_fails_the_job_with_a_reason(
    client: Any, voice_id: VoiceId, s3: FakeS3, content: bytes, message: str
) -> None:
    s3.objects["jobs/input.json"] = content
    job_id = start_job(client)
    voice_id.wait(job_id)
    job = describe_job(client, job_id)
    assert (job["JobStatus"], job["JobProgress"]["PercentComplete"]) == ("FAILED", 0)
    assert job["FailureDetails"]["StatusCode"] == 400
    assert "s3://inbox/jobs/input.json" in job["FailureDetails"]["Message"]
    assert message in job["FailureDetails"]["Message"]
    assert job["EndedAt"] >= job["CreatedAt"]
    assert not s3.put


@pytest.mark.parametrize(
    ("denied", "source", "message", "status"),
    [
        ("", "s3://inbox/none.json", "s3://inbox/none.json could not be read: NoSuchKey: The specified key", 404),
        ("jobs/input.json", "s3://inbox/jobs/input.json", "could not be read: AccessDenied: Access Denied", 403),
        ("out", "s3://inbox/jobs/input.json", "input.json.out could not be written: AccessDenied: Access Denied", 403),
        ("", "s3://bucket", "s3://bucket is not the URI of an S3 object", 400),
    ],
)
def test_an_s3_error_fails_the_job_with_the_message_of_s3(
    client: Any, voice_id: VoiceId, s3: FakeS3, denied: str, source: str, message: str, status: int
) -> None:
    s3.denied.add(denied)
    job = voice_id.wait(start_job(client, InputDataConfig={"S3Uri": source}))
    assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", status)
    assert message in job["FailureDetails"]["Message"]


def test_a_job_that_cannot_reach_s3_fails(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    def unreachable(key: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://s3")

    s3.on_read = unreachable
    failure = voice_id.wait(start_job(client))["FailureDetails"]
    assert (failure["StatusCode"], "Could not connect" in failure["Message"]) == (500, True)


def test_an_unexpected_exception_in_a_job_fails_the_job_and_is_logged(
    client: Any, voice_id: VoiceId, s3: FakeS3, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.on_read = lambda key: 1 / 0
    job = voice_id.wait(start_job(client))
    assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 500)
    assert "ZeroDivisionError" in capsys.readouterr().err


# ---------------------------------------------------------------------------------- starting, describing, listing


@pytest.mark.parametrize("noun", NOUNS)
def test_requests_with_the_same_client_token_start_one_job(client: Any, voice_id: VoiceId, noun: str) -> None:
    voice_id.hold()
    with ThreadPoolExecutor(20) as pool:
        job_ids = set(pool.map(lambda _: start_job(client, noun, ClientToken="token-1"), range(40)))
    voice_id.release()
    (job_id,) = job_ids
    voice_id.wait(job_id)
    assert start_job(client, noun, ClientToken="token-1") == job_id
    assert (
        error_of(client, f"Start{noun}", **request(ClientToken="token-1", JobName="new"))["Code"] == "ConflictException"
    )
    assert start_job(client, noun, ClientToken="token-2") != job_id


@pytest.mark.parametrize("noun", NOUNS)
def test_a_domain_can_have_only_one_active_job_of_each_kind(client: Any, voice_id: VoiceId, noun: str) -> None:
    voice_id.hold()
    job_id = start_job(client, noun)
    rejected = error_of(client, f"Start{noun}", **request())
    assert (rejected["Code"], rejected["Status"]) == ("ServiceQuotaExceededException", 400)
    assert job_id in rejected["Message"]
    start_job(client, noun, DomainId="b" * 22)
    start_job(client, next(other for other in NOUNS if other != noun))
    voice_id.release()
    voice_id.wait(job_id)
    assert start_job(client, noun) != job_id


@pytest.mark.parametrize("noun", NOUNS)
def test_a_job_is_found_only_with_its_domain_and_kind(client: Any, voice_id: VoiceId, noun: str) -> None:
    job_id, other = start_job(client, noun), next(other for other in NOUNS if other != noun)
    for operation, domain, job in (
        (f"Describe{noun}", DOMAIN, "z" * 22),
        (f"Describe{noun}", "b" * 22, job_id),
        (f"Describe{other}", DOMAIN, job_id),
    ):
        missing = error_of(client, operation, DomainId=domain, JobId=job)
        assert (missing["Code"], missing["ResourceType"]) == ("ResourceNotFoundException", "BATCH_JOB")


def test_an_unknown_domain_is_not_found(s3: FakeS3) -> None:
    with VoiceId(s3=s3, domains={DOMAIN}, seconds_per_request=0) as voice_id, connect(voice_id) as client:
        start_job(client)
        for operation, members in (
            ("StartSpeakerEnrollmentJob", request(DomainId="b" * 22)),
            ("DescribeFraudsterRegistrationJob", {"DomainId": "b" * 22, "JobId": "c" * 22}),
            ("ListSpeakerEnrollmentJobs", {"DomainId": "b" * 22}),
        ):
            missing = error_of(client, operation, **members)
            assert (missing["Code"], missing["ResourceType"]) == ("ResourceNotFoundException", "DOMAIN")


@pytest.mark.parametrize("noun", NOUNS)
def test_lists_are_paginated_and_filtered_by_status(client: Any, voice_id: VoiceId, s3: FakeS3, noun: str) -> None:
    good = {"RequestId": "r", "SpeakerId": "s", "AudioSpecifications": [audio()]}
    s3.objects["jobs/input.json"] = manifest(good, noun=noun)
    job_ids = []
    for number in range(5):
        source = "s3://inbox/none" if number == 2 else "s3://inbox/jobs/input.json"
        job_ids.append(start_job(client, noun, JobName=f"job-{number}", InputDataConfig={"S3Uri": source}))
        voice_id.wait(job_ids[-1])
    start_job(client, noun, DomainId="b" * 22)
    assert [job["JobId"] for job in call(client, f"List{noun}s", DomainId=DOMAIN)["JobSummaries"]] == job_ids

    def pages(**members: Any) -> list[list[str]]:
        token: Members | None = {}
        found = []
        while token is not None:
            page = call(client, f"List{noun}s", DomainId=DOMAIN, **members, **token)
            found.append([job["JobId"] for job in page["JobSummaries"]])
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        return found

    assert pages(MaxResults=2) == [job_ids[:2], job_ids[2:4], job_ids[4:]]
    assert pages(MaxResults=2, JobStatus="COMPLETED") == [job_ids[:2], job_ids[3:]]
    assert pages(JobStatus="SUBMITTED") == [[]]
    (failed,) = call(client, f"List{noun}s", DomainId=DOMAIN, JobStatus="FAILED")["JobSummaries"]
    assert {name: describe_job(client, job_ids[2], noun)[name] for name in failed} == failed
    members = "CreatedAt DomainId EndedAt FailureDetails JobId JobName JobProgress JobStatus"
    assert " ".join(sorted(failed)) == members
    assert error_of(client, f"List{noun}s", DomainId=DOMAIN, NextToken="nonsense")["Code"] == "ValidationException"


PATTERN = "Member must satisfy regular expression pattern: "


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"DomainId": "-" * 22}, f"1 validation error detected: Value '{'-' * 22}' at 'domainId' failed to satisfy "
                                 f"constraint: {PATTERN}^[a-zA-Z0-9]{{22}}$"),
        ({"DomainId": "a" * 22 + "\n"}, PATTERN),
        ({"DomainId": "x"}, "2 validation errors detected: Value 'x' at 'domainId' failed to satisfy constraint: "
                            "Member must have length greater than or equal to 22; Value 'x' at 'domainId' failed"),
        ({"DomainId": None}, "Value null at 'domainId' failed to satisfy constraint: Member must not be null"),
        ({"DomainId": 22}, "Value '22' at 'domainId' failed to satisfy constraint: Member must be of type string"),
        ({"InputDataConfig": {}}, "Value null at 'inputDataConfig.s3Uri' failed to satisfy constraint: Member"),
        ({"OutputDataConfig": {"S3Uri": "http://x"}}, "Value 'http://x' at 'outputDataConfig.s3Uri' failed"),
        ({"DataAccessRoleArn": "arn:aws:iam::1:role/too-short"}, "at 'dataAccessRoleArn' failed to satisfy constraint"),
        ({"ClientToken": "t" * 65}, "Member must have length less than or equal to 64"),
        ({"JobName": "my secret"}, "Value at 'jobName' failed to satisfy constraint: " + PATTERN),
        ({"EnrollmentConfig": {"ExistingEnrollmentAction": "REPLACE"}},
         "Value 'REPLACE' at 'enrollmentConfig.existingEnrollmentAction' failed to satisfy constraint: "
         "Member must satisfy enum value set: [SKIP, OVERWRITE]"),
        ({"EnrollmentConfig": {"FraudDetectionConfig": {"RiskThreshold": 101}}},
         "Value '101' at 'enrollmentConfig.fraudDetectionConfig.riskThreshold' failed to satisfy constraint: "
         "Member must have value less than or equal to 100"),
        ({"EnrollmentConfig": {"FraudDetectionConfig": {"WatchlistIds": ["!" * 22]}}},
         "at 'enrollmentConfig.fraudDetectionConfig.watchlistIds.1.member' failed to satisfy constraint: " + PATTERN),
    ],
)  # fmt: skip
def test_an_invalid_request_is_rejected_with_the_message_of_the_service(
    client: Any, members: Members, message: str
) -> None:
    rejected = error_of(client, "StartSpeakerEnrollmentJob", **request(**members))
    assert (rejected["Code"], rejected["Status"]) == ("ValidationException", 400)
    assert message in rejected["Message"]
    assert "secret" not in rejected["Message"]


def test_list_requests_are_validated(client: Any) -> None:
    assert "value greater than or equal to 1" in error_of(
        client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN, MaxResults=0
    )["Message"]  # fmt: skip
    assert PATTERN in error_of(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN, NextToken="ü")["Message"]


def test_unknown_members_of_a_request_are_ignored(client: Any, voice_id: VoiceId) -> None:
    job_id = start_job(client)
    body = json.dumps({"DomainId": DOMAIN, "JobId": job_id, "Colour": "blue"})
    status, answer = post(voice_id, "VoiceID.DescribeSpeakerEnrollmentJob", body)
    assert (status, answer["Job"]["JobId"]) == (200, job_id)


@pytest.mark.parametrize(
    ("target", "body", "status", "code"),
    [
        ("VoiceID.DescribeSpeakerEnrollmentJob", "{", 400, "SerializationException"),
        ("VoiceID.DescribeSpeakerEnrollmentJob", "[]", 400, "SerializationException"),
        ("VoiceID.DescribeNothing", "{}", 404, "UnknownOperationException"),
        ("Textract.GetDocumentAnalysis", "{}", 404, "UnknownOperationException"),
        ("VoiceID.CreateDomain", "{}", 501, "NotImplementedException"),
    ],
)
def test_an_invalid_http_request_gets_an_error_with_a_type(
    voice_id: VoiceId, target: str, body: str, status: int, code: str
) -> None:  # fmt: skip
    actual_status, response = post(voice_id, target, body)
    assert (actual_status, response["__type"]) == (status, code)


def test_the_error_for_an_operation_that_is_not_emulated_lists_the_emulated_ones(client: Any) -> None:
    rejected = error_of(client, "ListDomains")
    assert (rejected["Code"], rejected["Status"]) == ("NotImplementedException", 501)
    assert "ListDomains is not emulated; the emulated operations are StartSpeakerEnrollmentJob, " in rejected["Message"]


def test_an_unexpected_exception_in_the_emulator_returns_500_and_is_logged(
    client: Any, voice_id: VoiceId, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(voice_id, "_respond", lambda *given: 1 / 0)
    broken = error_of(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    assert (broken["Code"], broken["Status"]) == ("InternalServerException", 500)
    assert "ZeroDivisionError" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------- faults and controls


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("error", "InternalServerException", 500),
        ("denied", "AccessDeniedException", 400),
        ("not-found", "ResourceNotFoundException", 400),
        ("invalid", "ValidationException", 400),
    ],
)
def test_a_fault_applies_to_the_next_calls_of_its_operation(
    client: Any, voice_id: VoiceId, fault: str, code: str, status: int
) -> None:
    job_id = start_job(client)
    voice_id.fail("DescribeSpeakerEnrollmentJob", fault, times=2)
    for _ in range(2):
        assert call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)["JobSummaries"]
        failed = error_of(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId=job_id)
        assert (failed["Code"], failed["Status"]) == (code, status)
        assert isinstance(client.exceptions.from_code(code), type)
    assert describe_job(client, job_id)["JobId"] == job_id


def test_faults_apply_in_order_and_without_a_count_until_cleared(client: Any, voice_id: VoiceId) -> None:
    job_id = start_job(client)
    voice_id.fail("DescribeSpeakerEnrollmentJob", "denied")
    voice_id.fail("DescribeSpeakerEnrollmentJob", "error", times=None)
    job = {"DomainId": DOMAIN, "JobId": job_id}
    codes = [error_of(client, "DescribeSpeakerEnrollmentJob", **job)["Code"] for _ in range(4)]
    assert codes == ["AccessDeniedException"] + ["InternalServerException"] * 3
    voice_id.faults.clear()
    assert describe_job(client, job_id)["JobId"] == job_id


def test_a_fault_of_one_job_does_not_affect_others(client: Any, voice_id: VoiceId) -> None:
    job_id, other = start_job(client), start_job(client, "FraudsterRegistrationJob")
    for noun in NOUNS:
        voice_id.fail(f"Describe{noun}", "denied", job_id=job_id)
    job = {"DomainId": DOMAIN, "JobId": job_id}
    assert describe_job(client, other, "FraudsterRegistrationJob")["JobId"] == other
    assert error_of(client, "DescribeSpeakerEnrollmentJob", **job)["Code"] == "AccessDeniedException"
    assert describe_job(client, job_id)["JobId"] == job_id


@pytest.mark.parametrize(("body", "status"), [(b"", 200), (b"null", 200), (b"<html></html>", 502)])
def test_a_response_can_have_any_body_and_status(client: Any, voice_id: VoiceId, body: bytes, status: int) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "body", body=body, status=status)
    with closing(HTTPConnection("127.0.0.1", int(voice_id.url.rpartition(":")[2]), timeout=60)) as connection:
        target = {"X-Amz-Target": "VoiceID.ListSpeakerEnrollmentJobs"}
        connection.request("POST", "/", json.dumps({"DomainId": DOMAIN}), target)
        answer = connection.getresponse()
        assert (answer.read(), answer.status) == (body, status)


def test_a_connection_can_break_in_the_middle_of_a_response(client: Any, voice_id: VoiceId) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "cut")
    with pytest.raises(ConnectionClosedError) as caught:
        call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    assert "IncompleteRead" in str(caught.value.kwargs["error"])


def test_the_response_to_a_slow_call_is_delayed(client: Any, voice_id: VoiceId) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "slow", seconds=0.2)
    began = time.monotonic()
    assert call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)["JobSummaries"] == []
    assert time.monotonic() - began >= 0.2


def test_a_slow_call_exceeds_the_read_timeout_and_ends_with_the_emulator(voice_id: VoiceId) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "slow", seconds=60)
    with connect(voice_id, read_timeout=0.2) as client, pytest.raises(ReadTimeoutError):
        call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)


def test_a_dropped_start_call_starts_the_job_and_a_retry_with_its_token_returns_it(
    client: Any, voice_id: VoiceId
) -> None:
    voice_id.fail("StartSpeakerEnrollmentJob", "drop")
    with pytest.raises(ConnectionClosedError):
        start_job(client, ClientToken="token-1")
    (job,) = call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)["JobSummaries"]
    assert start_job(client, ClientToken="token-1") == job["JobId"]


@pytest.mark.parametrize(
    ("operation", "fault", "times", "message"),
    [
        (
            "DescribeSpeakerEnrolmentJob",
            "slow",
            1,
            "unknown operation 'DescribeSpeakerEnrolmentJob'; the operations are StartSpeakerEnroll",
        ),
        (
            "DescribeSpeakerEnrollmentJob",
            "throtle",
            1,
            "unknown fault 'throtle'; the faults are throttle, error, denied, not-found",
        ),
        ("DescribeSpeakerEnrollmentJob", "throttle", 0, "times is 0; it must be at least 1, or None for all calls"),
    ],
)
def test_a_misspelled_fault_is_rejected(
    voice_id: VoiceId, operation: str, fault: str, times: int, message: str
) -> None:  # fmt: skip
    with pytest.raises(ValueError, match=re.escape(message)):
        voice_id.fail(operation, fault, times=times)


def test_calls_above_the_rate_limit_of_their_operation_are_throttled(client: Any, voice_id: VoiceId) -> None:
    job_id = start_job(client)
    voice_id.calls_per_second = 2
    describe_job(client, job_id)
    describe_job(client, job_id)
    rejected = error_of(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId=job_id)
    assert (rejected["Code"], rejected["Status"]) == ("ThrottlingException", 400)
    assert voice_id.throttled == {"DescribeSpeakerEnrollmentJob": 1}
    call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    voice_id.calls_per_second = None
    describe_job(client, job_id)


def test_a_token_bucket_refills_and_holds_the_calls_of_one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(faults, "time", SimpleNamespace(monotonic=lambda: clock.now))
    limiter = faults.RateLimiter()

    def acquired() -> int:
        return sum(limiter.acquire("X", 2) for _ in range(9))

    assert (acquired(), acquired()) == (2, 0)
    clock.now += 0.5
    assert acquired() == 1
    clock.now += 60
    assert acquired() == 2


def test_calls_are_counted_by_operation(client: Any, voice_id: VoiceId) -> None:
    job_id = start_job(client)
    voice_id.fail("DescribeSpeakerEnrollmentJob", "error")
    error_of(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId=job_id)
    describe_job(client, job_id)
    assert voice_id.calls == {"StartSpeakerEnrollmentJob": 1, "DescribeSpeakerEnrollmentJob": 2}


def test_a_held_job_continues_only_after_its_release(client: Any, voice_id: VoiceId) -> None:
    voice_id.hold()
    held, other = start_job(client), start_job(client, DomainId="b" * 22)
    voice_id.release(other)
    assert voice_id.wait(other)["JobStatus"] == "COMPLETED"
    assert describe_job(client, held)["JobStatus"] == "SUBMITTED"
    voice_id.release()
    assert voice_id.wait(held)["JobStatus"] == "COMPLETED"
    free = start_job(client)
    assert voice_id.wait(free)["JobStatus"] == "COMPLETED"
    voice_id.hold(free)


def test_amended_members_replace_those_of_the_job(client: Any, voice_id: VoiceId) -> None:
    job_id = start_job(client)
    voice_id.wait(job_id)
    voice_id.amend(job_id, {"JobStatus": "PAUSED", "NewMember": 1, "EndedAt": None})
    body = json.dumps({"DomainId": DOMAIN, "JobId": job_id})
    _, raw = post(voice_id, "VoiceID.DescribeSpeakerEnrollmentJob", body)
    assert (raw["Job"]["JobStatus"], raw["Job"]["NewMember"]) == ("PAUSED", 1)
    job = describe_job(client, job_id)
    assert (job["JobStatus"], "EndedAt" in job) == ("PAUSED", False)
    voice_id.amend(job_id, {})
    assert describe_job(client, job_id)["JobStatus"] == "COMPLETED"


def test_controls_reject_a_job_that_does_not_exist(voice_id: VoiceId) -> None:
    for switch in (voice_id.hold, voice_id.release, voice_id.wait, lambda job_id: voice_id.amend(job_id, {})):
        with pytest.raises(ValueError, match="unknown job 'x'; the jobs are none"):
            switch("x")


def test_a_paused_service_refuses_connections_while_its_jobs_continue(client: Any, voice_id: VoiceId) -> None:
    voice_id.hold()
    job_id = start_job(client)
    for _ in range(2):
        voice_id.pause()
        with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
            describe_job(client, job_id)
        with pytest.raises(EndpointConnectionError):
            describe_job(client, job_id)
        voice_id.resume()
        assert describe_job(client, job_id)["JobStatus"] == "SUBMITTED"
    voice_id.pause()
    voice_id.release()
    assert voice_id.wait(job_id)["JobStatus"] == "COMPLETED"
    voice_id.resume()
    assert describe_job(client, job_id)["JobStatus"] == "COMPLETED"
    voice_id.pause()


def test_pausing_breaks_the_connection_of_a_call_that_waits_for_its_response(client: Any, voice_id: VoiceId) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "slow", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call, client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
        while not voice_id.calls["ListSpeakerEnrollmentJobs"]:
            time.sleep(0.001)
        voice_id.pause()
        with pytest.raises(ConnectionClosedError):
            answer.result()


def test_an_emulator_can_be_stopped_before_it_starts_and_uses_the_given_port(s3: FakeS3) -> None:
    first = VoiceId(s3=s3)
    first.stop()
    with VoiceId(s3=s3, port=int(first.url.rpartition(":")[2])) as second:
        assert second.url == first.url
        with pytest.raises(OSError, match="Address already in use"):
            VoiceId(s3=s3, port=int(first.url.rpartition(":")[2]))


def test_stopping_ends_jobs_and_keeps_their_status(s3: FakeS3) -> None:
    with VoiceId(s3=s3, seconds_per_request=60) as voice_id, connect(voice_id) as client:
        job_id = start_job(client)
    assert voice_id.wait(job_id, 0)["JobStatus"] == "SUBMITTED"


# ------------------------------------------------------------------------------------------------------------ events


@pytest.mark.parametrize(
    ("noun", "detail_type", "action", "config"),
    [
        ("SpeakerEnrollmentJob", "VoiceId Batch Speaker Enrollment Action", "BATCH_ENROLLMENT_REQUEST",
         {"enrollmentConfig": {"existingEnrollmentAction": "SKIP",
                               "fraudDetectionConfig": {"fraudDetectionAction": "FAIL"}}}),
        ("FraudsterRegistrationJob", "VoiceId Batch Fraudster Registration Action", "BATCH_REGISTRATION_REQUEST",
         {"registrationConfig": {"duplicateRegistrationAction": "SKIP"}}),
    ],
)  # fmt: skip
def test_a_job_sends_events_when_it_starts_and_ends(
    client: Any, voice_id: VoiceId, s3: FakeS3, events: list[Members], noun: str, detail_type: str, action: str,
    config: Members,
) -> None:  # fmt: skip
    s3.objects["jobs/input.json"] = manifest(speaker(1), noun=noun)
    job_id = start_job(client, noun, ClientToken="token-1", JobName="secret")
    voice_id.wait(job_id)
    call, submitted, ended = events
    assert {entry["Source"] for entry in events} == {"aws.voiceid"}
    assert [entry["DetailType"] for entry in events] == ["AWS API Call via CloudTrail", detail_type, detail_type]
    assert "secret" not in json.dumps(events)

    given = {
        "domainId": DOMAIN,
        "dataAccessRoleArn": "arn:aws:iam::123456789012:role/voice",
        "inputDataConfig": {"s3Uri": "s3://inbox/jobs/input.json"},
        "outputDataConfig": {"s3Uri": "s3://out/results"},
    }
    call_detail = call["Detail"]
    assert call_detail["requestParameters"] == {
        **given,
        "clientToken": "token-1",
        "jobName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }
    job = call_detail["responseElements"]["job"]
    assert re.fullmatch(r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M", job.pop("createdAt"))
    assert job == {
        **given,
        **config,
        "jobId": job_id,
        "jobName": "HIDDEN_DUE_TO_SECURITY_REASONS",
        "jobStatus": "SUBMITTED",
        "jobProgress": {"percentComplete": 0},
    }
    expected = ("1.08", "voiceid.amazonaws.com", f"Start{noun}", "eu-west-1", False, "AwsApiCall")
    names = ("eventVersion", "eventSource", "eventName", "awsRegion", "readOnly", "eventType")
    assert tuple(call_detail[name] for name in names) == expected
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", call_detail["eventTime"])
    assert "errorCode" not in call_detail

    assert submitted["Detail"].pop("sourceId") != ended["Detail"].pop("sourceId")
    given.pop("domainId")
    batch = {"domainId": DOMAIN, "batchJobId": job_id, "action": action, "data": {**given, **config}}
    assert submitted["Detail"] == {**batch, "status": "SUBMITTED"}
    assert ended["Detail"] == {**batch, "status": "SUCCESS"}


def test_the_event_about_a_failed_job_has_the_reason(
    client: Any, voice_id: VoiceId, s3: FakeS3, events: list[Members]
) -> None:
    del s3.objects["jobs/input.json"]
    job = voice_id.wait(start_job(client))
    detail = events[-1]["Detail"]
    assert detail["status"] == "FAILURE"
    assert detail["errorInfo"] == {
        "errorMessage": job["FailureDetails"]["Message"],
        "errorType": "BadRequestException",
        "errorCode": 404,
    }


def test_the_event_about_a_job_that_completed_with_errors_has_the_status_success(
    client: Any, voice_id: VoiceId, s3: FakeS3, events: list[Members]
) -> None:
    s3.denied.add("good.wav")
    voice_id.wait(start_job(client))
    assert events[-1]["Detail"]["status"] == "SUCCESS"


@pytest.mark.parametrize("members", [{"JobName": "my secret"}, {"DomainId": 5}, {"JobName": ""}])
def test_the_cloudtrail_event_of_a_rejected_start_call_has_the_error(
    client: Any, events: list[Members], members: Members
) -> None:
    error_of(client, "StartSpeakerEnrollmentJob", **request(**members))
    ((entry),) = events
    assert entry["Detail"]["errorCode"] == "ValidationException"
    assert "detected: Value" in entry["Detail"]["errorMessage"]
    assert entry["Detail"]["responseElements"] is None
    assert "secret" not in json.dumps(entry)


def test_a_repeated_start_call_sends_a_cloudtrail_event_but_starts_no_job(
    client: Any, voice_id: VoiceId, events: list[Members]
) -> None:  # fmt: skip
    voice_id.hold()
    job = start_job(client, ClientToken="token-1")
    assert start_job(client, ClientToken="token-1") == job
    assert sum(entry["DetailType"] == "AWS API Call via CloudTrail" for entry in events) == 2
    voice_id.release()
    voice_id.wait(job)
    statuses = [entry["Detail"]["status"] for entry in events if "Batch" in entry["DetailType"]]
    assert statuses == ["SUBMITTED", "SUCCESS"]


def test_read_only_calls_send_no_events(client: Any, events: list[Members]) -> None:
    call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    error_of(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId="z" * 22)
    assert events == []


def test_an_event_that_cannot_be_sent_fails_neither_the_call_nor_the_job(
    s3: FakeS3, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(entry: Members) -> None:
        raise OSError("no bus")

    with VoiceId(s3=s3, events=fail, seconds_per_request=0) as voice_id, connect(voice_id) as client:
        assert voice_id.wait(start_job(client))["JobStatus"] == "COMPLETED"
    assert capsys.readouterr().err.count("OSError: no bus") == 3
