"""Shorten JSON and text to the size of a terminal by cutting the middle of long values and of long output."""

import json
import textwrap
from collections.abc import Iterable
from typing import Any

MIN_VALUE_LENGTH = 20  # characters of a value that are shown even if the terminal is too narrow


def lines_of_json(value: Any, width: int, indent: str = "", before: str = "", after: str = "") -> list[str]:
    """Return indented JSON as lines of at most `width`: values that fit are on one line, long strings are shortened."""
    line = f"{indent}{before}{json.dumps(value, ensure_ascii=False)}{after}"
    if len(line) <= width:
        return [line]
    if isinstance(value, dict):
        items = [(f"{json.dumps(name)}: ", item) for name, item in value.items()]
        return _lines_of_items("{}", items, width, indent, before, after)
    if isinstance(value, list):
        return _lines_of_items("[]", [("", item) for item in value], width, indent, before, after)
    room = max(width - len(indent + before + after) - 2, MIN_VALUE_LENGTH)
    return [f"{indent}{before}{json.dumps(shorten(str(value), room), ensure_ascii=False)}{after}"]


def _lines_of_items(
    brackets: str, items: list[tuple[str, Any]], width: int, indent: str, before: str, after: str
) -> list[str]:
    lines = [f"{indent}{before}{brackets[0]}"]
    for number, (name, item) in enumerate(items, 1):
        comma = "," if number < len(items) else ""
        lines += lines_of_json(item, width, f"{indent}  ", name, comma)
    return [*lines, f"{indent}{brackets[1]}{after}"]


def lines_of_text(text: str, width: int) -> list[str]:
    """Return a text as lines of at most `width`: paragraphs are wrapped, indented lines are shortened."""
    return [line for paragraph in text.splitlines() for line in _wrapped(paragraph, width)]


def _wrapped(paragraph: str, width: int) -> list[str]:
    if paragraph.startswith("  "):
        return [shorten(paragraph, width)]
    words = " ".join(shorten(word, width) for word in paragraph.split(" "))
    return textwrap.wrap(words, width, break_on_hyphens=False) or [""]


def shorten(text: str, room: int) -> str:
    """Return the text, with an ellipsis instead of its middle if it is longer than `room` characters."""
    if len(text) <= room:
        return text
    tail = (room - 1) // 2
    return f"{text[: room - 1 - tail]}…{text[-tail:]}"


def shorten_lines(lines: Iterable[str], most: int, tail: int = 4) -> list[str]:
    """Return at most `most` lines. If lines are omitted, a line near the end gives their number."""
    lines = list(lines)
    if len(lines) <= most:
        return lines
    left_out = len(lines) - most + 1
    return [*lines[: most - 1 - tail], f"  … {left_out} lines left out …", *lines[-tail:]]
