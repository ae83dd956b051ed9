"""`stop` stops a watch after confirmation."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import FakeAws
from tests.unit.watch_story import Executions

Run = Callable[..., Any]
REQUEST = {"JobName": "nightly", "RunId": "jr_1"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a watch that is running, one that has ended, and two whose input isn't that of a watch."""
    with fake_aws(monkeypatch, "glue/*") as aws:
        watches = {"a": ("SUCCEEDED", {"RunId": "jr_0"}), "b": ("RUNNING", REQUEST)}
        Executions(aws, **watches, c=("RUNNING", None), d=("RUNNING", ["jr_1"]))
        aws.answers["StopExecution"] = lambda _: {"stopDate": 0}
        yield aws


def test_with_yes_the_watch_is_stopped_and_the_consequences_are_stated(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, ["stop", "jr_1", "--yes"]) == 0
    operation, arguments = aws.calls[-1]
    assert (operation, arguments["cause"]) == ("StopExecution", "Stopped with the command line.")
    assert arguments["executionArn"].endswith(":b")
    shown = capsys.readouterr().out
    assert shown.startswith("glue/JobRun nightly jr_1\nThis stops the watch, not the job.")
    assert "The alarm WatchUnreported tells people" in shown


def test_the_result_is_one_json_object(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, ["stop", "b", "--yes", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {"watch": result["watch"], "kind": "glue/JobRun", "request": REQUEST, "stopped": True}


def test_a_watch_that_has_ended_is_not_stopped(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, ["stop", "a", "--yes"]) == 0
    assert capsys.readouterr().out == "The watch a has already ended.\n"
    assert "StopExecution" not in aws.operations()


def test_without_a_terminal_yes_is_needed_before_any_call(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, ["stop", "jr_1"]) == 2
    assert "--yes is needed without a terminal" in " ".join(capsys.readouterr().err.split())
    assert aws.calls == []
