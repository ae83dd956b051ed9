"""docs/notifications.md shows what subscribers receive about realistic jobs."""

import re

import pytest

from infra.catalogue import notifications_page
from job_watcher.escape import escape

SAMPLES = notifications_page.SAMPLES


def test_the_page_is_up_to_date() -> None:
    assert notifications_page.PAGE.read_text(encoding="utf-8") == notifications_page.page(), "run `make notifications`"


def test_the_emails_in_the_quick_starts_are_up_to_date() -> None:
    text = notifications_page.QUICKSTARTS.read_text(encoding="utf-8")
    assert text == notifications_page.with_emails(text), "run `make notifications`"
    assert text.count("\nSubject: ") == len(re.findall("^## ", text, flags=re.MULTILINE)) == 6


def test_the_page_shows_at_least_forty_jobs_and_every_outcome() -> None:
    outcomes = {notifications_page.email(sample)["outcome"] for sample in SAMPLES}
    assert outcomes == {"succeeded", "partial", "failed", "stopped", "lost"}
    assert len(SAMPLES) >= 40


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{number} {sample['kind']}" for number, sample in enumerate(SAMPLES)])
def test_an_email_fits_on_a_screen_and_says_everything_once(sample: dict[str, object]) -> None:
    end = notifications_page.email(sample)
    lines, reason = end["text"].splitlines(), end["detail"].get("reason")
    assert end["subject"].startswith(f"{end['outcome'].capitalize()}: ")
    assert len(lines) <= 40
    assert not [line for line in lines if "  " in line or '{"' in line or '":' in line]  # no columns and no JSON
    assert reason is None or end["text"].count(escape(reason)) == 1
    hidden = {"results"} if end["outcome"] == "failed" else set()
    assert len(end["detail"]["links"].keys() - hidden) == sum("https://" in line for line in lines)
