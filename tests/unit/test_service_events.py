"""The services' own events identify the right jobs: sample events from AWS's documentation, and event schemas."""

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
from job_watcher.trigger import IncompleteEvent, TriggeredJob, find_jobs, is_own_execution, watch_name
from tests.each_kind import each_kind
from tests.unit.service_events import ACCOUNT, EVENTS, REGION, Row

SPEC = Path(sys.prefix, "lib/node_modules/@aws-cdk/aws-service-spec/db.json.gz")
KINDS = catalogue.kinds()
INDEX = index(KINDS.values())
MIN_CHECKED = 123  # detail-types of kinds with a schema in aws-service-spec 0.1.216
# Members that are missing in the schemas, with the page on which AWS documents them.
NOT_IN_SCHEMAS = {
    "EventID": "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-cloudwatch-events.sample.html",
    "arrayProperties": "https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html",
    "nodeDetails": "https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html",
    "ModelPackageStatus": "https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html",
    "UpdatedModelPackageFields": "the same page",
}


def event(source: str, detail_type: str, detail: Any, resources: Sequence[str] = ("a:b/c", "d")) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    envelope = {"account": ACCOUNT, "region": REGION, "time": "2026-01-01T00:00:00Z", "resources": list(resources)}
    return {"version": "0", "id": "1", "source": source, "detail-type": detail_type, "detail": detail, **envelope}


@pytest.mark.parametrize("row", EVENTS, ids=[f"{number} {row[1]}" for number, row in enumerate(EVENTS)])
def test_a_sample_event_identifies_its_jobs(row: Row) -> None:
    source, detail_type, detail, resources, expected = row
    jobs = find_jobs(event(source, detail_type, detail, resources), INDEX)
    assert [[job.kind.name, job.request] for job in jobs] == expected


@cache
def schemas() -> Mapping[tuple[str, str], Any]:
    """Return details with every member of the event's schema, by source and detail-type."""
    spec = json.loads(gzip.decompress(SPEC.read_bytes()))["schema"]
    types = {entity["$id"]: entity["properties"] for entity in spec["eventTypeDefinition"]["entities"]}

    def sample(schema: Mapping[str, Any]) -> Any:
        if schema["type"] == "ref":
            members = types[schema["reference"]["$ref"]]
            return {name: sample(member["type"]) for name, member in members.items()}
        if schema["type"] in ("array", "map"):
            return [sample(schema["element"])] if schema["type"] == "array" else {"x": sample(schema["element"])}
        if schema["type"] == "union":
            return sample(schema["types"][0])
        return {"number": 1, "integer": 1}.get(schema["type"], "x")

    return {
        (event["source"], event["detailType"]): sample({"type": "ref", "reference": event["rootProperty"]})
        for event in spec["event"]["entities"]
    }


DETAIL_TYPES = [
    (kind.name, detail_type) for kind in KINDS.values() for detail_type in kind.event.get("detail-type", ())
]


@each_kind(DETAIL_TYPES)
def test_a_kinds_event_table_reads_members_that_exist_in_the_events_schema(name: str, detail_type: str) -> None:
    kind = KINDS[name]
    if (detail := schemas().get((kind.event["source"], detail_type))) is None:
        return
    sample_event = event(kind.event["source"], detail_type, detail)
    for path, rules in restrictions(kind.event.get("where", {})):
        assert has_member(sample_event, path) or set(path) & NOT_IN_SCHEMAS.keys(), f"no member {'.'.join(path)}"
        sample_event = set_member(sample_event, path, rules[0])
    (job,) = find_jobs(sample_event, index([kind]))
    assert set(job.request) == set(kind.request)


def test_the_number_of_detail_types_with_a_schema_does_not_decrease() -> None:
    assert sum((KINDS[name].event["source"], type) in schemas() for name, type in DETAIL_TYPES) >= MIN_CHECKED


def restrictions(where: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path of each member that an event pattern restricts, with its rules."""
    for name, rules in where.items():
        if isinstance(rules, Mapping):
            yield from restrictions(rules, (*path, name))
        else:
            yield (*path, name), rules


def has_member(data: Any, path: tuple[str, ...]) -> bool:
    return not path or (isinstance(data, Mapping) and path[0] in data and has_member(data[path[0]], path[1:]))


def set_member(data: Mapping[str, Any], path: tuple[str, ...], rule: Any) -> dict[str, Any]:
    """Return the data with a member that matches the rule, or without it if the rule is `exists: false`."""
    name, *inner = path
    if inner:
        return {**data, name: set_member(data.get(name) or {}, tuple(inner), rule)}
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
def test_events_about_executions_of_job_watcher_are_recognized(changes: dict[str, str], own: bool) -> None:
    sample_event = event("aws.states", "Step Functions Execution Status Change", {**EXECUTION, **changes})
    assert is_own_execution(sample_event, ["watch", "notify"]) is own


def test_events_of_other_services_are_not_about_executions_of_job_watcher() -> None:
    assert not is_own_execution(event("aws.example", "x", {"stateMachineArn": "watch"}), ["watch"])


def test_an_event_about_several_jobs_must_identify_at_least_one() -> None:
    with pytest.raises(IncompleteEvent, match="gamelift/Matchmaking job doesn't contain its TicketIds"):
        find_jobs(event("aws.gamelift", "GameLift Matchmaking Event", {"type": "MatchmakingSearching"}), INDEX)


RDS = {"EventID": "RDS-EVENT-0170", "SourceIdentifier": "cluster"}


@pytest.mark.parametrize(
    ("enabled", "expected"),
    [(["docdb/DBCluster"], ["docdb/DBCluster"]), (["docdb/DBCluster", "rds/DBCluster"], ["rds/DBCluster"])],
)
def test_an_rds_event_starts_one_watch_even_if_documentdb_kinds_are_watched(
    enabled: list[str], expected: list[str]
) -> None:
    jobs = find_jobs(event("aws.rds", "RDS DB Cluster Event", RDS), index(KINDS[name] for name in enabled))
    assert [job.kind.name for job in jobs] == expected
