"""All batch jobs, and the Start…, Describe… and List… operations of both kinds."""

import time
from collections.abc import Callable, Collection, Mapping
from threading import RLock
from typing import Any

from botocore.model import StructureShape

from local.voice_id.aws_json import Members
from local.voice_id.batch_job import BatchJob, new_id
from local.voice_id.batch_kind import KINDS, Kind
from local.voice_id.model import SERVICE, service_error

Operation = Callable[[Kind, Members], Members]


class Jobs:
    """Every job by its ID. `create` makes a BatchJob of a kind and a Job dict. `domains`: as for VoiceId."""

    def __init__(self, create: Callable[[Kind, Members], BatchJob], domains: Collection[str] | None) -> None:
        self._create, self._domains = create, domains
        self._lock = RLock()
        self._client_tokens: dict[tuple[Kind, str], tuple[Members, str]] = {}  # the request and the job's ID
        self.all: dict[str, BatchJob] = {}
        self.amendments: dict[str, Members] = {}  # by job ID: members that replace the job's own
        self.operations: dict[str, tuple[Operation, Kind]] = {}
        for kind in KINDS:
            self.operations[f"Start{kind.noun}"] = self.start, kind
            self.operations[f"Describe{kind.noun}"] = self.describe, kind
            self.operations[f"List{kind.noun}s"] = self.list, kind

    def start(self, kind: Kind, request: Members) -> Members:
        """Create a job, or return the job that the same ClientToken created before. `run` starts its thread."""
        token = request.get("ClientToken", "")
        request = {name: value for name, value in request.items() if name != "ClientToken"}
        with self._lock:
            jobs = self.in_domain(kind, request["DomainId"])
            earlier, job_id = self._client_tokens.get((kind, token), (None, ""))
            if earlier is None or not token:
                self.reject_second_active_job(kind, jobs)
                job_id = self._add(kind, request)
                self._client_tokens[kind, token] = request, job_id
            elif earlier != request:
                # the model defines no ConflictType that fits, so the error has none
                raise service_error("ConflictException", f"ClientToken {token} was used with a different request")
            return {"Job": self.all[job_id].described}

    def _add(self, kind: Kind, request: Members) -> str:
        job = self._create(kind, new_job(kind, request))
        job_id: str = job.described["JobId"]
        self.all[job_id] = job
        return job_id

    def reject_second_active_job(self, kind: Kind, jobs: Mapping[str, BatchJob]) -> None:
        """Raise ServiceQuotaExceededException if the domain has an active job of this kind.

        Service Quotas lists "Active speaker enrollment jobs per domain" (L-55441DAB) and "Active fraudster
        registration jobs per domain" (L-38B73369), each with the value 1. So the error is the quota's and not
        ConflictException, and each kind is counted separately.
        """
        if active := [job_id for job_id, job in jobs.items() if job.active]:
            raise service_error("ServiceQuotaExceededException", f"The domain has an active {kind.noun}: {active[0]}")

    def run(self, job_id: str) -> None:
        """Start the job's thread, unless it has been started."""
        with self._lock:  # requests with the same ClientToken can arrive at the same time
            self.all[job_id].start()

    def describe(self, kind: Kind, request: Members) -> Members:
        """Return the Describe… response. Raise ResourceNotFoundException if the domain has no such job."""
        job_id = request["JobId"]
        if job_id not in self.in_domain(kind, request["DomainId"]):
            message = f"{kind.noun} {job_id} does not exist in domain {request['DomainId']}"
            raise service_error("ResourceNotFoundException", message, ResourceType="BATCH_JOB")
        return {"Job": self.described(job_id)}

    def list(self, kind: Kind, request: Members) -> Members:
        """Return a page of job summaries in the order of creation. NextToken is the ID of the page's last job."""
        job_ids = list(self.in_domain(kind, request["DomainId"]))
        after, size = request.get("NextToken"), request.get("MaxResults", 100)
        if after and after not in job_ids:
            raise service_error("ValidationException", "The NextToken is not valid for this list")
        remaining = job_ids[job_ids.index(after) + 1 :] if after else job_ids
        jobs = [self.described(job_id) for job_id in remaining]
        jobs = [job for job in jobs if request.get("JobStatus") in (None, job["JobStatus"])]
        page = {"JobSummaries": [summary(kind, job) for job in jobs[:size]]}
        return {**page, "NextToken": jobs[size - 1]["JobId"]} if jobs[size:] else page

    def in_domain(self, kind: Kind, domain: str) -> dict[str, BatchJob]:
        """Return a domain's jobs of a kind, by ID. Raise ResourceNotFoundException if there is no such domain."""
        if self._domains is not None and domain not in self._domains:
            message = f"Domain {domain} does not exist"
            raise service_error("ResourceNotFoundException", message, ResourceType="DOMAIN")
        with self._lock:
            jobs = self.all.items()
            return {key: job for key, job in jobs if job.kind is kind and job.described["DomainId"] == domain}

    def described(self, job_id: str) -> Members:
        """Return the Job dict with its amendments. None in an amendment removes a member."""
        job = {**self.all[job_id].described, **self.amendments.get(job_id, {})}
        return {name: value for name, value in job.items() if value is not None}


def new_job(kind: Kind, request: Members) -> Members:
    """Return the Job dict of a job that was just submitted."""
    created = {"JobId": new_id(), "JobStatus": "SUBMITTED", "CreatedAt": round(time.time(), 3)}
    return {**with_defaults(request, kind.defaults), **created, "JobProgress": {"PercentComplete": 0}}


def with_defaults(request: Mapping[str, Any], defaults: Mapping[str, Any]) -> Members:
    """Return the request, completed with the defaults of missing members at every level."""
    nested = {
        name: with_defaults(request.get(name, {}), value) if isinstance(value, dict) else request.get(name, value)
        for name, value in defaults.items()
    }
    return {**request, **nested}


def summary(kind: Kind, job: Members) -> Members:
    """Return the members of a Job dict that List… returns."""
    shape = SERVICE.shape_for(f"{kind.noun}Summary")
    assert isinstance(shape, StructureShape)
    return {name: job[name] for name in shape.members if name in job}
