"""Create log groups."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from .nag import acknowledge
from .settings import Settings

NO_KEY = "CloudWatch Logs encrypts every log group with a key that AWS owns; `log-key-arn` sets another key."


def log_group(scope: Construct, id: str, *, settings: Settings) -> logs.LogGroup:
    """Return a log group that keeps entries for three months, encrypted with the KMS key in the settings, if any."""
    key = kms.Key.from_key_arn(scope, f"{id}Key", settings.log_key_arn) if settings.log_key_arn else None
    group = logs.LogGroup(
        scope,
        id,
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=RemovalPolicy.DESTROY,
        encryption_key=key,
    )
    if key is None:
        acknowledge(group, {"CloudWatchLogGroupEncrypted": NO_KEY})
    return group
