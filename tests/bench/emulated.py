"""The deployed stack in the local cloud: what its execution histories count, beside the simulation of the same jobs."""

import json
import math
import time
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from statistics import mean
from typing import Any

from job_watcher.watch import Rules
from local.cloud import Cloud
from local.sample import BUCKET, ROLE, put_sample

from . import costs, ours
from .jobs import Job
from .report import Goal, Part, Table

SCALE = 0.01  # waits pass a hundred times faster
KIND = ours.KIND.name
FAR = 120.0  # seconds until this has failed


@dataclass(frozen=True)
class Case:
    """A job of the emulator's: so many requests of so many seconds each; `held`: seconds at 0 % before it works."""

    name: str
    requests: int
    each: float
    held: float = 0.0


CASES = (
    Case("linear, 100 steps", 100, 0.2),
    Case("held at 0 %", 2, 0.1, held=20),
    Case("fast", 4, 0.1),
)
EVENT_LOST = Case("held at 0 %, its event is lost", 2, 0.1, held=20)
EVENT_ARRIVES = Case("its event arrives", 4, 1.0)


@dataclass(frozen=True)
class Stepped(Job):
    """The emulator's job as it was worked: nothing until `released`, then one request after another."""

    released: float = 0.0
    requests: int = 1

    def percent(self, age: float) -> int | None:
        """Whole percent of the requests that are done; as many more steps as one are needed to begin."""
        done = int((age - self.released) / (self.duration - self.released) * (self.requests + 1)) - 1
        return 100 * min(max(done, 0), self.requests) // self.requests


@dataclass(frozen=True)
class Counted:
    """What one watch's history says, and its job as the simulation shall take it. Seconds are real ones."""

    polls: int
    entered: int
    first: float
    calls: list[float]
    """From each answer to the next, without the wait between."""
    delay: float
    job: Job


def run() -> Part:
    """One cloud, the cases one after another; it must agree with the simulation to a poll."""
    with Cloud(wait_scale=SCALE) as cloud:
        cloud.default_bus.cloudtrail_events.times = cloud.default_bus.service_events.times = 0
        machine = cloud.deploy({"auto-watch": "false"})["WatchArn"]
        counted = {case: _counted(cloud, machine, case) for case in CASES}
        machine = cloud.deploy({"auto-watch": "true"})["WatchArn"]
        without_event, delay = _counted(cloud, machine, EVENT_LOST), _delay_with_event(cloud, machine)
    compared = [_compared(case, real) for case, real in counted.items()]
    compared.append(_compared(EVENT_LOST, without_event, ours.RULES_WITH_EVENTS))
    agree = sum(agrees for _, agrees in compared)
    part = Part("emulated", "Emulated: the deployed stack beside the simulation", agrees=agree == len(compared))
    columns = ["job", "lasts s", "a poll takes ms", "polls", "states entered", "delay s", "agrees"]
    note = (
        "Counted : simulated. Seconds but for a poll's are scaled as the waits are: a poll of 30 ms counts as 3 s, "
        "so the delays are longer than on AWS. The notification is left aside: "
        "this cloud records no states inside a Parallel."
    )
    part.tables = [Table("Counted in the execution histories", columns, [row for row, _ in compared], note)]
    part.text = (
        "The stack, deployed by the CDK into the local cloud, watches real jobs of the Voice ID emulator; "
        f"Step Functions' waits pass {1 / SCALE:.0f} times faster. The simulation has the same clock, and is told how "
        "long the job took, when the first answer came, and how long each poll took beside its wait."
    )
    part.goals = [
        Goal("the deployed stack polls as simulated, ± 1", f"{agree} of {len(compared)} jobs", agree == len(compared)),
        Goal("the service's event arrives: seen at most 5 s after the end", f"{delay:.1f} s, not scaled", delay <= 5),
    ]
    return part


def _delay_with_event(cloud: Cloud, machine: str) -> float:
    """Seconds from a job's end to the answer that tells it, of a watch whose next poll would come much later."""
    states = cloud.client("stepfunctions")
    cloud.scale_waits(1)
    cloud.default_bus.cloudtrail_events.times = cloud.default_bus.service_events.times = 1
    request = _start(cloud, EVENT_ARRIVES)
    job = cloud.voice_id.wait(request["JobId"], FAR)
    deadline = time.monotonic() + FAR
    while not (looked := _looks(states, machine, request)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for running in states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        states.stop_execution(executionArn=running["executionArn"])
    return min((at for at, _ in looked), default=math.inf) - float(job["EndedAt"])


def _looks(states: Any, machine: str, request: dict[str, str]) -> list[tuple[float, float]]:
    """The last answers of this job's executions that have ended."""
    done = states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
    arns = [one["executionArn"] for one in done]
    inputs = {arn: json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in arns}
    return [_answers(_history(states, arn))[-1] for arn, given in inputs.items() if given["request"] == request]


def _compared(case: Case, real: Counted, rules: Rules = ours.RULES) -> tuple[list[str], bool]:
    """A row, and whether polls, and states entered for so many polls, are as simulated."""
    call = mean(real.calls)
    calls = chain(real.calls, repeat(call))
    simulated = ours.watch(real.job, real.first, calls=calls, scale=SCALE, rules=rules)
    states = sum(1 for _ in costs.watch_states(real.polls))
    agrees = abs(simulated.polls - real.polls) <= 1 and states == real.entered
    delays = real.delay / SCALE, (simulated.seen_at - call - real.job.duration) / SCALE
    cells = [f"{real.job.duration / SCALE:,.0f}", f"{call * 1000:.0f}", f"{real.polls} : {simulated.polls}"]
    cells += [f"{real.entered} : {sum(1 for _ in costs.watch_states(simulated.polls))}"]
    cells += [f"{delays[0]:.0f} : {delays[1]:.0f}"]
    return [case.name, *cells, "yes" if agrees else "**no**"], agrees


def _counted(cloud: Cloud, machine: str, case: Case) -> Counted:
    states, request = cloud.client("stepfunctions"), _start(cloud, case)
    given = json.dumps({"kind": KIND, "request": request})
    execution = states.start_execution(stateMachineArn=machine, input=given)["executionArn"]
    released = 0.0
    if case.held:
        time.sleep(case.held)
        released = time.time()
        cloud.voice_id.release(request["JobId"])
    job = cloud.voice_id.wait(request["JobId"], FAR)
    assert _ended(states, execution)["status"] == "SUCCEEDED"
    history = _history(states, execution)
    answers = _answers(history)
    born, died = float(job["CreatedAt"]), float(job["EndedAt"])
    return Counted(
        polls=len(answers),
        entered=_entered(history),
        first=answers[0][0] - born,
        calls=[later - at - wait * SCALE for (at, wait), (later, _) in pairwise(answers)],
        delay=answers[-1][0] - died,
        job=Stepped(died - born, "linear", released=max(0.0, released - born), requests=case.requests),
    )


def _start(cloud: Cloud, case: Case) -> dict[str, str]:
    """The job's request; one to be held does not work yet."""
    cloud.voice_id.seconds_per_request = case.each
    manifest = put_sample(cloud.client("s3"), requests=case.requests, invalid=0)
    job = cloud.client("voice-id").start_speaker_enrollment_job(
        DomainId=f"BenchDomain{(*CASES, EVENT_LOST, EVENT_ARRIVES).index(case):011}",
        DataAccessRoleArn=ROLE,
        InputDataConfig={"S3Uri": manifest},
        OutputDataConfig={"S3Uri": f"s3://{BUCKET}/results"},
    )["Job"]
    if case.held:
        cloud.voice_id.hold(job["JobId"])
    return {"DomainId": job["DomainId"], "JobId": job["JobId"]}


def _ended(states: Any, execution: str) -> Any:
    """The execution's description when it is over."""
    deadline = time.monotonic() + FAR
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{execution} still runs after {FAR:.0f} s")
        time.sleep(0.05)
    return described


def _history(states: Any, execution: str) -> list[Any]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]


def _answers(history: list[Any]) -> list[tuple[float, float]]:
    """Of every poll: when it was answered, in seconds since 1970, and the wait that it told; 0 at the end."""
    left = [event for event in history if _state(event, "Exited") == "Describe"]
    told = [json.loads(event["stateExitedEventDetails"]["output"]) for event in left]
    return [(event["timestamp"].timestamp(), answer.get("wait", 0)) for event, answer in zip(left, told, strict=True)]


def _state(event: Any, what: str) -> str | None:
    """The name of the state that the event says was Entered or Exited."""
    name: str | None = event.get(f"state{what}EventDetails", {}).get("name")
    return name


def _entered(history: list[Any]) -> int:
    return sum(_state(event, "Entered") is not None for event in history)
