"""Simulate a deployment for a day, with faults, and record the metrics of its functions and its resources."""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import pytest

from job_watcher import aws_call, catalogue, describe, metrics
from tests.unit.simulated_deployment import START, Deployment, Job
from tests.unit.simulated_queue import InvocationFailed
from tests.unit.simulated_states import Execution, TaskError

PERIOD, DAY, HOUR, MINUTE = 300, 86_400, 3_600, 60  # seconds
SEED = 20_260_301
LOST_EVENTS = 0.05  # the share of the events about ends that don't arrive


class KindOfJob(NamedTuple):
    """Simulated jobs of a kind: names of request members, values of the status, and times in hours."""

    name: str
    request: tuple[str, ...]
    running: str
    ended: tuple[str, ...]
    shortest: float
    longest: float
    each_day: int


KINDS = (
    KindOfJob("glue/JobRun", ("JobName", "RunId"), "RUNNING", ("SUCCEEDED", "FAILED", "STOPPED"), 0.1, 2, 90),
    KindOfJob("transcribe/TranscriptionJob", ("TranscriptionJobName",), "IN_PROGRESS", ("COMPLETED",), 0.02, 0.3, 60),
    KindOfJob("dynamodb/Export", ("ExportArn",), "IN_PROGRESS", ("COMPLETED", "FAILED"), 0.3, 3, 30),
)


@dataclass
class SimulatedJob(Job):
    """A job of any kind. Its answer has the members that the kind's table reads."""

    kind: catalogue.Kind = field(kw_only=True)
    request: dict[str, str] = field(kw_only=True)
    ended: float | None = None

    @property
    def input(self) -> dict[str, Any]:
        return {"kind": self.kind.name, "request": self.request}

    def answer(self) -> dict[str, Any]:
        times = {self.kind.created: self.created, self.kind.ended: self.ended}
        members = {name: datetime.fromtimestamp(time, UTC) for name, time in times.items() if time}
        return {self.kind.job: {self.kind.status: self.status, **self.request, **members}}


class Value(NamedTuple):
    """A recorded value: when, of which metric, and its label, such as a function or `glue/JobRun succeeded`."""

    time: float
    metric: str
    label: str
    value: float


class Recorder(Deployment):
    """A deployment that records metrics. `values` has them in the order in which they were recorded."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        publish = metrics.publish
        super().__init__(patch, with_events=True)
        patch.setattr(metrics, "publish", publish)  # the superclass turns it off
        patch.setattr(describe, "KINDS", [kind.name for kind in KINDS])
        patch.setattr(aws_call, "describe", self._answer)
        self.values: list[Value] = []
        self.jobs_by_request: dict[str, SimulatedJob] = {}
        self._statuses: Counter[str] = Counter()

    def write(self, text: str) -> None:
        """Record a line in CloudWatch's embedded metric format, which a function prints."""
        for line in filter(None, text.splitlines()):
            embedded = json.loads(line)
            (directive,) = embedded["_aws"]["CloudWatchMetrics"]
            label = " ".join(embedded[name] for name in ("kind", "outcome") if name in embedded)
            for metric in directive["Metrics"]:
                self.record(metric["Name"], label, sum(embedded[metric["Name"]]))

    def flush(self) -> None:
        """Do nothing. The functions' output is a stream."""

    def record(self, metric: str, label: str, value: float) -> None:
        self.values.append(Value(self.time.now, metric, label, value))

    def sample(self) -> None:
        """Record what CloudWatch measures every five minutes, until the day is over."""
        self.record("PollQueue messages", "running", len(self.queue.messages))
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        ages = [self.time.now - message.sent for message in self.queue.messages if message.receives < 3]
        self.record("Age of oldest message", "PollQueue", max(ages, default=0))
        self.record("Messages for people", "PollDLQ", len(self.queue.dead_letters))
        statuses = Counter(watch.status for watch in self.watches)
        statuses["started"] = len(self.watches)
        for name, count in (statuses - self._statuses).items():
            if name != "RUNNING":
                self.record("Watches", name.lower(), count)
        self._statuses = Counter({name: count for name, count in statuses.items() if name != "RUNNING"})
        if self.time.now < START + DAY:
            self.time.after(PERIOD, self.sample)

    def _answer(self, kind: catalogue.Kind, request: dict[str, str]) -> dict[str, Any]:
        return cast(dict[str, Any], self._call("describe", self.jobs_by_request[json.dumps(request)].answer))

    def _poll(self, event: dict[str, Any]) -> dict[str, Any]:
        return cast(dict[str, Any], self._counted("Poll", lambda: super(Recorder, self)._poll(event)))

    def _describe(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return cast(dict[str, Any], self._counted("Describe", lambda: super(Recorder, self)._describe(arguments)))

    def _counted(self, function: str, invoke: Callable[[], Any]) -> Any:
        """Invoke a function, and record whether Lambda throttled it or it failed."""
        throttled = self._is_down(function)
        try:
            return invoke()
        except (InvocationFailed, TaskError):
            self.record("Throttles" if throttled else "Errors", function, 1)
            raise


def simulate(kinds: Sequence[KindOfJob] = KINDS) -> list[Value]:
    """Return what a day of jobs and faults records."""
    random.seed(SEED)  # the functions' jitter
    with pytest.MonkeyPatch.context() as patch:
        deployment = Recorder(patch)
        with redirect_stdout(cast(Any, deployment)):
            _plan_jobs(deployment, kinds, random.Random(SEED))
            _plan_faults(deployment)
            deployment.sample()
            deployment.time.wait(DAY)
        return deployment.values


def _plan_jobs(deployment: Recorder, kinds: Sequence[KindOfJob], chance: random.Random) -> None:
    """Start the jobs at random times, more of them at noon, and their watches a few seconds later."""
    for kind in kinds:
        for number in range(kind.each_day):
            start = START + DAY * chance.triangular()
            job = _job(kind, f"{kind.name}-{number}", start)
            deployment.jobs_by_request[json.dumps(job.request)] = job
            hours = chance.uniform(kind.shortest, kind.longest)
            status = chance.choices(kind.ended, (12, 2, 1)[: len(kind.ended)])[0]
            event = chance.uniform(1, 4) if job.kind.event and chance.random() > LOST_EVENTS else None
            deployment.time.at(start, _run(deployment, job, hours * HOUR, status, event))


def _job(kind: KindOfJob, id: str, start: float) -> SimulatedJob:
    service = kind.name.partition("/")[0]
    arn = f"arn:aws:{service}:eu-west-1:123456789012:{id}"
    request = {name: arn if name.endswith("Arn") else id for name in kind.request}
    return SimulatedJob(id, start, kind.running, kind=catalogue.load(service)[kind.name], request=request)


def _run(
    deployment: Recorder, job: SimulatedJob, seconds: float, status: str, event: float | None
) -> Callable[[], None]:
    """Return what happens when a job starts: its watch starts, and later the job ends, perhaps with an event."""
    watches: list[Execution] = []

    def end() -> None:
        job.status, job.ended = status, deployment.time.now
        if event is not None:
            deployment.time.after(event, lambda: deployment.check_once(watches[0]))

    def start() -> None:
        deployment.time.after(3, lambda: watches.append(deployment.watch(job)))
        deployment.time.after(seconds, end)

    return start


def _plan_faults(deployment: Recorder) -> None:
    """Plan what goes wrong during the day."""
    for hour, minutes, name in (
        (6, 40, "describe"),  # the services throttle describe calls
        (11, 25, "event source mapping"),  # nothing reads the poll queue
        (14, 20, "Poll"),  # Lambda throttles the functions
        (14, 20, "Describe"),
    ):
        deployment.time.at(START + hour * HOUR, _fail(deployment, name, minutes * MINUTE))
    deployment.time.at(START + 9 * HOUR, _crash_poll(deployment))
    deployment.time.at(START + 17 * HOUR, lambda: deployment.queue.add("not a message", 0))
    deployment.time.at(START + 19 * HOUR, _show_unknown_status(deployment))


def _fail(deployment: Recorder, name: str, seconds: float) -> Callable[[], None]:
    return lambda: deployment.fail_for(name, seconds)


def _crash_poll(deployment: Recorder) -> Callable[[], None]:
    """Return a fault: the function's process ends in the next call of SendMessage."""
    return lambda: deployment.faults.update({"send": "crash before"})


def _show_unknown_status(deployment: Recorder) -> Callable[[], None]:
    """Return a fault: for half an hour, running jobs have a status that the catalogue doesn't list."""

    def show(status: str | None) -> None:
        for job in deployment.jobs_by_request.values():
            if job.ended is None:
                job.status = status or next(kind.running for kind in KINDS if kind.name == job.kind.name)

    def begin() -> None:
        show("PAUSED")
        deployment.time.after(30 * MINUTE, lambda: show(None))

    return begin
