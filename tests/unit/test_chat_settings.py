"""The settings chat, chat-slack and chat-teams: what is accepted, and the sentence about each invalid value."""

import json
from typing import Any

import pytest

from infra.chat_settings import Chat
from infra.setting_types import EMAIL_OUTCOMES, InvalidSetting
from tests.settings import from_context

SLACK = "T0123ABCD/C0123ABCD"
TENANT, TEAM = "01234567-89ab-cdef-0123-456789abcdef", "12345678-9abc-def0-1234-56789abcdef0"
TEAMS_CHANNEL = "19%3aab3cd/x%40thread.tacv2"
TEAMS = f"{TENANT}/{TEAM}/{TEAMS_CHANNEL}"


def read(**context: Any) -> Chat:
    return from_context({name.replace("_", "-"): value for name, value in context.items()}).chat


def message(**context: Any) -> str:
    with pytest.raises(InvalidSetting) as invalid:
        read(**context)
    return str(invalid.value)


def test_by_default_there_are_no_channels_and_no_chat_messages() -> None:
    assert read() == Chat()


@pytest.mark.parametrize(
    ("chat", "outcomes"),
    [
        ("true", EMAIL_OUTCOMES),
        (True, EMAIL_OUTCOMES),
        ("false", ()),
        ("failed,lost", ("failed", "lost")),
        (["overdue"], ("overdue",)),
    ],
)
def test_chat_is_true_or_false_or_a_list_of_outcomes(chat: Any, outcomes: tuple[str, ...]) -> None:
    settings = from_context({"chat": chat})
    assert settings.chat.outcomes == outcomes
    assert json.loads(settings.function_settings())["chat"] is bool(outcomes)


def test_channels_receive_all_outcomes_by_default() -> None:
    found = read(chat_slack=f"{SLACK},{SLACK}", chat_teams=[TEAMS])
    assert found.outcomes == EMAIL_OUTCOMES
    assert found.slack == ({"workspace": "T0123ABCD", "channel": "C0123ABCD"},)
    assert found.teams == ({"tenant": TENANT, "team": TEAM, "channel": TEAMS_CHANNEL},)


def test_channels_can_receive_some_outcomes() -> None:
    assert read(chat="failed", chat_slack=SLACK).outcomes == ("failed",)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"chat": "flase"}, "chat: 'flase' is not an outcome; accepted are "),
        ({"chat": 7}, "chat is 7; accepted are true, false, and a list of outcomes: succeeded, "),
        (
            {"chat_slack": "C0123ABCD"},
            "chat-slack: 'C0123ABCD' is not a channel; accepted is workspace/channel, such as T0123ABCD/C0123ABCD.",
        ),
        ({"chat_slack": "T0123ABCD/#alerts"}, "chat-slack: 'T0123ABCD/#alerts' is not a channel; "),
        ({"chat_teams": f"{TENANT}/{TEAM}"}, "is not a channel; accepted is tenant/team/channel, such as "),
        ({"chat_teams": f"{TENANT}/{TEAM}/19:ab3cd@thread.tacv2"}, "is not a channel; accepted is tenant/team/channel"),
        ({"chat": "false", "chat_slack": SLACK}, "chat is false, but chat-slack has a channel; accepted are true and "),
        ({"chat": [], "chat_teams": TEAMS}, "chat is false, but chat-teams has a channel; accepted are true and a "),
    ],
)
def test_an_invalid_value_is_rejected_with_one_sentence(context: dict[str, Any], expected: str) -> None:
    assert expected in message(**context)
