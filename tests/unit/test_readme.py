"""What the README shows is what there is."""

import json
import re
import tomllib
from pathlib import Path

from infra import settings
from infra.context import PROPS, STACK_NAME
from job_watcher import catalogue, email_message
from tests.bench import readme

README = (Path(__file__).parents[2] / "README.md").read_text()
KIND = "voice-id/SpeakerEnrollmentJob"
SETTING_NAMES = [*list(PROPS)[:-2], STACK_NAME, *list(PROPS)[-2:]]


def test_the_email_is_the_one_that_the_event_makes() -> None:
    (event,) = [json.loads(block) for block in blocks("json") if '"job-watcher"' in block]
    kind = catalogue.load("voice-id")[KIND]
    subject, body = email_message.subject(kind, event["detail"]), email_message.body(kind, event["detail"])
    assert blocks("text") == [f"Subject: {subject}\n\n{body}"]


def test_the_kind_is_the_one_in_the_catalogue() -> None:
    (shown,) = blocks("toml")
    assert (
        tomllib.loads(shown)["SpeakerEnrollmentJob"]
        == tomllib.loads((catalogue.FOLDER / "voice-id.toml").read_text())["SpeakerEnrollmentJob"]
    )


def test_every_setting_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z-]+)` \|", README, flags=re.MULTILINE)
    assert [name for name in explained if name not in settings.OUTCOMES] == list(SETTING_NAMES)


def test_every_outcome_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z-]+)` \|", README, flags=re.MULTILINE)
    assert [name for name in explained if name not in SETTING_NAMES] == list(settings.OUTCOMES)


def blocks(language: str) -> list[str]:
    """The README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_costs_are_those_of_the_benchmark() -> None:
    shown = README.partition(readme.BEGIN)[2].partition(readme.END)[0]
    assert shown == readme.block(readme.simulated()), "make bench writes it anew"
