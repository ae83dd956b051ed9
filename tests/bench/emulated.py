"""Compare the deployed stack in the local cloud with the simulation: polls, states and delays of the same jobs."""

import json
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise, repeat
from statistics import mean
from typing import Any

from job_watcher.watch import Rules
from local.cloud import Cloud
from local.event_queue import EventQueue
from local.sample import BUCKET, ROLE, put_sample

from . import costs, simulated_watch
from .jobs import Job
from .report import Goal, Part, Table

WAIT_SCALE = 0.01  # waits are 100 times shorter than on AWS
KIND = simulated_watch.KIND.name
TIMEOUT = 120.0  # seconds


@dataclass(frozen=True)
class Case:
    """A job of the Voice ID emulator. `hold` is the time in seconds that it stays at 0 % before it starts to work."""

    name: str
    requests: int
    seconds_per_request: float
    hold: float = 0.0


CASES = (
    Case("100 steps", 100, 0.2),
    Case("held at 0 %", 2, 0.1, hold=20),
    Case("short", 4, 0.1),
)
EVENT_LOST = Case("held at 0 %, service event is lost", 2, 0.1, hold=20)
EVENT_ARRIVES = Case("service event arrives", 4, 1.0)
DOMAINS = {case: f"BenchDomain{number:011}" for number, case in enumerate((*CASES, EVENT_LOST, EVENT_ARRIVES))}


@dataclass(frozen=True)
class EmulatedJob(Job):
    """The job as the emulator ran it: it stays at 0 % until the age `released`, and then processes its requests."""

    released: float = 0.0
    requests: int = 1

    def percent(self, age: float) -> int | None:
        """Return the percentage of processed requests. The first request starts after the duration of one request."""
        share = (age - self.released) / (self.duration - self.released)
        processed = int(share * (self.requests + 1)) - 1
        return 100 * min(max(processed, 0), self.requests) // self.requests


@dataclass(frozen=True)
class Measured:
    """A watch, as the logs and the execution history record it, and its job. Times are in unscaled seconds."""

    polls: int
    news: int
    """The polls that were reported while the job ran."""
    states: int
    first_poll: float
    """The job's age at the first answer."""
    durations: list[float]
    """The time between each two answers, without the wait."""
    delay: float
    job: Job


def run() -> Part:
    """Run all cases in one local cloud. The part agrees if the simulation predicts each number of polls, ± 1."""
    with Cloud(wait_scale=WAIT_SCALE) as cloud:
        cloud.default_bus.cloudtrail_events.times = cloud.default_bus.service_events.times = 0
        machine = cloud.deploy({"auto-watch": "false"})["WatchArn"]
        measured = {case: _measure(cloud, machine, case) for case in CASES}
        outputs = cloud.deploy({"auto-watch": "true"})
        without_event = _measure(cloud, outputs["WatchArn"], EVENT_LOST)
        delay = _delay_with_event(cloud, outputs)
    compared = [_compare(case, watch) for case, watch in measured.items()]
    return _part([*compared, _compare(EVENT_LOST, without_event, simulated_watch.RULES_WITH_EVENTS)], delay)


def _part(compared: list[tuple[list[str], bool]], delay: float) -> Part:
    """Return the results: the rows and whether they agree, and the delay in seconds if the service event arrives."""
    agree = sum(agrees for _, agrees in compared)
    part = Part("emulated", "Local cloud: the deployed stack and the simulation", agrees=agree == len(compared))
    part.tables = [_table([row for row, _ in compared])]
    part.text = (
        "The CDK deploys the stack into the local cloud, where it watches jobs of the Voice ID emulator. Step "
        f"Functions' waits are {1 / WAIT_SCALE:.0f} times shorter than on AWS. The simulation uses the measured "
        "durations of the job and of each poll, and the measured time of the first answer."
    )
    part.goals = [
        Goal("Local cloud: as many polls as simulated, ± 1", f"{agree} of {len(compared)} jobs", part.agrees),
        Goal("Local cloud, the service event arrives: delay at most 5 s", f"{delay:.1f} s, not scaled", delay <= 5),
    ]
    return part


def _table(rows: list[list[str]]) -> Table:
    columns = ["job", "duration s", "poll ms", "polls", "states", "delay s", "agrees"]
    note = (
        "Pairs are measured : simulated. The times in seconds are divided by the scale of the waits. So a poll of "
        "30 ms counts as 3 s, and the delays are longer than on AWS. The states are those of the Watch state machine, "
        "because the local cloud doesn't record states inside a Parallel state."
    )
    return Table("Watches", columns, rows, note)


def _delay_with_event(cloud: Cloud, outputs: Mapping[str, str]) -> float:
    """Return the seconds from a job's end to the arrival of its `Job Ended` event, if the service event arrives.

    Waits aren't scaled, so the next poll of the watch itself would be much later.
    """
    cloud.scale_waits(1)
    cloud.default_bus.cloudtrail_events.times = cloud.default_bus.service_events.times = 1
    events = EventQueue(cloud.client("events"), cloud.client("sqs"), outputs["BusName"], "bench")
    request = _start(cloud, EVENT_ARRIVES)
    job = cloud.voice_id.wait(request["JobId"], TIMEOUT)
    arrived = _arrival(events, request)
    states = cloud.client("stepfunctions")
    for running in states.list_executions(stateMachineArn=outputs["WatchArn"], statusFilter="RUNNING")["executions"]:
        states.stop_execution(executionArn=running["executionArn"])
    return arrived - float(job["EndedAt"])


def _arrival(events: EventQueue, request: Mapping[str, str]) -> float:
    """Return when the event about the job arrives, in seconds since 1970; infinity if it doesn't."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if any(event["detail"]["request"] == request for event in events.receive(1)):
            return time.time()
    return math.inf


def _compare(case: Case, measured: Measured, rules: Rules = simulated_watch.RULES) -> tuple[list[str], bool]:
    """Return a table row, and whether the numbers of polls and states are as simulated."""
    poll = mean(measured.durations)
    simulated = simulated_watch.watch(
        measured.job,
        measured.first_poll,
        random.Random(measured.polls),
        polls=chain(measured.durations, repeat(poll)),
        messages=repeat(0),  # the measured durations include the queue
        wait_scale=WAIT_SCALE,
        rules=rules,
    )
    agrees = abs(simulated.polls - measured.polls) <= 1 and measured.states == _states(measured.news)
    simulated_delay = simulated.detected_at - poll - measured.job.duration
    cells = [
        f"{measured.job.duration / WAIT_SCALE:,.0f}",
        f"{poll * 1000:.0f}",
        f"{measured.polls} : {simulated.polls}",
        f"{measured.states} : {_states(simulated.news)}",
        f"{measured.delay / WAIT_SCALE:.0f} : {simulated_delay / WAIT_SCALE:.0f}",
    ]
    return [case.name, *cells, "yes" if agrees else "**no**"], agrees


def _states(news: int) -> int:
    """Return the number of states that a watch enters if so many polls were reported while the job ran."""
    return sum(1 for _ in costs.watch_states(2, news))


def _measure(cloud: Cloud, machine: str, case: Case) -> Measured:
    states, request = cloud.client("stepfunctions"), _start(cloud, case)
    watch_input = json.dumps({"kind": KIND, "request": request})
    execution = states.start_execution(stateMachineArn=machine, input=watch_input)["executionArn"]
    released = _release(cloud, case, request)
    job = cloud.voice_id.wait(request["JobId"], TIMEOUT)
    _wait_for_success(states, execution)
    history, answers = _history(states, execution), _answers(cloud, execution)
    created, ended = float(job["CreatedAt"]), float(job["EndedAt"])
    return Measured(
        polls=len(answers),
        news=sum(_state_name(event, "Exited") == "WaitForNews" for event in history) - 1,
        states=sum(_state_name(event, "Entered") is not None for event in history),
        first_poll=answers[0][0] - created,
        durations=[later - at - wait * WAIT_SCALE for (at, wait), (later, _) in pairwise(answers)],
        delay=answers[-1][0] - ended,
        job=EmulatedJob(ended - created, "linear", released=max(0.0, released - created), requests=case.requests),
    )


def _start(cloud: Cloud, case: Case) -> dict[str, str]:
    """Start the case's job, suspend it if the case has a hold time, and return the request that describes it."""
    cloud.voice_id.seconds_per_request = case.seconds_per_request
    manifest = put_sample(cloud.client("s3"), requests=case.requests, invalid=0)
    job = cloud.client("voice-id").start_speaker_enrollment_job(
        DomainId=DOMAINS[case],
        DataAccessRoleArn=ROLE,
        InputDataConfig={"S3Uri": manifest},
        OutputDataConfig={"S3Uri": f"s3://{BUCKET}/results"},
    )["Job"]
    if case.hold:
        cloud.voice_id.hold(job["JobId"])
    return {"DomainId": job["DomainId"], "JobId": job["JobId"]}


def _release(cloud: Cloud, case: Case, request: dict[str, str]) -> float:
    """Release a held job after its hold time. Return the time in seconds since 1970, or 0 if it wasn't held."""
    if not case.hold:
        return 0.0
    time.sleep(case.hold)
    released = time.time()
    cloud.voice_id.release(request["JobId"])
    return released


def _wait_for_success(states: Any, execution: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while (status := states.describe_execution(executionArn=execution)["status"]) == "RUNNING":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{execution} is still running after {TIMEOUT:.0f} s")
        time.sleep(0.05)
    assert status == "SUCCEEDED"


def _history(states: Any, execution: str) -> list[Any]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]


def _answers(cloud: Cloud, watch: str) -> list[tuple[float, float]]:
    """Return the time of each answer, in seconds since 1970, and the wait after it (0 after the last one).

    The functions log each poll.
    """
    logs, polls = cloud.client("logs"), []
    for function in cloud.client("lambda").list_functions()["Functions"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=function["LoggingConfig"]["LogGroup"])
        lines = [event["message"] for page in pages for event in page["events"] if '"polled"' in event["message"]]
        polls += [poll for poll in map(json.loads, lines) if poll["watch"] == watch]
    times = [datetime.strptime(poll["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z").timestamp() for poll in polls]
    return sorted((at, poll.get("wait") or 0) for at, poll in zip(times, polls, strict=True))


def _state_name(event: Any, transition: str) -> str | None:
    """Return the name of the state in an event about this transition (Entered or Exited), or None for other events."""
    name: str | None = event.get(f"state{transition}EventDetails", {}).get("name")
    return name
