"""Read the parts of Markdown pages that tests compare with the code."""

import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    """Return the text of a page, such as `docs/settings.md`."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def table(text: str, *header: str) -> list[Sequence[str]]:
    """Return the rows of the one table whose header starts with these cells, without the backticks around a cell."""
    (found,) = re.findall(rf"^\| {re.escape(' | '.join(header))} \|.*\n\|[-:|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    rows = (re.split(r"(?<!\\) \| ", line.strip("| ")) for line in found.splitlines())
    return [[cell.strip().strip("`") for cell in row] for row in rows]
