"""Fixtures and helpers of the end-to-end tests: a local cloud with the stack that most tests use, and an empty one."""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from local.cloud import TIMEOUT, Cloud
from local.environment import ROOT
from local.event_queue import EventQueue
from local.moto_server import MotoServer
from local.sample import BUCKET, ROLE, put_sample, request
from tests.event_schema import check_event

T = TypeVar("T")
SUBSCRIBER, ETL = "supervisor@example.com", "etl@example.com"
SPEAKERS, FRAUDSTERS = "voice-id/SpeakerEnrollmentJob", "voice-id/FraudsterRegistrationJob"
MINISTACK_KINDS = ("dynamodb/Export", "dynamodb/Import", "transcribe/TranscriptionJob", "translate/TextTranslationJob")
MOTO_KINDS = (
    "athena/QueryExecution",
    "batch/Job",
    "bedrock-agentcore-control/AgentRuntimeEndpoint",
    "datasync/TaskExecution",
    "glue/JobRun",
    "sagemaker/TrainingJob",
)
FILTERS = {
    "glue/JobRun": {"JobName": "prod-*"},  # in the rules' patterns
    "athena/QueryExecution": {"QueryExecutionId": "[!e]*"},  # in the Start function
    "sagemaker/TrainingJob": False,
    "stepfunctions/Execution": False,  # otherwise, executions that tests start are watched too
}
GIVE_UP_DAYS = 0.05  # 72 minutes, or 43 seconds in scaled time
CUSTOM_KIND = """
[CustomTable]
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
TIME_OUT: dict[str, Any] = {"fault": "slow", "times": 2, "seconds": 11}  # the client tries twice for 10 seconds each
domains = (f"EndToEndDomain{number:08}" for number in itertools.count(1))


class Account:
    """A local account: its state machines, their executions, and the functions' logs."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.states = cloud.client("stepfunctions")
        self.s3 = cloud.client("s3")
        self._log_lines: set[str] = set()

    def is_waiting(self, execution: str) -> bool:
        """Whether the execution waits: a watch that has polled waits for news."""
        entered = (event.get("stateEnteredEventDetails", {}) for event in self._history(execution))
        return any(state.get("name") in ("WaitForNews", "Wait") for state in entered)  # Wait: an earlier version

    def end(self, execution: str) -> dict[str, Any]:
        """Wait until an execution has ended and return its description."""
        return until(lambda: self._ended(execution))

    def log_lines(self) -> set[str]:
        """Return the lines in the logs of all functions, also of those that `destroy` has deleted."""
        logs = self.cloud.client("logs")
        for page in self.cloud.client("lambda").get_paginator("list_functions").paginate():
            for group in [function["LoggingConfig"]["LogGroup"] for function in page["Functions"]]:
                with suppress(logs.exceptions.ResourceNotFoundException):  # the function hasn't run
                    self._log_lines.update(read_log(logs, group))
        return self._log_lines

    def destroy(self, stack: str) -> None:
        """Delete a stack, but keep what its functions have logged."""
        self.log_lines()
        self.cloud.destroy(stack)

    def _history(self, execution: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.states.get_execution_history(executionArn=execution)["events"]
        return events

    def _ended(self, execution: str) -> dict[str, Any] | None:
        described: dict[str, Any] = self.states.describe_execution(executionArn=execution)
        return None if described["status"] == "RUNNING" else described


class World(Account):
    """A deployed stack, the jobs that it watches, and the receivers of its notifications."""

    def __init__(self, cloud: Cloud, settings: Mapping[str, str], app: Path = ROOT) -> None:
        super().__init__(cloud)
        self.voice_id = cloud.voice_id
        self.outputs = cloud.deploy(settings, app)
        self._address = settings["email"].split(",")[0].strip('["]')
        name = settings.get("stack-name", "job-watcher")
        self._event_queue = EventQueue(cloud.client("events"), cloud.client("sqs"), self.outputs["BusName"], name)
        self._events: list[dict[str, Any]] = []
        self._requests: dict[str, Any] = {}
        self._is_current = app == ROOT  # an earlier version has another schema
        self.manifest = put_sample(self.s3, requests=4, invalid=0)

    def start_job(self, kind: str = SPEAKERS, manifest: str | None = None) -> dict[str, str]:
        """Start a job in a new domain, and return the request that describes it."""
        job = getattr(self.cloud.client("voice-id"), START[kind])(
            DomainId=next(domains),
            DataAccessRoleArn=ROLE,
            InputDataConfig={"S3Uri": manifest or self.manifest},
            OutputDataConfig={"S3Uri": f"s3://{BUCKET}/results"},
        )["Job"]
        return {"DomainId": job["DomainId"], "JobId": job["JobId"]}

    def show_progress(self, request: Mapping[str, str], percent: int) -> None:
        """Show a job as running, whatever its status is, until `show_end` is called."""
        shown = {"JobStatus": "IN_PROGRESS", "JobProgress": {"PercentComplete": percent}}
        self.voice_id.amend(request["JobId"], shown)

    def show_end(self, request: Mapping[str, str]) -> None:
        """Wait for the end of a job, and show its own members again."""
        self.voice_id.wait(request["JobId"], TIMEOUT)
        self.voice_id.amend(request["JobId"], {})

    def put_manifest(self, name: str, body: Any) -> str:
        """Put a manifest, a string or a value that is written as JSON, into S3 and return its URI."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.s3.put_object(Bucket=BUCKET, Key=name, Body=text.encode())
        return f"s3://{BUCKET}/{name}"

    def watch(self, watch_input: Any) -> str:
        """Start a watch and return its ARN."""
        started = self.states.start_execution(stateMachineArn=self.outputs["WatchArn"], input=json.dumps(watch_input))
        return str(started["executionArn"])

    def put_start_event(self, request: Mapping[str, str]) -> None:
        """Put CloudTrail's event of the call that started this job on the default bus."""
        call = {"eventSource": "voiceid.amazonaws.com", "eventName": "StartSpeakerEnrollmentJob"}
        detail = {**call, "responseElements": {"job": {"domainId": request["DomainId"], "jobId": request["JobId"]}}}
        entry = {"Source": "aws.voiceid", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(detail)}
        self.cloud.client("events").put_events(Entries=[entry])

    def find_watch(self, request: Mapping[str, str]) -> str | None:
        """Return the ARN of a watch of this job, or None if there is none."""
        return next(iter(self.watches_of(request)), None)

    def watches_of(self, request: Mapping[str, str]) -> list[str]:
        """Return the ARNs of the watches of this job."""
        return [watch for watch in self.watches() if self.request_of(watch) == request]

    def request_of(self, watch: str) -> Any:
        """Return the request in a watch's input, or None if the input isn't an object. It never changes."""
        if watch not in self._requests:
            watch_input = json.loads(self.states.describe_execution(executionArn=watch)["input"])
            self._requests[watch] = watch_input.get("request") if isinstance(watch_input, dict) else None
        return self._requests[watch]

    def wait_for_first_poll(self, watch: str) -> None:
        """Wait until a watch has polled a job that is still running, and waits for its next poll."""
        until(lambda: self.is_waiting(watch))

    def event(self, request: dict[str, str]) -> dict[str, Any]:
        """Wait for the event about the job's end and return it."""
        (event,) = until(lambda: self.events(request))
        return event

    def events(self, request: Any, *, progress: bool = False) -> list[dict[str, Any]]:
        """Return the events that have arrived about the job: about its end, or those before. Wait if there are none."""
        self._receive_all()
        if not self.received(request, progress=progress):
            self._receive(seconds=0.2)
        return self.received(request, progress=progress)

    def all_events(self, request: Mapping[str, str], *, progress: bool = False) -> list[dict[str, Any]]:
        """Return what `events` returns when all notifications about a Voice ID job that have started are delivered.

        Watches of the job that still run can start others. MiniStack puts an event into the queue before the task that
        sends it ends, so this doesn't wait for events that may be late.
        """
        self.wait_for_notifications(request["JobId"])
        self._receive_all()
        return self.received(request, progress=progress)

    def _receive_all(self) -> None:
        """Receive the events that have arrived, without waiting for others."""
        while self._receive(seconds=0) == 10:  # the most that SQS returns at once
            pass

    def _receive(self, seconds: float) -> int:
        """Receive events and check them against docs/events.schema.json. Return how many there were."""
        new = self._event_queue.receive(seconds)
        self._events += new
        if self._is_current:
            for event in new:
                check_event(event)
        return len(new)

    def received(self, request: Any, *, progress: bool = False) -> list[dict[str, Any]]:
        """Return the events that `events` has received about the job, without receiving more."""
        of_job = [event for event in self._events if event["detail"]["request"] == request]
        return [event for event in of_job if (event["detail"]["outcome"] == "running") is progress]

    def details(self) -> list[dict[str, Any]]:
        """Return the details of all events that have arrived."""
        self.events({})
        return [event["detail"] for event in self._events]

    def watches(self) -> list[str]:
        """Return the ARNs of all watches that were started."""
        pages = self.states.get_paginator("list_executions").paginate(stateMachineArn=self.outputs["WatchArn"])
        return [execution["executionArn"] for page in pages for execution in page["executions"]]

    def waits(self, watch: str) -> int:
        """Return how many times a watch has polled its job and begun to wait."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=watch)
        return sum(event["type"] == "WaitStateEntered" for page in pages for event in page["events"])

    def emails(self, text: str, to: str | None = None) -> list[dict[str, Any]]:
        """Return the emails whose body contains the text, to the first address in the setting `email` or to another."""
        address = to or self._address
        return [email for email in self.cloud.emails() if email["To"] == [address] and text in email["BodyText"]]

    def all_emails(self, text: str, to: str | None = None) -> list[dict[str, Any]]:
        """Return what `emails` returns when all notifications that have started and contain the text are delivered."""
        self.wait_for_notifications(text)
        return self.emails(text, to)

    def wait_for_notifications(self, text: str) -> None:
        """Wait until all notifications that have started and contain the text are delivered."""
        until(lambda: not any(text in given for given in self._running_notifications()))

    def _running_notifications(self) -> Iterator[str]:
        """Yield the inputs of the notifications that are being delivered. They have started when their watch ends."""
        for machine in self.states.list_state_machines()["stateMachines"]:
            if "Notify" in machine["name"]:
                running = {"stateMachineArn": machine["stateMachineArn"], "statusFilter": "RUNNING"}
                for execution in self.states.list_executions(**running)["executions"]:
                    described = self.states.describe_execution(executionArn=execution["executionArn"])
                    yield described["input"]

    def email(self, text: str) -> dict[str, Any]:
        """Wait for the email whose body contains the text and return it."""
        (email,) = until(lambda: self.emails(text))
        return email

    def describe(self, kind: str, request: dict[str, str]) -> dict[str, Any]:
        """Return the Job dict of a Voice ID job."""
        client = self.cloud.client("voice-id")
        operation = "describe_" + START[kind].removeprefix("start_")
        job: dict[str, Any] = getattr(client, operation)(**request)["Job"]
        return job


def until(condition: Callable[[], T | None]) -> T:
    """Call `condition` until its result is truthy, and return the result. Raise TimeoutError after TIMEOUT seconds.

    The longer it takes, the less often it is called.
    """
    began = time.monotonic()
    while not (result := condition()):
        if (elapsed := time.monotonic() - began) > TIMEOUT:
            raise TimeoutError(f"the condition was not met within {TIMEOUT} s")
        time.sleep(max(0.05, elapsed / 20))
    return result


def read_log(logs: Any, group: str) -> Iterator[str]:
    """Yield the lines in a log group. MiniStack returns the first 10,000 after `startTime`, and no token."""
    count, start = 10_000, 0
    while count == 10_000:
        events = logs.filter_log_events(logGroupName=group, startTime=start)["events"]
        yield from (event["message"] for event in events)
        count, start = len(events), events[-1]["timestamp"] if events else 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run test_logs.py last in its local cloud, because it reads what the functions logged in all other tests.

    test_restart.py is the last one in another local cloud, because it ends that cloud.
    """
    items.sort(key=lambda item: item.path.name in ("test_logs.py", "test_restart.py"))


@contextmanager
def start_cloud(endpoints: Mapping[str, str] | None = None) -> Iterator[Cloud]:
    """Yield a new local cloud. Step Functions' waits are 100 times shorter than on AWS."""
    with Cloud(wait_scale=0.01, endpoints=endpoints) as cloud:
        cloud.voice_id.seconds_per_request = 0.05
        # events are delivered only in the tests of automatic watches
        cloud.default_bus.cloudtrail_events.times = cloud.default_bus.service_events.times = 0
        yield cloud


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Yield the deployed stack that most tests use."""
    moto_services = {"rds", *(kind.partition("/")[0] for kind in MOTO_KINDS)}
    with MotoServer() as moto, start_cloud(dict.fromkeys(moto_services, moto.url)) as cloud:
        yield World(cloud, settings(cloud))


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """Yield an account for tests that deploy their own stacks. pytest-xdist can run them at the same time as others."""
    with start_cloud() as cloud:
        cloud.bootstrap()
        yield Account(cloud)


def settings(cloud: Cloud) -> dict[str, str]:
    """Return the settings of the stack that most tests use."""
    custom_kinds = cloud.folder / "kinds"
    custom_kinds.mkdir()
    custom_kinds.joinpath("dynamodb.toml").write_text(CUSTOM_KIND)
    return {
        "custom-kinds-dir": str(custom_kinds),
        "kinds": "*,*/waiter/*",  # every kind: the largest possible bundle, template and policies
        "email": json.dumps([SUBSCRIBER, {"to": ETL, "kinds": "glue/*", "outcomes": "succeeded"}]),
        "filters": json.dumps(FILTERS),
        "email-outcomes": "partial,failed,stopped,lost,overdue",
        "email-limit": "0",  # tests expect an email about each of their jobs
        "chat": "partial,failed",
        "give-up-after-days": str(GIVE_UP_DAYS),
        "progress-events": "25",
    }


@pytest.fixture(scope="session")
def never_ending(world: World) -> str:
    """Start a watch of a job that doesn't end, and return its ARN. It starts first, so that it gives up early."""
    request = world.start_job(FRAUDSTERS, world.put_manifest("fraudsters.json", fraudsters(4)))
    world.voice_id.hold(request["JobId"])
    world.voice_id.amend(request["JobId"], {"JobStatus": "IN_PROGRESS"})
    return world.watch({"kind": FRAUDSTERS, "request": request})


@pytest.fixture(scope="session")
def timing_out(world: World, never_ending: str) -> tuple[dict[str, str], str]:
    """Start a watch of a job whose first describe calls time out for 20 seconds. Return its request and its ARN."""
    request = world.start_job()
    world.voice_id.fail(DESCRIBE[SPEAKERS], job_id=request["JobId"], **TIME_OUT)
    return request, world.watch({"kind": SPEAKERS, "request": request})


@pytest.fixture(autouse=True)
def clear_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """Remove injected faults after each test that uses `world`, and let the slowest watches start before it.

    Faults that only one job has stay, because they don't affect other tests.
    """
    world = request.getfixturevalue("world") if "world" in request.fixturenames else None
    if world:
        request.getfixturevalue("timing_out")
    yield
    if world:
        world.voice_id.faults.clear_of(None)


def speakers(count: int, missing: int = 0) -> dict[str, Any]:
    """Return a manifest. The audio of its last `missing` requests doesn't exist."""
    audio = [f"s3://{BUCKET}/audio/{'missing' if count - n <= missing else 'speaker'}-1.wav" for n in range(count)]
    return {"Version": "1.0", "SpeakerEnrollmentRequests": [request(n, uri) for n, uri in enumerate(audio)]}


def fraudsters(count: int, missing: int = 0) -> dict[str, Any]:
    """Return a manifest of fraudsters. Their requests have no SpeakerId."""
    entries = speakers(count, missing)["SpeakerEnrollmentRequests"]
    return {
        "Version": "1.0",
        "FraudsterRegistrationRequests": [{k: v for k, v in entry.items() if k != "SpeakerId"} for entry in entries],
    }
