"""Generates docs/kinds.md: the kinds of each service, their statuses, and what else waits for such jobs."""

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import botocore

from job_watcher import catalogue, waiters
from job_watcher.catalogue import OUTCOMES, Kind
from job_watcher.waiters import Waiter

from ..cloudtrail import starts_automatically
from .markdown import anchor, breakable, breakable_code, code, details, table
from .service_names import by_service, product_name, short_name

FIRST = "voice-id"
PAGE = Path(__file__).parents[2] / "docs" / "kinds.md"
EXTERNAL_WAITERS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("external_waiters.toml").read_text()
)
LIFECYCLE: Mapping[str, Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("lifecycle.toml").read_text())
LIFECYCLE_NOTES = {
    "end-of-support": "End of support on {date}",
    "closed-to-new-customers": "Closed to new customers, reported on {date}",
}

HEAD = """\
# Supported kinds of jobs

Job Watcher supports {kinds} kinds of jobs at {services} AWS services, with {statuses} statuses. A kind's name consists
of the service's name in boto3 and a noun: `glue/JobRun`. Use these names in the `kinds` setting and in a watch's input.
[boto3's {waiters} waiters](#boto3s-waiters) are kinds too. The first supported service was [{first}](#{first_anchor}).

`make kinds` generates this page from `lambda/kinds/*.toml`.

## How to read the tables

- **Kind**: the kind's name, and the API call that Job Watcher polls. ↻ marks jobs that can end more than once. For
  example, a resource is ready again after each update. Each watch reports one end.
- **Request**: the members that identify one job in a watch's input. If a member is a list, give exactly one item.
- **Automatic start**: whether a watch starts without your help, and the API calls that start the job. Job Watcher
  receives these calls as CloudTrail events, so the account needs a trail.
  - *Only in us-east-1* (or another Region): AWS sends the service's events to that Region only. Deploy Job Watcher
    there.
  - *Needs CloudTrail data events*: the trail must log the service's data events. By default, trails don't.
  - *No*: no event identifies the job. Start the watch yourself.
- **Service event**: the detail types of the service's own events, which also start a watch. They don't need a trail.
- **Progress**: *yes* if the service reports how much of the job is done.

The collapsed list below each table shows the service's statuses by the outcome that Job Watcher reports for them. It
also shows what else waits for such jobs: [`.sync` integrations of Step Functions]({sync}),
waiters of [Airflow's Amazon provider]({airflow}),
and boto3's waiters for the same API call. They may wait for less, or for something else such as a deletion. The waiters
of boto3 and Airflow don't cover every status. Airflow's hooks and sensors support more kinds and aren't listed.

## Services

Watches of {automatic} kinds can start automatically, {event} kinds have a service event, and {percent} kinds report
progress.
"""
COLUMNS = ("Kind", "Request", "Automatic start", "Service event", "Progress")
WAITER_COLUMNS = ("Waiter", "Request", "Outcomes")
WAITERS = """
## boto3's waiters

The {waiters} waiters of {services} services in botocore {botocore} are kinds too. botocore's own code determines their
outcomes.

- **Waiter**: the kind's name, and the API call that Job Watcher polls.
- **Request**: members in brackets are optional. If all members are optional, give at least one.
- **Outcomes**: statuses, error codes or conditions. Any other answer means that the waiter is still waiting. Other
  errors are handled as for other kinds.
  - *Never fails*: the waiter has no failure condition, so it never reports a failure.
  - *Succeeds if not found*: the waiter also succeeds if the resource doesn't exist. If Job Watcher has never found the
    resource, it reports the watch as lost, because the name may be misspelt.
"""


def write() -> None:
    """Write docs/kinds.md."""
    PAGE.write_text(text(catalogue.kinds(), waiters.kinds()), encoding="utf-8")


def text(kinds: Mapping[str, Kind], of_boto3: Mapping[str, Waiter]) -> str:
    """Return the page as Markdown."""
    services = by_service(kinds.values())
    sections = (line for service, its_kinds in services.items() for line in _section(service, its_kinds))
    waiter_tables = _waiter_tables(by_service(of_boto3.values()))
    head = _head(kinds.values(), len(services), len(of_boto3))
    return "\n".join([head, *_index(services), *sections, *waiter_tables]) + "\n"


def _head(kinds: Collection[Kind], services: int, of_boto3: int) -> str:
    return HEAD.format(
        kinds=len(kinds),
        services=services,
        statuses=f"{sum(len(kind.outcome_of) for kind in kinds):,}",
        waiters=of_boto3,
        first=product_name(FIRST),
        first_anchor=anchor(_heading(FIRST)),
        sync=EXTERNAL_WAITERS["step-functions"]["source"],
        airflow=EXTERNAL_WAITERS["airflow"]["source"],
        automatic=sum(starts_automatically(kind) != "no" for kind in kinds),
        event=sum(bool(kind.event) for kind in kinds),
        percent=sum(bool(kind.percent) for kind in kinds),
    )


def _index(services: Iterable[str]) -> Iterator[str]:
    for initial, same_initial in groupby(services, key=lambda service: short_name(service)[0].upper()):
        links = (f"[{short_name(service)}](#{anchor(_heading(service))})" for service in same_initial)
        yield f"**{initial}**: {', '.join(links)}\n"


def _heading(service: str) -> str:
    return f"{product_name(service)} (`{service}`)"


def _section(service: str, kinds: Sequence[Kind]) -> Iterator[str]:
    yield f"\n### {_heading(service)}\n"
    yield from (f"{note}\n" for note in lifecycle_notes(service))
    yield from table(COLUMNS, map(_row, kinds))
    yield from details("Statuses, and what else waits for these jobs", map(_outcomes, kinds))


def _row(kind: Kind) -> Sequence[str]:
    return (
        f"{breakable_code(kind.name)}{' ↻' if kind.recurs else ''}<br>{breakable(kind.describe)}",
        breakable(", ".join(kind.request)),
        _automatic_start(kind),
        ";<br>".join(kind.event.get("detail-type", ())),
        "yes" if kind.percent else "",
    )


def _automatic_start(kind: Kind) -> str:
    calls = breakable(", ".join(kind.start))
    return f"{starts_automatically(kind)}: {calls}" if calls else starts_automatically(kind)


def _outcomes(kind: Kind) -> str:
    others = "; ".join(other_waiters(kind))
    return f"- **{kind.noun}**<br>{statuses(kind)}{f'<br>also waited for by: {others}' if others else ''}"


def statuses(kind: Kind, as_code: Callable[[str], str] = code) -> str:
    """Return the kind's statuses by outcome, one outcome per line of a table's cell or list item."""
    by_outcome: dict[str, list[str]] = {outcome: [] for outcome in OUTCOMES}
    for status, outcome in kind.outcome_of.items():
        by_outcome[outcome].append(as_code(status))
    return "<br>".join(f"{outcome}: {', '.join(words)}" for outcome, words in by_outcome.items() if words)


def _waiter_tables(services: Mapping[str, Sequence[Waiter]]) -> Iterator[str]:
    count = sum(map(len, services.values()))
    yield WAITERS.format(waiters=count, services=len(services), botocore=botocore.__version__)
    for service, kinds in services.items():
        summary = f"{product_name(service)} (<code>{service}</code>): {len(kinds)} waiter{'s' * (len(kinds) > 1)}"
        yield from details(summary, table(WAITER_COLUMNS, map(_waiter_row, kinds)))


def _waiter_row(kind: Waiter) -> Sequence[str]:
    members = (f"[{member}]" if member in kind.optional else member for member in kind.request)
    notes = ["<br>*never fails*"] * kind.never_fails + ["<br>*succeeds if not found*"] * kind.waits_for_absence
    return (
        f"{breakable_code(kind.name)}<br>{breakable(kind.describe)}",
        breakable(", ".join(members)),
        "".join([statuses(kind, breakable_code), *notes]),
    )


def lifecycle_notes(service: str) -> Iterator[str]:
    """Yield AWS's announcements about the service: the end of its support, or that it's closed to new customers."""
    for stage, note in LIFECYCLE_NOTES.items():
        if (announced := LIFECYCLE[stage].get(service)) is not None:
            kinds = ", ".join(f"`{service}/{noun}`" for noun in announced.get("kinds", ()))
            affected = f" ({kinds})" if kinds else ""
            yield f"**{note.format(**announced)}**{affected}. See [AWS's page]({announced['source']})."


def other_waiters(kind: Kind) -> Iterator[str]:
    """Yield what else waits for such a job: `.sync` for Step Functions, Airflow, and the names of boto3's waiters."""
    if {*kind.start, kind.describe} & set(EXTERNAL_WAITERS["step-functions"].get(kind.service, ())):
        yield "`.sync`"
    if kind.describe in EXTERNAL_WAITERS["airflow"].get(kind.service, ()):
        yield "Airflow"
    names = [waiter.noun for waiter in waiters.load(kind.service).values() if waiter.describe == kind.describe]
    if names:
        yield f"boto3: {', '.join(names)}"


if __name__ == "__main__":
    write()
