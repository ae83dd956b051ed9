"""Missing, empty or mistyped members in answers cause no exception, and the email contains only plain text."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from infra.catalogue.sample_answer import sample
from infra.service_models import service_model
from job_watcher import catalogue, evaluate, waiters
from job_watcher.catalogue import Kind, Observation
from job_watcher.detail import Notification
from job_watcher.watch import Rules, Watch
from tests.each_kind import each_kind
from tests.examples import FACTOR
from tests.unit.test_round_trip import ANSWER_BUILDERS, set_status

KINDS = catalogue.kinds()
WAITERS = waiters.kinds()
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
NOW = 1_767_225_600
SEED = 20_260_520
OTHER_MEMBERS = FACTOR  # number of members of each kind that no expression reads, chosen at random
ABSENT = object()
UNEXPECTED_VALUES: list[Any] = [
    7,
    -1.5,
    1e300,
    True,
    "",
    " \n",
    "x",
    [],
    [[]],
    ["x", None, {}],
    {},
    {"x": {"y": ["z"]}},
    b"\xff",
]
VALUES = [ABSENT, None, *UNEXPECTED_VALUES]
# A structure, a list, or an incomplete URI.
NOT_PLAIN_TEXT = re.compile(r"""[{\[]["'}\]]|\(, |, \)|\bNone\b|:///|^\w+:/*$""")


@each_kind(KINDS)
def test_an_answer_with_missing_or_unexpected_members_is_read(name: str) -> None:
    kind = KINDS[name]
    randomness = random.Random(f"{SEED} {name}")
    observations = [observation for answer in answers(kind, randomness) if (observation := kind.read(answer))]
    for observation in observations:
        check_result(kind, observation)
    assert {observation.status for observation in observations} >= set(kind.outcome_of)


@each_kind(WAITERS)
def test_a_waiter_reads_an_answer_with_missing_or_unexpected_members(name: str) -> None:
    waiter = WAITERS[name]
    randomness = random.Random(f"{SEED} {name}")
    full = full_answer(waiter)
    members = sorted(set(member_names(full)))
    read = frozenset().union(*(members_in(acceptor.argument) for acceptor in waiter.acceptors))
    for member in sorted({*randomness.sample(members, min(OTHER_MEMBERS, len(members)))} | (read & {*members})):
        for value in some_values(randomness):
            observation = waiter.read(replace_members(full, {member}, value))
            if observation is not None:
                check_result(waiter, observation)


def full_answer(kind: Kind) -> Any:
    """Return an answer with every member."""
    model = service_model(kind.service)
    assert model is not None
    return sample(model.operation_model(kind.describe).output_shape)


def answers(kind: Kind, randomness: random.Random) -> Iterator[dict[str, Any]]:
    """Yield an answer with each status, and answers in which members are missing or have an unexpected value.

    That is one member, or, with a status of each outcome, every member except the status.
    """
    full = full_answer(kind)
    read = members_read(kind)
    members = sorted(set(member_names(full)))
    others = randomness.sample(members, min(OTHER_MEMBERS, len(members)))
    small = keep_members(full, read | {*others})
    statuses = [*kind.outcome_of]
    one_of_each = {outcome: status for status, outcome in kind.outcome_of.items()}.values()
    for status in statuses:
        answer = ANSWER_BUILDERS.get(kind.name, set_status)(kind, full, status)
        yield answer
        if status not in one_of_each:
            continue
        kept = members_in(kind.status) | members_in(kind.job if "{" not in kind.job else None)
        for value in some_values(randomness):
            yield replace_members(keep_members(answer, read), {*member_names(small)} - kept, value)
    for member in sorted((read | {*others}) & {*members}):
        for value in some_values(randomness):
            answer = ANSWER_BUILDERS.get(kind.name, set_status)(kind, small, randomness.choice(statuses))
            yield replace_members(answer, {member}, value)


def some_values(randomness: random.Random) -> list[Any]:
    """Return an unexpected value at random, or ABSENT; `make fuzz` uses all of them."""
    return randomness.sample(VALUES, min(FACTOR, len(VALUES)))


def check_result(kind: Kind, observation: Observation) -> None:
    """Check that the watch continues, or that it ends with an email that contains only plain text."""
    state: Any = {"polls": 1, "waited": 0, "outcome": "running"}
    result = evaluate.after_answer(
        Watch({"kind": kind.name, "request": {}}, ARN, state, Rules(), kind), observation, NOW
    )
    assert result["outcome"] == observation.outcome
    json.dumps(result, allow_nan=False)
    if observation.outcome == "running":
        assert cast(Any, result)["wait"] >= 1
        return
    text = cast(Notification, result)["text"]
    block = text.split("\n\n")[1]
    facts = dict(re.findall(r"^([A-Z][a-z]+(?: in S3)?): (\S.*)$", block, re.MULTILINE))
    assert len(facts) == block.count("\n") + 1
    assert not [fact for fact in facts.items() if not fact[1].strip() or NOT_PLAIN_TEXT.search(fact[1])]
    assert not (observation.outcome == "succeeded" and "Reason" in facts)
    assert not facts.get("Duration", "").startswith("-")


@cache
def members_in(expression: str | None) -> frozenset[str]:
    """Return the members that an expression may read."""
    return frozenset(re.findall(r"\w+", re.sub(r"'[^']*'|`[^`]*`", "", expression or "")))


def members_read(kind: Kind) -> frozenset[str]:
    """Return the members that any of a kind's expressions may read."""
    expressions = (kind.job, kind.status, kind.percent, kind.created, kind.ended, kind.reason, kind.results)
    return frozenset().union(*map(members_in, (*expressions, *kind.but.values())))


def member_names(value: Any) -> Iterator[str]:
    """Yield the names of all members at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from member_names(item)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from member_names(inner)


def keep_members(value: Any, wanted: frozenset[str]) -> Any:
    """Return the value with only the wanted members and those that contain wanted members."""
    if isinstance(value, list):
        return [keep_members(item, wanted) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: keep_members(inner, wanted)
        for name, inner in value.items()
        if name in wanted or wanted & {*member_names(inner)}
    }


def replace_members(value: Any, members: set[str], replacement: Any) -> Any:
    """Return the value with these members replaced at any depth, or removed if `replacement` is ABSENT."""
    if isinstance(value, list):
        return [replace_members(item, members, replacement) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: replacement if name in members else replace_members(inner, members, replacement)
        for name, inner in value.items()
        if replacement is not ABSENT or name not in members
    }
