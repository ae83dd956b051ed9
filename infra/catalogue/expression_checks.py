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

Node = Any  # of jmespath's tree: a dict with type, value and children


def condition_problems(expression: str, job: Any) -> Iterator[str]:
    """Yield a sentence for each member that the job doesn't have, and for each word that its enum doesn't have."""
    try:
        tree = jmespath.compile(expression).parsed
    except JMESPathError:
        yield f"{expression!r} is not valid JMESPath."
        return
    members = [(name, value) for _, name, value in failure_members.members(job, settings=True)]
    known = {name for name, _ in members}
    for node in _nodes(tree):
        if node["type"] == "field" and node["value"] not in known and not node["value"].isupper():  # a key of a map
            yield f"{expression!r} reads {node['value']}, which the job doesn't have."
        for name, word in _comparisons(node):
            named = [value for one, value in members if one == name and isinstance(value, Leaf)]
            words = list(itertools.chain.from_iterable(value.enum for value in named))
            if named and all(value.enum for value in named) and word not in words:
                yield f"{expression!r} compares {name} with {word!r}; its enum has {', '.join(words)}."


def alternatives(expression: str, job: Any) -> Iterator[Any]:
    """Yield what each branch of an expression finds in the job: of `a && b || c`, what b and c find."""
    for node in _branches(jmespath.compile(expression).parsed):
        try:
            yield ParsedResult(expression, node).search(job, options=OPTIONS)
        except JMESPathError:
            yield None


def unfiltered(node: Node) -> Node:
    """Return jmespath's tree with filters that every item passes: `jobs[?failed].id` as `jobs[].id`."""
    children = [unfiltered(child) for child in node.get("children", ())]
    if node["type"] == "filter_projection":
        children[-1] = {"type": "literal", "value": True, "children": []}
    return {**node, "children": children}


def _branches(node: Node) -> Iterator[Node]:
    if node["type"] == "or_expression":
        for child in node["children"]:
            yield from _branches(child)
    elif node["type"] == "and_expression":
        yield from _branches(node["children"][1])
    else:
        yield node


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("children", ()):
        yield from _nodes(child)


def _comparisons(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the member and the word of `member == 'word'`, also where the member is the end of a path."""
    if node["type"] != "comparator" or node["value"] not in ("eq", "ne"):
        return
    for one, other in (node["children"], node["children"][::-1]):
        fields = [inner["value"] for inner in _nodes(one) if inner["type"] == "field"]
        if fields and other["type"] == "literal" and isinstance(other["value"], str):
            yield fields[-1], other["value"]
