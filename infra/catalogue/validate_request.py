"""Validate a kind's `request`, `with` and `pick` against the input and the answer of its describe call."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import OperationModel, Shape

from job_watcher.catalogue import Kind

from ..suggestion import unaccepted
from .sample_answer import sample


def problems(kind: Kind, operation: OperationModel) -> Iterator[str]:
    """Yield a sentence for each member that the describe call doesn't accept, and for each that it requires."""
    members = _members(operation)
    what = f"a member of the input of {kind.describe}"
    filters = set(kind.pick.values())
    yield from (f"request: {problem}" for problem in unaccepted(set(kind.request) - filters, members, what))
    yield from (f"with: {problem}" for problem in unaccepted(kind.constants, members, what))
    required = set(operation.input_shape.required_members if operation.input_shape else ())
    for member in sorted(required - set(kind.request) - set(kind.constants)):
        yield f"request: {member} is missing; {kind.describe} requires it."
    yield from _pick_problems(kind, members, sample(operation.output_shape))


def _members(operation: OperationModel) -> Mapping[str, Shape]:
    return operation.input_shape.members if operation.input_shape else {}


def _pick_problems(kind: Kind, members: Mapping[str, Shape], answer: Mapping[str, Any]) -> Iterator[str]:
    for name, member in kind.pick.items():
        items = answer.get(name)
        if not isinstance(items, list) or not isinstance(items[0], dict) or member not in items[0]:
            yield f"pick: the answer of {kind.describe} has no list {name!r} of items with a member {member!r}."
        if member not in kind.request or member in members:
            yield f"pick: {member!r} must be in request and must not be a member of the input of {kind.describe}."
