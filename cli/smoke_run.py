"""Run a smoke test: start a job and its watch, and collect the parts of the notification as they arrive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic, sleep, time
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.expressions import search
from job_watcher.facts import format_duration
from job_watcher.to_json import parse_time

from .cleanup import Cleanup
from .deployment import Deployment
from .smoke_jobs import Client, SmokeJob
from .smoke_receiver import PARTS, Delivery, Receiver
from .watches import Started, start_as_event

Report = Callable[[str], None]
"""Prints a line about the progress."""
END_SECONDS = 2  # between two checks whether a watch has ended
COVERED_SECONDS = 7  # after the job's start: a watch covers earlier events only if it ends 5 seconds after them
CONTINUES = "           The watch continues. It may report the job as lost, because the job is removed."


@dataclass
class SmokeTest:
    """A smoke test of a deployment, and what it has found so far."""

    client: Client
    deployment: Deployment
    kind: Kind
    job: SmokeJob
    name: str
    report: Report
    cleanup: Cleanup = field(default_factory=Cleanup)
    request: Mapping[str, Any] = field(default_factory=dict)
    watch: str | None = None
    arrived: dict[str, Delivery] = field(default_factory=dict)
    watch_ended: bool = False
    _started: float = 0

    @property
    def missing(self) -> list[str]:
        """The parts of the notification that haven't arrived."""
        return [part for part in PARTS if part not in self.arrived]

    @property
    def detail(self) -> Mapping[str, Any]:
        """The event's detail, or an empty dict if neither the event nor the message for programs has arrived."""
        return next((one.detail for one in self.arrived.values() if one.detail), {})

    @property
    def ended(self) -> datetime | None:
        """When the job ended, according to its service."""
        return parse_time(search(self.kind.ended, self.detail.get("job") or {})) if self.kind.ended else None

    def delay(self, part: str) -> float | None:
        """Return the seconds between the job's end and a part's arrival; None if either isn't known."""
        if self.ended is None or part not in self.arrived:
            return None
        return round((self.arrived[part].at - self.ended).total_seconds(), 1)

    def run(self, seconds: float) -> None:
        """Run the job, and wait at most this long for its notification. Remove what was created, also after errors."""
        try:
            self._run(seconds)
        finally:
            try:
                self._report_end()
            finally:
                self.cleanup.run()

    def _run(self, seconds: float) -> None:
        receiver = Receiver(self.client, self.deployment.outputs, self.job.kind, self.name, self.cleanup)
        receiver.wait_until_active()
        self.report(f"created    the rule {self.name}, the queue and the subscriptions")
        self._start()
        self.report(f"waiting    for the notification, at most {format_duration(seconds)}")
        self._wait(receiver, monotonic() + seconds)

    def _report_end(self) -> None:
        self.report("removing   everything that this command created")
        if self.request and not self.watch_ended:
            self.report(CONTINUES)

    def _start(self) -> None:
        self.request = self.job.start(self.client, self.cleanup, self.name)
        self._started = time()
        members = " ".join(f"{name}={value}" for name, value in self.request.items())
        self.report(f"started    {self.job.kind} {members}")
        self.watch, is_automatic = self._start_watch(0)
        self.report(f"watch      {self.watch}")
        self.report(f"           started {'automatically, by an event' if is_automatic else 'by this command'}")

    def _wait(self, receiver: Receiver, deadline: float) -> None:
        """Wait for the notification and for the end of the watch, which would be lost if its job was removed before."""
        while self.missing and monotonic() < deadline:
            for delivery in receiver.deliveries(self.request):
                if delivery.part not in self.arrived:
                    self.arrived[delivery.part] = delivery
                    self.report(f"arrived    {PARTS[delivery.part]}")
        self.watch_ended = self._wait_for_end(self.watch, deadline) and self._cover_late_events(deadline)

    def _cover_late_events(self, deadline: float) -> bool:
        """Watch the job once more before it is removed, which sends nothing. Return whether that has ended.

        CloudTrail's event about the job's start can be minutes late. It starts a watch unless one ended after it.
        """
        sleep(max(0.0, self._started + COVERED_SECONDS - time()))
        return self._wait_for_end(self._start_watch(1).watch, deadline)

    def _wait_for_end(self, watch: str | None, deadline: float) -> bool:
        """Wait until a watch has ended, at most until the deadline, and return whether it has."""
        states = self.client("stepfunctions")
        while states.describe_execution(executionArn=watch)["status"] == "RUNNING":
            if monotonic() > deadline:
                return False
            sleep(END_SECONDS)
        return True

    def _start_watch(self, number: int) -> Started:
        states, watch_input = self.client("stepfunctions"), {"kind": self.kind.name, "request": self.request}
        return start_as_event(states, self.deployment.machine, self.kind, watch_input, self._started, number)
