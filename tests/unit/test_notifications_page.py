"""docs/notifications.md shows what subscribers receive about realistic jobs."""

import pytest

from infra.catalogue import notifications_page

SAMPLES = notifications_page.SAMPLES


def test_the_page_is_current() -> None:
    assert notifications_page.PAGE.read_text(encoding="utf-8") == notifications_page.page(), "run `make notifications`"


def test_it_shows_every_outcome_of_thirty_jobs() -> None:
    outcomes = {notifications_page.email(sample)["outcome"] for sample in SAMPLES}
    assert outcomes == {"succeeded", "partial", "failed", "stopped", "lost"}
    assert len(SAMPLES) >= 30


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{n} {one['kind']}" for n, one in enumerate(SAMPLES)])
def test_an_email_names_its_outcome_and_explains_failures_but_no_success(sample: dict[str, object]) -> None:
    end = notifications_page.email(sample)
    assert end["subject"].startswith(f"{end['outcome'].capitalize()}: ")
    if end["outcome"] in ("succeeded", "failed", "lost"):
        assert ("\n  Reason " in end["text"]) == (end["outcome"] != "succeeded")
