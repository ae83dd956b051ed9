"""One local cloud for all end-to-end tests, the CDK's stack in it, and a few words to say what happens there."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from local.cloud import PATIENCE, Cloud
from local.listener import Listener
from local.sample import BUCKET, ROLE, put_sample, request
from local.second_cloud import SecondCloud

T = TypeVar("T")
SUBSCRIBER = "supervisor@example.com"
SPEAKERS, FRAUDSTERS = "voice-id/SpeakerEnrollmentJob", "voice-id/FraudsterRegistrationJob"
OTHERS = ("dynamodb/Export", "dynamodb/Import", "transcribe/TranscriptionJob", "translate/TextTranslationJob")
OTHERS_ELSEWHERE = (
    "athena/QueryExecution",
    "batch/Job",
    "datasync/TaskExecution",
    "glue/JobRun",
    "sagemaker/TrainingJob",
)  # in the second cloud
GIVE_UP_DAYS = 0.05
OWN_KIND = """
[OurTable]
describe  = "DescribeTable"
request   = ["TableName"]
job       = "Table"
status    = "TableStatus"
running   = ["CREATING", "UPDATING", "DELETING", "ARCHIVING"]
succeeded = ["ACTIVE"]
failed    = ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "REPLICATION_NOT_AUTHORIZED"]
stopped   = ["ARCHIVED"]
"""
START = {SPEAKERS: "start_speaker_enrollment_job", FRAUDSTERS: "start_fraudster_registration_job"}
DESCRIBE = {SPEAKERS: "DescribeSpeakerEnrollmentJob", FRAUDSTERS: "DescribeFraudsterRegistrationJob"}
domains = (f"EndToEndDomain{number:08}" for number in itertools.count(1))


class World:
    """The deployed stack and everybody around it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.voice_id = cloud.voice_id
        own_kinds = cloud.folder / "kinds"
        own_kinds.mkdir()
        own_kinds.joinpath("dynamodb.toml").write_text(OWN_KIND)
        self.outputs = cloud.deploy(
            {
                "custom-kinds-dir": str(own_kinds),
                "kinds": "*,*/waiter/*",  # everything at once: the largest bundle, template and permissions there are
                "email": SUBSCRIBER,
                "email-outcomes": "partial,failed,stopped,lost",
                "give-up-after-days": str(GIVE_UP_DAYS),
                "progress-events": "25",
            }
        )
        self.states = cloud.client("stepfunctions")
        self.s3 = cloud.client("s3")
        self._listener = Listener(cloud.client("events"), cloud.client("sqs"), self.outputs["BusName"])
        self._events: list[dict[str, Any]] = []
        self.manifest = put_sample(self.s3, requests=4, bad=0)

    def start_job(self, kind: str = SPEAKERS, manifest: str | None = None) -> dict[str, str]:
        """Start a job in a domain of its own; the request that names it."""
        job = getattr(self.cloud.client("voice-id"), START[kind])(
            DomainId=next(domains),
            DataAccessRoleArn=ROLE,
            InputDataConfig={"S3Uri": manifest or self.manifest},
            OutputDataConfig={"S3Uri": f"s3://{BUCKET}/results"},
        )["Job"]
        return {"DomainId": job["DomainId"], "JobId": job["JobId"]}

    def put_manifest(self, name: str, body: Any) -> str:
        text = body if isinstance(body, str) else json.dumps(body)
        self.s3.put_object(Bucket=BUCKET, Key=name, Body=text.encode())
        return f"s3://{BUCKET}/{name}"

    def watch(self, watch_input: Any) -> str:
        """Start a watch; its ARN."""
        started = self.states.start_execution(stateMachineArn=self.outputs["WatchArn"], input=json.dumps(watch_input))
        return str(started["executionArn"])

    def end(self, execution: str) -> dict[str, Any]:
        """The execution when it has ended."""
        return until(lambda: self._ended(execution))

    def event(self, request: dict[str, str]) -> dict[str, Any]:
        """The one event of the job that this request names."""
        (event,) = until(lambda: self.events(request))
        return event

    def events(self, request: Any, *, progress: bool = False) -> list[dict[str, Any]]:
        """The events so far that name this request: of its end, or else of its progress."""
        while len(new := self._listener.events(seconds=0.2)) == 10:  # as many as SQS gives at once: there may be more
            self._events += new
        self._events += new
        of_job = [event for event in self._events if event["detail"]["request"] == request]
        return [event for event in of_job if (event["detail-type"] == "Job Progressed") is progress]

    def watches(self) -> list[str]:
        """The ARNs of all watches so far."""
        pages = self.states.get_paginator("list_executions").paginate(stateMachineArn=self.outputs["WatchArn"])
        return [execution["executionArn"] for page in pages for execution in page["executions"]]

    def emails(self, word: str) -> list[dict[str, Any]]:
        """The deployment's emails so far in whose text the word stands; the README's colleague has others."""
        return [mail for mail in self.cloud.emails() if mail["To"] == [SUBSCRIBER] and word in mail["BodyText"]]

    def email(self, word: str) -> dict[str, Any]:
        """The deployment's one email in whose text the word stands."""
        (email,) = until(lambda: self.emails(word))
        return email

    def describe(self, kind: str, request: dict[str, str]) -> dict[str, Any]:
        client = self.cloud.client("voice-id")
        operation = "describe_" + START[kind].removeprefix("start_")
        job: dict[str, Any] = getattr(client, operation)(**request)["Job"]
        return job

    def _ended(self, execution: str) -> dict[str, Any] | None:
        described: dict[str, Any] = self.states.describe_execution(executionArn=execution)
        return None if described["status"] == "RUNNING" else described


def until(look: Callable[[], T | None]) -> T:
    """What `look` returns as soon as it is something; TimeoutError after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing after {PATIENCE} s")
        time.sleep(0.05)
    return seen


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Waits pass a hundred times faster than on AWS."""
    elsewhere = {"rds", *(kind.partition("/")[0] for kind in OTHERS_ELSEWHERE)}
    with SecondCloud() as second, Cloud(wait_scale=0.01, elsewhere=dict.fromkeys(elsewhere, second.url)) as cloud:
        cloud.voice_id.seconds_per_request = 0.1
        cloud.default_bus.calls.times = cloud.default_bus.service_event.times = 0  # but where a test is about them
        yield World(cloud)


@pytest.fixture(scope="session")
def never_ending(world: World) -> str:
    """A watch, begun early, of a job that does not end: long enough for the watch to give up meanwhile."""
    request = world.start_job(FRAUDSTERS, world.put_manifest("fraudsters.json", fraudsters(4)))
    world.voice_id.hold(request["JobId"])
    world.voice_id.amend(request["JobId"], {"JobStatus": "IN_PROGRESS"})
    return world.watch({"kind": FRAUDSTERS, "request": request})


@pytest.fixture(autouse=True)
def no_faults_are_left(world: World, never_ending: str) -> Iterator[None]:
    yield
    world.voice_id.faults.clear()


def speakers(count: int, bad: int = 0) -> dict[str, Any]:
    """A manifest whose last `bad` requests name audio that is not there."""
    audio = [f"s3://{BUCKET}/audio/{'missing' if count - n <= bad else 'speaker'}-1.wav" for n in range(count)]
    return {"Version": "1.0", "SpeakerEnrollmentRequests": [request(n, uri) for n, uri in enumerate(audio)]}


def fraudsters(count: int, bad: int = 0) -> dict[str, Any]:
    """The same of fraudsters, who have no speaker's name."""
    entries = speakers(count, bad)["SpeakerEnrollmentRequests"]
    return {
        "Version": "1.0",
        "FraudsterRegistrationRequests": [{k: v for k, v in entry.items() if k != "SpeakerId"} for entry in entries],
    }
