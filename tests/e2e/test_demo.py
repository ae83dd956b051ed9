"""Tests of `make demo`: a user's own manifest, KEEP=1 with its commands, and signals that end it."""

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

from local.cloud import TIMEOUT
from local.environment import ROOT
from local.sample import request, tone

CLOUD_FOLDERS = ROOT / ".cache" / "cloud"


def restore_signals() -> None:
    """Handle signals as in a terminal. Under nohup or in the background, they would be ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def demo(**environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo as a process with these environment variables, and end it after the block."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        env={**clean, "PYTHONPATH": str(ROOT / "lambda"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=restore_signals,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=TIMEOUT)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Return the process's output up to the first line that contains the text."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"no {text!r} in:\n{''.join(lines)}")


def test_the_demo_accepts_a_manifest_and_its_commands_work_in_a_new_terminal(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "mine" $HOME'
    folder.mkdir()
    entries = [request(number, f"s3://voice-samples/audio/{name}.wav") for number, name in enumerate(("ada", "bob"))]
    manifest = folder / "my manifest.json"
    manifest.write_text(json.dumps({"Version": "1.0", "SpeakerEnrollmentRequests": entries}))
    folder.joinpath("ada.wav").write_bytes(tone())
    with demo(MANIFEST=str(manifest), KEEP="1") as process:
        output = read_until(process, "aws transcribe")
        assert "1 enrolled, 1 failed" in output and "request-1: s3://voice-samples/audio/bob.wav" in output
        assert output.count("✓ Both agree") == 2
        commands = output[output.index("\ncd ") :]
        results = subprocess.run(
            ["bash", "-e"],
            input=commands,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert results.count("SUCCEEDED") >= 2 and "new-callers" in results and "greeting" in results
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0
    assert_connections_are_refused(re.findall(r"AWS_ENDPOINT_URL\w*=(\S+)", commands))


@pytest.mark.parametrize(
    ("step", "number"),
    [("Bootstrapping", signal.SIGHUP), ("Bootstrapping", signal.SIGTERM), ("Synthesizing", signal.SIGINT)],
    ids=["SIGHUP", "SIGTERM", "SIGINT"],
)
def test_a_signal_ends_the_demo_and_all_its_processes(step: str, number: signal.Signals) -> None:
    with demo() as process:
        read_until(process, step)
        (folder,) = CLOUD_FOLDERS.glob(f"{process.pid}-*")
        process.send_signal(number)
        assert process.wait(TIMEOUT) == 128 + number
    assert not folder.exists()
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(folder) not in running


def assert_connections_are_refused(urls: list[str]) -> None:
    assert len(urls) == 2
    for url in urls:
        with pytest.raises(urllib.error.URLError, match="refused"):
            urllib.request.urlopen(url, timeout=5)


def test_a_missing_manifest_is_reported_before_anything_starts() -> None:
    with demo(MANIFEST="/no such/manifest.json") as process:
        output, _ = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 2
        assert "'/no such/manifest.json' does not exist" in output and "Traceback" not in output
