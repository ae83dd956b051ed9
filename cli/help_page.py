"""Generates docs/cli.md: the help of each command."""

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.main import get_command

from . import program
from .main import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
WIDTH = 80
HEAD = """\
# Command line

`job-watcher` is the installed command; in a checkout, it is `.venv/bin/python watch.py`.
[Watches](watches.md#command-line) explains how to install it. `job-watcher --install-completion` adds completion to
your shell.

`make commands` generates this page from the commands' help.

Credentials, Regions and endpoints are found as the AWS CLI finds them: profiles, `AWS_REGION`, and the variables
`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`. The stack is found automatically if the account has only one with
the output `WatchArn` in the Region.

| exit status | meaning |
|---|---|
| 0 | succeeded |
| 1 | `before-destroy` found something that is left, or `doctor` found a problem |
| 2 | usage error; nothing was started |
| 3 | the job is partial: parts of its work failed; or `redeliver` delivered only a part |
| 4 | the job failed; or `redeliver` delivered nothing |
| 5 | the job was stopped |
| 6 | the watch was lost |
| 7 | undetermined: for example, access is denied, there is no stack or no network, or the watch was stopped |
| 130 | Ctrl-C |

With `--json`, standard output contains only JSON: one object, or one on each line. Other output goes to standard error.
"""


def write() -> None:
    """Write docs/cli.md."""
    PAGE.write_text(text(), encoding="utf-8")


def text() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *_sections()])


def _sections() -> Iterator[str]:
    group = get_command(app)
    parent = typer.Context(group, info_name="job-watcher", terminal_width=WIDTH, max_content_width=WIDTH)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        context = typer.Context(command, parent=parent, info_name=name, terminal_width=WIDTH)
        shown = command.get_help(context).replace(program.COMMAND, "job-watcher")
        yield f"## {name}\n\n```text\n{shown.rstrip()}\n```\n"


if __name__ == "__main__":
    write()
