"""Each command's help fits into 80 columns, and its examples work."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cli import help_page
from cli.exit_status import ExitStatus
from cli.main import app
from job_watcher import __version__
from tests.unit.command_line import describe_execution, exit_status, fake_aws
from tests.unit.fake_smoke import FakeSmoke
from tests.unit.test_confirm_command import LINK, offer_confirmation

ROOT = Path(__file__).parents[2]
COMMANDS = [command.name or "" for command in app.registered_commands]
COMMON = ("--json", "--profile", "--region", "--stack", "--no-color", "--version", "--help")
EXAMPLES = [
    line.strip().removeprefix("job-watcher ")
    for command in app.registered_commands
    for line in (command.epilog or "").splitlines()
    if line.startswith("  job-watcher")
]
FILES = {
    "answer.json": {"JobRun": {"Id": "jr_1", "JobName": "nightly", "JobRunState": "SUCCEEDED"}},
    "event.json": {"source": "aws.glue", "detail-type": "Glue Data Catalog Table State Change", "detail": {}},
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_fits_into_80_columns_and_has_the_common_options_and_examples(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert exit_status(monkeypatch, [command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(option in shown for option in COMMON)
    assert any(line.startswith(f"    job-watcher {command}") for line in shown.splitlines())
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_in_the_help_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, example: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in FILES.items():
        Path(name).write_text(json.dumps(value))
    with fake_aws(monkeypatch, kinds="*") as aws:
        if "--stack Second" in example:
            aws.stacks["Second"] = aws.stacks["JobWatcher"]
        if example.startswith("confirm"):
            offer_confirmation(aws)
            monkeypatch.setattr("sys.stdin", io.StringIO(LINK))
        if example.startswith("smoke"):
            FakeSmoke(aws)
            monkeypatch.setattr("cli.smoke_run.sleep", lambda _: None)
        aws.answers["ListExecutions"] = lambda _: {"executions": []}
        aws.answers["DescribeExecution"] = lambda _: describe_execution(
            status="SUCCEEDED", output='{"outcome": "succeeded"}'
        )
        assert exit_status(monkeypatch, shlex.split(example.replace("$LINK", LINK))) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines or "--json" in example
    if "--json" in example:
        assert all(isinstance(json.loads(line), dict) for line in lines)


def test_the_page_of_the_command_line_is_current() -> None:
    assert help_page.PAGE.read_text(encoding="utf-8") == help_page.text()


def test_the_page_of_the_command_line_lists_every_exit_status() -> None:
    listed = re.findall(r"^\| (\d+) \|", help_page.HEAD, flags=re.MULTILINE)
    assert [int(status) for status in listed] == sorted(ExitStatus)


def test_every_command_has_examples() -> None:
    assert {example.partition(" ")[0] for example in EXAMPLES} == set(COMMANDS)


@pytest.mark.parametrize("arguments", [["--version"], ["kinds", "--version"]])
def test_the_version_is_that_of_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert exit_status(monkeypatch, arguments) == 0
    assert capsys.readouterr().out == f"job-watcher {__version__}\n"


def test_the_shell_completes_names_of_kinds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_JOB_WATCHER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "job-watcher start glue/Job")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert exit_status(monkeypatch, []) == 0
    assert capsys.readouterr().out.split() == ["glue/JobRun"]


def test_a_closed_pipe_is_one_sentence() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, str(ROOT / "watch.py"), "explain", "--error", "Throttling"]
    with os.fdopen(writer, "wb") as closed:
        run = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert run.stderr == "watch.py: The output was closed before everything was written.\n"
    assert run.returncode == 7


def test_colors_are_used_only_in_a_terminal_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    from cli.output import Output

    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert Output().console.color_system == "256" and not Output().console.no_color
    assert Output(no_color=True).console.no_color
    monkeypatch.setenv("NO_COLOR", "1")
    assert Output().console.no_color
