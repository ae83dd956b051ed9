"""Compose the chat message about a job, a custom notification of Amazon Q Developer in chat applications.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .catalogue import Kind
from .detail import Detail
from .email_message import facts, labeled_links, recommended_action
from .escape import escape
from .facts import OVERDUE, shorten
from .to_json import compact_json

# Characters. AWS documents no limits. Slack's are 150 for a title and 3,000 for a text:
# https://docs.slack.dev/reference/block-kit/blocks/section-block
MAX_SUMMARY_LENGTH, MAX_VALUE_LENGTH, MAX_LINK_LENGTH = 800, 250, 500
_CONTEXT = ("outcome", "kind", "account", "region")  # members of the detail
_ICONS = {"succeeded": "✅", "partial": "⚠️", "failed": "❌", "stopped": "⏹️", "lost": "❓", OVERDUE: "⏰"}
# Characters that are markup in Slack or Teams, and characters that look like them.
_MARKUP = str.maketrans({"<": "‹", ">": "›", "@": "＠", "*": "∗", "~": "∼", "`": "'"})  # noqa: RUF001


def chat_message(kind: Kind | None, subject: str, detail: Detail) -> str:
    """Return the message as JSON. `subject` is that of the email.

    All messages of a watch have the same thread: that a job is overdue, and how it ended.
    """
    outcome, watch = detail["outcome"], detail["watch"]
    members: Mapping[str, Any] = detail
    known = {name: value for name in _CONTEXT if (value := plain(str(members.get(name) or "")))}
    message = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": f"{_ICONS[outcome]} {plain(subject)}",
            "description": _description(detail),
            "nextSteps": list(_next_steps(kind, detail)),
            "keywords": list(known.values()),
        },
        "metadata": {
            "threadId": watch.rpartition(":")[2],
            "summary": plain(subject),
            "eventType": f"JobWatcher-{outcome}",
            "relatedResources": [watch],
            "additionalContext": known,
        },
    }
    return compact_json(message)


def plain(text: str, max_length: int = MAX_VALUE_LENGTH) -> str:
    """Return a text on one line without links and markup, such as `<!here>`, which would notify everybody."""
    return shorten(escape(text[: max_length + 1]).translate(_MARKUP), max_length)


def _description(detail: Detail) -> str:
    """Return the summary, and each fact on a line. Values are code, in which Slack and Teams show no emoji."""
    lines = [f"{label}: `{plain(value)}`" for label, value in facts(detail)]
    return "\n\n".join(filter(None, (plain(detail["summary"], MAX_SUMMARY_LENGTH), "\n".join(lines))))


def _next_steps(kind: Kind | None, detail: Detail) -> Iterator[str]:
    """Yield the recommended action and the links. Both Slack and Teams turn bare URLs into links."""
    yield recommended_action(kind, detail)
    yield from (f"{label}: {link}" for label, link in labeled_links(detail) if len(link) <= MAX_LINK_LENGTH)
