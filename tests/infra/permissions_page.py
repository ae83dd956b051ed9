"""`make permissions`: docs/permissions.md, the tables of permissions.toml for people to read."""

import re
from collections.abc import Iterator
from pathlib import Path

from .permissions import Row, rows

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
ABOUT = """\
# Permissions

What Job Watcher's roles, topics, queues, bus, key and functions allow, and what they deny. `make permissions` writes
this page from `tests/infra/permissions.toml`.

The tests put every call below to an IAM evaluator that is not part of this project,
[iam-simulate](https://github.com/cloud-copilot/iam-simulate), together with the policies of several synthesized
templates, among them the default settings, all settings, and every kind and waiter. They also remove each statement of
each policy, each statement's conditions, and each of its actions; at least one row must then fail. So each permission
is needed, and each restriction works.

Every permission of an AWS service requires `aws:SourceArn` or `aws:SourceAccount`, so that no other account can use the
service to reach this deployment
([the confused deputy problem](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html)).
No EventBridge rule publishes to a topic, because EventBridge supports these conditions neither
[in the topic's policy](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html) nor
[in the key's](https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
"""
WORDS = {
    "account": "this account",
    "notify": "the Notify state machine",
    "notify_execution": "its execution",
    "notify_role": "the Notify state machine's role",
    "unreported_watches": "the UnreportedWatches queue",
    "unreported_watch_rule": "the rule for broken watches",
    "dead_letters": "the dead-letter queue",
    "default_bus": "the default bus",
    "describe": "the Describe function",
    "describe_log": "its log",
    "describe_role": "the Describe function's role",
    "describe_version": "one of its versions",
    "foreign_account_id": "another account",
    "instance": "an EC2 instance",
    "administrator_user": "a user",
    "named_account_id": "that account",
    "people": "the topic for people",
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
"""Names of permissions.toml that are not words already, as `alarm_topic` is."""
DESCRIBE = (
    "| The Describe function | describe jobs | the describe call of every enabled kind, "
    "on every type of resource that AWS lists for it | | [source](kinds.md) |"
)


def main() -> None:
    PAGE.write_text(page())


def page() -> str:
    """The page's text."""
    allowed, denied = _section("Allowed", "may", allowed=True), _section("Denied", "may not", allowed=False)
    return "\n".join([ABOUT, *allowed, DESCRIBE, "", *denied]) + "\n"


def _section(title: str, may: str, *, allowed: bool) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"| who | {may} | calls | if | |"
    yield "|---|---|---|---|---|"
    for row in rows():
        if row.allowed is allowed:
            yield _line(row)


def _line(row: Row) -> str:
    calls = "<br>".join(f"`{action}`" + ("" if on == "*" else f" on {_words(on)}") for action, on in row.calls)
    when = "<br>".join(f"`{key}`: {_words(value)}" for key, value in row.when.items())
    source = f"[source]({row.source})" if row.source else ""
    return f"| {row.who} | {row.may} | {calls} | {when} | {source} |"


def _words(text: str) -> str:
    """Names in braces as words: `{alarm_topic}` is the alarm topic, `{other_queue}` another queue."""
    return re.sub(r"\{(\w+)\}", lambda match: WORDS.get(match[1]) or _phrase(match[1]), text)


def _phrase(name: str) -> str:
    whose, _, what = name.partition("_")
    phrases = {"foreign": f"another account's {what}", "other": f"another {what}"}
    return phrases.get(whose, f"the {name}").replace("_", " ")


if __name__ == "__main__":
    main()
