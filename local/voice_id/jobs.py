"""The batch jobs of all domains: what Start…, Describe… and List… do, the same for both kinds."""

import time
from collections.abc import Callable, Collection, Mapping
from threading import RLock
from typing import Any

from botocore.model import StructureShape

from local.voice_id.aws_json import Members
from local.voice_id.batch_job import BatchJob, new_id
from local.voice_id.batch_kind import KINDS, Kind
from local.voice_id.model import SERVICE, refusal

Operation = Callable[[Kind, Members], Members]


class Jobs:
    """Every job ever started, by its id; amended ones are described as amended. `create` makes the job that works."""

    def __init__(self, create: Callable[[Kind, Members], BatchJob], domains: Collection[str] | None) -> None:
        self._create, self._domains = create, domains
        self._lock = RLock()
        self._tokens: dict[tuple[Kind, str], tuple[Members, str]] = {}
        self.all: dict[str, BatchJob] = {}
        self.amendments: dict[str, Members] = {}
        self.operations: dict[str, tuple[Operation, Kind]] = {}
        for kind in KINDS:
            self.operations[f"Start{kind.noun}"] = self.start, kind
            self.operations[f"Describe{kind.noun}"] = self.describe, kind
            self.operations[f"List{kind.noun}s"] = self.list, kind

    def start(self, kind: Kind, given: Members) -> Members:
        """A new job, which does not begin yet; or the one that the same ClientToken made before."""
        request = {name: value for name, value in given.items() if name != "ClientToken"}
        token = given.get("ClientToken", "")
        with self._lock:
            jobs = self.in_domain(kind, given["DomainId"])
            before, job_id = self._tokens.get((kind, token), (None, ""))
            if before is None or not token:
                self.refuse_a_second(kind, jobs)
                job = self._create(kind, new_job(kind, request))
                job_id = job.described["JobId"]
                self.all[job_id] = job
                self._tokens[kind, token] = request, job_id
            elif before != request:
                # the model has no error for this; its ConflictTypes do not fit either, so none is given
                raise refusal("ConflictException", f"ClientToken {token} was used with a different request")
            return {"Job": self.all[job_id].described}

    def refuse_a_second(self, kind: Kind, jobs: Mapping[str, BatchJob]) -> None:
        """One active job a domain and kind.

        Service Quotas lists "Active speaker enrollment jobs per domain" (L-55441DAB) and "Active fraudster
        registration jobs per domain" (L-38B73369), each 1: so it is the quota error and not ConflictException,
        and each kind counts for itself.
        """
        if active := [job_id for job_id, job in jobs.items() if job.active]:
            raise refusal("ServiceQuotaExceededException", f"The domain has an active {kind.noun}: {active[0]}")

    def begin(self, job_id: str) -> None:
        with self._lock:  # two answers to one ClientToken may get here at once
            self.all[job_id].start()

    def describe(self, kind: Kind, given: Members) -> Members:
        job_id = given["JobId"]
        if job_id not in self.in_domain(kind, given["DomainId"]):
            message = f"{kind.noun} {job_id} does not exist in domain {given['DomainId']}"
            raise refusal("ResourceNotFoundException", message, ResourceType="BATCH_JOB")
        return {"Job": self.described(job_id)}

    def list(self, kind: Kind, given: Members) -> Members:
        """Summaries in the order of creation. A page's NextToken is the id of its last job."""
        job_ids = list(self.in_domain(kind, given["DomainId"]))
        after, size = given.get("NextToken"), given.get("MaxResults", 100)
        if after and after not in job_ids:
            raise refusal("ValidationException", "The NextToken is not one of this list's")
        rest = job_ids[job_ids.index(after) + 1 :] if after else job_ids
        jobs = [self.described(job_id) for job_id in rest]
        jobs = [job for job in jobs if given.get("JobStatus") in (None, job["JobStatus"])]
        page = {"JobSummaries": [summary(kind, job) for job in jobs[:size]]}
        return {**page, "NextToken": jobs[size - 1]["JobId"]} if jobs[size:] else page

    def in_domain(self, kind: Kind, domain: str) -> dict[str, BatchJob]:
        if self._domains is not None and domain not in self._domains:
            raise refusal("ResourceNotFoundException", f"Domain {domain} does not exist", ResourceType="DOMAIN")
        with self._lock:
            jobs = self.all.items()
            return {key: job for key, job in jobs if job.kind is kind and job.described["DomainId"] == domain}

    def described(self, job_id: str) -> Members:
        job = {**self.all[job_id].described, **self.amendments.get(job_id, {})}
        return {name: value for name, value in job.items() if value is not None}


def new_job(kind: Kind, request: Members) -> Members:
    born = {"JobId": new_id(), "JobStatus": "SUBMITTED", "CreatedAt": round(time.time(), 3)}
    return {**filled(request, kind.defaults), **born, "JobProgress": {"PercentComplete": 0}}


def filled(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Members:
    """The members given, and the defaults of those that were not."""
    nested = {
        name: filled(given.get(name, {}), value) if isinstance(value, dict) else given.get(name, value)
        for name, value in defaults.items()
    }
    return {**given, **nested}


def summary(kind: Kind, job: Members) -> Members:
    shape = SERVICE.shape_for(f"{kind.noun}Summary")
    assert isinstance(shape, StructureShape)
    return {name: job[name] for name in shape.members if name in job}
