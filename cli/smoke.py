"""`smoke`: test a deployment with a real, inexpensive job."""

import json
import secrets
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from . import confirmation, enabled_kinds
from .aws_command import own_command
from .command import Context
from .durations import timeout_option
from .exit_status import ExitStatus
from .kind_names import find_kind
from .signals import like_ctrl_c
from .smoke_jobs import JOBS, SmokeJob
from .smoke_receiver import PARTS
from .smoke_run import SmokeTest

PREFIX = "job-watcher-smoke"
NAMES = [job.kind for job in JOBS]
KindName = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help=f"The job's kind: {', '.join(NAMES)}. The default is the first that is enabled.",
        autocompletion=lambda: NAMES,
        show_default=False,
    ),
]
Timeout = Annotated[
    float | None,
    timeout_option("How long to wait for the notification, such as 90s, 15m or 2h. The default is 15 minutes."),
]
DEFAULT_TIMEOUT = 900


def smoke(context: Context, kind: KindName = None, timeout: Timeout = None, yes: confirmation.Yes = False) -> None:
    """Test a deployment with a real, inexpensive job.

    Says what it creates and costs, and asks for confirmation. Then it starts the job and its watch, waits for the
    event and for the messages on both topics, and shows how long after the job's end they arrived. A temporary queue
    receives the message for people in place of an email. Everything is removed at the end, also after Ctrl-C.

    Exit status: 0 if the job succeeded and everything arrived, 4 if not, 7 if it can't be determined.
    """
    confirmation.require(yes)
    job = _choose(enabled_kinds.patterns(context.deployment), kind)
    context.output.line(_plan(job, context.deployment.stack, context.session.region_name))
    if not confirmation.confirm("Continue?", yes):
        context.output.line("Nothing was started.")
        raise typer.Exit(ExitStatus.UNDETERMINED)
    name = f"{PREFIX}-{secrets.token_hex(4)}"
    test = SmokeTest(context.client, context.deployment, find_kind(job.kind), job, name, context.output.line)
    try:
        with like_ctrl_c():
            test.run(timeout or DEFAULT_TIMEOUT)
    finally:
        for sentence in test.cleanup.not_removed:
            typer.echo(f"not removed: {sentence}", err=True)
    context.output.result(_to_json(test), _summary(test, own_command(context, "doctor")))
    raise typer.Exit(ExitStatus.SUCCEEDED if _succeeded(test) else ExitStatus.FAILED)


def _choose(enabled: Sequence[str], name: str | None) -> SmokeJob:
    """Return the job of the kind, or of the first enabled kind. Raise BadParameter if there is none."""
    jobs = {job.kind: job for job in JOBS}
    if name is not None and name not in jobs:
        raise typer.BadParameter(f"{name!r} has no smoke test; accepted are {', '.join(NAMES)}.")
    if name is not None and enabled_kinds.is_enabled(name, enabled) is False:
        raise typer.BadParameter(f"{name} is {enabled_kinds.describe(name, enabled)}.")
    found = [name] if name else [kind for kind in jobs if enabled_kinds.is_enabled(kind, enabled)]
    if found:
        return jobs[found[0]]
    if enabled_kinds.MORE in enabled:
        raise typer.BadParameter(f"It isn't known which kinds are enabled; choose one with --kind: {', '.join(NAMES)}.")
    setting = json.dumps([*enabled, NAMES[0]])
    others = f"or one of {', '.join(NAMES[1:])}"
    raise typer.BadParameter(f'No enabled kind has a smoke test; redeploy with "kinds": {setting}, {others}.')


def _plan(job: SmokeJob, stack: str, region: str) -> str:
    """Return what the command will do, in lines of at most 80 columns."""
    return f"""\
stack      {stack} in {region}
job        {job.kind}: {job.action}
cost       {job.cost}
prices     {job.pricing}
creates    a rule, a queue and two subscriptions that receive the notification
           The deployment's other subscribers receive it too.
"""


def _summary(test: SmokeTest, doctor: str) -> str:
    """Return the outcome, a line for each part of the notification and, if one is missing, what to do."""
    detail = test.detail
    head = f"outcome: {detail['outcome']} ({detail.get('status', 'no status')})" if detail else "outcome: not known"
    reason = [f"reason: {detail['reason']}"] if "reason" in detail else []
    parts = [f"  {PARTS[part]:20}  {_shown(test, part)}" for part in PARTS]
    advice = [f"To find the cause, run `{doctor}`."] if test.missing else []
    return "\n".join([head, *reason, *parts, *advice])


def _shown(test: SmokeTest, part: str) -> str:
    if part not in test.arrived:
        return "didn't arrive"
    delay = test.delay(part)
    return "arrived" if delay is None else f"{delay:.1f} s after the job's end"


def _succeeded(test: SmokeTest) -> bool:
    return not test.missing and test.detail["outcome"] == "succeeded"


def _to_json(test: SmokeTest) -> dict[str, Any]:
    return {
        "kind": test.job.kind,
        "request": test.request,
        "watch": test.watch,
        "status": test.detail.get("status"),
        "outcome": test.detail.get("outcome"),
        "arrived": {part: part in test.arrived for part in PARTS},
        "delays": {part: test.delay(part) for part in PARTS},
        "not_removed": test.cleanup.not_removed,
    }
