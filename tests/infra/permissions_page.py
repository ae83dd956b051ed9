"""`make permissions`: write docs/permissions.md, the tables of permissions.toml in words."""

import re
from collections.abc import Iterator
from pathlib import Path

from .permissions import Row, rows

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
HEAD = """\
# Permissions

This page lists what the policies of Job Watcher's roles, topics, queues, bus, key and functions allow and deny.
`make permissions` generates it from `tests/infra/permissions.toml`.

The tests check every call below with an independent IAM evaluator,
[iam-simulate](https://github.com/cloud-copilot/iam-simulate), and the policies of several synthesized templates. These
include the default settings, all settings, and all kinds and waiters. The tests also remove each statement of each
policy, each statement's conditions, and each of its actions. After each removal, the check of at least one row must
fail. This shows that each permission is needed and that each restriction works.

Every permission of an AWS service requires `aws:SourceArn` or `aws:SourceAccount`. These conditions prevent other
accounts from using the service to reach this deployment
([the confused deputy problem](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html)). The exception is
the roles of the functions, which Lambda assumes. EventBridge rules can't publish to the topics, because EventBridge
doesn't support these conditions in
[a topic's policy](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html) or in
[a key's policy](https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
"""
WORDS = {
    "account": "this account",
    "notify": "the Notify state machine",
    "notify_execution": "an execution of Notify",
    "notify_role": "the Notify state machine's role",
    "subscribed_alarm_topic": "the alarm topic",
    "subscribed_people": "the topic for people",
    "undelivered": "the DeliveryDLQ queue",
    "unreported_watches": "the UnreportedWatches queue",
    "unreported_watch_rule": "the rule for unreported watches",
    "dead_letters": "the dead-letter queue",
    "default_bus": "the default bus",
    "describe": "the Describe function",
    "describe_log": "its log",
    "describe_role": "the Describe function's role",
    "describe_version": "a version of the Describe function",
    "foreign_account_id": "another account",
    "email_digest": "the EmailDigest state machine",
    "email_digest_role": "the EmailDigest state machine's role",
    "email_limit": "the EmailLimit state machine",
    "email_limit_role": "the EmailLimit state machine's role",
    "instance": "an EC2 instance",
    "administrator_user": "a user",
    "named_account_id": "that account",
    "people": "the topic for people",
    "poll": "the Poll function",
    "poll_dlq": "the PollDLQ queue",
    "poll_log": "its log",
    "poll_queue": "the poll queue",
    "poll_role": "the Poll function's role",
    "programs": "the topic for programs",
    "start": "the Start function",
    "start_log": "its log",
    "start_role": "the Start function's role",
    "their_rule": "a rule on the bus",
    "trigger_rule": "a rule that starts watches",
    "voice_id_domain": "a Voice ID domain",
    "watch": "the Watch state machine",
    "watch_execution": "a watch",
    "watch_role": "the Watch state machine's role",
}
"""Words for names in permissions.toml. Other names are read as words: `alarm_topic` is the alarm topic."""
DESCRIBE = (
    "| The Describe function and the Poll function | describe jobs | the describe call of every enabled kind, "
    "on every type of resource that AWS lists for it | | [kinds](kinds.md) |"
)


def main() -> None:
    """Write docs/permissions.md."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as Markdown."""
    allowed, denied = _section("Allowed", "Can", allowed=True), _section("Denied", "Can't", allowed=False)
    return "\n".join([HEAD, *allowed, DESCRIBE, "", *denied]) + "\n"


def _section(title: str, verb: str, *, allowed: bool) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"| Who | {verb} | Calls | If | Source |"
    yield "|---|---|---|---|---|"
    for row in rows():
        if row.allowed is allowed:
            yield _line(row)


def _line(row: Row) -> str:
    calls = "<br>".join(_call(action, resource) for action, resource in row.calls)
    when = "<br>".join(f"`{key}`: {_words(value)}" for key, value in row.when.items())
    source = f"[AWS]({row.source})" if row.source else ""
    return f"| {row.who} | {row.can} | {calls} | {when} | {source} |"


def _call(action: str, resource: str) -> str:
    return f"`{action}`" if resource == "*" else f"`{action}` on {_words(resource)}"


def _words(text: str) -> str:
    """Replace names in braces with words: `{alarm_topic}` with the alarm topic, `{other_queue}` with another queue."""
    return re.sub(r"\{(\w+)\}", lambda name: WORDS.get(name[1]) or _phrase(name[1]), text)


def _phrase(name: str) -> str:
    prefix, _, rest = name.partition("_")
    phrases = {"foreign": f"another account's {rest}", "other": f"another {rest}"}
    return phrases.get(prefix, f"the {name}").replace("_", " ")


if __name__ == "__main__":
    main()
