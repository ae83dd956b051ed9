"""The settings `chat`, `chat-slack` and `chat-teams`: chat channels that receive notifications."""

import re
from dataclasses import dataclass
from typing import Any

from .setting_types import BOOLEANS, EMAIL_OUTCOMES, InvalidSetting, boolean, checked_outcomes, string_list

UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-slackchannelconfiguration.html
SLACK = r"(?P<workspace>[0-9A-Z]{1,255})/(?P<channel>[A-Za-z0-9]{1,255})"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-microsoftteamschannelconfiguration.html
_PART = r"[a-zA-Z0-9_=+/.,-]*"
TEAMS = rf"(?P<tenant>{UUID})/(?P<team>{UUID})/(?P<channel>{_PART}%3[aA]{_PART}%40{_PART})"
SLACK_EXAMPLE = "T0123ABCD/C0123ABCD"
TEAMS_EXAMPLE = "01234567-89ab-cdef-0123-456789abcdef/12345678-9abc-def0-1234-56789abcdef0/19%3aab3cd%40thread.tacv2"
Channel = dict[str, str]
"""The ids of a channel: its `channel`, and its `workspace` (Slack), or its `tenant` and `team` (Teams)."""


@dataclass(frozen=True)
class Chat:
    """The outcomes that channels receive, none without channels, and the channels that the deployment configures."""

    outcomes: tuple[str, ...] = ()
    slack: tuple[Channel, ...] = ()
    teams: tuple[Channel, ...] = ()


def checked_chat(chat: Any, slack: Any, teams: Any) -> Chat:
    """Return the settings of chat channels; raise InvalidSetting for an invalid one.

    `chat` is true, false, or a list of outcomes. An empty string is true if there are channels.
    """
    in_slack = _channels("chat_slack", slack, SLACK, f"workspace/channel, such as {SLACK_EXAMPLE}")
    in_teams = _channels("chat_teams", teams, TEAMS, f"tenant/team/channel, such as {TEAMS_EXAMPLE}")
    outcomes = _outcomes(chat if chat != "" else bool(in_slack or in_teams))
    if not outcomes and (in_slack or in_teams):
        name = "chat_slack" if in_slack else "chat_teams"
        raise InvalidSetting("chat", f" is false, but {name} has a channel; accepted are true and a list of outcomes.")
    return Chat(outcomes, in_slack, in_teams)


def _outcomes(value: Any) -> tuple[str, ...]:
    if str(value).lower() in BOOLEANS:
        return EMAIL_OUTCOMES if boolean("chat", value) else ()
    if not isinstance(value, str | list | tuple):
        accepted = f"accepted are true, false, and a list of outcomes: {', '.join(EMAIL_OUTCOMES)}."
        raise InvalidSetting("chat", f" is {value!r}; {accepted}")
    return checked_outcomes("chat", value, EMAIL_OUTCOMES)


def _channels(name: str, value: Any, pattern: str, accepted: str) -> tuple[Channel, ...]:
    found = {item: re.fullmatch(pattern, item) for item in string_list(name, value)}
    for item, match in found.items():
        if match is None:
            raise InvalidSetting(name, f": {item!r} is not a channel; accepted is {accepted}.")
    return tuple(match.groupdict() for match in found.values() if match)
