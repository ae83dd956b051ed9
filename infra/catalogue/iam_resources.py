"""`make actions`: write infra/iam_resources.json, the ARNs to which each describe action can be limited.

The ARNs come from AWS's published list in policy_sentry, so no network is needed. Actions that are newer than the
installed list aren't in the file; they are allowed on `*`.
"""

import json
import re
from collections.abc import Iterable

from policy_sentry.querying.actions import get_action_data

from job_watcher import catalogue, waiters

from ..permissions import EXCEPTIONS, RESOURCES, describe_actions


def main() -> None:
    """Write infra/iam_resources.json."""
    kinds = (*catalogue.kinds().values(), *waiters.kinds().values())
    found = resources(action for kind in kinds for action in describe_actions(kind))
    RESOURCES.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def resources(actions: Iterable[str]) -> dict[str, list[str]]:
    """Return ARNs by action, with `*` for names; without the actions that AWS's list doesn't have or can't limit.

    Raise ValueError if an ARN has a variable for the service, because IAM accepts no wildcard there:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    chosen = {action: exception["arns"] for action, exception in EXCEPTIONS["resources"].items()}
    found = {action: chosen.get(action) or _arns(action) for action in set(actions)}
    for action, arns in found.items():
        if any("*" in arn.split(":", 3)[2] for arn in arns):
            raise ValueError(
                f"{action}: {arns} has a wildcard for a service, which IAM doesn't accept. Choose resources for this "
                "action in infra/iam_exceptions.toml."
            )
    return {action: arns for action, arns in found.items() if arns}


def is_published(action: str) -> bool:
    """Whether the installed copy of AWS's list has the action."""
    prefix, _, name = action.partition(":")
    return bool(get_action_data(prefix, name))


def _arns(action: str) -> list[str]:
    """Return the ARNs in AWS's list with `*` for each variable except the partition, the Region and the account."""
    prefix, _, name = action.partition(":")
    rows = (get_action_data(prefix, name) or {}).get(prefix, [])
    formats = {row["resource_arn_format"].replace("AccountId", "Account") for row in rows} - {"*"}
    return sorted({re.sub(r"\$\{(?!Partition|Region|Account)\w+\}", "*", arn) for arn in formats})


if __name__ == "__main__":
    main()
