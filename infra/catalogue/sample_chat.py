"""Show a chat message in Markdown, similar to how Slack and Teams show it."""

import json
from collections.abc import Iterator
from typing import Any


def markdown(message: str) -> str:
    """Return a chat message, which is JSON, as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in _lines(json.loads(message)["content"]))


def _lines(content: dict[str, Any]) -> Iterator[str]:
    yield from (f"**{content['title']}**", "")
    yield from (*content["description"].split("\n"), "")
    yield from ("**Next steps**", "")
    yield from (f"- {step}" for step in content["nextSteps"])
    yield from ("", ", ".join(content["keywords"]))
