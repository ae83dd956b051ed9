"""Chat channels: the topic that their messages are published to, and the configurations of the channels."""

import hashlib
from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from .chat_settings import Channel, Chat


class ChatChannels(Construct):
    """The configurations in which Amazon Q Developer sends the messages of topics to channels.

    Members of a channel can't run commands with a configuration: its role has no permissions, and its guardrail is a
    policy that denies everything. By default, the guardrail is the policy AdministratorAccess:
    https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html
    """

    def __init__(self, scope: Construct, id: str, *, chat: Chat, topics: Sequence[sns.ITopic]) -> None:
        super().__init__(scope, id)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"),
            description="The role of Job Watcher's chat channels. It has no permissions.",
        )
        self._common: dict[str, Any] = {
            "iam_role_arn": role.role_arn,
            "guardrail_policies": [f"arn:{Aws.PARTITION}:iam::aws:policy/AWSDenyAll"],
            "sns_topic_arns": [topic.topic_arn for topic in topics],
        }
        for channel in chat.slack:
            self._slack(channel)
        for channel in chat.teams:
            self._teams(channel)

    def _slack(self, channel: Channel) -> None:
        unique = self._hash(channel)
        chatbot.CfnSlackChannelConfiguration(
            self,
            f"Slack{unique}",
            configuration_name=_name(unique),
            slack_workspace_id=channel["workspace"],
            slack_channel_id=channel["channel"],
            **self._common,
        )

    def _teams(self, channel: Channel) -> None:
        unique = self._hash(channel)
        chatbot.CfnMicrosoftTeamsChannelConfiguration(
            self,
            f"Teams{unique}",
            configuration_name=_name(unique),
            teams_tenant_id=channel["tenant"],
            team_id=channel["team"],
            teams_channel_id=channel["channel"],
            **self._common,
        )

    def _hash(self, channel: Channel) -> str:
        """Return what distinguishes a channel of this construct from others, whatever their order in the settings.

        AWS accepts one configuration per channel, so the resource of one channel mustn't become that of another.
        """
        return hashlib.sha256("/".join([self.node.path, *channel.values()]).encode()).hexdigest()[:8]


def leave_out_chat(name: str, definition: Any) -> None:
    """Change a definition so that the parallel state with this name publishes only the email, and no chat message."""
    email, _chat = definition["States"][name]["Branches"]
    (definition["States"][name],) = email["States"].values()


def _name(unique: str) -> str:
    """Return the name of a configuration. It is unique in the account, because configurations have no Region."""
    return f"{Aws.STACK_NAME}-{Aws.REGION}-{unique}"
