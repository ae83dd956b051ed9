"""Make sample answers from botocore's shapes, on which a kind's expressions are evaluated."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


class Leaf(str):
    """A sample string that knows its shape."""

    shape: Shape

    @property
    def enum(self) -> Sequence[str]:
        """Return the values that the string can have; an empty list if the model doesn't list them."""
        return list(self.shape.metadata.get("enum") or ())


Leaf.__name__ = "str"  # the name by which JMESPath's functions recognize a string


def sample(shape: Shape | None, above: tuple[str, ...] = ()) -> Any:
    """Return an answer of this shape that has every member. Strings are Leafs.

    A shape inside itself is None. `above` has the names of the shapes around this one.
    """
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
    values = {"timestamp": datetime(2026, 1, 1, tzinfo=UTC), "boolean": True, "blob": b"x"}
    if shape.type_name == "string":
        leaf = Leaf((shape.metadata.get("enum") or ["x"])[0])
        leaf.shape = shape
        return leaf
    return values.get(shape.type_name, 1)
