"""The command line's entry point: the commands, and the options of the program itself."""

from collections.abc import Callable
from typing import Any

import typer

from . import program
from .before_destroy import before_destroy
from .command import command
from .confirm_subscription import confirm_subscription
from .dashboard import dashboard
from .doctor import doctor
from .explain import explain
from .follow import follow
from .kinds import kinds
from .list_watches import list_watches
from .redeliver import redeliver
from .show import show
from .smoke import smoke
from .start import start
from .stop import stop

app = typer.Typer(
    no_args_is_help=True,
    add_completion=program.IS_INSTALLED,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=program.examples("start glue/JobRun JobName=nightly RunId=jr_0123", "list", "before-destroy"),
)


@app.callback()
def options(version: program.Version = False) -> None:
    """Watch AWS jobs with a deployed Job Watcher. The credentials and the region are those of the AWS CLI."""


def _add(name: str, function: Callable[..., Any], *examples: str) -> None:
    lines = (f"{name} {example}".rstrip() for example in examples)
    app.command(name, epilog=program.examples(*lines))(command(function))


_add(
    "start",
    start,
    "glue/JobRun JobName=nightly RunId=jr_0123",
    """batch/Job 'jobs:=["0a1b-2c3d"]'""",
    "glue/JobRun --detach --stack Second JobName=a RunId=jr_4",
    "glue/JobRun --fail-on failed --json JobName=a RunId=jr_4",
)
_add("follow", follow, "jr_0123", "--timeout 2h --json jr_0123")
_add("list", list_watches, "", "--running --kind 'glue/*'", "--outcome failed --since 7d --json")
_add("show", show, "jr_0123", "jr_0123 --json")
_add("stop", stop, "jr_0123 --yes")
_add("kinds", kinds, "", "glue/JobRun", "'rds/waiter/*'", "snapshot --json")
_add(
    "explain",
    explain,
    "--kind glue/JobRun --answer answer.json",
    "--event event.json --json",
    '--error ValidationException --message "Job not found"',
)
_add("dashboard", dashboard, "--once", "--json")
_add("redeliver", redeliver, "--yes", "jr_0123 --yes --json")
_add("smoke", smoke, "--yes", "--kind athena/QueryExecution --timeout 5m --yes", "--json --yes")
_add("doctor", doctor, "", "--stack Second --json")
_add("confirm", confirm_subscription, "", '"$LINK"', '"$LINK" --json')
_add("before-destroy", before_destroy, "", "--remove")


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    app(prog_name=program.COMMAND)
