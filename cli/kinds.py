"""`kinds`: list the kinds of jobs that can be watched, and those that the deployment enables."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from job_watcher.catalogue import OUTCOMES, Kind

from . import enabled_kinds, errors
from .command import Context
from .infra_modules import cloudtrail
from .kind_names import complete_kind, matching_kinds

MAX_DETAILED = 10
Pattern = Annotated[
    str,
    typer.Argument(
        metavar="PATTERN",
        help="A name, a pattern such as glue/* or rds/waiter/*, or a part of a name.",
        autocompletion=complete_kind,
    ),
]


def kinds(context: Context, pattern: Pattern = "*") -> None:
    """List the kinds of jobs that can be watched, and whether they are enabled.

    Up to ten kinds are shown with the request's members, the statuses by outcome, and the events
    that start a watch. Boto3's waiters are listed if the pattern contains /waiter/.
    Without a deployment, the command shows only what is available.
    """
    enabled = _enabled(context)
    found = matching_kinds(pattern)
    for kind in found.values():
        text = _details(kind, enabled) if len(found) <= MAX_DETAILED else _line(kind, enabled)
        context.output.result(_to_json(kind, enabled), text)


def _enabled(context: Context) -> Sequence[str]:
    """Return the setting `kinds` of the deployment. If none is found, and --stack isn't given, only say so."""
    try:
        return enabled_kinds.patterns(context.deployment)
    except errors.EXPECTED as error:
        if context.stack:
            raise
        typer.echo(f"It isn't known which kinds are enabled. {errors.sentence(error)}", err=True)
        return enabled_kinds.patterns(None)


def _to_json(kind: Kind, enabled: Sequence[str]) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "enabled": enabled_kinds.is_enabled(kind.name, enabled),
        "describe": kind.describe,
        "request": list(kind.request),
        "optional": list(kind.optional),
        "statuses": _statuses(kind),
        "progress": kind.percent is not None,
        "recurs": kind.recurs,
        "automatic": cloudtrail.starts_automatically(kind),
        "calls": list(kind.start),
        "events": list(kind.event.get("detail-type", ())),
    }


def _statuses(kind: Kind) -> dict[str, list[str]]:
    found = {one: [status for status, outcome in kind.outcome_of.items() if outcome == one] for one in OUTCOMES}
    return {outcome: statuses for outcome, statuses in found.items() if statuses}


def _line(kind: Kind, enabled: Sequence[str]) -> str:
    shown = {True: "enabled", False: "not enabled", None: ""}[enabled_kinds.is_enabled(kind.name, enabled)]
    return f"{kind.name:44} {shown:12} {', '.join(kind.request)}".rstrip()


def _details(kind: Kind, enabled: Sequence[str]) -> str:
    """Return the kind's name and its properties, one on each line."""
    request = ", ".join(f"[{name}]" if name in kind.optional else name for name in kind.request)
    calls = ", ".join(kind.start)
    automatic = cloudtrail.starts_automatically(kind)
    properties = {
        "enabled": enabled_kinds.describe(kind.name, enabled),
        "request": request,
        **{outcome: ", ".join(statuses) for outcome, statuses in _statuses(kind).items()},
        "progress": "yes" if kind.percent else "no",
        "automatic": f"{automatic}: {calls}" if calls else automatic,
        "events": "; ".join(kind.event.get("detail-type", ())) or "none",
    }
    return "\n".join([kind.name, *(f"  {name:9}  {value}" for name, value in properties.items())])
