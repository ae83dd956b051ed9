"""`doctor`: check a deployment, and show the command that fixes each problem."""

from collections.abc import Mapping

import typer

from .command import Context
from .diagnosis import NOT_CHECKED, PROBLEM, Check, diagnose
from .doctor_checks import (
    alarms,
    kinds,
    notifications,
    permissions,
    polling,
    queues,
    rules,
    stack,
    subscriptions,
    throttling,
    trail,
)
from .exit_status import ExitStatus

CHECKS: Mapping[str, Check] = {
    "stack": stack.check,
    "trail": trail.check,
    "rules": rules.check,
    "kinds": kinds.check,
    "polling": polling.check,
    "throttling": throttling.check,
    "notifications": notifications.check,
    "subscriptions": subscriptions.check,
    "queues": queues.check,
    "alarms": alarms.check,
    "permissions": permissions.check,
}


def doctor(context: Context) -> None:
    """Check a deployment, and show the command that fixes each problem.

    It checks the stack and its version, the CloudTrail trail and the rules that start watches, the kinds
    that don't start automatically, polling and throttling, failed notifications, email subscriptions,
    dead-letter queues, alarms, and your own permissions. It changes nothing.

    Exit status: 0 if there is no problem, 1 if there is one, 7 if something couldn't be checked.
    """
    context.resources  # noqa: B018 (without the deployment, nothing can be checked)
    diagnoses = []
    for name, check in CHECKS.items():
        diagnoses.append(diagnose(name, check, context))
        context.output.result(diagnoses[-1].to_json(), diagnoses[-1].line())
    for text in (text for one in diagnoses for text in one.explanations()):
        context.output.line(f"\n{text}")
    states = {one.state for one in diagnoses}
    if PROBLEM in states:
        raise typer.Exit(ExitStatus.FOUND)
    if NOT_CHECKED in states:
        raise typer.Exit(ExitStatus.UNDETERMINED)
