"""Builds the largest answers that botocore's models allow."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from job_watcher.to_json import compact_json

MAX_BYTES = 300_000
"""Of an answer, as JSON. That is more than a notification can have. The model often allows more."""
MAX_ITEMS = 5  # of a list or a map; with more, the items would only be smaller
MAX_KEY = 100  # characters of a map's key
LONGEST: Mapping[str, Any] = {
    "boolean": False,
    "integer": -(2**31),
    "long": -(2**63),
    "float": -3.4028234663852886e38,
    "double": -1.7976931348623157e308,
    "timestamp": datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC),
}


def json_bytes(character: str) -> int:
    """Return the bytes of a character in JSON."""
    return len(compact_json(character).encode(errors="surrogatepass")) - 2


class Filler:
    """Fills an operation's shapes with a character."""

    def __init__(self, character: str) -> None:
        self.character = character
        self.budget = MAX_BYTES // json_bytes(character)  # characters
        self._capacities: dict[str, int] = {}

    def largest(self, shape: Shape) -> Any:
        """Return the largest value of a shape, up to MAX_BYTES. A shape inside itself is left out."""
        return self._fill(shape, self.budget)

    def _fill(self, shape: Shape, budget: int, above: tuple[str, ...] = ()) -> Any:
        """Return a value with up to about `budget` characters."""
        inside = (*above, shape.name)
        if isinstance(shape, StructureShape):
            return self._structure(shape, budget, inside)
        if isinstance(shape, ListShape):
            count, share = self._count(shape, shape.member, budget)
            return [] if shape.member.name in inside else [self._fill(shape.member, share, inside)] * count
        if isinstance(shape, MapShape):
            count, share = self._count(shape, shape.value, budget)
            keys = [f"{number}{self._text(shape.key, min(share, MAX_KEY))}" for number in range(count)]
            return {} if shape.value.name in inside else dict.fromkeys(keys, self._fill(shape.value, share, inside))
        if shape.type_name == "string":
            return self._text(shape, budget)
        return b"\xff" * (budget // 2) if shape.type_name == "blob" else LONGEST[shape.type_name]

    def _structure(self, shape: StructureShape, budget: int, inside: tuple[str, ...]) -> dict[str, Any]:
        members = {name: inner for name, inner in shape.members.items() if inner.name not in inside}
        filled = {}
        for left, name in zip(
            range(len(members), 0, -1), sorted(members, key=lambda name: self._capacity(members[name])), strict=True
        ):
            share = min(budget // left, self._capacity(members[name]))
            filled[name], budget = self._fill(members[name], share, inside), budget - share
        return {name: filled[name] for name in members}

    def _count(self, shape: Shape, item: Shape, budget: int) -> tuple[int, int]:
        """Return the number of items, and the characters of each item."""
        most = min(MAX_ITEMS, shape.metadata.get("max", MAX_ITEMS))
        count = max(1, min(most, budget // max(10, min(self._capacity(item), budget // 10))))
        return count, budget // count

    def _text(self, shape: Shape, budget: int) -> str:
        most: int = shape.metadata.get("max", budget)
        return self.character * min(budget, most)

    def _capacity(self, shape: Shape, above: tuple[str, ...] = ()) -> int:
        """Return the most characters that a value can have, up to the budget."""
        if shape.name in above:
            return 0
        if shape.name not in self._capacities:
            self._capacities[shape.name] = min(self.budget, self._uncapped(shape, (*above, shape.name)))
        return self._capacities[shape.name]

    def _uncapped(self, shape: Shape, inside: tuple[str, ...]) -> int:
        most: int = shape.metadata.get("max", self.budget)
        if isinstance(shape, StructureShape):
            return sum(self._capacity(inner, inside) for inner in shape.members.values())
        if isinstance(shape, ListShape):
            return min(most, MAX_ITEMS) * self._capacity(shape.member, inside)
        if isinstance(shape, MapShape):
            return min(most, MAX_ITEMS) * (self._capacity(shape.key, inside) + self._capacity(shape.value, inside))
        return most if shape.type_name in ("string", "blob") else len(str(LONGEST[shape.type_name]))
