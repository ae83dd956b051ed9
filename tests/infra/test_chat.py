"""The topic for chat channels, who publishes to it, and the configurations of the channels."""

import json
import re
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from constructs import Construct

from infra.chat import ChatChannels
from infra.chat_settings import checked_chat

from .conftest import TEAMS_CHANNEL, Synthesized

SLACK, TEAMS = "AWS::Chatbot::SlackChannelConfiguration", "AWS::Chatbot::MicrosoftTeamsChannelConfiguration"


@pytest.fixture(scope="module")
def chat(stacks: dict[str, Synthesized]) -> Synthesized:
    """Return the stack with channels that receive the outcomes failed, lost and overdue."""
    return stacks["AllSettings"]


def definitions(stack: Synthesized) -> dict[str, Any]:
    """Return the definitions of the state machines by the beginning of their logical ids."""
    machines = stack.resources("AWS::StepFunctions::StateMachine").items()
    return {name[:-8]: json.loads(machine["DefinitionString"]) for name, machine in machines}


def topic(stack: Synthesized, name: str) -> dict[str, str]:
    (found,) = [id for id in stack.resources("AWS::SNS::Topic") if re.fullmatch(f"Jobs{name}[0-9A-F]{{8}}", id)]
    return {"Ref": found}


def test_without_the_setting_there_is_no_topic_and_emails_are_published_by_one_task(stack: Synthesized) -> None:
    assert not any("Chat" in name for name in stack.template["Resources"])
    assert "ChatTopicArn" not in stack.template["Outputs"]
    found = definitions(stack)
    branches = [branch["States"] for branch in found["JobsNotifierNotify"]["States"]["Notify"]["Branches"]]
    assert branches[2]["PublishToPeople"]["Type"] == "Task"
    assert found["JobsNotifierEmailsDigest"]["States"]["PublishDigest"]["Type"] == "Task"
    assert "PublishToChat" not in json.dumps(found)


def test_each_channel_has_a_configuration_with_the_topics_for_chat_and_for_alarms(chat: Synthesized) -> None:
    slack, teams = chat.resources(SLACK).values(), chat.resources(TEAMS).values()
    assert sorted((one["SlackWorkspaceId"], one["SlackChannelId"]) for one in slack) == [
        ("T0123ABCD", "C0123ABCD"),
        ("T0123ABCD", "C0456EFGH"),
    ]
    (in_teams,) = teams
    ids = [in_teams[name] for name in ("TeamsTenantId", "TeamId", "TeamsChannelId")]
    assert "/".join(ids) == TEAMS_CHANNEL
    topics = [topic(chat, "NotifierChatTopic"), topic(chat, "MonitoringTopic")]
    assert all(one["SnsTopicArns"] == topics for one in [*slack, *teams])


def test_names_of_configurations_are_unique_in_the_account(chat: Synthesized) -> None:
    names = [json.dumps(one["ConfigurationName"]) for type_ in (SLACK, TEAMS) for one in chat.resources(type_).values()]
    assert len(set(names)) == 3
    assert all('{"Ref": "AWS::StackName"}' in name or chat.construct.stack_name in name for name in names)
    assert all("AWS::Region" in name for name in names)


def configurations(*constructs: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    """Return the ids of each configuration's channel, and its name, of constructs with this chat in one stack."""
    stack = Stack(App(), "Stack")
    for number, settings in enumerate(constructs):
        ChatChannels(Construct(stack, f"Jobs{number}"), "Chat", chat=checked_chat("", **settings), topics=[])
    resources = Template.from_stack(stack).to_json()["Resources"]
    found = {id: one["Properties"] for id, one in resources.items() if one["Type"] in (SLACK, TEAMS)}
    channels = ("SlackWorkspaceId", "SlackChannelId", "TeamsTenantId", "TeamId", "TeamsChannelId")
    return {
        id: ([one[name] for name in channels if name in one], json.dumps(one["ConfigurationName"]))
        for id, one in found.items()
    }


def test_two_constructs_in_a_stack_have_different_configurations() -> None:
    other = TEAMS_CHANNEL.replace("ab3cd", "ef4gh")
    found = configurations({"slack": [], "teams": [TEAMS_CHANNEL]}, {"slack": [], "teams": [other]})
    assert len({name for _, name in found.values()}) == len(found) == 2


def test_a_configuration_stays_that_of_its_channel_if_another_is_removed_or_the_order_changes() -> None:
    # One channel is shared by two workspaces, in which it has the same id.
    slack, teams = ["T1/C1", "T2/C1"], [TEAMS_CHANNEL, TEAMS_CHANNEL.replace("ab3cd", "ef4gh")]
    both = configurations({"slack": slack, "teams": teams})
    assert len({name for _, name in both.values()}) == len(both) == 4
    assert configurations({"slack": slack[::-1], "teams": teams[::-1]}) == both
    assert configurations({"slack": slack[1:], "teams": teams[1:]}).items() <= both.items()


def test_members_of_a_channel_cannot_run_commands(chat: Synthesized) -> None:
    roles = chat.resources("AWS::IAM::Role")
    for type_ in (SLACK, TEAMS):
        for configuration in chat.resources(type_).values():
            assert json.dumps(configuration["GuardrailPolicies"]).count("AWSDenyAll") == 1
            name = configuration["IamRoleArn"]["Fn::GetAtt"][0]
            assert roles[name].keys().isdisjoint({"Policies", "ManagedPolicyArns"})
            (statement,) = roles[name]["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {"Service": "chatbot.amazonaws.com"}
            policies = chat.resources("AWS::IAM::Policy").values()
            assert not any({"Ref": name} in policy["Roles"] for policy in policies)


def test_notifications_and_digests_are_published_to_channels_in_a_branch_of_their_own(chat: Synthesized) -> None:
    found = definitions(chat)
    for machine, state in (("JobsNotifierNotify", "PublishToPeople"), ("JobsNotifierEmailsDigest", "PublishDigest")):
        states = found[machine]["States"]
        if "Notify" in states:
            states = states["Notify"]["Branches"][2]["States"]
        email, channels = [branch["States"] for branch in states[state]["Branches"]]
        assert email["PublishEmail"]["Arguments"]["TopicArn"] == "${emailTopic}"
        assert channels["PublishToChat"]["Arguments"]["TopicArn"] == "${chatTopic}"
        assert channels["PublishToChat"]["Retry"] == email["PublishEmail"]["Retry"]
    machines = chat.resources("AWS::StepFunctions::StateMachine").values()
    values = [machine["DefinitionSubstitutions"] for machine in machines if "chatTopic" in str(machine)]
    assert [(one["chatTopic"], one["chatOutcomes"]) for one in values] == [
        (topic(chat, "NotifierChatTopic"), "failed lost overdue")
    ] * 2


def test_an_output_has_the_topic_for_existing_configurations(chat: Synthesized) -> None:
    assert chat.template["Outputs"]["ChatTopicArn"]["Value"] == topic(chat, "NotifierChatTopic")
