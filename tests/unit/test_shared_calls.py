"""APIs whose calls have the same eventSource and the same name start the right watch once, or none."""

import pytest

from infra import cloudtrail
from infra.service_models import service_model, session
from infra.trigger_rules import index
from job_watcher import catalogue
from job_watcher.trigger import jobs_in
from tests.unit.api_call import api_call_event

KINDS = catalogue.kinds()
INDEX = index(KINDS.values())

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
    engines = {"docdb": {"engine": "docdb"}, "neptune": {"engine": "neptune"}, "rds": {"engine": "aurora-mysql"}}
    event = api_call_event(service, call, optional=optional, overrides=engines.get(service))
    assert [job.kind.name for job in jobs_in(event, INDEX)] == kinds
    for name, kind in KINDS.items():  # nor does it disturb a deployment that watches only one of the kinds
        if name not in kinds and call in kind.start:
            assert jobs_in(event, index([kind])) == []


def test_these_are_all_the_calls_that_several_apis_have() -> None:
    apis = {
        (service, call)
        for service in session().get_available_services()
        for source in cloudtrail.event_sources(service)
        for call in INDEX["api_calls"].get(source, ())
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
        for calls in INDEX["api_calls"].values()
        for call, kinds in calls.items()
        if len(kinds) > 1 and call not in shared
    }
    assert several == set()


def operations(service: str) -> list[str]:
    model = service_model(service)
    return list(model.operation_names) if model else []


def same_source(one: str, other: str) -> bool:
    return not set(cloudtrail.event_sources(one)).isdisjoint(cloudtrail.event_sources(other))
