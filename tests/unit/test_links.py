"""Links between the repository's pages lead somewhere."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from infra.catalogue.markdown import anchor

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
FENCED = re.compile(r"^ *(```+).*?^ *\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)[^`].*?\1")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|<(?:img|a)\b[^>]*\b(?:src|href)=\"([^\"]+)\"")


def links(text: str) -> Iterator[str]:
    """Yield the targets of a page's links and images that aren't web addresses."""
    for markdown, html in LINK.findall(CODE.sub("", FENCED.sub("", text))):
        if not re.match(r"[a-z]+:", target := markdown or html):
            yield target


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings; GitHub numbers those that are repeated."""
    repeated: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        name = anchor(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading))
        found.add(f"{name}-{repeated[name]}" if repeated[name] else name)
        repeated[name] += 1
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in links(page.read_text(encoding="utf-8")):
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(link)
    assert not broken


def test_links_in_code_are_not_links() -> None:
    assert list(links('[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n<img src="g.png">')) == ["b.md", "g.png"]


@pytest.mark.parametrize("name", ["README.md", "docs/bench/README.md", "docs/settings.md", "CONTRIBUTING.md"])
def test_the_main_pages_are_checked(name: str) -> None:
    assert ROOT / name in PAGES
