"""IAM permissions for the describe calls of the enabled kinds, limited to the resources that a policy can name."""

import itertools
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from job_watcher import catalogue
from job_watcher.catalogue import Kind

from .service_models import require_service_model

Statement = tuple[list[str], list[str]]
"""Actions, and the resources on which they are allowed."""
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY_LENGTH = 6_144 - 50  # characters of a managed policy, without those around its statements
MAX_POLICIES = 10  # managed policies per role
MAX_ACTIONS = 100  # per statement whose resource is `*`, so that each statement fits into a policy
RESOURCES = Path(__file__).with_name("iam_resources.json")
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
    named_after_call = f"{require_service_model(kind.service).signing_name}:{kind.describe}"
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
    resources = _resources()
    actions = {action for kind in kinds for action in describe_actions(kind)}
    unlimited = sorted(actions - set(resources))
    for start in range(0, len(unlimited), MAX_ACTIONS):
        yield unlimited[start : start + MAX_ACTIONS], ["*"]
    limited = sorted(actions & set(resources), key=lambda action: action.split(":"))
    for _, same_service in itertools.groupby(limited, key=lambda action: action.partition(":")[0]):
        names = list(same_service)
        yield names, sorted({arn for name in names for arn in resources[name]})


def pack(statements: Iterable[Statement]) -> list[list[Statement]]:
    """Return the statements of each policy, in as few policies as IAM's limit on their length allows."""
    policies: list[list[Statement]] = []
    free: list[int] = []  # characters left in each policy
    for statement in sorted(statements, key=_length, reverse=True):
        length = _length(statement)
        index = next((index for index, left in enumerate(free) if length <= left), len(policies))
        if index == len(policies):
            policies.append([])
            free.append(MAX_POLICY_LENGTH)
        policies[index].append(statement)
        free[index] -= length
    return policies


def _length(statement: Statement) -> int:
    """Return the length of a statement in characters, with the longest names of partitions and Regions."""
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
