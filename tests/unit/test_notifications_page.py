"""docs/notifications.md shows what subscribers receive about realistic jobs."""

import dataclasses
import re

import pytest

from infra.catalogue import notifications_page
from job_watcher.escape import escape
from job_watcher.overdue import OverdueRule
from tests.unit.documentation import page

SAMPLES = notifications_page.SAMPLES


def test_the_page_is_up_to_date() -> None:
    assert notifications_page.PAGE.read_text(encoding="utf-8") == notifications_page.page(), "run `make notifications`"


def test_the_emails_in_the_quick_starts_are_up_to_date() -> None:
    text = notifications_page.QUICKSTARTS.read_text(encoding="utf-8")
    assert text == notifications_page.with_emails(text), "run `make notifications`"
    assert text.count("\nSubject: ") == len(re.findall("^## ", text, flags=re.MULTILINE)) == 6


def test_the_chat_message_in_the_page_about_channels_is_up_to_date() -> None:
    text = notifications_page.CHAT.read_text(encoding="utf-8")
    assert text == notifications_page.with_chat_messages(text), "run `make notifications`"
    assert "> **❌ Failed: Glue job run nightly-orders (eu-west-1)**\n" in text


def test_the_page_shows_the_chat_message_about_each_job() -> None:
    text = notifications_page.PAGE.read_text(encoding="utf-8")
    assert text.count("<summary>Chat message</summary>") == len(SAMPLES)


def test_the_page_shows_at_least_forty_jobs_and_every_outcome() -> None:
    subjects = [notifications_page.email(sample)["subject"] for sample in SAMPLES]
    outcomes = {subject.partition(": ")[0].lower() for subject in subjects}
    assert outcomes == {"succeeded", "partial", "failed", "stopped", "lost", "overdue"}
    assert len(SAMPLES) >= 40


def test_the_page_shows_each_reason_for_which_a_job_is_overdue() -> None:
    shown = {name for sample in SAMPLES for name in sample.get("overdue", {})}
    assert shown == {field.name for field in dataclasses.fields(OverdueRule)}


def test_the_page_ends_with_the_email_that_has_the_number_of_those_that_were_left_out() -> None:
    digest = notifications_page.digest()
    assert digest["subject"] == "Failed: 495 more of kind glue/JobRun (eu-west-1)"
    assert notifications_page.PAGE.read_text(encoding="utf-8").endswith(f"{digest['text']}```\n")
    assert f"`{digest['subject']}`" in page("docs/events.md")


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{number} {sample['kind']}" for number, sample in enumerate(SAMPLES)])
def test_an_email_fits_on_a_screen_and_says_everything_once(sample: dict[str, object]) -> None:
    end = notifications_page.email(sample)
    lines, reason = end["text"].splitlines(), end["detail"].get("reason")
    outcome = "overdue" if "overdue" in sample else end["outcome"]
    assert end["subject"].startswith(f"{outcome.capitalize()}: ")
    assert len(lines) <= 40
    assert not [line for line in lines if "  " in line or '{"' in line or '":' in line]  # no columns and no JSON
    assert reason is None or end["text"].count(escape(reason)) == 1
    hidden = {"results"} if outcome in ("failed", "overdue") else set()
    assert len(end["detail"]["links"].keys() - hidden) == sum("https://" in line for line in lines)
