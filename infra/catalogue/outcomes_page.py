"""docs/outcomes.md: what decides a job's outcome beside its status, and which members of the job were considered."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from job_watcher.catalogue import Kind

from .failure_members import handling

PAGE = Path(__file__).parents[2] / "docs" / "outcomes.md"
HEAD = """\
# How outcomes are determined

Made by `make kinds`. A status such as `COMPLETED` doesn't always mean that everything went well. This page lists every
kind whose job has members that count or name failures, or has further statuses. *Overrides*: conditions under which a
status that means `succeeded` means another outcome; the first one that holds counts. *Members*: what reads each such
member, or why it doesn't decide the outcome. {read} of {all} members in {kinds} kinds are read.
"""


def write(kinds: Mapping[str, Kind]) -> None:
    """Write docs/outcomes.md anew."""
    PAGE.write_text(page(kinds), encoding="utf-8")


def page(kinds: Mapping[str, Kind]) -> str:
    """Return the page as Markdown."""
    found = {name: list(handling(kind)) for name, kind in kinds.items()}
    shown = {name: handled for name, handled in found.items() if handled or kinds[name].but}
    handled = [how for its in shown.values() for _, how in its]
    read = sum(how.startswith("read by") for how in handled)
    head = HEAD.format(read=f"{read:,}", all=f"{len(handled):,}", kinds=len(shown))
    return "\n".join([head, *(line for name, its in shown.items() for line in _section(kinds[name], its))])


def _section(kind: Kind, handled: list[tuple[str, str]]) -> Iterator[str]:
    yield f"## {kind.name}\n"
    for outcome, condition in kind.but.items():
        yield f"- *Overrides*: {outcome} if ``{condition}``"
    for path, how in handled:
        yield f"- `{path}`: {how}"
    yield ""
