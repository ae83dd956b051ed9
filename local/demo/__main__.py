"""Start a local cloud, deploy the stack, run two jobs, and show their events, emails and results."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from cli.progress import follow
from local.cloud import Cloud
from local.demo import keep as kept
from local.demo.cloud import DemoCloud, step
from local.demo.jobs import SPEED, Job, enrollment, transcription
from local.demo.notifications import SUBSCRIBER, Inbox
from local.demo.output import console, show_job

KINDS = "voice-id/*,transcribe/TranscriptionJob"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXAMPLES = """\b
Examples:
  make demo
  make demo MANIFEST=path/to/manifest.json
  make demo KEEP=1"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
Manifest = Annotated[
    Path | None,
    typer.Option(
        envvar="MANIFEST",
        metavar="PATH",
        exists=True,
        dir_okay=False,
        readable=True,
        help="Your own input manifest for the Voice ID job.",
    ),
]
Keep = Annotated[bool, typer.Option("--keep", envvar="KEEP", help="Keep the local cloud running until Ctrl-C.")]


@app.command(epilog=EXAMPLES)
def demo(manifest: Manifest = None, keep: Keep = False) -> None:
    """Run two jobs in a local cloud, and show their progress, events, emails and results.

    No AWS account is used. The demo ends all processes that it starts.

    Audio files for your own manifest must be in its folder: the URI
    s3://voice-samples/audio/NAME.wav refers to the file NAME.wav there.

    Exit status: 0 if there is one event and one email about each job and they
    agree with the job's describe call, else 1.
    """
    end_on_signals()
    console.print("[bold]Job Watcher demo.[/] Everything runs on 127.0.0.1; no AWS account is used.\n", highlight=False)
    with DemoCloud(wait_scale=1 / SPEED) as cloud:
        outputs = cloud.deploy({"email": SUBSCRIBER, "kinds": KINDS})
        agreed = run_jobs(cloud, outputs, manifest)
        if keep:
            kept.keep(cloud, outputs)
    raise typer.Exit(0 if agreed else 1)


def run_jobs(cloud: Cloud, outputs: dict[str, str], manifest: Path | None) -> bool:
    """Run both jobs and show their notifications. Return whether these agree with the describe calls."""
    inbox = Inbox(cloud, outputs["BusName"])
    jobs = start_jobs(cloud, outputs["WatchArn"], manifest)
    console.print(f"\nThe watches' waits are {SPEED} times shorter here than on AWS.\n", highlight=False)
    follow(cloud.client("stepfunctions"), {job.watch: job.noun for job in jobs}, every=0.2)
    inbox.wait(len(jobs))
    return all([show_job(job, inbox.about(job)) for job in jobs])


def start_jobs(cloud: Cloud, machine: str, manifest: Path | None) -> list[Job]:
    """Start both jobs. An event starts the watch of the first job; the demo itself starts that of the second."""
    with step("Starting a Voice ID job; CloudTrail's event starts its watch"):
        first = enrollment(cloud, machine, manifest)
    with step("Starting a Transcribe job and its watch, as `watch.py start` does"):
        second = transcription(cloud, machine)
    return [first, second]


def end_on_signals() -> None:
    """Exit on Ctrl-C, SIGTERM and a closed terminal after ending all processes and removing all files."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # a second signal must not interrupt the cleanup
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def main() -> None:
    """Run the command. Errors of the local cloud and of the CDK CLI are printed without a traceback."""
    try:
        app()
    except (RuntimeError, TimeoutError) as error:
        sys.exit(f"demo: {error}")


if __name__ == "__main__":
    main()
