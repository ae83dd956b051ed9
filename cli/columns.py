"""Lay out lines in columns that fit into a width."""

from collections.abc import Sequence

GAP = "  "


def lay_out(rows: Sequence[Sequence[str]], width: int, steps: Sequence[tuple[int, int]]) -> list[str]:
    """Return the rows as lines. If they are wider than `width`, columns are shortened.

    Each step is a column and the width to which it can be shortened before the next step is taken.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for column, least in steps:
        cut = max(0, min(excess, widths[column] - least))
        widths[column] -= cut
        excess -= cut
    return [_line(row, widths) for row in rows]


def shorten(text: str, width: int) -> str:
    """Return a text that has at most `width` characters, without its middle."""
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[len(text) - end :]}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(f"{shorten(text, width):{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
