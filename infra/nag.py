"""Acknowledge findings of cdk-nag, so that apps that run its packs see no findings about Job Watcher's resources."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

NIST_AND_HIPAA = ("NIST.800.53.R5", "HIPAA.Security")
PACKS = {
    "CloudWatchLogGroupEncrypted": NIST_AND_HIPAA,
    "IAM5": ("AwsSolutions",),
    "IAMNoInlinePolicy": NIST_AND_HIPAA,
    "L1": ("AwsSolutions",),
    "LambdaConcurrency": NIST_AND_HIPAA,
    "LambdaDLQ": (*NIST_AND_HIPAA, "Serverless"),
    "LambdaEventSourceMappingDestination": ("Serverless",),
    "LambdaInsideVPC": NIST_AND_HIPAA,
    "LambdaLatestVersion": ("Serverless",),
    "SF1": ("AwsSolutions",),
    "SQS3": ("AwsSolutions",),
    "SQSRedrivePolicy": ("Serverless",),
}
"""The packs that have each rule."""
ROLE = {
    "IAMNoInlinePolicy": "The policy belongs to this role only.",
    "IAM5[Resource::*]": "The actions of X-Ray and of log delivery can't be limited to resources.",
}

# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
TOPIC_KEY = {"IAM5[Action::kms:GenerateDataKey*]": "SNS requires this permission for publishing to an encrypted topic."}


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings about a construct and the constructs in it.

    `reasons` has a sentence for each rule. For the rule IAM5, which has a finding for each wildcard, its keys have the
    wildcard in brackets, such as `IAM5[Resource::*]`.
    """
    acknowledgments = [
        Acknowledgment(id=f"{pack}-{rule}", reason=reason)
        for rule, reason in reasons.items()
        for pack in PACKS[rule.partition("[")[0]]
    ]
    Validations.of(construct).acknowledge(*acknowledgments)
