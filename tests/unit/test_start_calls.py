"""The event of each API call that starts a job identifies that job. The events are generated from botocore's models."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from infra.trigger_rules import index
from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.trigger import find_jobs
from job_watcher.watch_input import InvalidInput, check_request
from tests.each_kind import each_kind
from tests.unit.api_call import api_call_event, operation_model
from tests.unit.example import leaves

KINDS = catalogue.kinds()
INDEX = index(KINDS.values())
CALLS = [(name, call) for name, kind in KINDS.items() for call in kind.start]

# Values without which the event doesn't start such a job.
OVERRIDES = {
    "docdb/DBCluster": {"engine": "docdb"},
    "docdb/DBClusterSnapshot": {"engine": "docdb"},
    "docdb/DBInstance": {"engine": "docdb"},
    "neptune/DBCluster": {"engine": "neptune"},
    "neptune/DBClusterSnapshot": {"engine": "neptune"},
    "cloudformation/Stack": {"stackName": "arn:aws:cloudformation:eu-west-1:111122223333:stack/network/0a1b2c3d"},
    "quicksight/DashboardVersion": {
        "versionArn": "arn:aws:quicksight:eu-west-1:111122223333:dashboard/sales/version/7"
    },
    "sagemaker/ImageVersion": {"imageVersionArn": "arn:aws:sagemaker:eu-west-1:111122223333:image-version/base/7"},
}

# Kinds whose describe call rejects some identifiers that the model of the start call allows.
STRICTER_KINDS = {
    "connect/TrafficDistributionGroup",
    "customer-profiles/UploadJob",
    "odb/AutonomousDatabaseBackup",
    "odb/CloudExadataInfrastructure",
    "odb/CloudVmCluster",
    "ssm-quicksetup/ConfigurationManager",
}

# By kind and request member: the event's members that identify the job under a different name.
OTHER_NAMES = {
    ("amplifyuibuilder/CodegenJob", "id"): ["entity.id"],
    ("appfabric/UserAccessTask", "taskIdList"): ["userAccessTasksList.taskId"],
    ("artifact/ComplianceInquiry", "complianceInquiryId"): ["complianceInquirySummary.id"],
    ("cloudfront/InvalidationForDistributionTenant", "DistributionTenantId"): ["id"],  # the tenant's id, from the URI
    ("cloudfront/InvalidationForDistributionTenant", "Id"): ["invalidation.id"],
    ("codepipeline/PipelineExecution", "pipelineName"): ["name"],  # of StartPipelineExecution
    ("eks/AddonUpdate", "name"): ["clusterName"],
    ("eks/NodegroupUpdate", "name"): ["clusterName"],
    ("eks/Update", "name"): ["clusterName", "name"],  # the cluster's name
    ("emr/Cluster", "ClusterId"): ["jobFlowId"],  # an older name of a cluster
    ("emr/Step", "ClusterId"): ["jobFlowId"],
    ("gameliftstreams/Application", "Identifier"): ["arn"],
    ("gameliftstreams/StreamGroup", "Identifier"): ["arn"],
    ("keyspaces/Table", "keyspaceName"): ["targetKeyspaceName"],
    ("keyspaces/Table", "tableName"): ["targetTableName"],
    ("lambda/Function", "FunctionName"): ["functionArn"],  # includes the version
    ("opensearchserverless/Collection", "ids"): ["createCollectionDetail.id"],
    ("organizations/CreateAccountStatus", "CreateAccountRequestId"): ["createAccountStatus.id"],
    ("route53/Change", "Id"): ["changeInfo.id"],
    ("service-quotas/RequestedServiceQuotaChange", "RequestId"): ["requestedQuota.id"],
}

# Request members whose value is a part of a value in the event, with the value expected for OVERRIDES.
DERIVED = {("quicksight/DashboardVersion", "VersionNumber"): 7, ("sagemaker/ImageVersion", "Version"): 7}

SUFFIX = re.compile(r"(id|arn|name)?s?$")
UNRELATED = 9  # the rank of a member whose name refers to something else


@each_kind(CALLS)
def test_the_event_of_a_call_that_starts_a_job_identifies_the_job(name: str, call: str) -> None:
    kind = KINDS[name]
    event = api_call_event(kind.service, call, overrides=OVERRIDES.get(name))
    job = {job.kind.name: job for job in find_jobs(event, INDEX)}[name]
    assert not job.service_event
    assert set(job.request) == set(kind.request)
    check_values(kind, call, job.request, event["detail"])
    if name not in STRICTER_KINDS:
        check_request(kind, job.request, input_shape(kind))


def test_the_list_of_stricter_kinds_is_correct() -> None:
    for name in STRICTER_KINDS:
        kind = KINDS[name]
        (job,) = find_jobs(api_call_event(kind.service, kind.start[0]), INDEX)
        with pytest.raises(InvalidInput):
            check_request(kind, job.request, input_shape(kind))


def input_shape(kind: Kind) -> Any:
    return operation_model(kind.service, kind.describe).input_shape


def check_values(kind: Kind, call: str, request: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
    """Check that each value is that of the best-named event member, in the response or else in the request."""
    recorded = {part: detail[part] for part in ("responseElements", "requestParameters")}
    sources = [(path, value) for path, value in leaves(recorded) if value not in ("", None)]
    for member, value in request.items():
        if (kind.name, member) in DERIVED:
            assert value == DERIVED[kind.name, member]
            continue
        from_event = [
            (wanted, part) for wanted, part in parts(member, value) if any(part == source for _, source in sources)
        ]
        assert from_event, member
        for wanted, part in from_event:
            ranks = {path: rank(kind, call, member, wanted, path) for path, _ in sources}
            chosen = min((path for path, value in sources if value == part), key=lambda path: ranks[path])
            others = [path for path in ranks if path.startswith(".response") or chosen.startswith(".request")]
            best = min(others, key=lambda path: ranks[path])
            assert ranks[chosen] == ranks[best] < UNRELATED, (member, chosen, best)


def parts(member: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of each scalar in a member's value. In a filter, the name is that of the filter."""
    if isinstance(value, list):
        for item in value:
            yield from parts(member, item)
    elif isinstance(value, Mapping):
        named = {name.lower(): inner for name, inner in value.items()}
        if set(named) == {"name", "values"}:
            yield from parts(named["name"], named["values"])
        else:
            for name, inner in value.items():
                yield from parts(name, inner)
    else:
        yield member, value


def rank(kind: Kind, call: str, member: str, wanted: str, path: str) -> int:
    """Return how well the name of the event's member at this path fits the request's member: 1 (best) to UNRELATED."""
    _, *names = [name for name in path.split(".")[1:] if not name.isdigit()]
    own, identity = identified_noun(names[-1]), identified_noun(wanted) or kind.noun.lower()
    if ".".join(names) in OTHER_NAMES.get((kind.name, member), ()):
        return 1
    if names[-1].lower() == wanted.lower() and (own or len(names) == 1):
        return 1
    if (kind.name, member) in OTHER_NAMES:
        return UNRELATED
    if own and own != identity:
        return 4 if related(own, identity) else UNRELATED
    if not own and not (identity in call.lower() if len(names) == 1 else related(identified_noun(names[-2]), identity)):
        return UNRELATED  # `id` of something else
    return 2 if suffix(names[-1]) == suffix(wanted) else 3


def related(noun: str, other: str) -> bool:
    return bool(noun and other) and (noun.endswith(other) or other.endswith(noun))


@cache
def identified_noun(name: str) -> str:
    """Return what an identifier identifies: `job` for jobId, JobArns or JOB_ID; an empty string for `id`."""
    return SUFFIX.sub("", normalize(name))


@cache
def suffix(name: str) -> str:
    """Return the type of an identifier: `id`, `arn`, `name` or an empty string."""
    match = SUFFIX.search(normalize(name))
    return match[1] or "" if match else ""


def normalize(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace("identifier", "id")
