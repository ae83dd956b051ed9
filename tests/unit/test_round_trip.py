"""Every kind, every status: a request that the model accepts, and an answer of its shape, become what is reported."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from itertools import count
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import Shape
from botocore.stub import Stubber

from infra.catalogue.sample_answer import Leaf
from infra.service_models import session
from job_watcher import catalogue, describe, expressions
from job_watcher.catalogue import Kind
from job_watcher.detail import MAX_BYTES, MAX_NAME_LENGTH
from job_watcher.email_message import one_line
from job_watcher.to_json import compact_json, to_json
from job_watcher.watch import Watch
from tests.unit.example import example_string, fill_shape, leaves, replace_value

KINDS = catalogue.kinds()
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
EVENT = {"kind", "request", "status", "outcome", "job", "watch", "polls"}
CREATED, ENDED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC), datetime(2026, 3, 1, 11, 35, 20, tzinfo=UTC)
ELSEWHERE = timezone(timedelta(hours=9))  # services tell times in any zone
numbers = count(1000)


@pytest.fixture(scope="module", autouse=True)
def every_kind_is_watched() -> Iterator[None]:
    """By clients of one session, the one whose models other tests have read."""
    shared = session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "get_session", lambda: shared)
        patch.setattr(describe, "KINDS", ["*"])
        describe.client.cache_clear()
        yield
        describe.client.cache_clear()


@pytest.mark.parametrize("name", KINDS)
def test_every_status_of_a_kind_goes_the_whole_way(name: str) -> None:
    kind = KINDS[name]
    blank = an_answer(kind)
    request = {**a_request(kind), **{member: blank[items][0][member] for items, member in kind.pick.items()}}
    for status, outcome in kind.outcome_of.items():
        part = without_contradictions(kind, blank) if outcome == "succeeded" else blank
        answer = ANSWER_BUILDERS.get(name, set_status)(kind, part, status)
        told = poll(kind, request, answer)
        assert told["outcome"] == outcome, status
        if outcome == "running":
            assert told["status"] == status
            assert told["wait"] >= 1, status
            assert "job" not in told and "detail" not in told, status
            assert told["percent"] == expected_percent(kind, answer), status
        else:
            check_event(kind, request, status, told["detail"], expressions.search(kind.job, answer))
            check_message(kind, status, told)


def poll(kind: Kind, request: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What a watch's first poll says, as JSON carries it; the call must be the kind's own, with its arguments."""
    with Stubber(describe.client(kind.service)) as service:
        service.add_response(xform_name(kind.describe), answer, kind.arguments(request))
        watch = Watch(
            {"kind": kind.name, "request": request},
            ARN,
            {"polls": 0, "waited": 0, "outcome": "running"},
            describe.RULES,
        )
        told = describe.poll(watch)
        assert told["outcome"] != "lost", told  # the reason says what was wrong with the request
        assert "status" in told or "detail" in told, (
            f"{kind.describe} was called with other arguments than {kind.arguments(request)}"
        )
        service.assert_no_pending_responses()
    return dict(json.loads(json.dumps(told, allow_nan=False)))


def check_event(kind: Kind, request: Mapping[str, Any], status: str, detail: dict[str, Any], job: Any) -> None:
    assert set(detail) == (EVENT | {"omitted"} if kind.omit else EVENT), status
    there = [path for path in kind.omit if expressions.without(job, path) != job]  # of a union, one member is there
    assert detail.get("omitted", []) == there, status
    assert detail["kind"] == kind.name and detail["request"] == request
    assert detail["status"] == status and detail["outcome"] == kind.outcome_of[status]
    assert detail["watch"] == ARN and detail["polls"] == 1
    job = reduce(expressions.without, there, job)
    assert detail["job"] == to_json(job), status
    for (path, value), (_, said) in zip(leaves(job), leaves(detail["job"]), strict=True):
        if isinstance(value, datetime):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", said), path
            assert datetime.fromisoformat(said) == value, path


def explains(kind: Kind, job: Any) -> bool:
    """Whether the kind gives a reason; one that filters finds it only if the answer has something to pick."""
    if "[?" in (kind.reason or ""):
        return bool(one_line(expressions.search(kind.reason, job)))
    return bool(kind.reason)


def check_message(kind: Kind, status: str, end: Mapping[str, Any]) -> None:
    assert re.fullmatch(f"[A-Za-z0-9_-]{{1,{MAX_NAME_LENGTH}}}", end["name"]), status
    assert re.fullmatch(r"[\x20-\x7e]{1,99}", end["subject"]), status
    assert end["subject"].startswith(f"{kind.outcome_of[status].capitalize()}: {kind.noun}")
    assert len(compact_json({"detail": end["detail"], "text": end["text"]}).encode()) < MAX_BYTES, status
    assert len(compact_json(compact_json(end["detail"])).encode()) < MAX_BYTES, status
    facts = dict(re.findall(r"^  (\S.*?) {2,}(.+)$", end["text"].split("\n\n")[1], re.MULTILINE))
    assert facts["Outcome"] == f"{kind.outcome_of[status]} (status {status})"
    assert facts["Kind"] == kind.name
    assert facts.get("Created") == ("2026-03-01 09:30:00 UTC" if kind.created else None), status
    assert facts.get("Ended") == ("2026-03-01 11:35:20 UTC" if kind.ended else None), status
    assert facts.get("Duration") == ("2 h 5 min" if kind.created and kind.ended and not kind.recurs else None), status
    wrong = kind.outcome_of[status] != "succeeded"
    assert ("Reason" in facts) == (wrong and explains(kind, end["detail"]["job"])), status
    assert ("Results" in facts) == bool(kind.results), status


def a_request(kind: Kind) -> dict[str, Any]:
    """One that the model accepts, with every member the kind names."""
    members = describe.operation(kind).input_shape.members
    return {member: fill_shape(members[member], _argument) for member in kind.request if member in members}


def an_answer(kind: Kind) -> dict[str, Any]:
    """One with every member, its times and its percentage where the kind reads them."""
    paths = [kind.job, kind.status, kind.percent, kind.created, kind.ended, kind.reason, kind.results]
    mentioned = re.findall(r"\w+", " ".join(filter(None, paths)))
    answer = fill_shape(describe.operation(kind).output_shape, _said, mentioned)
    for expression, value in ((kind.percent, 42), (kind.created, CREATED), (kind.ended, ENDED)):
        found = expressions.search(expression, expressions.search(kind.job, answer))
        if expression:
            answer = replace_value(answer, found, _like(found, value))
    return dict(answer)


def expected_percent(kind: Kind, answer: dict[str, Any]) -> float | None:
    """42 where the service tells a percentage; what `ratio` makes of the counters in the answer else."""
    if "ratio(" not in (kind.percent or ""):
        return 42 if kind.percent else None
    percent: float = expressions.search(kind.percent, expressions.search(kind.job, answer))
    assert 0 <= percent <= 100
    return percent


def without_contradictions(kind: Kind, answer: Any) -> Any:
    """The answer without what makes `but` override a success; a kind that can't be helped so is ANSWER_BUILDERS."""
    elsewhere = " ".join(filter(None, (kind.status, kind.created, kind.ended, kind.results)))
    conditions = " ".join(kind.but.values())
    names = {*re.findall(r"\w+", conditions)} - {*re.findall(r"\w+", elsewhere)}
    words = re.findall("'(.*?)'", conditions)
    tried = [answer, *(harmless(answer, names, words, left_out) for left_out in ((), (dict, list), (object,)))]
    return next((one for one in tried if not contradicted(kind, one)), answer)


def contradicted(kind: Kind, answer: Any) -> bool:
    job = expressions.search(kind.job, answer)
    return any(expressions.search(condition, job) for condition in kind.but.values())


def harmless(value: Any, names: set[str], words: list[str], left_out: tuple[type, ...], name: str = "") -> Any:
    """The value whose members of these names are left out if of these types, else 0 or another word of their enum."""
    if name in names and isinstance(value, left_out):
        return None
    if name.endswith("Config"):
        return value  # settings, which may have a minimum above 0
    if isinstance(value, dict):
        inside = {member: harmless(inner, names, words, left_out, member) for member, inner in value.items()}
        return {member: inner for member, inner in inside.items() if inner is not None}
    if isinstance(value, list):
        return [harmless(item, names, words, left_out) for item in value]
    if name not in names:
        return value
    if isinstance(value, Leaf):
        return next((word for word in value.enum if word not in words), None)
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) else None


def set_status(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """The answer with a status at the place from where the kind reads it."""
    found = expressions.search(kind.status, expressions.search(kind.job, answer))
    return dict(replace_value(answer, found, status))


def ecs_task(_: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """How ECS says that a task has stopped: by lastStatus, stopCode and the containers' exit codes together."""
    (task,) = answer["tasks"]
    (container,) = task["containers"]
    stop_code = status if status in task["stopCode"].shape.enum else None
    last = {"lastStatus": "STOPPED", "stopCode": stop_code} if stop_code else {"lastStatus": status, "stopCode": ""}
    container = {**container, "exitCode": 0} if status == "EssentialContainerExited" else {"name": "main"}
    return {**answer, "tasks": [{**task, **last, "containers": [container]}]}


def batch_job(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """How AWS Batch says that a job was terminated or cancelled: it failed, and a flag is set."""
    flags = {"isTerminated": status == "TERMINATED", "isCancelled": status == "CANCELLED"}
    job = expressions.search(kind.job, answer)
    told = {**flags, "status": "FAILED" if any(flags.values()) else status}
    return dict(replace_value(answer, job, {**job, **{name: value for name, value in told.items() if name in job}}))


def capacity_reservation(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """How Athena says that the capacity is there: its latest allocation has succeeded, too."""
    reservation = answer["CapacityReservation"]
    allocation = {**reservation["LastAllocation"], "Status": "SUCCEEDED"}
    return set_status(kind, {"CapacityReservation": {**reservation, "LastAllocation": allocation}}, status)


def recommendation(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """A recommendation of AgentCore's, whose result has an error message if there is none."""
    failed = kind.outcome_of[status] == "failed"
    return set_status(kind, answer if failed else expressions.without(answer, "recommendationResult"), status)


def succeeds_with(*none: str, **members: Any) -> Callable[[Kind, dict[str, Any], str], dict[str, Any]]:
    """An answer whose success needs these members of the job as its proof, and others to be 0."""

    def arranged(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
        job = expressions.search(kind.job, answer)
        proven = {**harmless(job, {*none}, [], ()), **members} if kind.outcome_of[status] == "succeeded" else job
        return set_status(kind, replace_value(answer, job, proven), status)

    return arranged


def deadline_job(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """How AWS Deadline Cloud says that a job could not be created, which its tasks don't say."""
    if status in ("CREATE_FAILED", "UPLOAD_FAILED"):
        return {**answer, "taskRunStatus": "PENDING", "lifecycleStatus": status}
    return {**answer, "taskRunStatus": status, "lifecycleStatus": "CREATE_COMPLETE"}


def fis_experiment(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """An experiment whose report is complete."""
    job = expressions.search(kind.job, answer)
    return set_status(
        kind, dict(replace_value(answer, job["experimentReport"]["state"]["status"], "completed")), status
    )


def ecs_deployment(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """How ECS says that a circuit breaker or an alarm stopped a deployment: it is TRIGGERED, the deployment STOPPED."""
    job, triggered = expressions.search(kind.job, answer), status == "TRIGGERED"
    answer = dict(replace_value(answer, job["status"], "STOPPED" if triggered else status))
    for detector in {"deploymentCircuitBreaker", "circuitBreaker", "alarms"} & {*job}:
        answer = dict(replace_value(answer, job[detector]["status"], "TRIGGERED" if triggered else "MONITORING"))
    return answer


def domain_upgrade(_: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """How OpenSearch says how an upgrade is going: by its step and the step's status."""
    if status == "STEP_ENDED":
        return {**answer, "UpgradeStep": "SNAPSHOT", "StepStatus": "SUCCEEDED"}
    return {**answer, "UpgradeStep": "UPGRADE", "StepStatus": status}


def restored_object(_: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """How S3 says how a restoration is going: by a header, or by the archive status in S3 Intelligent-Tiering."""
    expiry = 'expiry-date="Wed, 12 Aug 2026 00:00:00 GMT"'
    headers = {"ONGOING": 'ongoing-request="true"', "RESTORED": f'ongoing-request="false", {expiry}'}
    accessible = {"StorageClass": "INTELLIGENT_TIERING"} if status == "ACCESSIBLE" else {"StorageClass": "GLACIER"}
    members = {name: value for name, value in answer.items() if name not in ("Restore", "ArchiveStatus")}
    return {**members, **accessible, **({"Restore": headers[status]} if status in headers else {})}


# The kinds whose status is not one member of the answer, with how their answers come to say it.
ANSWER_BUILDERS: dict[str, Callable[[Kind, dict[str, Any], str], dict[str, Any]]] = {
    "amplify/DomainAssociation": succeeds_with(updateStatus="UPDATE_COMPLETE"),
    "athena/CapacityReservation": capacity_reservation,
    "batch/Job": batch_job,
    "batch/ServiceJob": batch_job,
    "bedrock-agentcore/Recommendation": recommendation,
    "customer-profiles/Recommender": succeeds_with(LatestRecommenderUpdate={"Status": "ACTIVE"}),
    "deadline/Job": deadline_job,
    "dms/Replication": succeeds_with("TablesErrored", StopReason="Stop Reason FULL_LOAD_ONLY_FINISHED"),
    "dms/ReplicationTask": succeeds_with("TablesErrored", StopReason="Stop Reason FULL_LOAD_ONLY_FINISHED"),
    "ecs/Task": ecs_task,
    "ecs/ServiceDeployment": ecs_deployment,
    "ecs/DaemonDeployment": ecs_deployment,
    "fis/Experiment": fis_experiment,
    "es/UpgradeStatus": domain_upgrade,
    "opensearch/UpgradeStatus": domain_upgrade,
    "s3/ObjectRestore": restored_object,
    "s3/ObjectVersionRestore": restored_object,
}


def _argument(shape: Shape) -> Any:
    if shape.type_name == "string":
        return example_string(shape)
    return True if shape.type_name == "boolean" else max(1, shape.metadata.get("min", 1))


def _said(shape: Shape) -> Any:
    """A scalar of an answer that is an object of its own, so that `replace_value` finds it."""
    if shape.type_name == "string":
        leaf = Leaf((shape.metadata.get("enum") or ["x" * max(1, shape.metadata.get("min", 1))])[0])
        leaf.shape = shape
        return leaf
    if shape.type_name in ("integer", "long"):
        return shape.metadata.get("min", 0) + next(numbers)
    others = {"timestamp": datetime(2026, 1, 1, 9, tzinfo=ELSEWHERE), "boolean": True, "blob": b"\x00\xff"}
    return others.get(shape.type_name, next(numbers) + 0.5)


def _like(found: Any, value: Any) -> Any:
    """A percentage or a time as a service would say it that says something like `found`."""
    if isinstance(value, datetime):
        seconds = value.timestamp()
        said = {Leaf: value.isoformat(), datetime: value.astimezone(ELSEWHERE), int: int(seconds)}
        return said.get(type(found), seconds)
    return f"{value}%" if isinstance(found, Leaf) else value
