"""Events of API calls as CloudTrail records them, where that differs from the models, and those that start nothing."""

from typing import Any

import pytest

from infra.trigger_rules import index
from job_watcher import catalogue
from job_watcher.trigger import API_CALL, IncompleteEvent, jobs_in

INDEX = index(catalogue.kinds().values())


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
    assert jobs_in(event, INDEX) == []


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
    assert [(job.kind.name, job.request) for job in jobs_in(event, INDEX)] == [(name, request_)]


@pytest.mark.parametrize(
    "tasks", [None, [{"clusterArn": "c"}], [{"clusterArn": "c", "taskArn": "Hidden_For_Security_Reasons"}]]
)
def test_a_task_that_was_placed_but_is_not_named_is_an_error(tasks: Any) -> None:
    with pytest.raises(IncompleteEvent, match=r"doesn't contain its .*tasks"):
        jobs_in(event_of("ecs", "RunTask", {"cluster": "c"}, {"tasks": tasks, "failures": []}), INDEX)
