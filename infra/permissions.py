"""Least privilege, derived: the describe calls of the enabled kinds, on what their services let a policy name."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from job_watcher import catalogue
from job_watcher.catalogue import Kind

from .service_models import service_model

Statement = tuple[list[str], list[str]]
MAX_POLICY_LENGTH = 6_144 - 50  # characters of a managed policy, less what stands around its statements
MAX_POLICIES = 10  # managed policies of a role
ACTIONS = Path(__file__).with_name("iam_resources.json")
# Operations of boto3's waiters that IAM allows by another name and that no table of the catalogue has.
OTHER_ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "monitoring:DescribeAlarms": "cloudwatch:DescribeAlarms",
    "monitoring:GetAlarmMuteRule": "cloudwatch:GetAlarmMuteRule",
}


def action(kind: Kind) -> str:
    """The IAM action of a kind's describe call; its prefix is the name the service signs with."""
    model = service_model(kind.service)
    assert model is not None, f"{kind.name} passed the catalogue's check"
    named = f"{model.signing_name}:{kind.describe}"
    told = (one.action for one in catalogue.load(kind.service).values() if one.describe == kind.describe)
    return kind.action or next(filter(None, told), None) or OTHER_ACTIONS.get(named, named)


def actions(kind: Kind) -> Iterator[str]:
    """All IAM actions that a kind's describe call takes."""
    yield (own := action(kind))
    if own in ("s3:GetObject", "s3:GetObjectVersion"):
        yield "s3:ListBucket"  # else S3 says 403 of an object that is not there: 404 is for who may list


def statements(kinds: Iterable[Kind]) -> Iterator[Statement]:
    """Actions and the resources they are allowed on, in the notation of AWS's documentation, a pair for each service.

    `arn:${Partition}:voiceid:${Region}:${Account}:domain/*`, or `*` for what cannot be limited.
    """
    grouped: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for one in {one for kind in kinds for one in actions(kind)}:
        grouped[one.partition(":")[0], one in _resources()].add(one)
    unlimited = {one for (_, limited), names in grouped.items() if not limited for one in names}
    rest = sorted(unlimited)
    yield from ((rest[at : at + 100], ["*"]) for at in range(0, len(rest), 100))
    for (_, limited), names in sorted(grouped.items()):
        if limited:
            yield sorted(names), sorted({arn for one in names for arn in _resources()[one]})


def packed(statements: Iterable[Statement]) -> list[list[Statement]]:
    """The same in as few policies as IAM's limit on a policy's length allows; a role takes ten, and one inline."""
    policies: list[list[Statement]] = []
    room: list[int] = []
    for statement in sorted(statements, key=_length, reverse=True):
        length = _length(statement)
        number = next((number for number, left in enumerate(room) if length <= left), len(policies))
        if number == len(policies):
            policies.append([])
            room.append(MAX_POLICY_LENGTH)
        policies[number].append(statement)
        room[number] -= length
    return policies


def _length(statement: Statement) -> int:
    """Characters at most: in the partition and region with the longest names."""
    actions, arns = statement
    longest = {"${Partition}": "aws-us-gov", "${Region}": "ap-southeast-1", "${Account}": "0" * 12}
    text = json.dumps({"Action": actions, "Effect": "Allow", "Resource": arns}, separators=(",", ":"))
    for name, value in longest.items():
        text = text.replace(name, value)
    return len(text) + 1


@cache
def _resources() -> Mapping[str, list[str]]:
    listed: dict[str, list[str]] = json.loads(ACTIONS.read_text())
    return listed
