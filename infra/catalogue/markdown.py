"""Builds the Markdown of generated pages as GitHub renders it."""

import re
from collections.abc import Iterable, Iterator, Sequence

LONGEST_PART = 18
"""The most characters of a name that can't break across lines, so that a table of names fits the page."""
BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})|(?<=_)(?=[^_])")
"""Where a word begins inside a name in camel case or snake case."""
BAR = "\\|"
"""How a table's cell contains a vertical bar."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(cell.replace('|', BAR) for cell in row)} |" for row in rows)


def details(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a collapsed part of the page; `summary` is HTML, the lines are Markdown."""
    yield f"\n<details><summary>{summary}</summary>\n"
    yield from lines
    yield "\n</details>"


def code(text: str) -> str:
    """Return text as code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def breakable_code(text: str) -> str:
    """Return text as code whose long names can break across lines."""
    broken = breakable(text)
    return code(text) if broken == text or "`" in text else f"<code>{broken}</code>"


def breakable(text: str) -> str:
    """Return text whose long names can break across lines: `DescribeOrganization<wbr>ConformancePackStatuses`."""
    return re.sub(r"\w+", lambda name: _halve(name[0]), text)


def _halve(name: str) -> str:
    """Return a long name with possible breaks, each at the word boundary that is nearest to the middle."""
    places = [boundary.start() for boundary in BOUNDARY.finditer(name)]
    if len(name) <= LONGEST_PART or not places:
        return name
    middle = min(places, key=lambda place: abs(2 * place - len(name)))
    return f"{_halve(name[:middle])}<wbr>{_halve(name[middle:])}"


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
