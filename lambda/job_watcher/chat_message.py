"""Compose the chat message about a job, a custom notification of Amazon Q Developer in chat applications.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .catalogue import Kind
from .detail import Detail
from .email_message import facts, labeled_links, recommended_action
from .escape import escape
from .facts import OVERDUE, shorten
from .to_json import compact_json

# Characters. AWS accepts 250 in a title, 8,000 in a description, 350 in a step and 75 in a keyword: see the page above.
# Slack accepts 150 in a title and 3,000 in a text: https://docs.slack.dev/reference/block-kit/blocks/section-block
MAX_SUMMARY_LENGTH, MAX_VALUE_LENGTH, MAX_STEP_LENGTH, MAX_KEYWORD_LENGTH = 800, 250, 350, 75
_CONTEXT = ("outcome", "kind", "account", "region")  # members of the detail
_ICONS = {"succeeded": "✅", "partial": "⚠️", "failed": "❌", "stopped": "⏹️", "lost": "❓", OVERDUE: "⏰"}
# Characters that are markup in Slack or Teams, and characters that look like them.
_MARKUP = str.maketrans({"<": "‹", ">": "›", "@": "＠", "*": "∗", "~": "∼", "`": "'"})  # noqa: RUF001
# Characters that are markup only in places: `:emoji:` (but not in an ARN), `&lt;`, `[text](link)` and `_italic_`.
_MARKUP_IN_PLACES = re.compile(r"(?<![\w:]):(?=[\w+'-]+:)|&(?=#?\w+;)|(?<=\])\(|(?<![^\W_])_|_(?![^\W_])")
_SIMILAR = {":": "꞉", "&": "＆", "(": "（", "_": "＿"}  # noqa: RUF001


def chat_message(kind: Kind | None, subject: str, detail: Detail) -> str:
    """Return the message as JSON. `subject` is that of the email.

    All messages of a watch are in one thread, such as those about an overdue job and about its end.
    """
    outcome, watch, title = detail["outcome"], detail["watch"], plain(subject)
    members: Mapping[str, Any] = detail
    known = {name: value for name in _CONTEXT if (value := plain(str(members.get(name) or "")))}
    message = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": f"{_ICONS[outcome]} {title}",
            "description": _description(detail),
            "nextSteps": list(_next_steps(kind, detail)),
            "keywords": [shorten(value, MAX_KEYWORD_LENGTH - 1) for value in known.values()],
        },
        "metadata": {
            "threadId": watch.rpartition(":")[2],
            "summary": title,
            "eventType": f"JobWatcher-{outcome}",
            "relatedResources": [watch],
            "additionalContext": known,
        },
    }
    return compact_json(message)


def plain(text: str, max_length: int = MAX_VALUE_LENGTH) -> str:
    """Return a text on one line without links, emoji and markup, such as `<!here>`, which would notify everybody."""
    line = shorten(escape(text[: max_length + 1]).translate(_MARKUP), max_length)
    return _MARKUP_IN_PLACES.sub(lambda found: _SIMILAR[found[0]], line)


def _description(detail: Detail) -> str:
    """Return the summary, and a list of the facts. Cards in Teams join other lines, and show the backticks of code.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
    """
    lines = [f"- {label}: {plain(value)}" for label, value in facts(detail)]
    return "\n\n".join(filter(None, (plain(detail["summary"], MAX_SUMMARY_LENGTH), "\n".join(lines))))


def _next_steps(kind: Kind | None, detail: Detail) -> Iterator[str]:
    """Yield the recommended action and the links. They are bare URLs, because Slack's markup of links isn't Teams'.

    A link that is too long is left out, because a part of it would lead to another page.
    """
    yield shorten(recommended_action(kind, detail), MAX_STEP_LENGTH - 1)
    links = (f"{label}: {link}" for label, link in labeled_links(detail))
    yield from (link for link in links if len(link) <= MAX_STEP_LENGTH)
