"""IAM permissions for the describe calls of the enabled kinds, limited to the resources that a policy can name."""

import itertools
import json
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from job_watcher import catalogue
from job_watcher.catalogue import Kind

from .service_models import require_service_model, signing_name

Statement = tuple[list[str], list[str]]
"""Actions, and the resources on which they are allowed."""
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY_LENGTH = 6_144 - 50  # characters of a managed policy, without those around its statements
MAX_POLICIES = 10  # managed policies per role
INLINE, MAX_INLINE_LENGTH = MAX_POLICIES, 9_000  # a role's inline policies have 10,240 characters in all
MAX_ACTIONS = 100  # per statement whose resource is `*`, so that each statement fits into a policy
RESOURCES = Path(__file__).with_name("iam_resources.json")
POLICY_NUMBERS = Path(__file__).with_name("policy_numbers.json")
EXCEPTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("iam_exceptions.toml").read_text(encoding="utf-8")
)


def describe_action(kind: Kind) -> str:
    """Return the IAM action of a kind's describe call, such as `voiceid:DescribeSpeakerEnrollmentJob`.

    A waiter takes the action from the catalogue's kind with the same describe call.
    """
    same_call = (other for other in catalogue.load(kind.service).values() if other.describe == kind.describe)
    if action := next((one.action for one in (kind, *same_call) if one.action), None):
        return action
    # Without a name, botocore doesn't have the service, and its UnknownServiceError is raised.
    prefix = signing_name(kind.service) or require_service_model(kind.service).signing_name
    named_after_call = f"{prefix}:{kind.describe}"
    exception = EXCEPTIONS["other-action"].get(named_after_call)
    return exception["action"] if exception else named_after_call


def describe_actions(kind: Kind) -> Iterator[str]:
    """Yield all IAM actions that a kind's describe call needs."""
    action = describe_action(kind)
    yield action
    yield from EXCEPTIONS["further-actions"].get(action, {}).get("actions", ())


def statements(kinds: Iterable[Kind]) -> Iterator[Statement]:
    """Yield the statements that allow the kinds' describe calls: one per service, and those with the resource `*`.

    Resources are in the notation of AWS's documentation: `arn:${Partition}:voiceid:${Region}:${Account}:domain/*`.
    """
    yield from _statements({action for kind in kinds for action in describe_actions(kind)})


def policies(kinds: Iterable[Kind]) -> Mapping[int, list[Statement]]:
    """Return the statements of each policy by its number, from 0; INLINE is the number of the inline policy.

    A service's number doesn't depend on the other kinds, so adding kinds moves no action to another policy. A move
    would deny the action for a moment, because CloudFormation updates policies in any order.
    """
    by_number: dict[int, set[str]] = defaultdict(set)
    for action in (action for kind in kinds for action in describe_actions(kind)):
        by_number[policy_numbers().get(action.partition(":")[0], INLINE)].add(action)
    return {number: list(_statements(actions)) for number, actions in sorted(by_number.items())}


def length(statements: Iterable[Statement]) -> int:
    """Return the length of statements in a policy in characters, with the longest names of partitions and Regions."""
    return sum(map(_length, statements))


def _statements(actions: Collection[str]) -> Iterator[Statement]:
    resources = _resources()
    unlimited = sorted(set(actions) - set(resources))
    for start in range(0, len(unlimited), MAX_ACTIONS):
        yield unlimited[start : start + MAX_ACTIONS], ["*"]
    limited = sorted(set(actions) & set(resources), key=lambda action: action.split(":"))
    for _, same_service in itertools.groupby(limited, key=lambda action: action.partition(":")[0]):
        names = list(same_service)
        yield names, sorted({arn for name in names for arn in resources[name]})


def _length(statement: Statement) -> int:
    actions, arns = statement
    longest = {"${Partition}": "aws-us-gov", "${Region}": "ap-southeast-1", "${Account}": "0" * 12}
    text = json.dumps({"Action": actions, "Effect": "Allow", "Resource": arns}, separators=(",", ":"))
    for name, value in longest.items():
        text = text.replace(name, value)
    return len(text) + len(",")


@cache
def _resources() -> Mapping[str, list[str]]:
    """Return the ARNs to which each action can be limited; actions that can't be limited are missing."""
    resources: dict[str, list[str]] = json.loads(RESOURCES.read_text(encoding="utf-8"))
    return resources


@cache
def policy_numbers() -> Mapping[str, int]:
    """Return the number of the managed policy for each service prefix. Other services belong to the inline policy."""
    numbers: dict[str, int] = json.loads(POLICY_NUMBERS.read_text(encoding="utf-8"))
    return numbers
