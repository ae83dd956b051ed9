"""The command line's entry point: the commands, and how errors are reported."""

import sys

import typer

from . import errors, program
from .before_destroy import before_destroy
from .list_watches import list_watches
from .start import start

app = typer.Typer(
    help="Watch AWS jobs with a deployed Job Watcher. The credentials and the region are those of the AWS CLI.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=program.examples("start glue/JobRun JobName=nightly RunId=jr_0123", "list", "before-destroy"),
)
START = program.examples(
    "start glue/JobRun JobName=nightly RunId=jr_0123",
    """start batch/Job 'jobs:=["0a1b-2c3d"]'""",
    "start glue/JobRun --stack Second JobName=a RunId=jr_4",
)
app.command(epilog=START)(start)
app.command("list", epilog=program.examples("list", "list --stack Second"))(list_watches)
app.command(epilog=program.examples("before-destroy", "before-destroy --remove"))(before_destroy)


def main() -> None:
    """Run the command that the arguments name, and exit: 0 for success, 1 for failure, 2 for a wrong call."""
    try:
        app(prog_name=program.COMMAND)
    except errors.EXPECTED as error:
        sys.exit(f"{program.NAME}: {errors.sentence(error)}")
