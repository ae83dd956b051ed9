"""KEEP=1: keep the local cloud running, and print commands that use it from another terminal."""

import shlex
import sys
import time
from contextlib import suppress

from local.cloud import Cloud
from local.demo.jobs import DOMAIN
from local.demo.output import console
from local.environment import CREDENTIALS, REGION, ROOT


def keep(cloud: Cloud, outputs: dict[str, str]) -> None:
    """Print the commands, and wait until Ctrl-C, another signal, or the terminal is closed."""
    console.print()
    console.rule("[bold]The local cloud keeps running until Ctrl-C", align="left")
    console.print("Run these commands in another terminal to inspect it:\n")
    for command in commands(cloud.url, cloud.voice_id.url, outputs["WatchArn"]):
        console.print(command, markup=False, highlight=False, soft_wrap=True)
    with suppress(KeyboardInterrupt):
        _wait()
    console.print("Stopping …")


def _wait() -> None:
    """Wait until the terminal is closed. Other signals end the demo through their handlers.

    Handling SIGHUP isn't sufficient: `make` doesn't forward it if the terminal runs `make` without a shell.
    """
    had_terminal = sys.stdout.isatty()
    while sys.stdout.isatty() == had_terminal:
        time.sleep(1)


def commands(url: str, voice_id_url: str, machine: str) -> list[str]:
    """Return shell commands that can be pasted into a new terminal, in this order."""
    environment = {**CREDENTIALS, "AWS_DEFAULT_REGION": REGION}
    return [
        f"cd {shlex.quote(str(ROOT))}",
        f"export AWS_ENDPOINT_URL={url} AWS_ENDPOINT_URL_VOICE_ID={voice_id_url}",
        "export " + " ".join(f"{name}={value}" for name, value in environment.items()),
        ".venv/bin/python watch.py list",
        f".venv/bin/aws stepfunctions list-executions --state-machine-arn {machine}",
        f".venv/bin/aws voice-id list-speaker-enrollment-jobs --domain-id {DOMAIN}",
        ".venv/bin/aws transcribe list-transcription-jobs",
    ]
