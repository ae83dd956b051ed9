"""Receive the notifications about many jobs, and find the ones that are missing, wrong or sent twice."""

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from local.cloud import TIMEOUT, Cloud
from local.event_queue import EventQueue

from .jobs import OUTCOMES, Job


class Notification(NamedTuple):
    """An event about a job's end, and when it arrived, in seconds since 1970."""

    event: dict[str, Any]
    arrived: float


class Notifications:
    """The events on the bus about these jobs, by JobId, and the emails. `name` is that of the rule and the queue."""

    def __init__(self, cloud: Cloud, bus: str, jobs: Sequence[Job], name: str) -> None:
        self._cloud, self._jobs = cloud, {job.id: job for job in jobs}
        self._sqs = cloud.client("sqs")
        self._queue = EventQueue(cloud.client("events"), self._sqs, bus, name).queue
        self.by_job: defaultdict[str, list[Notification]] = defaultdict(list)

    def wait(self) -> None:
        """Wait until each job has an event, or until none has arrived for TIMEOUT seconds."""
        deadline = time.monotonic() + TIMEOUT
        while len(self.by_job) < len(self._jobs) and time.monotonic() < deadline:
            if self._receive():
                deadline = time.monotonic() + TIMEOUT

    def problems(self, emailed: Collection[str], address: str) -> Iterator[str]:
        """Yield what is wrong. `address` must have one email about each job with an outcome in `emailed`."""
        while self._receive():
            pass  # duplicates
        for job in self._jobs.values():
            outcomes = [notification.event["detail"]["outcome"] for notification in self.by_job[job.id]]
            if outcomes != [OUTCOMES[job.status]]:
                yield f"job {job.id} is {job.status}, but its events are {outcomes}"
        expected = Counter(job.id for job in self._jobs.values() if OUTCOMES[job.status] in emailed)
        if (emails := self._emails(expected, address)) != expected:
            yield f"missing emails: {expected - emails}, additional emails: {emails - expected}"

    def _receive(self) -> int:
        response = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["SentTimestamp"]
        )
        messages = response.get("Messages", [])
        for message in messages:
            event = json.loads(message["Body"])
            job_id = event["detail"]["request"].get("JobId")
            if job_id in self._jobs and event["detail-type"] != "Job Progressed":
                arrived = int(message["Attributes"]["SentTimestamp"]) / 1000
                self.by_job[job_id].append(Notification(event, arrived))
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def _emails(self, expected: Counter[str], address: str) -> Counter[str]:
        """Return the number of emails to the address about each job. Wait until there are as many as expected."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            bodies = [email["BodyText"] for email in self._cloud.emails() if email["To"] == [address]]
            ids = (job_id for body in bodies for job_id in re.findall(r"^JobId: (\w+)$", body, re.MULTILINE))
            found = Counter(job_id for job_id in ids if job_id in self._jobs)
            if found >= expected or time.monotonic() > deadline:
                return found
            time.sleep(0.5)
