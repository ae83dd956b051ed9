"""For each status of each kind, a poll with a valid request and a valid answer has the expected result."""

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
from job_watcher import aws_call, catalogue, describe, expressions
from job_watcher.catalogue import Kind
from job_watcher.detail import MAX_BYTES, MAX_NAME_LENGTH
from job_watcher.facts import one_line as format_one_line
from job_watcher.to_json import compact_json, to_json
from job_watcher.watch import Watch
from tests.each_kind import each_kind
from tests.unit.example import example_string, fill_shape, leaves, replace_value

KINDS = catalogue.kinds()
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
DETAIL_MEMBERS = {
    "account",
    "job",
    "kind",
    "links",
    "outcome",
    "polls",
    "region",
    "request",
    "status",
    "summary",
    "watch",
}
CREATED, ENDED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC), datetime(2026, 3, 1, 11, 35, 20, tzinfo=UTC)
OTHER_ZONE = timezone(timedelta(hours=9))
unique_numbers = count(1000)


@pytest.fixture(scope="module", autouse=True)
def every_kind_is_watched() -> Iterator[None]:
    """Enable all kinds, with clients from the session whose models other tests have already loaded."""
    shared = session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "get_session", lambda: shared)
        patch.setattr(describe, "KINDS", ["*"])
        aws_call.client.cache_clear()
        yield
        aws_call.client.cache_clear()


@each_kind(KINDS)
def test_every_status_of_a_kind_has_the_expected_result(name: str) -> None:
    kind = KINDS[name]
    full_answer = build_answer(kind)
    request = {**build_request(kind), **{member: full_answer[items][0][member] for items, member in kind.pick.items()}}
    for status, outcome in kind.outcome_of.items():
        base = without_contradictions(kind, full_answer) if outcome == "succeeded" else full_answer
        answer = ANSWER_BUILDERS.get(name, set_status)(kind, base, status)
        result = poll(kind, request, answer)
        assert result["outcome"] == outcome, status
        if outcome == "running":
            assert result["status"] == status
            assert result["wait"] >= 1, status
            assert "job" not in result and "detail" not in result, status
            assert result["percent"] == expected_percent(kind, answer), status
        else:
            check_event(kind, request, status, result["detail"], expressions.search(kind.job, answer))
            check_message(kind, status, result)


def poll(kind: Kind, request: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a watch's first poll as JSON. Only the kind's own describe call is accepted."""
    with Stubber(aws_call.client(kind.service)) as service:
        service.add_response(xform_name(kind.describe), answer, kind.arguments(request))
        watch = Watch(
            {"kind": kind.name, "request": request},
            ARN,
            {"polls": 0, "waited": 0, "outcome": "running"},
            describe.RULES,
        )
        _, result = describe.poll(watch)
        assert result["outcome"] != "lost", result  # the reason says what was wrong with the request
        assert "status" in result or "detail" in result, (
            f"{kind.describe} was called with other arguments than {kind.arguments(request)}"
        )
        service.assert_no_pending_responses()
    return dict(json.loads(json.dumps(result, allow_nan=False)))


def check_event(kind: Kind, request: Mapping[str, Any], status: str, detail: dict[str, Any], job: Any) -> None:
    assert set(detail) == DETAIL_MEMBERS | optional_members(kind, detail), status
    omitted = [path for path in kind.omit if expressions.without(job, path) != job]  # a union has only one member
    assert detail.get("omitted", []) == omitted, status
    assert detail["kind"] == kind.name and detail["request"] == request
    assert detail["status"] == status and detail["outcome"] == kind.outcome_of[status]
    assert detail["watch"] == ARN and detail["polls"] == 1
    job = reduce(expressions.without, omitted, job)
    assert detail["job"] == to_json(job), status
    for (path, value), (_, reported) in zip(leaves(job), leaves(detail["job"]), strict=True):
        if isinstance(value, datetime):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", reported), path
            assert datetime.fromisoformat(reported) == value, path


def optional_members(kind: Kind, detail: dict[str, Any]) -> set[str]:
    """Return the members that a detail has because of what the kind's table has, and because of the outcome."""
    has_seconds = kind.created and kind.ended and not kind.recurs
    has = {
        "omitted": kind.omit,
        "title": kind.title,
        "created": kind.created,
        "ended": kind.ended,
        "seconds": has_seconds,
        "results": kind.results,
        "reason": detail["outcome"] != "succeeded" and has_reason(kind, detail["job"]),
    }
    return {name for name, is_present in has.items() if is_present}


def has_reason(kind: Kind, job: Any) -> bool:
    """Return whether the email has a reason. An expression with a filter needs a matching item in the answer."""
    if "[?" in (kind.reason or ""):
        return bool(format_one_line(expressions.search(kind.reason, job)))
    return bool(kind.reason)


def check_message(kind: Kind, status: str, end: Mapping[str, Any]) -> None:
    assert re.fullmatch(f"[A-Za-z0-9_-]{{1,{MAX_NAME_LENGTH}}}", end["name"]), status
    assert re.fullmatch(r"[\x20-\x7e]{1,99}", end["subject"]), status
    service = describe.RULES.services.get(kind.service, kind.service)
    job = f"{service} {kind.label.removeprefix(f'{service} ')}"
    assert end["subject"].startswith(f"{kind.outcome_of[status].capitalize()}: {job} "[:80])
    assert len(compact_json({"detail": end["detail"], "text": end["text"]}).encode()) < MAX_BYTES, status
    assert len(compact_json(compact_json(end["detail"])).encode()) < MAX_BYTES, status
    facts = dict(line.split(": ", 1) for line in end["text"].split("\n\n")[1].splitlines())
    assert facts["Status"] == status
    assert f"\nKind: {kind.name}\n" in end["text"]
    assert facts.get("Started") == ("2026-03-01 09:30:00 UTC" if kind.created else None), status
    assert facts.get("Ended") == ("2026-03-01 11:35:20 UTC" if kind.ended else None), status
    assert facts.get("Duration") == ("2 h 5 min" if kind.created and kind.ended and not kind.recurs else None), status
    not_succeeded = kind.outcome_of[status] != "succeeded"
    assert ("reason" in end["detail"]) == (not_succeeded and has_reason(kind, end["detail"]["job"])), status
    assert ("Results" in facts) == (bool(kind.results) and kind.outcome_of[status] != "failed"), status


def build_request(kind: Kind) -> dict[str, Any]:
    """Return a request that the model accepts, with every member in the kind's table."""
    members = aws_call.operation(kind).input_shape.members
    return {member: fill_shape(members[member], _make_argument) for member in kind.request if member in members}


def build_answer(kind: Kind) -> dict[str, Any]:
    """Return an answer with every member, and with known times and a known percentage where the kind reads them."""
    paths = [kind.job, kind.status, kind.percent, kind.created, kind.ended, kind.reason, kind.results]
    mentioned = re.findall(r"\w+", " ".join(filter(None, paths)))
    answer = fill_shape(aws_call.operation(kind).output_shape, _make_scalar, mentioned)
    for expression, value in ((kind.percent, 42), (kind.created, CREATED), (kind.ended, ENDED)):
        found = expressions.search(expression, expressions.search(kind.job, answer))
        if expression:
            answer = replace_value(answer, found, _convert_like(found, value))
    return dict(answer)


def expected_percent(kind: Kind, answer: dict[str, Any]) -> float | None:
    """Return the percentage in the answer: 42, or the value of the kind's `ratio` expression, or None."""
    if "ratio(" not in (kind.percent or ""):
        return 42 if kind.percent else None
    percent: float = expressions.search(kind.percent, expressions.search(kind.job, answer))
    assert 0 <= percent <= 100
    return percent


def without_contradictions(kind: Kind, answer: Any) -> Any:
    """Return the answer without the values that make `but` override a success, if that is possible.

    ANSWER_BUILDERS has the other kinds.
    """
    other_expressions = " ".join(filter(None, (kind.status, kind.created, kind.ended, kind.results)))
    conditions = " ".join(kind.but.values())
    names = {*re.findall(r"\w+", conditions)} - {*re.findall(r"\w+", other_expressions)}
    words = re.findall("'(.*?)'", conditions)
    removable_types: tuple[tuple[type, ...], ...] = ((), (dict, list), (object,))
    candidates = [answer, *(neutralize(answer, names, words, types) for types in removable_types)]
    return next((candidate for candidate in candidates if not is_contradicted(kind, candidate)), answer)


def is_contradicted(kind: Kind, answer: Any) -> bool:
    job = expressions.search(kind.job, answer)
    return any(expressions.search(condition, job) for condition in kind.but.values())


def neutralize(value: Any, names: set[str], words: list[str], removable: tuple[type, ...], name: str = "") -> Any:
    """Return the value with neutral members of these names.

    A member of a removable type is removed. Another one is 0, or a value of its enum that isn't in `words`.
    """
    if name in names and isinstance(value, removable):
        return None
    if name.endswith("Config"):
        return value  # settings, which may have a minimum above 0
    if isinstance(value, dict):
        inner_values = {member: neutralize(inner, names, words, removable, member) for member, inner in value.items()}
        return {member: inner for member, inner in inner_values.items() if inner is not None}
    if isinstance(value, list):
        return [neutralize(item, names, words, removable) for item in value]
    if name not in names:
        return value
    if isinstance(value, Leaf):
        return next((word for word in value.enum if word not in words), None)
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) else None


def set_status(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """Return the answer with the status where the kind reads it."""
    found = expressions.search(kind.status, expressions.search(kind.job, answer))
    return dict(replace_value(answer, found, status))


def ecs_task(_: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """ECS reports a stopped task with lastStatus, stopCode and the containers' exit codes."""
    (task,) = answer["tasks"]
    (container,) = task["containers"]
    stop_code = status if status in task["stopCode"].shape.enum else None
    last = {"lastStatus": "STOPPED", "stopCode": stop_code} if stop_code else {"lastStatus": status, "stopCode": ""}
    container = {**container, "exitCode": 0} if status == "EssentialContainerExited" else {"name": "main"}
    return {**answer, "tasks": [{**task, **last, "containers": [container]}]}


def batch_job(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """AWS Batch reports a terminated or cancelled job as failed, with a flag."""
    flags = {"isTerminated": status == "TERMINATED", "isCancelled": status == "CANCELLED"}
    job = expressions.search(kind.job, answer)
    members = {**flags, "status": "FAILED" if any(flags.values()) else status}
    return dict(replace_value(answer, job, {**job, **{name: value for name, value in members.items() if name in job}}))


def capacity_reservation(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """Athena reports that the capacity is available if its latest allocation has succeeded, too."""
    reservation = answer["CapacityReservation"]
    allocation = {**reservation["LastAllocation"], "Status": "SUCCEEDED"}
    return set_status(kind, {"CapacityReservation": {**reservation, "LastAllocation": allocation}}, status)


def recommendation(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """AgentCore reports an error message in the result of a failed recommendation."""
    failed = kind.outcome_of[status] == "failed"
    return set_status(kind, answer if failed else expressions.without(answer, "recommendationResult"), status)


def succeeds_with(*zeros: str, **members: Any) -> Callable[[Kind, dict[str, Any], str], dict[str, Any]]:
    """Return a builder of answers in which a succeeded job has these members, and 0 in the members `zeros`."""

    def build(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
        job = expressions.search(kind.job, answer)
        succeeded = {**neutralize(job, {*zeros}, [], ()), **members} if kind.outcome_of[status] == "succeeded" else job
        return set_status(kind, replace_value(answer, job, succeeded), status)

    return build


def deadline_job(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """AWS Deadline Cloud reports in lifecycleStatus that a job could not be created."""
    if status in ("CREATE_FAILED", "UPLOAD_FAILED"):
        return {**answer, "taskRunStatus": "PENDING", "lifecycleStatus": status}
    return {**answer, "taskRunStatus": status, "lifecycleStatus": "CREATE_COMPLETE"}


def fis_experiment(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """AWS FIS reports an experiment and its report separately; here the report is complete."""
    job = expressions.search(kind.job, answer)
    return set_status(
        kind, dict(replace_value(answer, job["experimentReport"]["state"]["status"], "completed")), status
    )


def ecs_deployment(kind: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """ECS reports a circuit breaker or alarm that stopped a deployment as TRIGGERED, and the deployment as STOPPED."""
    job, triggered = expressions.search(kind.job, answer), status == "TRIGGERED"
    answer = dict(replace_value(answer, job["status"], "STOPPED" if triggered else status))
    for detector in {"deploymentCircuitBreaker", "circuitBreaker", "alarms"} & {*job}:
        answer = dict(replace_value(answer, job[detector]["status"], "TRIGGERED" if triggered else "MONITORING"))
    return answer


def domain_upgrade(_: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """OpenSearch reports an upgrade with its step and the step's status."""
    if status == "STEP_ENDED":
        return {**answer, "UpgradeStep": "SNAPSHOT", "StepStatus": "SUCCEEDED"}
    return {**answer, "UpgradeStep": "UPGRADE", "StepStatus": status}


def restored_object(_: Kind, answer: dict[str, Any], status: str) -> dict[str, Any]:
    """S3 reports a restoration with a header, or with the archive status in S3 Intelligent-Tiering."""
    expiry = 'expiry-date="Wed, 12 Aug 2026 00:00:00 GMT"'
    headers = {"ONGOING": 'ongoing-request="true"', "RESTORED": f'ongoing-request="false", {expiry}'}
    accessible = {"StorageClass": "INTELLIGENT_TIERING"} if status == "ACCESSIBLE" else {"StorageClass": "GLACIER"}
    members = {name: value for name, value in answer.items() if name not in ("Restore", "ArchiveStatus")}
    return {**members, **accessible, **({"Restore": headers[status]} if status in headers else {})}


# Functions that build the answer with a status, for kinds whose status isn't a single member of the answer.
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


def _make_argument(shape: Shape) -> Any:
    if shape.type_name == "string":
        return example_string(shape)
    return True if shape.type_name == "boolean" else max(1, shape.metadata.get("min", 1))


def _make_scalar(shape: Shape) -> Any:
    """Return a scalar that is a distinct object, so that `replace_value` finds it by identity."""
    if shape.type_name == "string":
        leaf = Leaf((shape.metadata.get("enum") or ["x" * max(1, shape.metadata.get("min", 1))])[0])
        leaf.shape = shape
        return leaf
    if shape.type_name in ("integer", "long"):
        return shape.metadata.get("min", 0) + next(unique_numbers)
    others = {"timestamp": datetime(2026, 1, 1, 9, tzinfo=OTHER_ZONE), "boolean": True, "blob": b"\x00\xff"}
    return others.get(shape.type_name, next(unique_numbers) + 0.5)


def _convert_like(sample_value: Any, value: Any) -> Any:
    """Return a percentage or a time in the type and notation of `sample_value`, the value in the sample answer."""
    if isinstance(value, datetime):
        seconds = value.timestamp()
        notations = {Leaf: value.isoformat(), datetime: value.astimezone(OTHER_ZONE), int: int(seconds)}
        return notations.get(type(sample_value), seconds)
    return f"{value}%" if isinstance(sample_value, Leaf) else value
