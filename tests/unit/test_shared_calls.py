"""A call whose name and eventSource are shared by several APIs starts the right watch once, or no watch."""

import pytest

from infra import cloudtrail
from infra.service_models import service_model, session
from infra.trigger_rules import index
from job_watcher import catalogue
from job_watcher.trigger import find_jobs
from tests.unit.api_call import api_call_event

KINDS = catalogue.kinds()
INDEX = index(KINDS.values())

# Calls that several APIs share (same name, same eventSource), with the kinds of job that each API's call starts.
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
    # Version 1 also starts applications, but it has no operation that can be described.
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
    # Older names of the same APIs. Their calls start the same jobs, and their events are identical.
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
def test_a_call_that_several_apis_share_starts_the_right_watch_or_none(
    service: str, call: str, kinds: list[str], optional: bool
) -> None:
    engines = {"docdb": {"engine": "docdb"}, "neptune": {"engine": "neptune"}, "rds": {"engine": "aurora-mysql"}}
    event = api_call_event(service, call, optional=optional, overrides=engines.get(service))
    assert [job.kind.name for job in find_jobs(event, INDEX)] == kinds
    for name, kind in KINDS.items():  # a deployment that watches only one of the kinds ignores the other API's call
        if name not in kinds and call in kind.start:
            assert find_jobs(event, index([kind])) == []


def test_the_list_of_shared_calls_is_complete() -> None:
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
        if any(call == other_call and service != other and same_source(service, other) for other, other_call in apis)
    }
    assert shared == {(service, call) for service, call, _ in SHARED}


def test_a_call_that_is_not_shared_starts_one_watch() -> None:
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


def same_source(service: str, other: str) -> bool:
    return not set(cloudtrail.event_sources(service)).isdisjoint(cloudtrail.event_sources(other))
