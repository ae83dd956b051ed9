"""infra/cloudtrail.toml names only calls that exist, and determines which kinds start automatically."""

import pytest
from botocore.endpoint_provider import EndpointProvider

from infra.cloudtrail import FACTS, event_sources, is_read_only, starts_automatically
from infra.service_models import service_model, session
from job_watcher import catalogue

KINDS = catalogue.kinds()
OTHER_REGION = "eu-west-2"  # where none of the services in [regions] has its endpoint
CALLS = [
    (service, call)
    for table in ("read-only", "data-events", "not-recorded")
    for service, calls in FACTS[table].items()
    for call in calls
]
# Kinds whose watches don't start automatically in every deployment, by the text in the column "Automatic start".
LIMITED_STARTS = {
    "needs CloudTrail data events": """
        b2bi/TransformerJob backupsearch/SearchJob backupsearch/SearchResultExportJob
        bedrock-agent-runtime/FlowExecution bedrock-agentcore/BatchEvaluation bedrock-agentcore/Recommendation
        bedrock-runtime/AsyncInvoke
        bedrock/AdvancedPromptOptimizationJob cloudwatchomni/TelemetryQuery connecthealth/PatientInsightsJob
        gameliftstreams/StreamSession healthlake/DataTransformationJob
        iotsitewise/DatasetExportJob iotsitewise/EnrichmentJob iotsitewise/PipelineExecution iotsitewise/Query
        iotsitewise/Search networkflowmonitor/QueryMonitorTopContributors
        networkflowmonitor/QueryWorkloadInsightsTopContributors nova-act/WorkflowRun quicksight/AutomationJob
        simpledbv2/Export ssm/ExecutionPreview supplychain/BillOfMaterialsImportJob
        supplychain/DataIntegrationEvent wellarchitected/AgentRecommendationGeneration
    """,
    "only in us-east-1": """
        account/RegionOptStatus artifact/ComplianceInquiry bcm-pricing-calculator/BillEstimate
        ce/CommitmentPurchaseAnalysis
        ce/SavingsPlansPurchaseRecommendationGeneration cloudfront/Distribution cloudfront/Invalidation
        cloudfront/InvalidationForDistributionTenant iam/ServiceLinkedRoleDeletion marketplace-catalog/ChangeSet
        organizations/CreateAccountStatus organizations/Handshake
        partnercentral-revenue-measurement/RevenueAttributionAllocationsTask route53/Change
        route53domains/Operation support/TrustedAdvisorCheckRefresh
    """,
    "only in us-west-2": """
        devicefarm/Run devicefarm/Upload globalaccelerator/Accelerator networkmanager/CoreNetworkPolicy
        networkmanager/RouteAnalysis networkmanager/VpcAttachment
    """,
    "no": """
        backup/LegalHold compute-optimizer/RecommendationExportJob glacier/Job
        iot-managed-integrations/DeviceDiscovery iot-managed-integrations/OtaTask xray/TraceRetrieval
    """,
}


@pytest.mark.parametrize(
    ("service", "sources"),
    [
        ("voice-id", ["voiceid.amazonaws.com"]),
        ("emr", ["elasticmapreduce.amazonaws.com"]),
        ("mq", ["amazonmq.amazonaws.com"]),
        ("qconnect", ["qconnect.amazonaws.com", "wisdom.amazonaws.com"]),
        ("no-such-service", []),
    ],
)
def test_an_event_source_is_the_signing_name_unless_aws_documents_another(service: str, sources: list[str]) -> None:
    assert event_sources(service) == sources


def test_each_event_source_exception_differs_from_the_signing_name_of_an_existing_service() -> None:
    models = {service: service_model(service) for service in FACTS["event-source"]}
    assert all(model and FACTS["event-source"][service] != [model.signing_name] for service, model in models.items())


@pytest.mark.parametrize(("service", "call"), CALLS)
def test_each_call_exists(service: str, call: str) -> None:
    model = service_model(service)
    assert model
    assert call in model.operation_names


def test_read_only_calls_are_in_awss_list_or_have_the_name_of_a_read() -> None:
    assert is_read_only("iam", "GetUser")
    assert is_read_only("glacier", "InitiateJob")
    assert not is_read_only("glacier", "AbortVaultLock")
    assert not is_read_only("glue", "StartJobRun")


def test_the_table_of_read_only_calls_has_no_describe_get_or_list_call() -> None:
    calls = [call for calls in FACTS["read-only"].values() for call in calls]
    assert not [call for call in calls if call.startswith(("Describe", "Get", "List"))]


def test_every_kind_with_a_start_call_or_an_event_starts_automatically_except_limited_starts() -> None:
    found = {name: starts_automatically(kind) for name, kind in KINDS.items() if kind.start or kind.event}
    expected = {name: value for value, names in LIMITED_STARTS.items() for name in names.split()}
    assert {name: value for name, value in found.items() if value != "yes"} == expected


def test_a_kind_without_a_call_or_an_event_does_not_start_automatically() -> None:
    without = [kind for kind in KINDS.values() if not kind.start and not kind.event]
    assert without
    assert {starts_automatically(kind) for kind in without} == {"no"}


def test_a_service_event_starts_a_watch_if_the_start_call_is_a_data_event() -> None:
    assert KINDS["deadline/Job"].start == ["CreateJob"] == FACTS["data-events"]["deadline"]
    assert starts_automatically(KINDS["deadline/Job"]) == "yes"


def test_a_read_only_start_call_returns_the_jobs_identifier_in_its_response() -> None:
    """Otherwise, the request in the call's event would identify the job, and the event could start a watch."""
    for kind in KINDS.values():
        model = service_model(kind.service)
        assert model
        for call in kind.start:
            if is_read_only(kind.service, call) and starts_automatically(kind) == "no":
                shape = model.operation_model(call).input_shape
                assert shape and not set(kind.request) <= set(shape.members), kind.name


def test_the_regions_are_those_in_botocore_and_the_one_of_global_accelerator() -> None:
    services = {kind.service for kind in KINDS.values() if kind.start or kind.event}
    found = {service: region for service in services if (region := _only_region(service))}
    assert {**found, "globalaccelerator": "us-west-2"} == FACTS["regions"]


def _only_region(service: str) -> str | None:
    """Return the Region to which the requests from all Regions go, or a service's only Region, or None."""
    loader = session().get_component("data_loader")
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    parameters = dict(Region=OTHER_REGION, UseFIPS=False, UseDualStack=False)
    others = [parameter for name, parameter in rules["parameters"].items() if name not in parameters]
    if any(parameter.get("required") and "default" not in parameter for parameter in others):
        return None  # the endpoint depends on the call: acm, neptune-graph
    endpoint = EndpointProvider(rules, loader.load_data("partitions")).resolve_endpoint(**parameters)
    schemes = endpoint.properties.get("authSchemes", ())
    signed = {scheme["signingRegion"] for scheme in schemes if "signingRegion" in scheme} - {OTHER_REGION}
    regions = session().get_available_regions(service)
    return next(iter(signed), regions[0] if len(regions) == 1 else None)
