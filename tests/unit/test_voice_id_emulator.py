"""The Voice ID emulator, as boto3 sees it over a real socket; only S3 is a fake."""

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
    """Objects in a dict; errors as S3 words them; `on_read` is called with each key that is read."""

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
def told() -> list[Members]:
    return []


@pytest.fixture
def voice_id(s3: FakeS3, told: list[Members]) -> Iterator[VoiceId]:
    with VoiceId(s3=s3, events=told.append, seconds_per_request=0) as voice_id:
        yield voice_id


@contextmanager
def connected(voice_id: VoiceId, **config: Any) -> Iterator[Any]:
    """A client with one attempt a call and no validation of its own, so that the emulator's own answers are seen."""
    config = {"parameter_validation": False, "read_timeout": 60, "max_pool_connections": 50, **config}
    one_attempt = Config(retries={"total_max_attempts": 1}, **config)
    with closing(SESSION.client("voice-id", endpoint_url=voice_id.url, config=one_attempt)) as client:
        yield client


@pytest.fixture
def client(voice_id: VoiceId) -> Iterator[Any]:
    with connected(voice_id) as client:
        yield client


def call(client: Any, operation: str, **members: Any) -> Members:
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    answer: Members = getattr(client, method)(**members)
    return answer


def error(client: Any, operation: str, **members: Any) -> Members:
    with pytest.raises(ClientError) as caught:
        call(client, operation, **members)
    answer: Any = caught.value.response
    return {**answer, **answer["Error"], "Status": answer["ResponseMetadata"]["HTTPStatusCode"]}


def started(client: Any, noun: str = "SpeakerEnrollmentJob", **other: Any) -> str:
    job_id: str = call(client, f"Start{noun}", **request(**other))["Job"]["JobId"]
    return job_id


def described(client: Any, job_id: str, noun: str = "SpeakerEnrollmentJob") -> Members:
    job: Members = call(client, f"Describe{noun}", DomainId=DOMAIN, JobId=job_id)["Job"]
    return job


def posted(voice_id: VoiceId, target: str, body: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", int(voice_id.url.rpartition(":")[2]), timeout=60)
    connection.request("POST", "/", body, {"X-Amz-Target": target})
    answer = connection.getresponse()
    status, content = answer.status, json.loads(answer.read())
    connection.close()
    return status, content


# ---------------------------------------------------------------------------------------------- what a job does


def test_a_job_of_good_requests_is_completed_and_described_in_full(client: Any, voice_id: VoiceId) -> None:
    job_id = started(client, JobName="night-shift", OutputDataConfig={"S3Uri": "s3://out", "KmsKeyId": "alias/k"})
    voice_id.wait(job_id)
    job = described(client, job_id)
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


def test_a_new_job_is_submitted_and_has_neither_progress_nor_end(client: Any, voice_id: VoiceId) -> None:
    voice_id.hold()
    config = {"FraudDetectionConfig": {"RiskThreshold": 7}}
    job = call(client, "StartSpeakerEnrollmentJob", **request(EnrollmentConfig=config))["Job"]
    assert job == described(client, job["JobId"])
    assert (job["JobStatus"], job["JobProgress"]) == ("SUBMITTED", {"PercentComplete": 0})
    assert job["EnrollmentConfig"]["FraudDetectionConfig"] == {"RiskThreshold": 7, "FraudDetectionAction": "FAIL"}
    assert not {"EndedAt", "FailureDetails", "JobName", "ClientToken"} & set(job)
    with pytest.raises(TimeoutError, match="is still SUBMITTED after 0 s"):
        voice_id.wait(job["JobId"], 0)


def test_the_percentage_follows_the_requests(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    s3.objects["jobs/input.json"] = manifest(*map(speaker, range(3)))
    voice_id.hold()
    job_id = started(client)
    seen: list[tuple[str, str, int]] = []

    def look(key: str) -> None:
        job = described(client, job_id)
        seen.append((key, job["JobStatus"], job["JobProgress"]["PercentComplete"]))

    s3.on_read = look
    voice_id.release()
    voice_id.wait(job_id)
    assert seen == [
        ("jobs/input.json", "IN_PROGRESS", 0),
        ("good.wav", "IN_PROGRESS", 0),
        ("good.wav", "IN_PROGRESS", 33),
        ("good.wav", "IN_PROGRESS", 66),
    ]


def test_a_request_takes_its_time(client: Any, voice_id: VoiceId) -> None:
    voice_id.seconds_per_request = 0.05
    began = time.monotonic()
    voice_id.wait(started(client))
    assert time.monotonic() - began >= 0.1  # one wait in the queue, one for the request


def test_the_output_file_says_who_was_enrolled(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    job_id = started(client, OutputDataConfig={"S3Uri": "s3://out/results/", "KmsKeyId": "alias/k"})
    voice_id.wait(job_id)
    key = f"results/{job_id}/input.json.out"
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/k"}
    assert s3.put == [{"Bucket": "out", "Key": key, "ContentType": "application/json", **encryption}]
    output = json.loads(s3.objects[key])
    (entry,) = output.pop("SuccessfulEnrollments")
    assert output == {"Version": "1.0", "Errors": []}
    assert re.fullmatch(r"id#[a-zA-Z0-9]{22}", entry.pop("GeneratedSpeakerId"))
    assert entry == {"RequestId": "r1", "CustomerSpeakerId": "s1", "EnrollmentStatus": "NEW_ENROLLMENT"}


def results(client: Any, voice_id: VoiceId, s3: FakeS3, noun: str, **other: Any) -> list[Members]:
    job_id = started(client, noun, **other)
    assert voice_id.wait(job_id)["JobStatus"] == "COMPLETED"
    output = json.loads(s3.objects[f"results/{job_id}/input.json.out"])
    entries: list[Members] = output["SuccessfulEnrollments" if "Speaker" in noun else "SuccessfulRegistrations"]
    return entries


def test_a_speaker_who_is_enrolled_is_skipped_or_overwritten(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    def enroll(**other: Any) -> Members:
        return results(client, voice_id, s3, "SpeakerEnrollmentJob", **other)[0]

    overwrite = {"EnrollmentConfig": {"ExistingEnrollmentAction": "OVERWRITE"}}
    entries = [enroll(), enroll(), enroll(**overwrite), enroll(DomainId="b" * 22)]
    statuses = ["NEW_ENROLLMENT", "DUPLICATE_SKIPPED", "ENROLLMENT_OVERWRITE", "NEW_ENROLLMENT"]
    assert [entry["EnrollmentStatus"] for entry in entries] == statuses
    first, second, third, elsewhere = (entry["GeneratedSpeakerId"] for entry in entries)
    assert first == second == third != elsewhere


def test_a_fraudster_is_known_by_voice(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    noun = "FraudsterRegistrationJob"
    s3.objects["other.wav"] = wav(sound=b"\2")
    s3.objects["jobs/input.json"] = manifest(
        *({"RequestId": key, "AudioSpecifications": [audio(key)]} for key in ("good.wav", "other.wav")), noun=noun
    )
    anew = {"RegistrationConfig": {"DuplicateRegistrationAction": "REGISTER_AS_NEW"}}
    first, second, third = (results(client, voice_id, s3, noun, **other) for other in ({}, {}, anew))
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
    "fast": (wav(rate=16000), "has a sample rate of 16000 Hz: 8000 is accepted"),
    "coarse": (wav(width=1), "has 8 bits a sample: 16 are accepted"),
    "surround": (wav(channels=6), "has 6 channels: 1 or 2 are accepted"),
    "silent": (wav(frames=0), "has no speech"),
    "cut": (wav()[:-10], "is cut off"),
    "huge": (wav(frames=10 * 1024 * 1024), "has 20971564 bytes: at most 20971520 are accepted"),
}


def test_requests_with_bad_audio_fail_alone(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    s3.objects |= {key: content for key, (content, _) in BAD_AUDIO.items() if content is not None}
    s3.objects["stereo"] = wav(channels=2)
    complaints = [f"s3://audio/{key} {complaint}" for key, (_, complaint) in BAD_AUDIO.items()]
    specifications = [[audio(), audio(key)] for key in BAD_AUDIO]
    for specification, complaint in (
        ([audio(channel=1)], "s3://audio/good.wav has no channel 1: its channels are 0"),
        ([audio("stereo", -1)], "s3://audio/stereo has no channel -1: its channels are 0, 1"),
        ([audio()] * 11, "11 audio files: at most 10 are accepted"),
        (
            [{"S3Uri": "good.wav", "ChannelId": 0}],
            "good.wav is not the URI of an S3 object: s3://bucket/key is accepted",
        ),
    ):
        specifications.append(specification)
        complaints.append(complaint)
    bad = [speaker(number, *specification) for number, specification in enumerate(specifications)]
    good = [speaker(98, *[audio()] * 10), speaker(99, audio("stereo", 1))]
    s3.objects["jobs/input.json"] = manifest(*bad, *good)
    job_id = started(client)
    job = voice_id.wait(job_id)
    assert (job["JobStatus"], job["JobProgress"]["PercentComplete"]) == ("COMPLETED_WITH_ERRORS", 100)
    assert "FailureDetails" not in job
    output = json.loads(s3.objects[f"results/{job_id}/input.json.out"])
    assert [entry["RequestId"] for entry in output["SuccessfulEnrollments"]] == ["r98", "r99"]
    assert [entry["ErrorMessage"] for entry in output["Errors"]] == complaints
    assert [entry["RequestId"] for entry in output["Errors"]] == [entry["RequestId"] for entry in bad]
    assert [entry["ErrorCode"] for entry in output["Errors"]] == [404] + [400] * (len(bad) - 1)


def test_a_job_whose_requests_all_fail_is_completed_with_errors(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    s3.denied.add("good.wav")
    assert voice_id.wait(started(client))["JobStatus"] == "COMPLETED_WITH_ERRORS"


IS_NO_MANIFEST = "s3://inbox/jobs/input.json is not a manifest of SpeakerEnrollmentRequests: "


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{\n  'Version'", "is not JSON: Expecting property name enclosed in double quotes at line 2, column 3"),
        (b"", "is not JSON: Expecting value at line 1, column 1"),
        (b'"\xff"', "is not JSON: its byte 1 is not utf-8"),
        (b"[]", IS_NO_MANIFEST + "the whole: Member must be of type structure"),
        (b'{"Version": "1.0"}', IS_NO_MANIFEST + "SpeakerEnrollmentRequests: Member must not be null"),
        (manifest(), "SpeakerEnrollmentRequests: Member must have length greater than or equal to 1"),
        (manifest(speaker(1)).replace(b"1.0", b"2.0"), "Version: Member must satisfy enum value set: [1.0]"),
        (manifest(speaker(1), speaker(1)), IS_NO_MANIFEST + "RequestId 'r1' occurs 2 times"),
        (
            manifest(speaker(1), {}, speaker(2) | {"SpeakerId": 7}),
            "SpeakerEnrollmentRequests[1].RequestId: Member must",
        ),
        (manifest({}, {}), "; and 3 more"),
        (manifest(speaker(1, audio(channel=True))), "AudioSpecifications[0].ChannelId: Member must be of type integer"),
    ],
)
def test_an_unusable_manifest_fails_the_job_and_says_why(
    client: Any, voice_id: VoiceId, s3: FakeS3, content: bytes, message: str
) -> None:
    s3.objects["jobs/input.json"] = content
    job_id = started(client)
    voice_id.wait(job_id)
    job = described(client, job_id)
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
def test_a_job_that_s3_refuses_fails_with_s3s_own_words(
    client: Any, voice_id: VoiceId, s3: FakeS3, denied: str, source: str, message: str, status: int
) -> None:
    s3.denied.add(denied)
    job = voice_id.wait(started(client, InputDataConfig={"S3Uri": source}))
    assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", status)
    assert message in job["FailureDetails"]["Message"]


def test_a_job_that_cannot_reach_s3_fails(client: Any, voice_id: VoiceId, s3: FakeS3) -> None:
    def unreachable(key: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://s3")

    s3.on_read = unreachable
    failure = voice_id.wait(started(client))["FailureDetails"]
    assert (failure["StatusCode"], "Could not connect" in failure["Message"]) == (500, True)


def test_a_bug_in_the_work_fails_the_job_and_is_logged(
    client: Any, voice_id: VoiceId, s3: FakeS3, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.on_read = lambda key: 1 / 0
    job = voice_id.wait(started(client))
    assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 500)
    assert "ZeroDivisionError" in capsys.readouterr().err


# ---------------------------------------------------------------------------------- starting, describing, listing


@pytest.mark.parametrize("noun", NOUNS)
def test_the_same_client_token_starts_one_job(client: Any, voice_id: VoiceId, noun: str) -> None:
    voice_id.hold()
    with ThreadPoolExecutor(20) as pool:
        job_ids = set(pool.map(lambda _: started(client, noun, ClientToken="check_once"), range(40)))
    voice_id.release()
    (job_id,) = job_ids
    voice_id.wait(job_id)
    assert started(client, noun, ClientToken="check_once") == job_id
    assert (
        error(client, f"Start{noun}", **request(ClientToken="check_once", JobName="new"))["Code"] == "ConflictException"
    )
    assert started(client, noun, ClientToken="twice") != job_id


@pytest.mark.parametrize("noun", NOUNS)
def test_a_domain_has_one_active_job_of_a_kind(client: Any, voice_id: VoiceId, noun: str) -> None:
    voice_id.hold()
    job_id = started(client, noun)
    refused = error(client, f"Start{noun}", **request())
    assert (refused["Code"], refused["Status"]) == ("ServiceQuotaExceededException", 400)
    assert job_id in refused["Message"]
    started(client, noun, DomainId="b" * 22)
    started(client, next(other for other in NOUNS if other != noun))
    voice_id.release()
    voice_id.wait(job_id)
    assert started(client, noun) != job_id


@pytest.mark.parametrize("noun", NOUNS)
def test_a_job_is_found_only_by_its_own_domain_and_kind(client: Any, voice_id: VoiceId, noun: str) -> None:
    job_id, other = started(client, noun), next(other for other in NOUNS if other != noun)
    for operation, domain, job in (
        (f"Describe{noun}", DOMAIN, "z" * 22),
        (f"Describe{noun}", "b" * 22, job_id),
        (f"Describe{other}", DOMAIN, job_id),
    ):
        missing = error(client, operation, DomainId=domain, JobId=job)
        assert (missing["Code"], missing["ResourceType"]) == ("ResourceNotFoundException", "BATCH_JOB")


def test_an_unknown_domain_is_not_found(s3: FakeS3) -> None:
    with VoiceId(s3=s3, domains={DOMAIN}, seconds_per_request=0) as voice_id, connected(voice_id) as client:
        started(client)
        for operation, members in (
            ("StartSpeakerEnrollmentJob", request(DomainId="b" * 22)),
            ("DescribeFraudsterRegistrationJob", {"DomainId": "b" * 22, "JobId": "c" * 22}),
            ("ListSpeakerEnrollmentJobs", {"DomainId": "b" * 22}),
        ):
            missing = error(client, operation, **members)
            assert (missing["Code"], missing["ResourceType"]) == ("ResourceNotFoundException", "DOMAIN")


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_comes_in_pages_and_by_status(client: Any, voice_id: VoiceId, s3: FakeS3, noun: str) -> None:
    good = {"RequestId": "r", "SpeakerId": "s", "AudioSpecifications": [audio()]}
    s3.objects["jobs/input.json"] = manifest(good, noun=noun)
    job_ids = []
    for number in range(5):
        source = "s3://inbox/none" if number == 2 else "s3://inbox/jobs/input.json"
        job_ids.append(started(client, noun, JobName=f"job-{number}", InputDataConfig={"S3Uri": source}))
        voice_id.wait(job_ids[-1])
    started(client, noun, DomainId="b" * 22)
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
    assert {name: described(client, job_ids[2], noun)[name] for name in failed} == failed
    members = "CreatedAt DomainId EndedAt FailureDetails JobId JobName JobProgress JobStatus"
    assert " ".join(sorted(failed)) == members
    assert error(client, f"List{noun}s", DomainId=DOMAIN, NextToken="nonsense")["Code"] == "ValidationException"


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
def test_an_invalid_input_is_refused_in_the_services_words(client: Any, members: Members, message: str) -> None:
    refused = error(client, "StartSpeakerEnrollmentJob", **request(**members))
    assert (refused["Code"], refused["Status"]) == ("ValidationException", 400)
    assert message in refused["Message"]
    assert "secret" not in refused["Message"]


def test_a_list_is_validated_too(client: Any) -> None:
    assert "value greater than or equal to 1" in error(
        client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN, MaxResults=0
    )["Message"]  # fmt: skip
    assert PATTERN in error(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN, NextToken="ü")["Message"]


def test_unknown_members_of_an_input_are_ignored(client: Any, voice_id: VoiceId) -> None:
    job_id = started(client)
    body = json.dumps({"DomainId": DOMAIN, "JobId": job_id, "Colour": "blue"})
    status, answer = posted(voice_id, "VoiceID.DescribeSpeakerEnrollmentJob", body)
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
def test_what_is_no_call_gets_a_typed_error(
    voice_id: VoiceId, target: str, body: str, status: int, code: str
) -> None:  # fmt: skip
    answered, answer = posted(voice_id, target, body)
    assert (answered, answer["__type"]) == (status, code)


def test_an_operation_that_is_not_emulated_says_which_are(client: Any) -> None:
    refused = error(client, "ListDomains")
    assert (refused["Code"], refused["Status"]) == ("NotImplementedException", 501)
    assert "ListDomains is not emulated: StartSpeakerEnrollmentJob, " in refused["Message"]


def test_a_bug_in_the_emulator_answers_500_and_is_logged(
    client: Any, voice_id: VoiceId, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(voice_id, "_answer", lambda *given: 1 / 0)
    broken = error(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    assert (broken["Code"], broken["Status"]) == ("InternalServerException", 500)
    assert "ZeroDivisionError" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------- faults and switches


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
def test_a_fault_befalls_the_next_calls_of_its_operation(
    client: Any, voice_id: VoiceId, fault: str, code: str, status: int
) -> None:
    job_id = started(client)
    voice_id.fail("DescribeSpeakerEnrollmentJob", fault, times=2)
    for _ in range(2):
        assert call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)["JobSummaries"]
        failed = error(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId=job_id)
        assert (failed["Code"], failed["Status"]) == (code, status)
        assert isinstance(client.exceptions.from_code(code), type)
    assert described(client, job_id)["JobId"] == job_id


def test_faults_come_in_order_and_without_a_number_until_cleared(client: Any, voice_id: VoiceId) -> None:
    job_id = started(client)
    voice_id.fail("DescribeSpeakerEnrollmentJob", "denied")
    voice_id.fail("DescribeSpeakerEnrollmentJob", "error", times=None)
    named = {"DomainId": DOMAIN, "JobId": job_id}
    codes = [error(client, "DescribeSpeakerEnrollmentJob", **named)["Code"] for _ in range(4)]
    assert codes == ["AccessDeniedException"] + ["InternalServerException"] * 3
    voice_id.faults.clear()
    assert described(client, job_id)["JobId"] == job_id


def test_a_slow_call_is_answered_late(client: Any, voice_id: VoiceId) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "slow", seconds=0.2)
    began = time.monotonic()
    assert call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)["JobSummaries"] == []
    assert time.monotonic() - began >= 0.2


def test_a_slow_call_outlasts_a_clients_patience_but_not_the_emulators_end(voice_id: VoiceId) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "slow", seconds=60)
    with connected(voice_id, read_timeout=0.2) as client, pytest.raises(ReadTimeoutError):
        call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)


def test_a_dropped_start_has_started_and_its_token_finds_the_job(client: Any, voice_id: VoiceId) -> None:
    voice_id.fail("StartSpeakerEnrollmentJob", "drop")
    with pytest.raises(ConnectionClosedError):
        started(client, ClientToken="check_once")
    (job,) = call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)["JobSummaries"]
    assert started(client, ClientToken="check_once") == job["JobId"]


@pytest.mark.parametrize(
    ("operation", "fault", "times", "message"),
    [
        ("DescribeSpeakerEnrolmentJob", "slow", 1, "no operation 'DescribeSpeakerEnrolmentJob': StartSpeakerEnroll"),
        ("DescribeSpeakerEnrollmentJob", "throtle", 1, "no fault 'throtle': throttle, error, denied, not-found"),
        ("DescribeSpeakerEnrollmentJob", "throttle", 0, "times is 0: 1 or more, or None until cleared, are accepted"),
    ],
)
def test_a_misspelt_fault_is_refused(
    voice_id: VoiceId, operation: str, fault: str, times: int, message: str
) -> None:  # fmt: skip
    with pytest.raises(ValueError, match=re.escape(message)):
        voice_id.fail(operation, fault, times=times)


def test_calls_beyond_the_rate_are_throttled_by_operation(client: Any, voice_id: VoiceId) -> None:
    job_id = started(client)
    voice_id.calls_per_second = 2
    described(client, job_id)
    described(client, job_id)
    refused = error(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId=job_id)
    assert (refused["Code"], refused["Status"]) == ("ThrottlingException", 400)
    call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    voice_id.calls_per_second = None
    described(client, job_id)


def test_a_bucket_refills_with_time_and_holds_one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(faults, "time", SimpleNamespace(monotonic=lambda: clock.now))
    throttle = faults.Throttle()

    def admitted() -> int:
        return sum(throttle.admits("X", 2) for _ in range(9))

    assert (admitted(), admitted()) == (2, 0)
    clock.now += 0.5
    assert admitted() == 1
    clock.now += 60
    assert admitted() == 2


def test_calls_are_counted_by_operation(client: Any, voice_id: VoiceId) -> None:
    job_id = started(client)
    voice_id.fail("DescribeSpeakerEnrollmentJob", "error")
    error(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId=job_id)
    described(client, job_id)
    assert voice_id.calls == {"StartSpeakerEnrollmentJob": 1, "DescribeSpeakerEnrollmentJob": 2}


def test_a_held_job_stands_still_until_its_release(client: Any, voice_id: VoiceId) -> None:
    voice_id.hold()
    held, other = started(client), started(client, DomainId="b" * 22)
    voice_id.release(other)
    assert voice_id.wait(other)["JobStatus"] == "COMPLETED"
    assert described(client, held)["JobStatus"] == "SUBMITTED"
    voice_id.release()
    assert voice_id.wait(held)["JobStatus"] == "COMPLETED"
    free = started(client)
    assert voice_id.wait(free)["JobStatus"] == "COMPLETED"
    voice_id.hold(free)


def test_an_amended_job_is_described_as_amended(client: Any, voice_id: VoiceId) -> None:
    job_id = started(client)
    voice_id.wait(job_id)
    voice_id.amend(job_id, {"JobStatus": "PAUSED", "NewMember": 1, "EndedAt": None})
    body = json.dumps({"DomainId": DOMAIN, "JobId": job_id})
    _, raw = posted(voice_id, "VoiceID.DescribeSpeakerEnrollmentJob", body)
    assert (raw["Job"]["JobStatus"], raw["Job"]["NewMember"]) == ("PAUSED", 1)
    job = described(client, job_id)
    assert (job["JobStatus"], "EndedAt" in job) == ("PAUSED", False)
    voice_id.amend(job_id, {})
    assert described(client, job_id)["JobStatus"] == "COMPLETED"


def test_a_job_that_does_not_exist_cannot_be_switched(voice_id: VoiceId) -> None:
    for switch in (voice_id.hold, voice_id.release, voice_id.wait, lambda job_id: voice_id.amend(job_id, {})):
        with pytest.raises(ValueError, match="no job 'x': none was started"):
            switch("x")


def test_a_paused_service_is_dead_while_its_job_works_on(client: Any, voice_id: VoiceId) -> None:
    voice_id.hold()
    job_id = started(client)
    for _ in range(2):
        voice_id.pause()
        with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
            described(client, job_id)
        with pytest.raises(EndpointConnectionError):
            described(client, job_id)
        voice_id.resume()
        assert described(client, job_id)["JobStatus"] == "SUBMITTED"
    voice_id.pause()
    voice_id.release()
    assert voice_id.wait(job_id)["JobStatus"] == "COMPLETED"
    voice_id.resume()
    assert described(client, job_id)["JobStatus"] == "COMPLETED"
    voice_id.pause()


def test_pausing_breaks_a_call_that_waits_for_its_answer(client: Any, voice_id: VoiceId) -> None:
    voice_id.fail("ListSpeakerEnrollmentJobs", "slow", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call, client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
        while not voice_id.calls["ListSpeakerEnrollmentJobs"]:
            time.sleep(0.001)
        voice_id.pause()
        with pytest.raises(ConnectionClosedError):
            answer.result()


def test_an_emulator_may_be_stopped_before_it_starts_and_takes_the_port_it_is_given(s3: FakeS3) -> None:
    first = VoiceId(s3=s3)
    first.stop()
    with VoiceId(s3=s3, port=int(first.url.rpartition(":")[2])) as second:
        assert second.url == first.url
        with pytest.raises(OSError, match="Address already in use"):
            VoiceId(s3=s3, port=int(first.url.rpartition(":")[2]))


def test_stopping_ends_the_jobs_where_they_are(s3: FakeS3) -> None:
    with VoiceId(s3=s3, seconds_per_request=60) as voice_id, connected(voice_id) as client:
        job_id = started(client)
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
def test_a_job_tells_of_its_start_and_its_end(
    client: Any, voice_id: VoiceId, s3: FakeS3, told: list[Members], noun: str, detail_type: str, action: str,
    config: Members,
) -> None:  # fmt: skip
    s3.objects["jobs/input.json"] = manifest(speaker(1), noun=noun)
    job_id = started(client, noun, ClientToken="check_once", JobName="secret")
    voice_id.wait(job_id)
    trail, begin, end = told
    assert {entry["Source"] for entry in told} == {"aws.voiceid"}
    assert [entry["DetailType"] for entry in told] == ["AWS API Call via CloudTrail", detail_type, detail_type]
    assert "secret" not in json.dumps(told)

    given = {
        "domainId": DOMAIN,
        "dataAccessRoleArn": "arn:aws:iam::123456789012:role/voice",
        "inputDataConfig": {"s3Uri": "s3://inbox/jobs/input.json"},
        "outputDataConfig": {"s3Uri": "s3://out/results"},
    }
    call_detail = trail["Detail"]
    assert call_detail["requestParameters"] == {
        **given,
        "clientToken": "check_once",
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

    assert begin["Detail"].pop("sourceId") != end["Detail"].pop("sourceId")
    given.pop("domainId")
    batch = {"domainId": DOMAIN, "batchJobId": job_id, "action": action, "data": {**given, **config}}
    assert begin["Detail"] == {**batch, "status": "SUBMITTED"}
    assert end["Detail"] == {**batch, "status": "SUCCESS"}


def test_a_failed_jobs_event_says_why(client: Any, voice_id: VoiceId, s3: FakeS3, told: list[Members]) -> None:
    del s3.objects["jobs/input.json"]
    job = voice_id.wait(started(client))
    detail = told[-1]["Detail"]
    assert detail["status"] == "FAILURE"
    assert detail["errorInfo"] == {
        "errorMessage": job["FailureDetails"]["Message"],
        "errorType": "BadRequestException",
        "errorCode": 404,
    }


def test_a_job_completed_with_errors_tells_of_success(
    client: Any, voice_id: VoiceId, s3: FakeS3, told: list[Members]
) -> None:
    s3.denied.add("good.wav")
    voice_id.wait(started(client))
    assert told[-1]["Detail"]["status"] == "SUCCESS"


@pytest.mark.parametrize("members", [{"JobName": "my secret"}, {"DomainId": 5}, {"JobName": ""}])
def test_a_refused_start_tells_of_its_error(client: Any, told: list[Members], members: Members) -> None:
    error(client, "StartSpeakerEnrollmentJob", **request(**members))
    ((entry),) = told
    assert entry["Detail"]["errorCode"] == "ValidationException"
    assert "detected: Value" in entry["Detail"]["errorMessage"]
    assert entry["Detail"]["responseElements"] is None
    assert "secret" not in json.dumps(entry)


def test_a_repeated_start_is_one_more_call_and_no_more_jobs(
    client: Any, voice_id: VoiceId, told: list[Members]
) -> None:  # fmt: skip
    voice_id.hold()
    job = started(client, ClientToken="check_once")
    assert started(client, ClientToken="check_once") == job
    assert sum(entry["DetailType"] == "AWS API Call via CloudTrail" for entry in told) == 2
    voice_id.release()
    voice_id.wait(job)
    statuses = [entry["Detail"]["status"] for entry in told if "Batch" in entry["DetailType"]]
    assert statuses == ["SUBMITTED", "SUCCESS"]


def test_reading_tells_nothing(client: Any, told: list[Members]) -> None:
    call(client, "ListSpeakerEnrollmentJobs", DomainId=DOMAIN)
    error(client, "DescribeSpeakerEnrollmentJob", DomainId=DOMAIN, JobId="z" * 22)
    assert told == []


def test_an_event_that_is_lost_fails_neither_call_nor_job(s3: FakeS3, capsys: pytest.CaptureFixture[str]) -> None:
    def lost(entry: Members) -> None:
        raise OSError("no bus")

    with VoiceId(s3=s3, events=lost, seconds_per_request=0) as voice_id, connected(voice_id) as client:
        assert voice_id.wait(started(client))["JobStatus"] == "COMPLETED"
    assert capsys.readouterr().err.count("OSError: no bus") == 3
