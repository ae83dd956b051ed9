"""The real Describe and Poll functions with simulated services in virtual time, and what goes wrong."""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from job_watcher import aws_call, describe, metrics, poll
from job_watcher.call_rate import CallRate
from job_watcher.overdue import OverdueRule
from job_watcher.polling import PollingLimits
from job_watcher.watch import Rules
from tests.unit.conftest import Invocation
from tests.unit.simulated_queue import InvocationFailed, Message, SimulatedQueue
from tests.unit.simulated_states import Execution, SimulatedStates, TaskError
from tests.unit.virtual_time import VirtualTime

DEFINITION = Path(__file__).parents[2] / "infra" / "watch.asl.json"
KIND = "voice-id/SpeakerEnrollmentJob"
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC).timestamp()
SUBSTITUTIONS = {"partition": "aws", "describe": "Describe", "queue": poll.QUEUE_URL, "notify": "Notify"}
WITH_EVENTS = PollingLimits(max_delay_ratio=0.25, max_interval=3_600)
POLL_TIMEOUT = 150  # seconds; the same as in infra/poller.py
CONTEXT = cast(Any, Invocation())


class Crash(BaseException):
    """The end of a function's process, which the function can't catch."""


@dataclass
class Job:
    """A simulated job of the service."""

    id: str
    created: float
    status: str = "IN_PROGRESS"
    percent: float | None = None

    @property
    def input(self) -> dict[str, Any]:
        return {"kind": KIND, "request": {"DomainId": "d" * 22, "JobId": self.id}}

    @property
    def has_ended(self) -> bool:
        return self.status in ("COMPLETED", "FAILED")

    def answer(self) -> dict[str, Any]:
        progress = {} if self.percent is None else {"JobProgress": {"PercentComplete": self.percent}}
        created = datetime.fromtimestamp(self.created, UTC)
        return {"Job": {"JobId": self.id, "JobStatus": self.status, "CreatedAt": created, **progress}}


class Deployment:
    """A deployment, and what goes wrong in it.

    `faults` has what happens at the next call of an API: `crash before`, `crash after`, `error before`, `error after`,
    `twice`, or the seconds that the call takes. `outages` has the time at which an API or a function works again.
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        *,
        with_events: bool = False,
        progress_step: float | None = None,
        overdue_after: float | None = None,
    ) -> None:
        self.time = VirtualTime(START)
        self.queue = SimulatedQueue(self.time, self._poll)
        self.queue.is_polled = lambda: not self._is_down("event source mapping")
        resources = {
            "arn:aws:states:::lambda:invoke": self._describe,
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken": self._send,
            "arn:aws:states:::states:startExecution": self._notify,
        }
        self.states = SimulatedStates(DEFINITION.read_text(), SUBSTITUTIONS, self.time, resources)
        self.jobs: dict[str, Job] = {}
        self.watches: list[Execution] = []
        self.notifications: dict[str, dict[str, Any]] = {}
        self.polls: dict[str, list[float]] = defaultdict(list)
        """When each job was polled."""
        self.accepted_heartbeats, self.polls_of_poll = 0, 0
        """Heartbeats of tasks that waited for them or couldn't be found out about, and describe calls of Poll."""
        self._running: list[str] = []
        self.faults: dict[str, str | float] = {}
        self.outages: dict[str, float] = {}
        self.damage_result: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        """Changes the next result of the Describe function."""
        rules = Rules(
            limits_with_events=WITH_EVENTS if with_events else None,
            progress_step=progress_step,
            overdue={KIND: OverdueRule(after=overdue_after)},
        )
        self._connect(patch, rules)

    def _connect(self, patch: pytest.MonkeyPatch, rules: Rules) -> None:
        """Make the functions use the simulated services and the virtual time."""
        voice_id, clock = aws_call.client("voice-id"), SimpleNamespace(time=lambda: self.time.now)
        patch.setattr(voice_id, "describe_speaker_enrollment_job", self.describe_speaker_enrollment_job)
        patch.setattr(poll, "client", {"sqs": self, "stepfunctions": self}.__getitem__)
        patch.setattr(describe, "RULES", rules)
        patch.setattr(describe, "CALL_RATES", defaultdict(CallRate))
        patch.setattr(metrics, "publish", lambda *metric, **dimensions: None)
        for module in (describe, poll):
            patch.setattr(module, "time", clock)
        for handler in poll.logger.handlers:
            patch.setattr(handler, "stream", io.StringIO())

    def watch(self, job: Job, **options: Any) -> Execution:
        """Start a watch of a job. `options` are further members of its input."""
        self.jobs[job.id] = job
        execution = self.states.start(f"watch-{len(self.watches)}", {**job.input, **options})
        self.watches.append(execution)
        return execution

    def check_once(self, watch: Execution) -> None:
        """Send the message for an extra check, as the Start function does."""
        message = {"input": {**watch.input, "check_once": True}, "watch": watch.arn, "state": {}}
        self.queue.send_message(poll.QUEUE_URL, json.dumps(message))

    def running(self) -> list[Execution]:
        return [watch for watch in self.watches if watch.status == "RUNNING"]

    def live_messages(self, watch: Execution) -> list[Message]:
        """Return the messages whose token the watch waits for."""
        return [message for message in self.queue.messages if watch.token and message.token == watch.token]

    def ends_reported(self, job: Job) -> list[dict[str, Any]]:
        """Return the details of the notifications that the job has ended."""
        return [detail for detail in self._sent(job) if "job" in detail]

    def overdue_reported(self, job: Job) -> list[dict[str, Any]]:
        """Return the details of the notifications that the job is overdue."""
        return self._sent(job, "Job Overdue")

    def _sent(self, job: Job, detail_type: str = "Job Ended") -> list[dict[str, Any]]:
        sent = [one for one in self.notifications.values() if one["detail_type"] == detail_type]
        details = [json.loads(notification["message"]) for notification in sent]
        return [detail for detail in details if detail["request"] == job.input["request"]]

    def fail_for(self, name: str, seconds: float) -> None:
        """Let an API or a function fail for some time."""
        self.outages[name] = self.time.now + seconds
        self.time.at(self.outages[name], self.queue.deliver)

    def stop_failing(self) -> None:
        self.faults.clear()
        self.outages.clear()
        self.damage_result = None
        self.queue.deliver()

    # The APIs that the Poll function calls

    def send_task_heartbeat(self, taskToken: str) -> None:
        self.accepted_heartbeats += 1
        try:
            self._call("heartbeat", lambda: self.states.send_task_heartbeat(taskToken))
        except ClientError as error:
            self.accepted_heartbeats -= error.response["Error"]["Code"] in poll.STALE
            raise

    def send_task_success(self, taskToken: str, output: str) -> None:
        self._call("success", lambda: self.states.send_task_success(taskToken, output))

    def send_message(self, **arguments: Any) -> None:
        self._call("send", lambda: self.queue.send_message(**arguments))

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> None:
        """Start a notification, as the Poll function does after an extra check."""
        assert stateMachineArn == poll.NOTIFY_ARN
        self._call("start", lambda: self._start_notification(name, json.loads(input)))

    def describe_speaker_enrollment_job(self, DomainId: str, JobId: str) -> dict[str, Any]:
        self.polls[JobId].append(self.time.now)
        self.polls_of_poll += self._running[-1] == "Poll"
        if self._is_down("permission"):
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeSpeakerEnrollmentJob")
        return cast(dict[str, Any], self._call("describe", self.jobs[JobId].answer))

    def _call(self, name: str, effect: Callable[[], Any]) -> Any:
        fault = self.faults.pop(name, "")
        self.time.wait(min(fault, POLL_TIMEOUT) if isinstance(fault, float) else 0.1)
        if fault == "crash before" or fault == POLL_TIMEOUT:
            raise Crash
        if fault == "error before":
            raise ReadTimeoutError(endpoint_url="https://aws")
        if self._is_down(name):
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, name)
        result = effect()
        if fault == "twice":
            result = effect()
        if fault == "crash after":
            raise Crash
        if fault == "error after":
            raise ReadTimeoutError(endpoint_url="https://aws")
        return result

    @contextmanager
    def _run(self, function: str) -> Iterator[None]:
        """Note which function is running. Another one can run while it waits."""
        self._running.append(function)
        try:
            yield
        finally:
            self._running.pop()

    def _is_down(self, name: str) -> bool:
        return self.outages.get(name, 0) > self.time.now

    # What the event source mapping and the state machine call

    def _poll(self, event: dict[str, Any]) -> dict[str, Any]:
        if self._is_down("Poll"):
            raise InvocationFailed
        try:
            with self._run("Poll"):
                return poll.handler(event, CONTEXT)
        except (Crash, poll.AllMessagesFailed) as error:
            raise InvocationFailed from error

    def _describe(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._is_down("Describe"):
            raise TaskError("Lambda.TooManyRequestsException")
        try:
            with self._run("Describe"):
                result = json.loads(json.dumps(describe.handler(arguments["Payload"], CONTEXT), allow_nan=False))
        except Crash:
            raise TaskError("Runtime.ExitError") from None
        damage, self.damage_result = self.damage_result, None
        return {"Payload": damage(result) if damage else result}

    def _send(self, arguments: dict[str, Any]) -> None:
        fault = self.faults.pop("state machine's message", "")
        if fault == "error before" or self._is_down("state machine's message"):
            raise TaskError("SQS.SdkClientException")
        self.queue.send_message(
            arguments["QueueUrl"], json.dumps(arguments["MessageBody"], ensure_ascii=False), arguments["DelaySeconds"]
        )
        if fault:
            raise TaskError("SQS.SdkClientException")

    def _notify(self, arguments: dict[str, Any]) -> dict[str, Any]:
        fault = self.faults.pop("notification", "")
        if fault == "error before" or self._is_down("notification"):
            raise TaskError("StepFunctions.SdkClientException")
        try:
            self._start_notification(arguments["Name"], arguments["Input"])
        except ClientError as error:
            raise TaskError(f"StepFunctions.{error.response['Error']['Code']}Exception") from None
        if fault:
            raise TaskError("StepFunctions.SdkClientException")
        return {"ExecutionArn": arguments["Name"]}

    def _start_notification(self, name: str, notification: dict[str, Any]) -> None:
        if name in self.notifications:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")
        self.notifications[name] = notification
