"""`confirm` confirms subscriptions to a deployment's topics so that links can't end them."""

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from cli.confirm_subscription import read_link
from cli.errors import CommandError
from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import FakeAws, refuse

TOPIC = "arn:aws:sns:eu-west-1:111122223333:JobWatcher-EmailTopic"
SUBSCRIPTION = f"{TOPIC}:0a1b2c3d"
LINK = f"https://sns.eu-west-1.amazonaws.com/confirmation.html?TopicArn={TOPIC}&Token=2336f&Endpoint=you@example.com"
SAFE_LINK = f"https://emea01.safelinks.protection.outlook.com/?url={quote(LINK, safe='')}&data=05%7C02&reserved=0"


def attributes(authenticated: str) -> dict[str, Any]:
    """Return an answer of GetSubscriptionAttributes."""
    members = {"SubscriptionArn": SUBSCRIPTION, "TopicArn": TOPIC, "Endpoint": "you@example.com"}
    entries = {**members, "ConfirmationWasAuthenticated": authenticated}
    return {"Attributes": [{"key": key, "value": value} for key, value in entries.items()]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a deployment whose topic has a subscription that isn't confirmed."""
    with fake_aws(monkeypatch, "glue/*") as aws:
        offer_confirmation(aws)
        yield aws


def offer_confirmation(aws: FakeAws) -> None:
    """Add a topic, and a subscription that LINK confirms."""
    aws.resources["NotifierEmailTopic0A1B2C3D"] = TOPIC
    aws.answers["ConfirmSubscription"] = lambda _: {"SubscriptionArn": SUBSCRIPTION}
    aws.answers["GetSubscriptionAttributes"] = lambda _: attributes("true")


def test_the_confirmation_is_authenticated(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, ["confirm", LINK]) == 0
    (call,) = [arguments for operation, arguments in aws.calls if operation == "ConfirmSubscription"]
    assert (call["TopicArn"], call["Token"], call["AuthenticateOnUnsubscribe"]) == (TOPIC, "2336f", "true")
    shown = capsys.readouterr()
    assert shown.err == f"confirmed: {SUBSCRIPTION}\n"
    assert shown.out == (
        "Links can't end the subscription of you@example.com. "
        f"To end it, run `aws sns unsubscribe --subscription-arn {SUBSCRIPTION} --region eu-west-1`.\n"
    )


def test_the_result_is_one_json_object(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, ["confirm", "--json", LINK]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "subscription": SUBSCRIPTION,
        "topic": TOPIC,
        "endpoint": "you@example.com",
        "protected": True,
    }


def test_without_an_argument_the_link_is_read_from_the_input(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{LINK}\n"))
    assert exit_status(monkeypatch, ["confirm"]) == 0
    assert "Links can't end the subscription" in capsys.readouterr().out


def test_a_subscription_that_was_confirmed_before_is_not_protected(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.answers["GetSubscriptionAttributes"] = lambda _: attributes("false")
    assert exit_status(monkeypatch, ["confirm", LINK, "--json"]) == 7
    assert json.loads(capsys.readouterr().out)["protected"] is False
    assert exit_status(monkeypatch, ["confirm", LINK]) == 7
    assert "had been confirmed before, so links can still end it" in capsys.readouterr().out


def test_a_link_for_a_topic_of_another_stack_is_refused(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, ["confirm", LINK.replace("JobWatcher-EmailTopic", "Other")]) == 7
    assert "which isn't a topic of the stack JobWatcher. Is --stack right?" in capsys.readouterr().err
    assert "ConfirmSubscription" not in aws.operations()


def test_an_expired_link_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.answers["ConfirmSubscription"] = refuse("InvalidParameter", "Invalid parameter: Token")
    assert exit_status(monkeypatch, ["confirm", LINK]) == 7
    assert capsys.readouterr().err == "job-watcher: ConfirmSubscription failed: Invalid parameter: Token.\n"


@pytest.mark.parametrize(
    "link",
    [
        LINK,
        f"  {LINK}\n",
        LINK.replace("&", "&amp;"),
        LINK.replace(TOPIC, quote(TOPIC, safe="")),
        f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336f",
        SAFE_LINK,
    ],
    ids=["email", "spaces", "HTML", "quoted", "SubscribeURL", "replaced by a mail system"],
)
def test_a_link_is_read_in_every_form(link: str) -> None:
    assert read_link(link) == (TOPIC, "2336f")


@pytest.mark.parametrize("link", ["", "2336f", "https://example.com", LINK.replace("Token=2336f", "Token=")])
def test_a_link_without_a_token_is_refused(link: str) -> None:
    with pytest.raises(CommandError, match="has no TopicArn and Token"):
        read_link(link)
