"""docs/kinds.md: every kind of the catalogue, and who else waits for such jobs."""

import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore

from job_watcher import catalogue, waiters
from job_watcher.catalogue import OUTCOMES, Kind
from job_watcher.waiters import Waiter

from .cloudtrail import starts_automatically

PAGE = Path(__file__).parents[1] / "docs" / "kinds.md"
ELSEWHERE: Mapping[str, Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("elsewhere.toml").read_text())
LIFECYCLE: Mapping[str, Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("lifecycle.toml").read_text())
LIFECYCLE_NOTES = {
    "end-of-support": "AWS's support ends on {date}",
    "closed-to-new-customers": "closed to new customers, as AWS announced on {date}",
}

HEAD = """\
# The kinds of jobs that can be watched

Made by `make kinds` from `lambda/kinds/*.toml`; {kinds} kinds of {services} services with {statuses} statuses.

- ↻: it can end again and again, as a resource does with each change; each watch of it announces.
- *Request*: the members that name one job in a watch's input; of those that are lists, with exactly one item.
- *%*: whether the service tells how far the job is.
- *Starts automatically*: whether events start a watch of such a job. *Needs CloudTrail data events*: only if a trail
  logs the service's data events, which trails don't do by default. *Only in us-east-1* (or another Region): AWS sends
  the service's events to that Region alone, so deploy Job Watcher there. *No*: no event names the job, so start the
  watch yourself.
- *Started by*: the API calls whose CloudTrail events start a watch. The account needs a trail for them.
- *Event*: the service's own events on the default bus. They need no trail.
- *Waited for by*: [`.sync` of Step Functions]({sync}), a waiter of [Airflow's Amazon provider]({airflow}), or
  boto3's waiters on the same operation. They may wait for less, or for something else, such as a deletion: those of
  boto3 and Airflow do not name every status. Airflow's hooks and sensors, which are not counted here, poll some more.
"""
COLUMNS = (
    "| kind | describe call | request | statuses | % | starts automatically | started by | event | waited for by |"
)
WAITERS = """
## boto3's waiters

The {waiters} waiters of {services} services in botocore {botocore} are kinds too, and botocore's own code decides their
outcomes.

- *Request*: members in brackets are optional. Where all are, at least one is required.
- *Outcomes*: statuses, error codes or conditions. Any other answer means that the waiter is still waiting, and other
  errors mean the same as for other kinds.
- *Never fails*: the waiter has no failure condition, so it never reports a failure.
- *Absence*: the waiter also succeeds when the resource is not found. If it has never been found, the watch is reported
  as lost, because the name may be misspelt.
"""


def write() -> None:
    """Write docs/kinds.md anew."""
    PAGE.write_text(text(catalogue.kinds(), waiters.kinds()), encoding="utf-8")


def text(kinds: Mapping[str, Kind], of_boto3: Mapping[str, Waiter]) -> str:
    """The page, as Markdown."""
    services: dict[str, list[Kind]] = defaultdict(list)
    for kind in kinds.values():
        services[kind.service].append(kind)
    head = HEAD.format(
        kinds=len(kinds),
        services=len(services),
        statuses=f"{sum(len(kind.outcome_of) for kind in kinds.values()):,}",
        sync=ELSEWHERE["step-functions"]["source"],
        airflow=ELSEWHERE["airflow"]["source"],
    )
    sections = (line for service, its in services.items() for line in _section(service, its))
    return "\n".join([head, *_summary(services), *sections, *_waiters(of_boto3.values())]) + "\n"


def _summary(services: Mapping[str, list[Kind]]) -> Iterator[str]:
    yield "| service | kinds | with % | with a start call | with an event |"
    yield "|---|--:|--:|--:|--:|"
    for service, kinds in services.items():
        numbers = (len(kinds), *(sum(map(bool, column)) for column in _columns(kinds)))
        yield f"| [{service}](#{service}) | {' | '.join(map(str, numbers))} |"


def _columns(kinds: Iterable[Kind]) -> Iterator[tuple[Any, ...]]:
    yield from zip(*((kind.percent, kind.start, kind.event) for kind in kinds), strict=True)


def _section(service: str, kinds: Iterable[Kind]) -> Iterator[str]:
    yield f"\n## {service}\n"
    yield from (f"{note}\n" for note in lifecycle_notes(service))
    yield COLUMNS
    yield "|---|---|---|---|---|---|---|---|---|"
    for kind in kinds:
        cells = (
            f"`{kind.name}`{' ↻' if kind.recurs else ''}",
            kind.describe,
            ", ".join(kind.request),
            _statuses(kind),
            "yes" if kind.percent else "no",
            starts_automatically(kind),
            ", ".join(kind.start),
            "; ".join(kind.event.get("detail-type", ())),
            "; ".join(elsewhere(kind)),
        )
        yield f"| {' | '.join(cells)} |"


def _statuses(kind: Kind) -> str:
    by_outcome = {name: [s for s, outcome in kind.outcome_of.items() if outcome == name] for name in OUTCOMES}
    return "<br>".join(f"{name}: {', '.join(_code(s) for s in words)}" for name, words in by_outcome.items() if words)


def _code(status: str) -> str:
    fence = "``" if "`" in status else "`"
    return f"{fence}{status}{fence}".replace("|", "\\|")


def _waiters(kinds: Collection[Waiter]) -> Iterator[str]:
    services = len({kind.service for kind in kinds})
    yield WAITERS.format(waiters=len(kinds), services=services, botocore=botocore.__version__)
    yield "| kind | describe call | request | outcomes | never fails | absence |"
    yield "|---|---|---|---|---|---|"
    for kind in kinds:
        members = (f"[{member}]" if member in kind.optional else member for member in kind.request)
        marks = " | ".join("yes" if mark else "" for mark in (kind.never_fails, kind.waits_for_absence))
        yield f"| `{kind.name}` | {kind.describe} | {', '.join(members)} | {_statuses(kind)} | {marks} |"


def lifecycle_notes(service: str) -> Iterator[str]:
    """What AWS has announced about the service, with a link: the end of its support, or no new customers."""
    for stage, note in LIFECYCLE_NOTES.items():
        if (known := LIFECYCLE[stage].get(service)) is not None:
            which = ", ".join(f"`{service}/{kind}`" for kind in known.get("kinds", ())) or "This service"
            yield f"{which}: {note.format(**known)} ([AWS's page]({known['source']}))."


def elsewhere(kind: Kind) -> Iterator[str]:
    """Who else waits for such a job: Step Functions, Airflow, boto3's waiters by name."""
    if {*kind.start, kind.describe} & set(ELSEWHERE["step-functions"].get(kind.service, ())):
        yield "`.sync`"
    if kind.describe in ELSEWHERE["airflow"].get(kind.service, ()):
        yield "Airflow"
    names = [waiter.noun for waiter in waiters.load(kind.service).values() if waiter.describe == kind.describe]
    if names:
        yield f"boto3: {', '.join(names)}"


if __name__ == "__main__":
    write()
