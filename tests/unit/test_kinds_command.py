"""`kinds` lists the kinds of the catalogue, and those that a deployment enables."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.stack import MAX_OUTPUT_LENGTH, MORE, _join
from job_watcher import catalogue, waiters
from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import MACHINE, FakeAws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with fake_aws(monkeypatch, "voice-id/* batch/Job") as aws:
        yield aws


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Any]:
    assert exit_status(monkeypatch, ["kinds", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_kind_has_its_request_statuses_progress_and_events(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    (kind,) = listed(monkeypatch, capsys, "voice-id/SpeakerEnrollmentJob")
    assert (kind["enabled"], kind["progress"], kind["automatic"]) == (True, True, "yes")
    assert kind["request"] == ["DomainId", "JobId"] and kind["calls"] == ["StartSpeakerEnrollmentJob"]
    assert kind["statuses"]["partial"] == ["COMPLETED_WITH_ERRORS"]
    assert kind["events"] == catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"].event["detail-type"]


def test_a_kind_that_is_not_enabled_has_the_setting_that_enables_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    assert exit_status(monkeypatch, ["kinds", "glue/JobRun"]) == 0
    setting = '"kinds": ["voice-id/*", "batch/Job", "glue/JobRun"]'
    assert f"enabled    not enabled: redeploy with {setting}\n" in capsys.readouterr().out


def test_all_kinds_are_listed_and_waiters_only_if_the_pattern_is_about_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    every = listed(monkeypatch, capsys)
    assert [kind["kind"] for kind in every] == list(catalogue.kinds())
    assert {kind["kind"] for kind in every if kind["enabled"]} == set(catalogue.kinds(["voice-id/*", "batch/Job"]))
    found = {kind["kind"] for kind in listed(monkeypatch, capsys, "rds/waiter/*")}
    assert found == set(waiters.load("rds"))
    assert {kind["kind"] for kind in listed(monkeypatch, capsys, "CRAWL")} == {
        name for name in catalogue.kinds() if "crawl" in name.lower()
    }


def test_without_a_deployment_only_what_is_available_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], nowhere: None
) -> None:
    assert exit_status(monkeypatch, ["kinds", "glue/JobRun", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["enabled"] is None
    assert shown.err.startswith("It isn't known which kinds are enabled. No AWS credentials were found.")
    assert exit_status(monkeypatch, ["kinds", "glue/JobRun", "--stack", "JobWatcher"]) == 7


@pytest.mark.parametrize("outputs", [{"WatchArn": MACHINE}, {"WatchArn": MACHINE, "Kinds": "voice-id/* ..."}])
def test_if_the_output_is_missing_or_not_complete_other_kinds_are_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, outputs: dict[str, str]
) -> None:
    aws.stacks["JobWatcher"] = outputs
    (kind,) = listed(monkeypatch, capsys, "glue/JobRun")
    assert kind["enabled"] is None


def test_a_pattern_without_kinds_is_a_usage_error_with_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    assert exit_status(monkeypatch, ["kinds", "glue/JobRum"]) == 2
    assert "no kind matches 'glue/JobRum'; did you mean 'glue/JobRun'?" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("count", [1, 50, 51, 60, 400])
def test_the_output_has_as_many_patterns_as_fit(count: int) -> None:
    patterns = [f"service-{number:03}/Noun12345" for number in range(count)]
    text = _join(patterns)
    assert len(text) <= MAX_OUTPUT_LENGTH
    kept = text.removesuffix(f" {MORE}").split()
    assert kept == patterns[: len(kept)] and text.endswith(MORE) == (len(kept) < count)
    assert len(kept) == count or len(text) > MAX_OUTPUT_LENGTH - len(patterns[0]) - 1
