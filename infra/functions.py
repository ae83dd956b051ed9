"""Create Lambda functions from the bundle."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .nag import LOG_GROUP, ROLE, acknowledge
from .settings import Settings

METRIC_NAMESPACE = "JobWatcher"
FINDINGS = {
    "L1": "The runtime is a setting.",
    "LambdaLatestVersion": "The runtime is a setting.",
    "LambdaConcurrency": "Reserved concurrency would reduce the concurrency that the account's other functions share.",
    "LambdaInsideVPC": "The function uses no resources in a VPC.",
}
"""Findings of cdk-nag, with the reasons to accept them."""
SERVICE = Aws.STACK_NAME
"""The value of the metrics' dimension `service`, and of the member `service` in log lines."""


def python_function(
    scope: Construct,
    id: str,
    *,
    settings: Settings,
    handler: str,
    bundle: Path,
    environment: Mapping[str, str] | None = None,
) -> lambda_.Function:
    """Return a function with tracing, its own log group, and a role that allows only logs and traces.

    `handler` is a function in the bundle, such as `job_watcher.handlers.start`.
    """
    group = logs.LogGroup(
        scope, f"{id}Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
    )
    role = iam.Role(scope, f"{id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    group.grant_write(role)
    function = lambda_.Function(
        scope,
        id,
        runtime=lambda_.Runtime(settings.runtime, lambda_.RuntimeFamily.PYTHON),
        architecture=lambda_.Architecture.custom(settings.architecture),
        handler=handler,
        code=lambda_.Code.from_asset(str(bundle)),
        role=role,
        log_group=group,
        memory_size=512,
        timeout=Duration.seconds(30),
        tracing=lambda_.Tracing.ACTIVE,
        environment={
            "POWERTOOLS_SERVICE_NAME": SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": METRIC_NAMESPACE,
            **(environment or {}),
        },
    )
    for construct, reasons in ((group, LOG_GROUP), (role, ROLE), (function, FINDINGS)):
        acknowledge(construct, reasons)
    return function
