"""What has arrived about the jobs: events on a rule's queue, and emails at the subscriber's."""

import time
from typing import Any, NamedTuple

from local.cloud import Cloud
from local.demo.jobs import Job
from local.listener import Listener

SUBSCRIBER = "supervisor@example.com"
ARRIVAL = 60  # seconds that a notification may take after the watch has ended


class Notifications(NamedTuple):
    """The events and the emails about one job: one of each, if all is well."""

    events: list[dict[str, Any]]
    emails: list[dict[str, Any]]

    def agree(self, job: Job) -> bool:
        """Whether there is one event with the job as its service describes it now, and one email with its status."""
        if (len(self.events), len(self.emails)) != (1, 1):
            return False
        (event,), (email,) = self
        text = email["Subject"] + email["BodyText"]
        detail = event["detail"]
        return detail.get("job") == job.describe() and detail["status"] in text and job.id in text


class Inbox:
    """The receivers' side: a rule's queue, which must exist before the jobs end, and the subscriber's emails."""

    def __init__(self, cloud: Cloud, bus: str) -> None:
        self._cloud = cloud
        self._listener = Listener(cloud.client("events"), cloud.client("sqs"), bus)
        self._events: list[dict[str, Any]] = []

    def wait(self, jobs: int) -> None:
        """Wait until an event and an email about each job have arrived, but not for ever."""
        self._events = self._listener.events(ARRIVAL, enough=jobs)
        deadline = time.monotonic() + ARRIVAL
        while len(self._emails()) < jobs and time.monotonic() < deadline:
            time.sleep(0.1)

    def about(self, job: Job) -> Notifications:
        """Return the events and the emails about a job."""
        events = [event for event in self._events if event["detail"]["request"] == job.request]
        return Notifications(events, [email for email in self._emails() if job.id in email["BodyText"]])

    def _emails(self) -> list[dict[str, Any]]:
        return [email for email in self._cloud.emails() if email["To"] == [SUBSCRIBER]]
