"""`make kinds`: count the kinds, compare them with botocore's describe operations, and write the generated pages."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import botocore

from job_watcher import catalogue, waiters
from job_watcher.catalogue import Kind

from ..service_models import service_model, session
from . import errors_page, example_answers, kinds_page, outcomes_page, status_words

DESCRIBES = re.compile(r"(Batch)?(Describe|Get)[A-Z]")
JOB = re.compile(
    r"(Job|Task|Run|Execution|Export|Import|Query|Build|Scan|Evaluation|Operation|Deployment|Backup|Restore|Snapshot"
    r"|Statement|Command|Crawl|Transcription|Analysis|Detection)(s|es|Status|Details|Progress)?$"
)
DEFINITION = """\
  return a status: operations named Describe…, Get… or BatchGet… whose answer has a member …Status, …State or …Phase,
    at most two structures deep, and the member's enum has a value that means running and one that means ended
  named like jobs: those of them whose names end with Job, Task, Run, Execution, Export, Import, Query, Build, …"""


class Operation(NamedTuple):
    """An operation of a service, as boto3 and the API name them."""

    service: str
    name: str


def counts(kinds: Iterable[Kind]) -> Mapping[str, int]:
    """Return the numbers of kinds, services and statuses, and of kinds with a percentage, a start call or an event."""
    kinds = list(kinds)
    return {
        "kinds": len(kinds),
        "services": len({kind.service for kind in kinds}),
        "statuses": sum(len(kind.outcome_of) for kind in kinds),
        "with percent": sum(kind.percent is not None for kind in kinds),
        "with start": sum(bool(kind.start) for kind in kinds),
        "with event": sum(bool(kind.event) for kind in kinds),
    }


def job_like(services: Iterable[str]) -> set[Operation]:
    """Return these services' describe operations whose answers show whether something is running or has ended."""
    return {
        Operation(service, name)
        for service in services
        if (model := service_model(service))
        for name in model.operation_names
        if DESCRIBES.match(name)
        and any(status.is_of_a_job for status in status_words.statuses(model.operation_model(name).output_shape))
    }


def of_jobs(operations: Iterable[Operation]) -> set[Operation]:
    """Return the operations that are named like jobs."""
    return {operation for operation in operations if JOB.search(operation.name)}


def main() -> None:
    """Print the counts and the coverage. Write docs/kinds.md, docs/outcomes.md and docs/errors.md."""
    kinds = catalogue.kinds()
    _print_counts(kinds.values())
    _print_coverage(kinds.values())
    kinds_page.write()
    outcomes_page.write(kinds)
    errors_page.write([*kinds.values(), *waiters.kinds().values()])


def _print_counts(kinds: Collection[Kind]) -> None:
    for name, number in counts(kinds).items():
        print(f"{number:6,} {name}")
    print(f"{len(waiters.kinds()):6,} boto3 waiters, which are kinds too")
    read = ((kind.name, kind.read(example.answer)) for kind, example in example_answers.answers(kinds))
    readable = [name for name, observation in read if observation and observation.status != catalogue.NO_STATUS]
    print(f"{len(readable):6,} example answers of the AWS CLI and botocore, read by {len(set(readable))} kinds")


def _print_coverage(kinds: Iterable[Kind]) -> None:
    covered = {Operation(kind.service, kind.describe) for kind in kinds}
    all_job_like = job_like(session().get_available_services())
    print(f"\nDescribe operations of botocore {botocore.__version__} that the catalogue covers:")
    for name, operations in (("that return a status", all_job_like), ("named like jobs", of_jobs(all_job_like))):
        share, services = len(covered & operations) / len(operations), {operation.service for operation in operations}
        print(
            f"{len(covered & operations):6,} of {len(operations):,} {name} ({share:.0%}), in {len(services)} services"
        )
    print(f"{len(covered - all_job_like):6,} others, whose status has no enum or is deeper in the answer")
    print(DEFINITION)


if __name__ == "__main__":
    main()
