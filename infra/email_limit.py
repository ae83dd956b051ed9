"""The limit of emails and chat messages: its state machines, and the states of Notify that use them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from .chat import leave_out_chat
from .machines import machine
from .nag import TOPIC_KEY, acknowledge
from .settings import Settings

STATES = ("ReserveEmail", "CountEmail", "StartDigest", "EmailLeftOut")  # in notify.asl.json


class EmailLimit(Construct):
    """The state machines Limit, whose executions' names limit and count the emails, and Digest, which sends an email.

    `topics` are those for people and for chat channels; `values` are the substitutions for the states that publish to
    them. Public attributes: digest, and substitutions, the values that notify.asl.json needs.
    """

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, topics: Sequence[sns.ITopic], values: Mapping[str, str]
    ) -> None:
        super().__init__(scope, id)
        limit = {"limit": str(settings.email_limit)}
        self._limit = machine(self, "Limit", settings=settings, definition="email_limit.asl.json", substitutions={})
        self.digest = machine(
            self,
            "Digest",
            settings=settings,
            definition="email_digest.asl.json",
            substitutions={"emailLimit": self._limit.state_machine_arn, **values, **limit},
            edit=None if settings.chat.outcomes else partial(leave_out_chat, "PublishDigest"),
        )
        self._limit.grant(self.digest, "states:ListExecutions")
        for topic in topics:
            topic.grant_publish(self.digest)
        acknowledge(self.digest, TOPIC_KEY)
        self.substitutions: Mapping[str, str] = {
            "emailLimit": self._limit.state_machine_arn,
            "emailDigest": self.digest.state_machine_arn,
            **limit,
        }

    def grant_start(self, grantee: iam.IGrantable) -> None:
        """Allow a principal to start executions of both state machines."""
        self._limit.grant_start_execution(grantee)
        self.digest.grant_start_execution(grantee)


def edit_notify(settings: Settings, definition: Any) -> None:
    """Change Notify's definition so that it sends as many emails and, if there are channels, chat messages."""
    branches = definition["States"]["Notify"]["Branches"]
    (people,) = [branch for branch in branches if "PublishToPeople" in branch["States"]]
    if settings.email_limit:
        people["States"]["ReserveEmail"]["Retry"][0]["MaxAttempts"] = settings.email_limit - 1
    else:
        people["StartAt"] = "PublishToPeople"
        for name in STATES:
            del people["States"][name]
    if not settings.chat.outcomes:
        leave_out_chat("PublishToPeople", people)
