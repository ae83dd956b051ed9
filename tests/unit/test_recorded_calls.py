"""CloudTrail's events that differ from botocore's models, and events of calls that start no job."""

from typing import Any

import pytest

from infra.trigger_rules import index
from job_watcher import catalogue
from job_watcher.trigger import API_CALL, IncompleteEvent, find_jobs

INDEX = index(catalogue.kinds().values())


def api_call_event(source: str, name: str, request: Any, response: Any) -> dict[str, Any]:
    detail = {"eventSource": f"{source}.amazonaws.com", "eventName": name, "eventType": "AwsApiCall"}
    return {
        "source": f"aws.{source}",
        "detail-type": API_CALL,
        "detail": {**detail, "requestParameters": request, "responseElements": response},
    }


@pytest.mark.parametrize(
    "event",
    [
        api_call_event(
            "ecs",
            "RunTask",
            {"cluster": "c", "taskDefinition": "t:1", "count": 1},
            {"tasks": [], "failures": [{"arn": "", "reason": "RESOURCE:MEMORY"}]},
        ),
        api_call_event(
            "workspaces", "CreateWorkspaces", {}, {"failedRequests": [{"errorCode": "c"}], "pendingRequests": []}
        ),
        api_call_event(
            "quicksight", "CreateDataSet", {"dataSetId": "d", "importMode": "DIRECT_QUERY"}, {"dataSetId": "d"}
        ),
        api_call_event(
            "servicecatalog", "CreatePortfolioShare", {"portfolioId": "p", "accountId": "111122223333"}, None
        ),
        api_call_event("es", "UpdateDomainConfig", {"domainName": "d", "dryRun": True}, {"domainConfig": {}}),
        api_call_event("es", "UpgradeDomain", {"domainName": "d", "performCheckOnly": True}, {"domainName": "d"}),
        api_call_event("redshift", "ModifyCluster", {"clusterIdentifier": "c", "allowVersionUpgrade": True}, {}),
        api_call_event(
            "dynamodb",
            "UpdateTable",
            {"tableName": "t", "deletionProtectionEnabled": True},
            {"tableDescription": {"tableName": "t", "tableStatus": "ACTIVE"}},
        ),
        # The service's own event has the stack's ARN, with which the stack can be described after its deletion.
        api_call_event("cloudformation", "DeleteStack", {"stackName": "my-test-stack"}, None),
        api_call_event(
            "cloudformation",
            "ExecuteChangeSet",
            {"changeSetName": "arn:aws:cloudformation:eu-west-1:1:changeSet/c"},
            {},
        ),
    ],
    ids=lambda event: event["detail"]["eventName"],
)
def test_a_call_that_started_no_job_is_ignored(event: dict[str, Any]) -> None:
    assert find_jobs(event, INDEX) == []


@pytest.mark.parametrize(
    ("event", "name", "request_"),
    [
        (  # https://docs.aws.amazon.com/marketplace-catalog/latest/api-reference/cloudtrail-logging.html
            api_call_event(
                "marketplacecatalog",
                "StartChangeSet",
                {"catalog": "AWSMarketplace", "changeSet": []},
                {"changeSetId": "abcdefghij0123456789abcde", "changeSetArn": "arn:aws:aws-marketplace:us-east-1:1:c"},
            ),
            "marketplace-catalog/ChangeSet",
            {"Catalog": "AWSMarketplace", "ChangeSetId": "abcdefghij0123456789abcde"},
        ),
        (  # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-api-logging-cloudtrail.html
            api_call_event(
                "cloudformation",
                "UpdateStack",
                {"stackName": "my-test-stack"},
                {"stackId": "arn:aws:cloudformation:us-east-1:012345678910:stack/my-test-stack/a38e6a60"},
            ),
            "cloudformation/Stack",
            {"StackName": "arn:aws:cloudformation:us-east-1:012345678910:stack/my-test-stack/a38e6a60"},
        ),
        (  # RDS's events leave out the structure that contains the response's members in the API
            api_call_event(
                "rds",
                "RebootDBInstance",
                {"dBInstanceIdentifier": "db"},
                {"dBInstanceIdentifier": "db", "engine": "mysql"},
            ),
            "rds/DBInstance",
            {"DBInstanceIdentifier": "db"},
        ),
        (
            api_call_event(
                "kinesis", "SplitShard", {"streamARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/s"}, None
            ),
            "kinesis/Stream",
            {"StreamName": "s"},
        ),
        (
            api_call_event(
                "ecr",
                "StartImageScan",
                {"repositoryName": "r", "imageId": {"imageTag": "latest"}},
                {"repositoryName": "r", "imageId": {"imageDigest": "sha256:0a", "imageTag": "latest"}},
            ),
            "ecr/ImageScan",
            {"repositoryName": "r", "imageId": {"imageDigest": "sha256:0a"}},  # as in the service's own event
        ),
        (
            api_call_event("inspector2", "StartCodeSecurityScan", {"resource": {"projectId": "p"}}, {"scanId": "s"}),
            "inspector2/CodeSecurityScan",
            {"resource": {"projectId": "p"}, "scanId": "s"},
        ),
        (
            api_call_event(
                "ec2",
                "CreateSnapshots",
                {},
                {"CreateSnapshotsResponse": {"snapshotSet": {"item": {"snapshotId": "snap-1"}}}},
            ),
            "ec2/Snapshot",
            {"SnapshotIds": ["snap-1"]},
        ),
        (
            api_call_event("redshift", "ModifyCluster", {"clusterIdentifier": "c", "numberOfNodes": 4}, {}),
            "redshift/Resize",
            {"ClusterIdentifier": "c"},
        ),
        (
            api_call_event(
                "lambda", "CreateFunction20150331", {"functionName": "f"}, {"functionName": "f", "state": "Pending"}
            ),
            "lambda/Function",
            {"FunctionName": "f"},
        ),
        (
            api_call_event(
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
def test_an_event_that_differs_from_the_model_identifies_the_job(
    event: dict[str, Any], name: str, request_: dict[str, Any]
) -> None:
    assert [(job.kind.name, job.request) for job in find_jobs(event, INDEX)] == [(name, request_)]


@pytest.mark.parametrize(
    "tasks", [None, [{"clusterArn": "c"}], [{"clusterArn": "c", "taskArn": "Hidden_For_Security_Reasons"}]]
)
def test_an_event_about_a_placed_task_without_its_arn_is_an_error(tasks: Any) -> None:
    with pytest.raises(IncompleteEvent, match=r"doesn't contain its .*tasks"):
        find_jobs(api_call_event("ecs", "RunTask", {"cluster": "c"}, {"tasks": tasks, "failures": []}), INDEX)
