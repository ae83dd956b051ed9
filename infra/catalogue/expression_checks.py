"""Check a kind's JMESPath expressions against a sample of its job: members, enums and branches."""

import itertools
from collections.abc import Iterator
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from job_watcher.expressions import OPTIONS

from . import failure_members
from .sample_answer import Leaf

Node = Any  # of jmespath's syntax tree: a dict with type, value and children


def is_jmespath(expression: Any) -> bool:
    """Whether a value is a string with a valid JMESPath expression."""
    try:
        return isinstance(expression, str) and bool(jmespath.compile(expression))
    except JMESPathError:
        return False


def condition_problems(expression: str, job: Any) -> Iterator[str]:
    """Yield a sentence for each member that the job doesn't have, and for each value that isn't in a member's enum."""
    if not is_jmespath(expression):
        yield f"{expression!r} is not valid JMESPath."
        return
    members = [(name, value) for _, name, value in failure_members.members(job, settings=True)]
    known = {name for name, _ in members}
    for node in _nodes(jmespath.compile(expression).parsed):
        is_key_of_a_map = node["type"] == "field" and node["value"].isupper()
        if node["type"] == "field" and node["value"] not in known and not is_key_of_a_map:
            yield f"{expression!r} reads {node['value']}, which the job doesn't have."
        for name, literal in _comparisons(node):
            same_name = [value for member, value in members if member == name and isinstance(value, Leaf)]
            enum = list(itertools.chain.from_iterable(value.enum for value in same_name))
            if same_name and all(value.enum for value in same_name) and literal not in enum:
                yield f"{expression!r} compares {name} with {literal!r}; its values are {', '.join(enum)}."


def values_of_branches(expression: str, job: Any) -> Iterator[Any]:
    """Yield what each branch of an expression finds in the job: of `a && b || c`, what b and c find."""
    for node in _branches(jmespath.compile(expression).parsed):
        yield _search(expression, node, job)


def alternatives(node: Node) -> Iterator[Node]:
    """Yield the trees of a, b and c of the tree of `a || b || c`; the tree itself if it has no alternatives."""
    if node["type"] != "or_expression":
        yield node
        return
    for child in node["children"]:
        yield from alternatives(child)


def finds_nothing(expression: str, job: Any) -> bool:
    """Whether the expression, or one of its alternatives, finds nothing in a sample of the job.

    Every item passes the filters, because a sample's values don't show which items would.
    """
    tree = unfiltered(jmespath.compile(expression).parsed)
    return any(_is_empty(_search(expression, node, job)) for node in alternatives(tree))


def unfiltered(node: Node) -> Node:
    """Return jmespath's tree with filters that every item passes: `jobs[?failed].id` as `jobs[].id`."""
    children = [unfiltered(child) for child in node.get("children", ())]
    if node["type"] == "filter_projection":
        children[-1] = {"type": "literal", "value": True, "children": []}
    return {**node, "children": children}


def _search(expression: str, node: Node, job: Any) -> Any:
    """Return what one node of an expression's tree finds; None if it can't be evaluated."""
    try:
        return ParsedResult(expression, node).search(job, options=OPTIONS)
    except JMESPathError:
        return None


def _is_empty(value: Any) -> bool:
    if isinstance(value, list):
        return not value or any(_is_empty(item) for item in value)
    return value is None


def _branches(node: Node) -> Iterator[Node]:
    """Yield the trees of b and c of the tree of `a && b || c`."""
    for alternative in alternatives(node):
        if alternative["type"] == "and_expression":
            yield from _branches(alternative["children"][1])
        else:
            yield alternative


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("children", ()):
        yield from _nodes(child)


def _comparisons(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the member and the string of `member == 'string'`. The member can be the end of a path."""
    if node["type"] != "comparator" or node["value"] not in ("eq", "ne"):
        return
    for left, right in (node["children"], node["children"][::-1]):
        fields = [inner["value"] for inner in _nodes(left) if inner["type"] == "field"]
        if fields and right["type"] == "literal" and isinstance(right["value"], str):
            yield fields[-1], right["value"]
