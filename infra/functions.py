"""Create Lambda functions from the bundle."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .log_groups import log_group
from .nag import ROLE, acknowledge
from .settings import Settings

METRIC_NAMESPACE = "JobWatcher"
FINDINGS = {
    "L1": "The runtime is a setting.",
    "LambdaLatestVersion": "The runtime is a setting.",
    "LambdaInsideVPC": "The function uses no resources in a VPC.",
}
"""Findings of cdk-nag, with the reasons to accept them."""
UNRESERVED = {"LambdaConcurrency": "It reduces what other functions can use; `reserved-concurrency` sets it."}
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
    timeout: Duration = Duration.seconds(30),  # noqa: B008 (it can't be changed)
) -> lambda_.Function:
    """Return a function with tracing, its own log group, and a role that allows only logs and traces.

    `handler` is a function in the bundle, such as `job_watcher.handlers.start`.
    """
    group = log_group(scope, f"{id}Log", settings=settings)
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
        timeout=timeout,
        tracing=lambda_.Tracing.ACTIVE,
        reserved_concurrent_executions=settings.reserved_concurrency,
        environment={
            "POWERTOOLS_SERVICE_NAME": SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": METRIC_NAMESPACE,
            **(environment or {}),
        },
    )
    acknowledge(role, ROLE)
    acknowledge(function, FINDINGS if settings.reserved_concurrency else {**FINDINGS, **UNRESERVED})
    return function
