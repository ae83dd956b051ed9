"""How every Lambda function of the watcher is set up."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .config import Settings


def python_function(
    scope: Construct,
    id: str,
    *,
    settings: Settings,
    handler: str,
    bundle: Path,
    environment: Mapping[str, str] | None = None,
) -> lambda_.Function:
    """A function of the bundle with its own log group and role, traced, allowed nothing but to log and trace."""
    group = logs.LogGroup(
        scope, f"{id}Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
    )
    role = iam.Role(scope, f"{id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    group.grant_write(role)
    return lambda_.Function(
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
            "POWERTOOLS_SERVICE_NAME": Aws.STACK_NAME,
            "POWERTOOLS_METRICS_NAMESPACE": "JobWatcher",
            **(environment or {}),
        },
    )
