"""The pictures of the command line in the documentation, and how they are made."""

import re

import pytest

from tests.recordings import IMAGES, picture, shown
from tests.unit.documentation import page

NAMESPACE = "http://www.w3.org/2000/svg"
PICTURES = ("start", "dashboard")


def test_the_picture_has_the_lines_that_the_terminal_shows_at_the_end() -> None:
    first, second = "job 10 %\r\nnext poll in 9 s", "\x1b[32mjob 20 %\x1b[0m\r\nnext poll in 5 s"
    erase = "\r\x1b[2K\x1b[1A\x1b[2K"
    assert shown(f"watch: w\r\n\x1b[?25l{first}{erase}{second}\r\n\x1b[?25hdone\r\n") == (
        "watch: w\n\x1b[32mjob 20 %\x1b[0m\nnext poll in 5 s\ndone\n"
    )
    assert shown("\x1b[?1049h\x1b[HReading\x1b[Hone\r\ntwo") == "one\ntwo"


def test_a_picture_refers_to_nothing_outside_of_it() -> None:
    svg = picture("\x1b[32mdone\x1b[0m https://example.com")
    assert "done" in svg and "@font-face" not in svg and "url(http" not in svg and "href" not in svg


@pytest.mark.parametrize("name", PICTURES)
def test_the_documentation_has_a_picture_with_a_description(name: str) -> None:
    svg = (IMAGES / f"{name}.svg").read_text(encoding="utf-8")
    assert {*re.findall(r"https?://[^\s\"<]+", svg.partition("-->")[2])} <= {NAMESPACE}
    assert "@font-face" not in svg
    assert re.search(rf"!\[[^\]]{{20,}}\]\(images/{name}\.svg\)", page("docs/watches.md"))
