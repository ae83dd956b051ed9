"""What the demo prints about each job: results, event and email, shortened to what fits into the terminal."""

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.markup import escape
from rich.text import Text

from local.cloud import ROOT
from local.demo.jobs import Job
from local.demo.notifications import Notifications
from local.demo.shorten import lines_of_json, lines_of_text, shorten_lines

EVENT_LINES, EMAIL_LINES = 38, 24
FILES = ROOT / ".cache" / "demo"

console = Console()


def show_job(job: Job, arrived: Notifications) -> bool:
    """Show a job's event, email and results; return whether event and email agree with the service."""
    console.print()
    console.rule(f"[bold]{escape(job.kind)}[/] {escape(job.id)}", align="left")
    for event in arrived.events:
        _show_event(job, event)
    for email in arrived.emails:
        _show_email(job, email)
    _heading("Results")
    _print(line for text in job.results() for line in lines_of_text(text, console.width))
    return _verdict(job, arrived)


def _show_event(job: Job, event: dict[str, Any]) -> None:
    _heading("Event", "as a rule's queue receives it")
    whole = json.dumps(event, indent=2)
    shown = shorten_lines(lines_of_json(event, console.width), EVENT_LINES)
    for line in shown:
        console.print(JSONHighlighter()(Text(line)), soft_wrap=True)
    _keep_whole(f"{job.noun}.json", whole, "\n".join(shown))


def _show_email(job: Job, email: dict[str, Any]) -> None:
    _heading("Email", "as the subscriber receives it")
    whole = f"To: {email['To'][0]}\nSubject: {email['Subject']}\n\n{email['BodyText']}"
    shown = shorten_lines(lines_of_text(whole, console.width), EMAIL_LINES)
    _print(shown)
    _keep_whole(f"{job.noun}.txt", whole, "\n".join(shown))


def _keep_whole(name: str, whole: str, shown: str) -> None:
    """Put what was shown shortened into a file as a whole, and say where it is."""
    FILES.mkdir(parents=True, exist_ok=True)
    (FILES / name).write_text(f"{whole}\n")
    if "…" in shown:
        console.print(f"[dim]Shortened with …; all of it is in {(FILES / name).relative_to(ROOT)}", highlight=False)


def _verdict(job: Job, arrived: Notifications) -> bool:
    agreed = arrived.agree(job)
    counts = f"Events: {len(arrived.events)}. Emails: {len(arrived.emails)}."
    verdict = "[green]✓ Both agree" if agreed else "[red]✗ They don't agree"
    console.print(f"\n{counts} {verdict}[/] with what the service says.", highlight=False)
    return agreed


def _print(lines: Iterable[str]) -> None:
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _heading(name: str, explanation: str = "") -> None:
    console.print(f"\n[bold]{name}[/] [dim]{escape(explanation)}[/]", highlight=False)
