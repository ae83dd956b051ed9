"""`but` conditions, which override a success: each can be true and can be false, and none raises an exception."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from infra.catalogue import failure_members, outcomes_page
from infra.catalogue.sample_answer import Leaf
from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.expressions import search
from tests.each_kind import each_kind
from tests.examples import FACTOR

ALL = catalogue.kinds()
KINDS = {name: kind for name, kind in ALL.items() if kind.but}
CONDITIONS = [(name, outcome) for name, kind in KINDS.items() for outcome in kind.but]
ABSENT = object()
MIN_VARIATIONS, MAX_VARIATIONS = 100, 20_000


@each_kind(CONDITIONS)
def test_every_but_condition_can_be_true_and_can_be_false(name: str, outcome: str) -> None:
    condition = KINDS[name].but[outcome]
    jobs, found = variations(KINDS[name], condition), set[bool]()
    for number, job in enumerate(jobs):
        found.add(bool(search(condition, job)))
        if number >= MIN_VARIATIONS * FACTOR and len(found) == 2:
            break
    assert found == {True, False}, condition


@each_kind(ALL)
def test_every_member_that_can_contradict_a_success_is_read_or_is_ignored_with_a_reason(name: str) -> None:
    assert failure_members.unread(ALL[name]) == []


def test_an_unread_failure_counter_is_found() -> None:
    kind = replace(ALL["glue/WorkflowRun"], but={}, ignored={})
    assert "Statistics.FailedActions" in failure_members.unread(kind)
    assert failure_members.unread(replace(kind, ignored={"Statistics": "why", "Graph": "why"})) == []


def test_the_outcomes_page_is_up_to_date() -> None:
    assert outcomes_page.PAGE.read_text(encoding="utf-8") == outcomes_page.page(ALL), "run `make kinds`"


def variations(kind: Kind, condition: str) -> Iterator[Any]:
    """Yield sample jobs with all combinations of values for the members that the condition reads."""
    job = failure_members.job_sample(kind)
    literals = [*re.findall(r"'([^']*)'", condition)]
    names = {word for word in re.findall(r"\w+", re.sub(r"'[^']*'|`[^`]*`", "", condition))}
    leaves = {name: value for _, name, value in failure_members.members(job, settings=True) if name in names}
    choices = [[(name, value) for value in _values(leaf, literals)] for name, leaf in leaves.items()]
    yield _replace_members(job, dict.fromkeys(leaves, ABSENT))
    for choice in itertools.islice(itertools.product(*choices), MAX_VARIATIONS):
        yield _replace_members(job, dict(choice))


def _values(leaf: Any, literals: list[str]) -> list[Any]:
    if isinstance(leaf, Mapping | list):
        return [leaf, ABSENT]
    if isinstance(leaf, Leaf):
        return [*dict.fromkeys([*literals, "x", ""]), ABSENT]
    return [True, False, ABSENT] if isinstance(leaf, bool) else [0, 1, ABSENT]


def _replace_members(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_replace_members(item, values) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: _replace_members(
            inner if name not in values or isinstance(inner, Mapping | list) else values[name], values
        )
        for name, inner in value.items()
        if values.get(name) is not ABSENT
    }
