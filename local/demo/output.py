"""Print each job's event, email and results, shortened to the size of the terminal."""

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.markup import escape
from rich.text import Text

from local.demo.jobs import Job
from local.demo.notifications import Notifications
from local.demo.shorten import lines_of_json, lines_of_text, shorten_lines
from local.environment import ROOT

EVENT_LINES, EMAIL_LINES = 38, 24
FILES = ROOT / ".cache" / "demo"

console = Console()


def show_job(job: Job, notifications: Notifications) -> bool:
    """Print a job's event, email and results. Return whether event and email agree with the describe call."""
    console.print()
    console.rule(f"[bold]{escape(job.kind)}[/] {escape(job.id)}", align="left")
    for event in notifications.events:
        _show_event(job, event)
    for email in notifications.emails:
        _show_email(job, email)
    _heading("Results")
    _print(line for text in job.results() for line in lines_of_text(text, console.width))
    return _print_verdict(job, notifications)


def _show_event(job: Job, event: dict[str, Any]) -> None:
    _heading("Event", "as the queue of an EventBridge rule receives it")
    complete = json.dumps(event, indent=2)
    shown = shorten_lines(lines_of_json(event, console.width), EVENT_LINES)
    for line in shown:
        console.print(JSONHighlighter()(Text(line)), soft_wrap=True)
    _save(f"{job.noun}.json", complete, "\n".join(shown))


def _show_email(job: Job, email: dict[str, Any]) -> None:
    _heading("Email", "as the subscriber receives it")
    complete = f"To: {email['To'][0]}\nSubject: {email['Subject']}\n\n{email['BodyText']}"
    shown = shorten_lines(lines_of_text(complete, console.width), EMAIL_LINES)
    _print(shown)
    _save(f"{job.noun}.txt", complete, "\n".join(shown))


def _save(name: str, complete: str, shown: str) -> None:
    """Save the complete text in a file, and print the file's path if the text was shortened."""
    FILES.mkdir(parents=True, exist_ok=True)
    (FILES / name).write_text(f"{complete}\n")
    if "…" in shown:
        console.print(
            f"[dim]Shortened (…). The complete text is in {(FILES / name).relative_to(ROOT)}", highlight=False
        )


def _print_verdict(job: Job, notifications: Notifications) -> bool:
    agreed = notifications.agree(job)
    counts = f"Events: {len(notifications.events)}. Emails: {len(notifications.emails)}."
    verdict = "[green]✓ Both agree" if agreed else "[red]✗ They don't agree"
    console.print(f"\n{counts} {verdict}[/] with the service's describe call.", highlight=False)
    return agreed


def _print(lines: Iterable[str]) -> None:
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _heading(name: str, explanation: str = "") -> None:
    console.print(f"\n[bold]{name}[/] [dim]{escape(explanation)}[/]", highlight=False)
