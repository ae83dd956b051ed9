"""`make kinds`: how much the catalogue has, and how much of botocore's job-like describe operations that is."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import botocore

from job_watcher import catalogue, waiters
from job_watcher.catalogue import Kind

from ..service_models import service_model, session
from . import example_answers, kinds_page, outcomes_page, status_words

DESCRIBES = re.compile(r"(Batch)?(Describe|Get)[A-Z]")
JOB = re.compile(
    r"(Job|Task|Run|Execution|Export|Import|Query|Build|Scan|Evaluation|Operation|Deployment|Backup|Restore|Snapshot"
    r"|Statement|Command|Crawl|Transcription|Analysis|Detection)(s|es|Status|Details|Progress)?$"
)
DEFINITION = """\
  job-like: an operation named Describe…, Get… or BatchGet… whose answer has a member …Status, …State or …Phase, at most
            two structures deep, with an enum of which one value says that something runs and another that it has ended
  of jobs:  those of them whose name ends like a job's: Job, Task, Run, Execution, Export, Import, Query, Build, …"""


class Operation(NamedTuple):
    """An operation of a service, as boto3 and the API name them."""

    service: str
    name: str


def counts(kinds: Iterable[Kind]) -> Mapping[str, int]:
    """How many kinds, services and statuses; and how many kinds tell a percentage, and begin or end with an event."""
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
    """These services' describe operations that tell whether something runs or has ended."""
    return {
        Operation(service, name)
        for service in services
        if (model := service_model(service))
        for name in model.operation_names
        if DESCRIBES.match(name)
        and any(status.is_of_a_job for status in status_words.statuses(model.operation_model(name).output_shape))
    }


def of_jobs(operations: Iterable[Operation]) -> set[Operation]:
    """Those that are named like jobs."""
    return {operation for operation in operations if JOB.search(operation.name)}


def main() -> None:
    """Print the counts and the coverage, and write docs/kinds.md and docs/outcomes.md anew."""
    kinds, of_boto3 = catalogue.kinds(), waiters.kinds()
    for name, number in counts(kinds.values()).items():
        print(f"{number:6,} {name}")
    print(f"{len(of_boto3):6,} waiters of boto3's beside them")
    examples = [kind for kind, example in example_answers.answers(kinds.values()) if kind.read(example.answer)]
    print(
        f"{len(examples):6,} example answers of the AWS CLI and botocore, read by {len(set(map(id, examples)))} kinds"
    )
    ours = {Operation(kind.service, kind.describe) for kind in kinds.values()}
    everything = job_like(session().get_available_services())
    print(f"\nDescribe operations of botocore {botocore.__version__} that the catalogue has:")
    for name, operations in (("job-like", everything), ("of jobs", of_jobs(everything))):
        share, services = len(ours & operations) / len(operations), len({one.service for one in operations})
        print(f"{len(ours & operations):6,} of {len(operations):,} {name} ({share:.0%}), in {services} services")
    print(f"{len(ours - everything):6,} that are neither: their statuses have no enum, or lie elsewhere\n{DEFINITION}")
    kinds_page.write()
    outcomes_page.write(kinds)


if __name__ == "__main__":
    main()
