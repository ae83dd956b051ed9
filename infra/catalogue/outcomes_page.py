"""Generates docs/outcomes.md: what decides a job's outcome besides its status, and which members were considered."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from job_watcher.catalogue import Kind

from .failure_members import handling
from .markdown import code

PAGE = Path(__file__).parents[2] / "docs" / "outcomes.md"
HEAD = """\
# How outcomes are determined

`make kinds` generates this page from `lambda/kinds/*.toml`.

A status such as `COMPLETED` doesn't always mean that everything succeeded. This page lists each kind whose job has
members that count or describe failures, or that contain other statuses. The kinds' tables read {read} of {all} such
members in {kinds} kinds. The list under a kind contains:

- *Overrides*: the outcome that replaces `succeeded`, and the condition for it. If several conditions are true, the
  first one applies.
- The members, each with the key of the kind's table that reads it, or the reason why it doesn't affect the outcome.
  [Catalogue](catalogue.md#keys) explains the keys.
"""


def write(kinds: Mapping[str, Kind]) -> None:
    """Write docs/outcomes.md."""
    PAGE.write_text(page(kinds), encoding="utf-8")


def page(kinds: Mapping[str, Kind]) -> str:
    """Return the page as Markdown."""
    members_of = {name: list(handling(kind)) for name, kind in kinds.items()}
    shown = {name: members for name, members in members_of.items() if members or kinds[name].but}
    all_members = [how for members in shown.values() for _, how in members]
    read = sum(how.startswith("read by") for how in all_members)
    head = HEAD.format(read=f"{read:,}", all=f"{len(all_members):,}", kinds=len(shown))
    return "\n".join([head, *(line for name, members in shown.items() for line in _section(kinds[name], members))])


def _section(kind: Kind, members: list[tuple[str, str]]) -> Iterator[str]:
    yield f"## {kind.name}\n"
    for outcome, condition in kind.but.items():
        yield f"- *Overrides*: {outcome} if {code(condition)}"
    for path, how in members:
        yield f"- {code(path)}: {how}"
    yield ""
