"""The demo as a person runs it: with a manifest of their own, kept running, looked into, and ended in every way."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.cloud import PATIENCE, ROOT
from local.sample import request, tone

SCRATCH = ROOT / ".cache" / "cloud"


@contextmanager
def demo(**environment: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as a process; whatever happens, it is ended."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        env={**clean, "PYTHONPATH": str(ROOT / "lambda"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def read_until(process: subprocess.Popen[str], last: str) -> str:
    """What a process prints up to a line that contains these words."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if last in line:
            return "".join(lines)
    raise AssertionError(f"no {last!r} in:\n{''.join(lines)}")


def test_the_demo_runs_a_persons_own_manifest_and_its_commands_work_in_a_new_terminal(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "mine" $HOME'
    folder.mkdir()
    entries = [request(number, f"s3://voice-samples/audio/{name}.wav") for number, name in enumerate(("ada", "bob"))]
    manifest = folder / "my manifest.json"
    manifest.write_text(json.dumps({"Version": "1.0", "SpeakerEnrollmentRequests": entries}))
    folder.joinpath("ada.wav").write_bytes(tone())
    with demo(MANIFEST=str(manifest), KEEP="1") as process:
        shown = read_until(process, "aws transcribe")
        assert "1 enrolled, 1 failed" in shown and "request-1: s3://voice-samples/audio/bob.wav" in shown
        assert shown.count("✓ Both agree") == 2
        commands = shown[shown.index("\ncd ") :]
        answers = subprocess.run(
            ["bash", "-e"],
            input=commands,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert answers.count("SUCCEEDED") >= 4 and "new-callers" in answers and "greeting" in answers
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    nothing_is_left(re.findall(r"AWS_ENDPOINT_URL\w*=(\S+)", commands))


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("step", ["Bootstrapping", "Synthesizing"])
def test_a_signal_ends_the_demo_and_everything_that_it_has_started(step: str, number: signal.Signals) -> None:
    before = set(SCRATCH.glob("*"))
    with demo() as process:
        read_until(process, step)
        (folder,) = set(SCRATCH.glob("*")) - before
        process.send_signal(number)
        assert process.wait(PATIENCE) == 128 + number
    assert not folder.exists()
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(folder) not in running


def nothing_is_left(urls: list[str]) -> None:
    assert len(urls) == 2
    for url in urls:
        with pytest.raises(urllib.error.URLError, match="refused"):
            urllib.request.urlopen(url, timeout=5)


def test_a_manifest_that_is_not_there_is_reported_before_anything_starts() -> None:
    with demo(MANIFEST="/no such/manifest.json") as process:
        shown, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2
        assert "'/no such/manifest.json' does not exist" in shown and "Traceback" not in shown
