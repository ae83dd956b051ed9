"""`make notifications`: write docs/notifications.md, the emails and chat messages about sample jobs.

The code that runs in AWS writes them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from job_watcher import catalogue, evaluate, waiters
from job_watcher.catalogue import WAITER, Kind
from job_watcher.detail import Notification
from job_watcher.notification import build_watch_lost
from job_watcher.overdue import OverdueRule
from job_watcher.poll_state import PollState
from job_watcher.watch import Rules, Watch

from . import sample_chat, sample_digest
from .service_names import short_name

PAGE = Path(__file__).parents[2] / "docs" / "notifications.md"
SAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("sample_jobs.json").read_text(encoding="utf-8"))
QUICKSTARTS = PAGE.with_name("quickstarts.md")
CHAT = PAGE.with_name("chat.md")
MARKED_CHAT = r"^(<!-- make notifications writes the chat message about (\S+) -->\n)(?:>.*\n)*"
MARKED = r"^(<!-- make notifications writes the email about (\S+) -->\n)```text\n.*?^```"
WATCH = "arn:aws:states:eu-west-1:111122223333:execution:JobWatcher-Watch:0a1b2c3d"
NOW = datetime.fromisoformat("2026-03-01T15:00:00Z").timestamp()
STATE: PollState = {"polls": 12, "waited": 3600, "outcome": "running"}
HEAD = """\
# Sample emails and chat messages

This page shows the emails and the chat messages about {count} sample jobs, and one email about emails that were left
out. Each heading is the subject of an email. `make notifications` generates the page from
`infra/catalogue/sample_jobs.json`, with the code that runs in AWS. [Events and notifications](events.md#the-email) and
[Chat channels](chat.md) explain how they are sent and filtered.
"""


def write() -> None:
    """Write docs/notifications.md, the emails in docs/quickstarts.md, and the chat message in docs/chat.md."""
    PAGE.write_text(page(), encoding="utf-8")
    CHAT.write_text(with_chat_messages(CHAT.read_text(encoding="utf-8")), encoding="utf-8")
    QUICKSTARTS.write_text(with_emails(QUICKSTARTS.read_text(encoding="utf-8")), encoding="utf-8")


def with_emails(text: str) -> str:
    """Return a page in which the text block after each comment is the email about the first sample of the kind."""
    return re.sub(MARKED, lambda found: f"{found[1]}{_sample_email(found[2])}", text, flags=re.MULTILINE | re.DOTALL)


def with_chat_messages(text: str) -> str:
    """Return a page in which the quotation after each comment is the chat message about the kind's first sample."""

    def chat_message(found: re.Match[str]) -> str:
        return f"{found[1]}{sample_chat.markdown(_first(found[2])['chat'])}\n"

    return re.sub(MARKED_CHAT, chat_message, text, flags=re.MULTILINE)


def _first(kind: str) -> Notification:
    """Return the notification about the first sample of the kind."""
    return email(next(sample for sample in SAMPLES if sample["kind"] == kind))


def _sample_email(kind: str) -> str:
    """Return a text block with the email about the first sample of the kind."""
    notification = _first(kind)
    return f"```text\nSubject: {notification['subject']}\n\n{notification['text'].rstrip()}\n```"


def page() -> str:
    """Return the page as Markdown."""
    emails = [*map(email, SAMPLES), digest()]
    return "\n".join([HEAD.format(count=len(SAMPLES)), *(line for one in emails for line in _section(one))])


def digest() -> dict[str, Any]:
    """Return the `subject` and the `text` of the email about jobs whose emails were left out."""
    return sample_digest.email("glue/JobRun", "failed", watch=WATCH, begin="2026-03-01T02:40:00.000Z", left_out=495)


def email(sample: Mapping[str, Any]) -> Notification:
    """Return the notification about a sample job. Its `subject` and `text` are the email, `chat` the chat message.

    Raise ValueError if there is none, because the sample's job is running and not overdue.
    """
    kind = kind_of(sample["kind"])
    state: PollState = {**STATE, **sample.get("state", {})}
    overdue = {kind.name: OverdueRule(**sample.get("overdue", {}))}
    rules = Rules(services={kind.service: short_name(kind.service)}, overdue=overdue, chat=True)
    watch = Watch({"kind": kind.name, "request": sample["request"]}, WATCH, state, rules, kind)
    if "lost" in sample:
        return build_watch_lost(watch, **sample["lost"])
    observation = kind.read(sample["answer"])
    result: Mapping[str, Any] = evaluate.after_answer(watch, observation, NOW) if observation else {}
    if "text" not in result:
        raise ValueError(f"sample_jobs.json: there is no email about the {kind.name} in {sample['answer']}.")
    return cast(Notification, result)


def kind_of(name: str) -> Kind:
    """Return the kind or waiter with this name. Raise KeyError if there is none."""
    service = name.partition("/")[0]
    return waiters.load(service)[name] if WAITER in name else catalogue.load(service)[name]


def _section(shown: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {shown['subject']}\n"
    yield f"```text\n{shown['text'].rstrip()}\n```\n"
    if "chat" in shown:
        yield f"<details><summary>Chat message</summary>\n\n{sample_chat.markdown(shown['chat'])}\n\n</details>\n"


if __name__ == "__main__":
    write()
