"""`make recordings`: run `start` and `dashboard` in a local cloud and write docs/images/start.svg and dashboard.svg."""

import re
import shlex
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from cli import watches
from cli.exit_status import ExitStatus
from local.cloud import Cloud
from local.environment import ROOT
from local.sample import BUCKET, ROLE, put_sample
from tests.e2e.terminal import COLUMNS, Terminal, watch_py

IMAGES = ROOT / "docs" / "images"
SPEAKERS, TRANSCRIPTION = "voice-id/SpeakerEnrollmentJob", "transcribe/TranscriptionJob"
SPEED = 50  # how many times shorter Step Functions' waits are than on AWS
CONTROL = re.compile(r"(\r\n|\r|\x1b\[2K|\x1b\[1A|\x1b\[H|\x1b\[\?1049[hl]|\x1b\[\?25[hl])")
REMOTE_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
FONTS = '"Fira Code", ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace'


def main() -> None:
    """Record both commands."""
    with Cloud(wait_scale=1 / SPEED) as cloud:
        outputs = cloud.deploy({"kinds": f"{SPEAKERS},{TRANSCRIPTION}"})
        manifest = put_sample(cloud.client("s3"))
        cloud.voice_id.seconds_per_request = 0.5
        request = start_enrollment(cloud, manifest, 1)
        members = [f"{name}={value}" for name, value in request.items()]
        record(cloud, ["start", SPEAKERS, *members], end_as_partial)
        for name, media in (("greeting", manifest), ("farewell", f"s3://{BUCKET}/missing.wav")):
            transcribe(cloud, outputs["WatchArn"], name, media)
        for number, percent in ((2, 42), (3, 7)):
            show_progress(cloud, start_enrollment(cloud, manifest, number)["JobId"], percent)
        raise_an_alarm(cloud)
        wait_for_watches(cloud, outputs["WatchArn"], 2)
        record(cloud, ["dashboard"], lambda terminal: terminal.wait_for("Alarms: 1"))


def start_enrollment(cloud: Cloud, manifest: str, number: int) -> dict[str, str]:
    """Start a Voice ID job in a domain of its own, and return its request. An event starts its watch."""
    job = cloud.client("voice-id").start_speaker_enrollment_job(
        DomainId=f"DemoDomain{number:012}",
        DataAccessRoleArn=ROLE,
        InputDataConfig={"S3Uri": manifest},
        OutputDataConfig={"S3Uri": f"s3://{BUCKET}/results"},
    )["Job"]
    return {"DomainId": job["DomainId"], "JobId": job["JobId"]}


def transcribe(cloud: Cloud, machine: str, name: str, media: str) -> None:
    """Run a transcription job, and return when its watch has ended."""
    request, states = {"TranscriptionJobName": name}, cloud.client("stepfunctions")
    cloud.client("transcribe").start_transcription_job(**request, Media={"MediaFileUri": media}, LanguageCode="en-US")
    watch = watches.start(states, machine, TRANSCRIPTION, request)
    while states.describe_execution(executionArn=watch)["status"] == "RUNNING":
        time.sleep(0.5)


def show_progress(cloud: Cloud, job: str, percent: int) -> None:
    """Show a Voice ID job as running, with this percentage."""
    cloud.voice_id.amend(job, {"JobStatus": "IN_PROGRESS", "JobProgress": {"PercentComplete": percent}})


def end_as_partial(terminal: Terminal) -> None:
    """Wait for the end of `start`. One request of the job is invalid."""
    assert terminal.end() == ExitStatus.PARTIAL, terminal.text


def wait_for_watches(cloud: Cloud, machine: str, count: int) -> None:
    """Return when this number of watches is running."""
    states = cloud.client("stepfunctions")
    while len(watches.newest(states, machine, statusFilter="RUNNING")) < count:
        time.sleep(0.5)


def raise_an_alarm(cloud: Cloud) -> None:
    """Set the state of an alarm, so that the picture shows one."""
    cloudwatch = cloud.client("cloudwatch")
    names = [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]]
    (name,) = [name for name in names if "PollsLate" in name]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="It is for a picture.")


def record(cloud: Cloud, arguments: list[str], until: Callable[[Terminal], Any]) -> None:
    """Run a command until a condition is met, and write a picture of what its terminal shows then."""
    command = f"job-watcher {shlex.join(arguments)}"
    with watch_py(*arguments, environment=cloud.environment) as terminal:
        until(terminal)
        text = shown(terminal.raw)
    (IMAGES / f"{arguments[0]}.svg").write_text(picture(f"$ {command}\n{text}"), encoding="utf-8")


def shown(raw: str) -> str:
    """Return the lines that a terminal shows after this output, with their colors.

    Rich erases the lines of a progress bar before it draws them again, and draws a screen from its first line.
    """
    lines, row = [""], 0
    for part in CONTROL.split(raw):
        if part == "\r\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part in ("\x1b[H", "\x1b[?1049h"):
            lines, row = [""], 0
        elif not CONTROL.fullmatch(part):
            lines[row] += part
    return "\n".join(lines)


def picture(text: str) -> str:
    """Return an SVG of a terminal with this text. It doesn't refer to fonts or other files."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(text.rstrip()))
    svg = REMOTE_FONT.sub("", console.export_svg(title="Job Watcher", theme=MONOKAI))
    return re.sub(r"font-family: [^;]+;", f"font-family: {FONTS};", svg)


if __name__ == "__main__":
    main()
