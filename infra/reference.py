"""docs/kinds.md: every kind of the catalogue, and who else waits for such jobs."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import DataNotFoundError

from job_watcher import catalogue
from job_watcher.catalogue import OUTCOMES, Kind

from .lint import session

PAGE = Path(__file__).parents[1] / "docs" / "kinds.md"
ELSEWHERE: Mapping[str, Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("elsewhere.toml").read_text())

HEAD = """\
# The kinds of jobs that can be watched

Made by `make kinds` from `lambda/kinds/*.toml`; {kinds} kinds of {services} services with {statuses} statuses.

- *Request*: the members that name one job in a watch's input; of those that are lists, with exactly one item.
- *%*: whether the service tells how far the job is.
- *Begins with*: the API call whose CloudTrail event starts a watch.
- *Event*: what the service itself says on the default bus.
- *Also waited for by*: [`.sync` of Step Functions]({sync}), a waiter of [Airflow's Amazon provider]({airflow}), or
  boto3's waiters on the same operation. They may wait for less, or for something else, such as a deletion: those of
  boto3 and Airflow do not name every status. Airflow's hooks and sensors, which are not counted here, poll some more.
"""


def write() -> None:
    """Write docs/kinds.md anew."""
    PAGE.write_text(text(catalogue.kinds()), encoding="utf-8")


def text(kinds: Mapping[str, Kind]) -> str:
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
    return "\n".join([head, *_summary(services), *sections]) + "\n"


def _summary(services: Mapping[str, list[Kind]]) -> Iterator[str]:
    yield "| service | kinds | with % | with a call that begins them | with an event |"
    yield "|---|--:|--:|--:|--:|"
    for service, kinds in services.items():
        numbers = (len(kinds), *(sum(map(bool, column)) for column in _columns(kinds)))
        yield f"| [{service}](#{service}) | {' | '.join(map(str, numbers))} |"


def _columns(kinds: Iterable[Kind]) -> Iterator[tuple[Any, ...]]:
    yield from zip(*((kind.percent, kind.start, kind.event) for kind in kinds), strict=True)


def _section(service: str, kinds: Iterable[Kind]) -> Iterator[str]:
    yield f"\n## {service}\n"
    yield "| kind | asked by | request | statuses | % | begins with | event | also waited for by |"
    yield "|---|---|---|---|---|---|---|---|"
    for kind in kinds:
        cells = (
            f"`{kind.name}`",
            kind.describe,
            ", ".join(kind.request),
            _statuses(kind),
            "yes" if kind.percent else "no",
            kind.start or "",
            "; ".join(kind.event.get("detail-type", ())),
            "; ".join(elsewhere(kind)),
        )
        yield f"| {' | '.join(cells)} |"


def _statuses(kind: Kind) -> str:
    by_outcome = {name: [s for s, outcome in kind.outcome_of.items() if outcome == name] for name in OUTCOMES}
    return "<br>".join(f"{name}: {', '.join(_code(s) for s in words)}" for name, words in by_outcome.items() if words)


def _code(status: str) -> str:
    return f"`{status}`"


def elsewhere(kind: Kind) -> Iterator[str]:
    """Who else waits for such a job: Step Functions, Airflow, boto3's waiters by name."""
    if {kind.start, kind.describe} & set(ELSEWHERE["step-functions"].get(kind.service, ())):
        yield "`.sync`"
    if kind.describe in ELSEWHERE["airflow"].get(kind.service, ()):
        yield "Airflow"
    waiters = [name for name, operation in _waiters(kind.service).items() if operation == kind.describe]
    if waiters:
        yield f"boto3: {', '.join(sorted(waiters))}"


@cache
def _waiters(service: str) -> Mapping[str, str]:
    """The operation that each of boto3's waiters for this service asks."""
    loader = session().get_component("data_loader")
    try:
        waiters = loader.load_service_model(service, "waiters-2")["waiters"]
    except DataNotFoundError:
        return {}
    return {name: waiter["operation"] for name, waiter in waiters.items()}


if __name__ == "__main__":
    write()
