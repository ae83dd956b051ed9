"""The notifications that the demo receives: events in the queue of a rule, and emails to a subscriber."""

import time
from typing import Any, NamedTuple

from local.cloud import TIMEOUT, Cloud
from local.demo.jobs import Job
from local.event_queue import EventQueue

SUBSCRIBER = "supervisor@example.com"


class Notifications(NamedTuple):
    """The events and emails about one job. One of each is expected."""

    events: list[dict[str, Any]]
    emails: list[dict[str, Any]]

    def agree(self, job: Job) -> bool:
        """Return whether there is one event with the current Job dict, and one email with the job's ID and status."""
        if (len(self.events), len(self.emails)) != (1, 1):
            return False
        (event,), (email,) = self
        text = email["Subject"] + email["BodyText"]
        detail = event["detail"]
        return detail.get("job") == job.describe() and detail["status"] in text and job.id in text


class Inbox:
    """Receives the events and emails. Create it before the jobs end, because its rule receives only later events."""

    def __init__(self, cloud: Cloud, bus: str) -> None:
        self._cloud = cloud
        self._event_queue = EventQueue(cloud.client("events"), cloud.client("sqs"), bus)
        self._events: list[dict[str, Any]] = []

    def wait(self, jobs: int) -> None:
        """Wait until an event and an email about each job have arrived, or until TIMEOUT."""
        self._events = self._event_queue.receive(TIMEOUT, count=jobs)
        deadline = time.monotonic() + TIMEOUT
        while len(self._emails()) < jobs and time.monotonic() < deadline:
            time.sleep(0.1)

    def about(self, job: Job) -> Notifications:
        """Return the events and emails about a job."""
        events = [event for event in self._events if event["detail"]["request"] == job.request]
        return Notifications(events, [email for email in self._emails() if job.id in email["BodyText"]])

    def _emails(self) -> list[dict[str, Any]]:
        return [email for email in self._cloud.emails() if email["To"] == [SUBSCRIBER]]
