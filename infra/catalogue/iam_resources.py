"""`make actions`: the resources that each describe action can be limited to, from AWS's published list of actions.

The list comes with policy_sentry and so needs no network; what is newer than it is missing, and gets `*`.
"""

import json
import re
from collections.abc import Iterable

from policy_sentry.querying.actions import get_action_data

from job_watcher import catalogue, waiters

from ..permissions import ACTIONS, actions

# Resources that replace those of AWS's list.
CHOSEN = {
    # the deployment's own account; the other ARN is of member accounts, for the organization's management account
    "account:GetRegionOptStatus": ["arn:${Partition}:account::${Account}:account"],
    # one action reads everything in API Gateway; of its thirty kinds of resources, our kinds need two
    "apigateway:GET": [
        "arn:${Partition}:apigateway:${Region}::/apis/*/deployments/*",
        "arn:${Partition}:apigateway:${Region}::/vpclinks/*",
    ],
    # a recovery point's ARN begins as the service wants that holds it, but only two can have an index: those of EBS,
    # which are snapshots, and of S3: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_IndexAction.html
    "backup:GetRecoveryPointIndexDetails": [
        "arn:${Partition}:backup:${Region}:${Account}:recovery-point:*",
        "arn:${Partition}:ec2:${Region}::snapshot/*",
    ],
    # A resource type cannot be a wildcard, and this is the only catalog:
    # https://docs.aws.amazon.com/marketplace/latest/APIReference/API_DescribeChangeSet.html
    "aws-marketplace:DescribeChangeSet": [
        "arn:${Partition}:aws-marketplace:${Region}:${Account}:AWSMarketplace/ChangeSet/*"
    ],
    # A type that is newer than the list.
    "events:DescribeEventBus": [
        "arn:${Partition}:events:${Region}:${Account}:event-bus/*",
        "arn:${Partition}:events:${Region}:${Account}:event-busv2/*",
    ],
}


def main() -> None:
    """Write infra/actions.json anew."""
    listed = resources(
        one for kind in (*catalogue.kinds().values(), *waiters.kinds().values()) for one in actions(kind)
    )
    ACTIONS.write_text(json.dumps(listed, indent=0, sort_keys=True) + "\n")


def resources(actions: Iterable[str]) -> dict[str, list[str]]:
    """ARNs by action, every name in them a `*`; nothing of actions that AWS's list does not have or limit.

    ValueError for an ARN whose service is a variable, because IAM accepts no wildcard there:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    found = {action: CHOSEN.get(action) or _arns(action) for action in set(actions)}
    for action, arns in found.items():
        if any("*" in arn.split(":", 3)[2] for arn in arns):
            raise ValueError(f"{action}: {arns} has a wildcard for a service; choose resources in CHOSEN")
    return {action: arns for action, arns in found.items() if arns}


def published(action: str) -> bool:
    """Whether AWS's list has the action."""
    prefix, _, name = action.partition(":")
    return bool(get_action_data(prefix, name))


def _arns(action: str) -> list[str]:
    prefix, _, name = action.partition(":")
    rows = (get_action_data(prefix, name) or {}).get(prefix, [])
    formats = {row["resource_arn_format"].replace("AccountId", "Account") for row in rows} - {"*"}
    return sorted({re.sub(r"\$\{(?!Partition|Region|Account)\w+\}", "*", arn) for arn in formats})


if __name__ == "__main__":
    main()
