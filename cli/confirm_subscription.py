"""`confirm`: confirm an email subscription so that only people with AWS credentials can end it."""

import html
import sys
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import typer

from .aws_command import aws_command
from .command import Context
from .errors import CommandError
from .exit_status import ExitStatus
from .output import note

TOPIC, TOKEN = "TopicArn", "Token"
EXAMPLE = f"https://sns.eu-west-1.amazonaws.com/confirmation.html?{TOPIC}=…&{TOKEN}=…&Endpoint=…"
PASTE = "Copy the link “Confirm subscription” from the email, without opening it, and paste it here"
Link = Annotated[
    str | None,
    typer.Argument(
        metavar="LINK",
        help="The link in the email that asks for the confirmation, in quotes. By default, it is read from the input.",
        show_default=False,
    ),
]


def confirm_subscription(context: Context, link: Link = None) -> None:
    """Confirm an email subscription so that its unsubscribe links don't work.

    Programs that check emails can follow the links in them, which ends a subscription that was confirmed in the
    browser. A subscription that this command confirms can be ended only with AWS credentials. Don't open the link
    before, and use it within two days.

    Exit status: 0 if only AWS credentials can end the subscription, 7 if not.
    """
    topic, token = read_link(link or _ask())
    if topic not in context.resources.values():
        stack = context.deployment.stack
        raise CommandError(f"The link is for {topic}, which isn't a topic of the stack {stack}. Is --stack right?")
    sns = context.client("sns")
    answer = sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
    note(f"confirmed: {answer['SubscriptionArn']}")
    attributes = sns.get_subscription_attributes(SubscriptionArn=answer["SubscriptionArn"])["Attributes"]
    _report(context, attributes)


def read_link(link: str) -> tuple[str, str]:
    """Return the topic's ARN and the token in a link. Raise CommandError if it has none.

    Mail systems can replace a link by one of their own, with the original as a parameter.
    https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
    """
    query = parse_qs(urlsplit(html.unescape(link.strip())).query)
    if TOPIC in query and TOKEN in query:
        return query[TOPIC][0], query[TOKEN][0]
    original = next((values[0] for values in query.values() if "://" in values[0]), None)
    if original is None:
        raise CommandError(f"The link has no {TOPIC} and {TOKEN}; accepted is a link such as {EXAMPLE}.")
    return read_link(original)


def is_protected(attributes: Mapping[str, Any]) -> bool:
    """Whether a subscription's confirmation was authenticated, so that links in emails can't end it.

    https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html
    """
    return str(attributes.get("ConfirmationWasAuthenticated")) == "true"


def _ask() -> str:
    """Return a line of the input. In a terminal, ask for it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    try:
        return str(typer.prompt(PASTE, err=True))
    except typer.Abort as abort:
        raise KeyboardInterrupt from abort


def _report(context: Context, attributes: Mapping[str, Any]) -> None:
    """Print whether the confirmation was authenticated. It isn't if somebody had already opened the link."""
    arn, endpoint, protected = attributes["SubscriptionArn"], attributes["Endpoint"], is_protected(attributes)
    command = aws_command(context, f"sns unsubscribe --subscription-arn {arn}")
    text = (
        f"Links can't end the subscription of {endpoint}. To end it, run `{command}`."
        if protected
        else f"The subscription of {endpoint} had been confirmed before, so links can still end it. To replace it, run "
        f"`{command}`, deploy or subscribe again, and use the new link."
    )
    result = {"subscription": arn, "topic": attributes[TOPIC], "endpoint": endpoint, "protected": protected}
    context.output.result(result, text)
    if not protected:
        raise typer.Exit(ExitStatus.UNDETERMINED)
