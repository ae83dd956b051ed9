"""Create SQS queues that people read."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .nag import acknowledge

REASON = "People read this queue. No consumer can fail to process its messages."


def queue(scope: Construct, id: str) -> sqs.Queue:
    """Return an encrypted queue that keeps messages for 14 days."""
    created = sqs.Queue(
        scope,
        id,
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        retention_period=Duration.days(14),
    )
    acknowledge(created, {"SQS3": REASON, "SQSRedrivePolicy": REASON})
    return created
