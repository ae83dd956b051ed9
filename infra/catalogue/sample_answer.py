"""Samples of botocore's shapes, to try a kind's expressions on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


class Leaf(str):
    """A sample string that remembers the shape it was made from."""

    shape: Shape

    @property
    def enum(self) -> Sequence[str]:
        """The values that it can have; none if the model doesn't say."""
        return list(self.shape.metadata.get("enum") or ())


Leaf.__name__ = "str"  # by which JMESPath's functions know a string


def sample(shape: Shape | None, above: tuple[str, ...] = ()) -> Any:
    """An answer of this shape with every member filled, recursive shapes once; strings are Leaf."""
    if shape is None:
        return {}
    if shape.name in above:
        return None
    inside = (*above, shape.name)
    if isinstance(shape, StructureShape):
        return {name: sample(member, inside) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [sample(shape.member, inside)]
    if isinstance(shape, MapShape):
        return {"key": sample(shape.value, inside)}
    return _scalar(shape)


def _scalar(shape: Shape) -> Any:
    others = {"timestamp": datetime(2026, 1, 1, tzinfo=UTC), "boolean": True, "blob": b"x"}
    if shape.type_name == "string":
        leaf = Leaf((shape.metadata.get("enum") or ["x"])[0])
        leaf.shape = shape
        return leaf
    return others.get(shape.type_name, 1)
