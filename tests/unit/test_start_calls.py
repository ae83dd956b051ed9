"""Each API call that starts a job names the right job, and no call starts the watch of another API's job."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra import cloudtrail
from infra.models import service_model, session
from infra.triggers import index
from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.request import Refused, check_request
from job_watcher.trigger import API_CALL, NoRequest, found
from tests.unit.api_call import api_call, operation_model
from tests.unit.example import leaves

KINDS = catalogue.kinds()
INDEX = index(KINDS.values())
CALLS = [(name, call) for name, kind in KINDS.items() for call in kind.start]

# What a member of the event must contain for its call to start such a job.
GIVEN = {
    "docdb/DBCluster": {"engine": "docdb"},
    "docdb/DBClusterSnapshot": {"engine": "docdb"},
    "docdb/DBInstance": {"engine": "docdb"},
    "neptune/DBClusterSnapshot": {"engine": "neptune"},
    "cloudformation/Stack": {"stackName": "arn:aws:cloudformation:eu-west-1:111122223333:stack/network/0a1b2c3d"},
    "sagemaker/ImageVersion": {"imageVersionArn": "arn:aws:sagemaker:eu-west-1:111122223333:image-version/base/7"},
}

# Kinds whose describe call is stricter about the identifier than the model of the call that returns it.
STRICTER = {
    "connect/TrafficDistributionGroup",
    "customer-profiles/UploadJob",
    "odb/AutonomousDatabaseBackup",
    "odb/CloudExadataInfrastructure",
    "odb/CloudVmCluster",
    "ssm-quicksetup/ConfigurationManager",
}

# Values whose member in the event doesn't say what it identifies, and members that another kind of member names.
OTHER_NAMES = {
    ("amplifyuibuilder/CodegenJob", "id"): ["entity.id"],
    ("appfabric/UserAccessTask", "taskIdList"): ["userAccessTasksList.taskId"],
    ("artifact/ComplianceInquiry", "complianceInquiryId"): ["complianceInquirySummary.id"],
    ("cloudfront/InvalidationForDistributionTenant", "DistributionTenantId"): ["id"],  # the tenant's, in the URI
    ("cloudfront/InvalidationForDistributionTenant", "Id"): ["invalidation.id"],
    ("codepipeline/PipelineExecution", "pipelineName"): ["name"],  # of StartPipelineExecution
    ("eks/AddonUpdate", "name"): ["clusterName"],
    ("eks/NodegroupUpdate", "name"): ["clusterName"],
    ("eks/Update", "name"): ["clusterName", "name"],  # the cluster's
    ("emr/Cluster", "ClusterId"): ["jobFlowId"],  # the older name of clusters
    ("emr/Step", "ClusterId"): ["jobFlowId"],
    ("lambda/Function", "FunctionName"): ["functionArn"],  # with the version
    ("opensearchserverless/Collection", "ids"): ["createCollectionDetail.id"],
    ("organizations/CreateAccountStatus", "CreateAccountRequestId"): ["createAccountStatus.id"],
    ("route53/Change", "Id"): ["changeInfo.id"],
    ("service-quotas/RequestedServiceQuotaChange", "RequestId"): ["requestedQuota.id"],
}

# Members that the event has as part of another value.
DERIVED = {("sagemaker/ImageVersion", "Version"): 7}


@pytest.mark.parametrize(("name", "call"), CALLS, ids=lambda value: value)
def test_a_call_that_starts_a_job_names_it(name: str, call: str) -> None:
    kind = KINDS[name]
    event = api_call(kind.service, call, given=GIVEN.get(name))
    job = {job.kind.name: job for job in found(event, INDEX)}[name]
    assert not job.news
    assert set(job.request) == set(kind.request)
    check_values(kind, call, job.request, event["detail"])
    if name not in STRICTER:
        check_request(kind, job.request, input_shape(kind))


def test_only_these_kinds_are_stricter_about_identifiers() -> None:
    for name in STRICTER:
        kind = KINDS[name]
        (job,) = found(api_call(kind.service, kind.start[0]), INDEX)
        with pytest.raises(Refused):
            check_request(kind, job.request, input_shape(kind))


def input_shape(kind: Kind) -> Any:
    return operation_model(kind.service, kind.describe).input_shape


def check_values(kind: Kind, call: str, request: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
    """Each member of the request has a value from the event, from a member whose name says the same."""
    sources = {path: value for path, value in leaves(detail) if value != ""}
    for member, value in request.items():
        if (kind.name, member) in DERIVED:
            assert value == DERIVED[kind.name, member]
            continue
        from_event = [
            (wanted, [path for path, other in sources.items() if other == part])
            for wanted, part in parts(member, value)
            if part in sources.values()
        ]
        assert from_event, member
        for wanted, paths in from_event:
            assert any(says_the_same(kind, call, member, wanted, path) for path in paths), (member, wanted, paths)


def parts(member: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The scalars in a member's value and what they are called; in a filter, its name is."""
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


def says_the_same(kind: Kind, call: str, member: str, wanted: str, path: str) -> bool:
    """Whether the event's member at this path identifies the same thing as the request's member."""
    _, *names = [name for name in path.split(".")[1:] if not name.isdigit()]
    if ".".join(names) in OTHER_NAMES.get((kind.name, member), ()):
        return True
    if names[-1].lower() == wanted.lower() and what(wanted):
        return True
    identity = what(wanted) or kind.noun.lower()
    if len(names) == 1 and not what(names[0]):  # `id` of what the call is about
        return identity in call.lower()
    source = what(names[-1]) or what(names[-2])
    return bool(source) and (source.endswith(identity) or identity.endswith(source))


def what(name: str) -> str:
    """What an identifier is of: `job` for jobId, JobArns or JOB_ID; nothing for `id`."""
    return re.sub(r"(id|arn|name|identifier)?s?$", "", name.lower().replace("_", "").replace("-", ""))


# Calls that several of botocore's APIs have under the same eventSource, and the kinds that each API's call starts.
# The events of the RDS APIs differ only in the engine.
RDS = {
    "CopyDBClusterSnapshot": "DBClusterSnapshot",
    "CreateDBCluster": "DBCluster",
    "CreateDBClusterSnapshot": "DBClusterSnapshot",
    "CreateDBInstance": "DBInstance",
    "RebootDBInstance": "DBInstance",
    "RestoreDBClusterFromSnapshot": "DBCluster",
    "RestoreDBClusterToPointInTime": "DBCluster",
}
SHARED: list[tuple[str, str, list[str]]] = [
    ("apigateway", "CreateDeployment", []),
    ("apigatewayv2", "CreateDeployment", ["apigatewayv2/Deployment"]),
    ("apigateway", "CreateVpcLink", ["apigateway/VpcLink"]),
    ("apigatewayv2", "CreateVpcLink", ["apigatewayv2/VpcLink"]),
    ("elb", "CreateLoadBalancer", []),
    ("elbv2", "CreateLoadBalancer", ["elbv2/LoadBalancer"]),
    ("greengrass", "CreateDeployment", []),
    ("greengrassv2", "CreateDeployment", ["greengrassv2/Deployment"]),
    ("lex-models", "CreateBotVersion", []),
    ("lexv2-models", "CreateBotVersion", ["lexv2-models/BotVersion"]),
    ("lex-models", "StartImport", []),
    ("lexv2-models", "StartImport", ["lexv2-models/Import"]),
    # Version 1 starts applications too, but has no operation to follow.
    *(
        (service, call, kinds)
        for call in (
            "AddApplicationCloudWatchLoggingOption",
            "DeleteApplicationCloudWatchLoggingOption",
            "StartApplication",
            "StopApplication",
            "UpdateApplication",
        )
        for service, kinds in (
            ("kinesisanalytics", []),
            ("kinesisanalyticsv2", ["kinesisanalyticsv2/ApplicationOperation"]),
        )
    ),
    # Older names of the same APIs, whose calls start the same jobs. Nothing in the event tells them apart.
    ("connectcampaigns", "StartCampaign", ["connectcampaignsv2/Campaign"]),
    ("connectcampaignsv2", "StartCampaign", ["connectcampaignsv2/Campaign"]),
    ("connectcampaigns", "StartInstanceOnboardingJob", ["connectcampaignsv2/InstanceOnboardingJob"]),
    ("connectcampaignsv2", "StartInstanceOnboardingJob", ["connectcampaignsv2/InstanceOnboardingJob"]),
    ("pinpoint-email", "CreateDeliverabilityTestReport", ["sesv2/DeliverabilityTestReport"]),
    ("sesv2", "CreateDeliverabilityTestReport", ["sesv2/DeliverabilityTestReport"]),
    ("pinpoint-email", "CreateEmailIdentity", ["sesv2/EmailIdentity"]),
    ("sesv2", "CreateEmailIdentity", ["sesv2/EmailIdentity"]),
    ("wisdom", "CreateKnowledgeBase", ["qconnect/KnowledgeBase"]),
    ("qconnect", "CreateKnowledgeBase", ["qconnect/KnowledgeBase"]),
    ("wisdom", "StartImportJob", ["qconnect/ImportJob"]),
    ("qconnect", "StartImportJob", ["qconnect/ImportJob"]),
    *(
        (engine, call, [f"{engine}/{noun}"] if f"{engine}/{noun}" in KINDS else [])
        for call, noun in RDS.items()
        for engine in ("docdb", "neptune", "rds")
    ),
]


@pytest.mark.parametrize("optional", [True, False], ids=["all members", "required members"])
@pytest.mark.parametrize(("service", "call", "kinds"), SHARED)
def test_a_call_that_several_apis_have_starts_the_right_watch_once_or_none(
    service: str, call: str, kinds: list[str], optional: bool
) -> None:
    given = {"docdb": {"engine": "docdb"}, "neptune": {"engine": "neptune"}, "rds": {"engine": "aurora-mysql"}}
    event = api_call(service, call, optional=optional, given=given.get(service))
    assert [job.kind.name for job in found(event, INDEX)] == kinds
    for name, kind in KINDS.items():  # nor does it disturb a deployment that watches only one of the kinds
        if name not in kinds and call in kind.start:
            assert found(event, index([kind])) == []


def test_these_are_all_the_calls_that_several_apis_have() -> None:
    apis = {
        (service, call)
        for service in session().get_available_services()
        for source in cloudtrail.event_sources(service)
        for call in INDEX["calls"].get(source, ())
        if call in operations(service)
    }
    shared = {
        (service, call)
        for service, call in apis
        if any(call == other and service != one and same_source(service, one) for one, other in apis)
    }
    assert shared == {(service, call) for service, call, _ in SHARED}


def test_a_call_starts_one_watch() -> None:
    shared = {call for _, call, _ in SHARED}
    several = {
        (call, *kinds)
        for calls in INDEX["calls"].values()
        for call, kinds in calls.items()
        if len(kinds) > 1 and call not in shared
    }
    assert several == set()


def operations(service: str) -> list[str]:
    model = service_model(service)
    return list(model.operation_names) if model else []


def same_source(one: str, other: str) -> bool:
    return not set(cloudtrail.event_sources(one)).isdisjoint(cloudtrail.event_sources(other))


def event_of(source: str, name: str, request: Any, response: Any) -> dict[str, Any]:
    detail = {"eventSource": f"{source}.amazonaws.com", "eventName": name, "eventType": "AwsApiCall"}
    return {
        "source": f"aws.{source}",
        "detail-type": API_CALL,
        "detail": {**detail, "requestParameters": request, "responseElements": response},
    }


@pytest.mark.parametrize(
    "event",
    [
        event_of(
            "ecs",
            "RunTask",
            {"cluster": "c", "taskDefinition": "t:1", "count": 1},
            {"tasks": [], "failures": [{"arn": "", "reason": "RESOURCE:MEMORY"}]},
        ),
        event_of("workspaces", "CreateWorkspaces", {}, {"failedRequests": [{"errorCode": "c"}], "pendingRequests": []}),
        event_of("quicksight", "CreateDataSet", {"dataSetId": "d", "importMode": "DIRECT_QUERY"}, {"dataSetId": "d"}),
        event_of("servicecatalog", "CreatePortfolioShare", {"portfolioId": "p", "accountId": "111122223333"}, None),
        event_of("es", "UpdateDomainConfig", {"domainName": "d", "dryRun": True}, {"domainConfig": {}}),
        event_of("es", "UpgradeDomain", {"domainName": "d", "performCheckOnly": True}, {"domainName": "d"}),
        event_of("redshift", "ModifyCluster", {"clusterIdentifier": "c", "allowVersionUpgrade": True}, {}),
        event_of(
            "dynamodb",
            "UpdateTable",
            {"tableName": "t", "deletionProtectionEnabled": True},
            {"tableDescription": {"tableName": "t", "tableStatus": "ACTIVE"}},
        ),
        # The service's own event has the stack's ARN, which still finds the stack when it is deleted.
        event_of("cloudformation", "DeleteStack", {"stackName": "my-test-stack"}, None),
        event_of(
            "cloudformation",
            "ExecuteChangeSet",
            {"changeSetName": "arn:aws:cloudformation:eu-west-1:1:changeSet/c"},
            {},
        ),
    ],
    ids=lambda event: event["detail"]["eventName"],
)
def test_a_call_that_started_nothing_to_watch_is_ignored(event: dict[str, Any]) -> None:
    assert found(event, INDEX) == []


@pytest.mark.parametrize(
    ("event", "name", "request_"),
    [
        (  # https://docs.aws.amazon.com/marketplace-catalog/latest/api-reference/cloudtrail-logging.html
            event_of(
                "marketplacecatalog",
                "StartChangeSet",
                {"catalog": "AWSMarketplace", "changeSet": []},
                {"changeSetId": "abcdefghij0123456789abcde", "changeSetArn": "arn:aws:aws-marketplace:us-east-1:1:c"},
            ),
            "marketplace-catalog/ChangeSet",
            {"Catalog": "AWSMarketplace", "ChangeSetId": "abcdefghij0123456789abcde"},
        ),
        (  # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-api-logging-cloudtrail.html
            event_of(
                "cloudformation",
                "UpdateStack",
                {"stackName": "my-test-stack"},
                {"stackId": "arn:aws:cloudformation:us-east-1:012345678910:stack/my-test-stack/a38e6a60"},
            ),
            "cloudformation/Stack",
            {"StackName": "arn:aws:cloudformation:us-east-1:012345678910:stack/my-test-stack/a38e6a60"},
        ),
        (  # RDS's events leave out the structure that the response of the API has around its members
            event_of(
                "rds",
                "RebootDBInstance",
                {"dBInstanceIdentifier": "db"},
                {"dBInstanceIdentifier": "db", "engine": "mysql"},
            ),
            "rds/DBInstance",
            {"DBInstanceIdentifier": "db"},
        ),
        (
            event_of("kinesis", "SplitShard", {"streamARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/s"}, None),
            "kinesis/Stream",
            {"StreamName": "s"},
        ),
        (
            event_of(
                "ecr",
                "StartImageScan",
                {"repositoryName": "r", "imageId": {"imageTag": "latest"}},
                {"repositoryName": "r", "imageId": {"imageDigest": "sha256:0a", "imageTag": "latest"}},
            ),
            "ecr/ImageScan",
            {"repositoryName": "r", "imageId": {"imageDigest": "sha256:0a"}},  # as in the service's own event
        ),
        (
            event_of("inspector2", "StartCodeSecurityScan", {"resource": {"projectId": "p"}}, {"scanId": "s"}),
            "inspector2/CodeSecurityScan",
            {"resource": {"projectId": "p"}, "scanId": "s"},
        ),
        (
            event_of(
                "ec2",
                "CreateSnapshots",
                {},
                {"CreateSnapshotsResponse": {"snapshotSet": {"item": {"snapshotId": "snap-1"}}}},
            ),
            "ec2/Snapshot",
            {"SnapshotIds": ["snap-1"]},
        ),
        (
            event_of("redshift", "ModifyCluster", {"clusterIdentifier": "c", "numberOfNodes": 4}, {}),
            "redshift/Resize",
            {"ClusterIdentifier": "c"},
        ),
        (
            event_of(
                "lambda", "CreateFunction20150331", {"functionName": "f"}, {"functionName": "f", "state": "Pending"}
            ),
            "lambda/Function",
            {"FunctionName": "f"},
        ),
        (
            event_of(
                "lambda",
                "PublishVersion20150331",
                {"functionName": "f"},
                {"functionName": "f", "functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f:7"},
            ),
            "lambda/Function",
            {"FunctionName": "arn:aws:lambda:eu-west-1:111122223333:function:f:7"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cloudtrail_records_differently_from_the_model_names_the_job(
    event: dict[str, Any], name: str, request_: dict[str, Any]
) -> None:
    assert [(job.kind.name, job.request) for job in found(event, INDEX)] == [(name, request_)]


@pytest.mark.parametrize(
    "tasks", [None, [{"clusterArn": "c"}], [{"clusterArn": "c", "taskArn": "Hidden_For_Security_Reasons"}]]
)
def test_a_task_that_was_placed_but_is_not_named_is_an_error(tasks: Any) -> None:
    with pytest.raises(NoRequest, match=r"does not say its .*tasks"):
        found(event_of("ecs", "RunTask", {"cluster": "c"}, {"tasks": tasks, "failures": []}), INDEX)
