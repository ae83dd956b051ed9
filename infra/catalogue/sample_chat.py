"""Show a chat message in Markdown, similar to how Slack and Teams show it."""

import json
from collections.abc import Iterator
from typing import Any


def markdown(message: str) -> str:
    """Return a chat message, which is JSON, as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in _lines(json.loads(message)["content"]))


def _lines(content: dict[str, Any]) -> Iterator[str]:
    yield from (f"**{content['title']}**", "")
    summary, *facts = content["description"].split("\n\n")
    yield from (summary, "")
    for paragraph in facts:
        yield from (*paragraph.replace("\n", "\\\n").split("\n"), "")
    yield from (f"- {step}" for step in content["nextSteps"])
    yield from ("", ", ".join(content["keywords"]))
