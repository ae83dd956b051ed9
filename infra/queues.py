"""Create encrypted SQS queues that accept only requests with TLS."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .nag import acknowledge

FOR_PEOPLE = "People read this queue. No consumer can fail to process its messages."


def queue(scope: Construct, id: str) -> sqs.Queue:
    """Return a queue that people read. It keeps messages for 14 days."""
    created = encrypted_queue(scope, id, retention_period=Duration.days(14))
    acknowledge(created, {"SQS3": FOR_PEOPLE, "SQSRedrivePolicy": FOR_PEOPLE})
    return created


def encrypted_queue(scope: Construct, id: str, **options: Any) -> sqs.Queue:
    """Return a queue that SQS encrypts. `options` are the queue's other props."""
    return sqs.Queue(scope, id, enforce_ssl=True, encryption=sqs.QueueEncryption.SQS_MANAGED, **options)
