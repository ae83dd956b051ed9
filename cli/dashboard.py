"""`dashboard`: show running watches, recent ends and alarms."""

from time import time
from typing import Annotated

import typer
from rich.live import Live
from rich.text import Text

from .command import Context
from .dashboard_data import EVERY, DashboardData
from .dashboard_screen import screen
from .dashboard_snapshot import Snapshot
from .exit_status import ExitStatus
from .keys import QUIT, Wait, keys
from .signals import like_ctrl_c

REDRAW = 1.0  # seconds
Once = Annotated[bool, typer.Option("--once", help="Print the dashboard once, and exit.")]


def dashboard(context: Context, once: Once = False) -> None:
    """Show running watches, recent ends and alarms until you press q.

    The command makes at most 30 API calls per minute. The lists are read every 20 seconds. The statuses and
    percentages are read in turn if there are many watches. They are those of the job, if you are allowed to make its
    describe call; otherwise, those of the last poll in the watch's history.
    Without a terminal, with --once and with --json, the dashboard is printed once.
    The exit status is then 7 if something couldn't be read.
    """
    data = DashboardData(context)
    console = context.output.console
    if once or context.output.as_json or not console.is_terminal or console.is_dumb_terminal:
        snapshot = data.read(time())
        if context.output.as_json:
            context.output.json({"stack": context.deployment.stack, **snapshot.to_json()})
        else:
            console.print(screen(snapshot, snapshot.time, _title(context), console.width))
        if snapshot.problems:
            raise typer.Exit(ExitStatus.UNDETERMINED)
        return
    with like_ctrl_c(), keys() as wait, Live(console=console, screen=True, auto_refresh=False) as live:
        live.update(Text("Reading …"), refresh=True)
        _show(context, data, live, wait)


def _show(context: Context, data: DashboardData, live: Live, wait: Wait) -> None:
    """Read and draw again and again until q is pressed."""
    snapshot = Snapshot()
    while True:
        now = time()
        if now - snapshot.time >= EVERY:
            snapshot = data.read(now)
        size = live.console.size
        live.update(screen(snapshot, time(), _title(context), size.width, size.height), refresh=True)
        if wait(REDRAW).lower() == QUIT:
            return


def _title(context: Context) -> str:
    return f"Job Watcher: {context.deployment.stack} in {context.session.region_name}"
