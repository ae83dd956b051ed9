"""The services' own events start watches of the right jobs: AWS's samples, and the schemas of aws-service-spec."""

import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.trigger_rules import index
from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.trigger import IncompleteEvent, TriggeredJob, is_own_execution, jobs_in, watch_name
from tests.unit.service_events import ACCOUNT, EVENTS, REGION, Row

SPEC = Path(sys.prefix, "lib/node_modules/@aws-cdk/aws-service-spec/db.json.gz")
KINDS = catalogue.kinds()
INDEX = index(KINDS.values())
CHECKED = 123  # detail-types of kinds that have a schema in aws-service-spec 0.1.216
# Members that the schemas lack, by the page on which AWS documents them.
NOT_IN_SCHEMAS = {
    "EventID": "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-cloudwatch-events.sample.html",
    "arrayProperties": "https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html",
    "nodeDetails": "https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html",
    "ModelPackageStatus": "https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html",
    "UpdatedModelPackageFields": "the same page",
}


def event(source: str, detail_type: str, detail: Any, resources: Sequence[str] = ("a:b/c", "d")) -> dict[str, Any]:
    """An event as EventBridge delivers it."""
    where = {"account": ACCOUNT, "region": REGION, "time": "2026-01-01T00:00:00Z", "resources": list(resources)}
    return {"version": "0", "id": "1", "source": source, "detail-type": detail_type, "detail": detail, **where}


@pytest.mark.parametrize("row", EVENTS, ids=[f"{number} {row[1]}" for number, row in enumerate(EVENTS)])
def test_a_sample_of_the_documentation_names_its_jobs(row: Row) -> None:
    source, detail_type, detail, resources, expected = row
    jobs = jobs_in(event(source, detail_type, detail, resources), INDEX)
    assert [[job.kind.name, job.request] for job in jobs] == expected


@cache
def schemas() -> Mapping[tuple[str, str], Any]:
    """A detail with every member that the schema of an event has, by source and detail-type."""
    spec = json.loads(gzip.decompress(SPEC.read_bytes()))["schema"]
    types = {entity["$id"]: entity["properties"] for entity in spec["eventTypeDefinition"]["entities"]}

    def sample(of: Mapping[str, Any]) -> Any:
        if of["type"] == "ref":
            members = types[of["reference"]["$ref"]]
            return {name: sample(member["type"]) for name, member in members.items()}
        if of["type"] in ("array", "map"):
            return [sample(of["element"])] if of["type"] == "array" else {"x": sample(of["element"])}
        return sample(of["types"][0]) if of["type"] == "union" else {"number": 1, "integer": 1}.get(of["type"], "x")

    return {
        (one["source"], one["detailType"]): sample({"type": "ref", "reference": one["rootProperty"]})
        for one in spec["event"]["entities"]
    }


CHECKABLE = [
    (kind, detail_type)
    for kind in KINDS.values()
    for detail_type in kind.event.get("detail-type", ())
    if (kind.event["source"], detail_type) in schemas()
]


@pytest.mark.parametrize(("kind", "detail_type"), CHECKABLE, ids=lambda one: getattr(one, "name", one))
def test_a_table_reads_members_that_the_schema_of_its_event_has(kind: Kind, detail_type: str) -> None:
    told = event(kind.event["source"], detail_type, schemas()[kind.event["source"], detail_type])
    for path, rules in restrictions(kind.event.get("where", {})):
        assert has(told, path) or set(path) & NOT_IN_SCHEMAS.keys(), f"no member {'.'.join(path)}"
        told = having(told, path, rules[0])
    (job,) = jobs_in(told, index([kind]))
    assert set(job.request) == set(kind.request)


def test_the_schemas_check_no_fewer_tables_than_before() -> None:
    assert len(CHECKABLE) >= CHECKED


def restrictions(where: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The members that an event pattern restricts, as paths, each with its rules."""
    for name, rules in where.items():
        if isinstance(rules, Mapping):
            yield from restrictions(rules, (*path, name))
        else:
            yield (*path, name), rules


def has(data: Any, path: tuple[str, ...]) -> bool:
    return not path or (isinstance(data, Mapping) and path[0] in data and has(data[path[0]], path[1:]))


def having(data: Mapping[str, Any], path: tuple[str, ...], rule: Any) -> dict[str, Any]:
    """The data with a member that the first rule of a pattern accepts, or without it if the rule says so."""
    name, *inner = path
    if inner:
        return {**data, name: having(data.get(name) or {}, tuple(inner), rule)}
    if rule == {"exists": False}:
        return {member: value for member, value in data.items() if member != name}
    return {**data, name: "x" if isinstance(rule, Mapping) else rule}


EXECUTION = {"executionArn": "arn", "stateMachineArn": "machine", "name": "run", "status": "RUNNING"}


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({}, False),
        ({"stateMachineArn": "watch"}, True),
        (
            {
                "name": watch_name(
                    TriggeredJob(KINDS["stepfunctions/Execution"], {"executionArn": "arn"}, service_event=True), 0
                )
            },
            True,
        ),
        ({"name": watch_name(TriggeredJob(KINDS["glue/JobRun"], {"RunId": "jr_1"}, service_event=True), 0)}, False),
    ],
    ids=["another machine", "a machine of this deployment", "a watch of an execution", "another deployment's watch"],
)
def test_executions_of_job_watcher_are_recognized(changes: dict[str, str], own: bool) -> None:
    told = event("aws.states", "Step Functions Execution Status Change", {**EXECUTION, **changes})
    assert is_own_execution(told, ["watch", "notify"]) is own


def test_a_name_of_another_service_is_no_execution_of_job_watcher() -> None:
    assert not is_own_execution(event("aws.example", "x", {"stateMachineArn": "watch"}), ["watch"])


def test_an_event_about_several_jobs_must_name_one_at_least() -> None:
    with pytest.raises(IncompleteEvent, match="gamelift/Matchmaking job doesn't contain its TicketIds"):
        jobs_in(event("aws.gamelift", "GameLift Matchmaking Event", {"type": "MatchmakingSearching"}), INDEX)


RDS = {"EventID": "RDS-EVENT-0170", "SourceIdentifier": "cluster"}


@pytest.mark.parametrize(
    ("enabled", "expected"),
    [(["docdb/DBCluster"], ["docdb/DBCluster"]), (["docdb/DBCluster", "rds/DBCluster"], ["rds/DBCluster"])],
)
def test_an_event_of_rds_starts_one_watch_also_where_documentdb_is_watched(
    enabled: list[str], expected: list[str]
) -> None:
    jobs = jobs_in(event("aws.rds", "RDS DB Cluster Event", RDS), index(KINDS[name] for name in enabled))
    assert [job.kind.name for job in jobs] == expected
