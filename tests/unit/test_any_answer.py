"""Whatever is missing, empty or of another type in an answer: nothing raises, and the email has only plain text."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import pytest

from infra.catalogue.sample_answer import sample
from infra.service_models import service_model
from job_watcher import catalogue, evaluate, waiters
from job_watcher.catalogue import Kind, Observation
from job_watcher.detail import Notification
from job_watcher.watch import Rules, Watch
from tests.unit.test_round_trip import ARRANGED, with_status

KINDS = catalogue.kinds()
WAITERS = waiters.kinds()
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
NOW = 1_767_225_600
SEED = 20_260_520
OTHERS = 5  # members of each kind that no expression reads, chosen at random
ABSENT = object()
WRONG: list[Any] = [7, -1.5, 1e300, True, "", " \n", "x", [], [[]], ["x", None, {}], {}, {"x": {"y": ["z"]}}, b"\xff"]
NO_TEXT = re.compile(
    r"""[{\[]["'}\]]|\(, |, \)|\bNone\b|:///|^\w+:/*$"""
)  # a structure, a list, or a location of nothing


@pytest.mark.parametrize("name", KINDS)
def test_an_answer_without_its_members_or_with_others_is_read(name: str) -> None:
    kind = KINDS[name]
    chance = random.Random(f"{SEED} {name}")
    read = [seen for answer in answers(kind, chance) if (seen := kind.read(answer))]
    for seen in read:
        check(kind, seen)
    assert {seen.status for seen in read} >= set(kind.outcome_of)


@pytest.mark.parametrize("name", WAITERS)
def test_a_waiter_reads_an_answer_without_its_members_or_with_others(name: str) -> None:
    waiter = WAITERS[name]
    chance = random.Random(f"{SEED} {name}")
    full = an_answer(waiter)
    members = sorted(set(names(full)))
    read = frozenset().union(*(words_of(acceptor.argument) for acceptor in waiter.acceptors))
    for member in sorted({*chance.sample(members, min(OTHERS, len(members)))} | (read & {*members})):
        for value in (ABSENT, None, *chance.sample(WRONG, 2)):
            seen = waiter.read(replaced(full, {member}, value))
            if seen is not None:
                check(waiter, seen)


def an_answer(kind: Kind) -> Any:
    """Return an answer with every member."""
    model = service_model(kind.service)
    assert model is not None
    return sample(model.operation_model(kind.describe).output_shape)


def answers(kind: Kind, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield answers in which one member, or every member except the status, is absent, empty or of another type."""
    full = an_answer(kind)
    read = words(kind)
    members = sorted(set(names(full)))
    others = chance.sample(members, min(OTHERS, len(members)))
    small = only(full, read | {*others})
    statuses = [*kind.outcome_of]
    for status in statuses:
        answer = ARRANGED.get(kind.name, with_status)(kind, full, status)
        yield answer
        kept = words_of(kind.status) | words_of(kind.job if "{" not in kind.job else None)
        for value in (ABSENT, None, chance.choice(WRONG)):
            yield replaced(only(answer, read), {*names(small)} - kept, value)
    for member in sorted((read | {*others}) & {*members}):
        for value in (ABSENT, None, *chance.sample(WRONG, 4)):
            answer = ARRANGED.get(kind.name, with_status)(kind, small, chance.choice(statuses))
            yield replaced(answer, {member}, value)


def check(kind: Kind, seen: Observation) -> None:
    """The watch goes on, or ends with a text that a person can read."""
    state: Any = {"polls": 1, "waited": 0, "outcome": "running"}
    told = evaluate.after_answer(Watch({"kind": kind.name, "request": {}}, ARN, state, Rules(), kind), seen, NOW)
    assert told["outcome"] == seen.outcome
    json.dumps(told, allow_nan=False)
    if seen.outcome == "running":
        assert cast(Any, told)["wait"] >= 1
        return
    text = cast(Notification, told)["text"]
    facts = dict(re.findall(r"^  (\S.*?) {2,}(.*)$", text.split("\n\n")[1], re.MULTILINE))
    assert len(facts) == text.split("\n\n")[1].count("\n") + 1
    assert not [fact for fact in facts.items() if not fact[1].strip() or NO_TEXT.search(fact[1])]
    assert not (seen.outcome == "succeeded" and "Reason" in facts)
    assert not facts.get("Duration", "").startswith("-")


@cache
def words_of(expression: str | None) -> frozenset[str]:
    """Return the members that an expression may read."""
    return frozenset(re.findall(r"\w+", re.sub(r"'[^']*'|`[^`]*`", "", expression or "")))


def words(kind: Kind) -> frozenset[str]:
    """Return the members that any of a kind's expressions may read."""
    own = (kind.job, kind.status, kind.percent, kind.created, kind.ended, kind.reason, kind.results)
    return frozenset().union(*map(words_of, (*own, *kind.but.values())))


def names(value: Any) -> Iterator[str]:
    """Yield the names of all members, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from names(item)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from names(inner)


def only(value: Any, wanted: frozenset[str]) -> Any:
    """Return the value without the members that are not wanted, unless they have wanted ones inside."""
    if isinstance(value, list):
        return [only(item, wanted) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {name: only(inner, wanted) for name, inner in value.items() if name in wanted or wanted & {*names(inner)}}


def replaced(value: Any, members: set[str], by: Any) -> Any:
    """Return the value with something else in these members, wherever they are; without them if that's ABSENT."""
    if isinstance(value, list):
        return [replaced(item, members, by) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: by if name in members else replaced(inner, members, by)
        for name, inner in value.items()
        if by is not ABSENT or name not in members
    }
