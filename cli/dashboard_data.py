"""Read what the dashboard shows, with a limited number of calls: running watches, recent ends and alarms."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from . import errors, stack_resources
from .call_budget import CallBudget
from .command import Context
from .dashboard_progress import ProgressReader
from .dashboard_snapshot import Alarm, EndedJob, RunningJob, Snapshot

# All calls, including those of the start. The quotas are calls per second, so there is enough left for others.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
CALLS_PER_MINUTE = 30
EVERY = 20.0  # seconds between two readings of the lists
RESERVE = 6  # calls for the lists that are read during the next 40 seconds
MAX_RUNNING, MAX_ENDED = 100, 10
WATCH, NOTIFY, ALARM = "WatcherWatch", "NotifierNotify", "Monitoring[A-Za-z]+"


class DashboardData:
    """Reads a deployment again and again. How a job ended, and the input of a watch, are read only once."""

    def __init__(self, context: Context) -> None:
        self._context, self._machine = context, context.deployment.machine
        self._states = context.client("stepfunctions", attempts=1)
        self._progress = ProgressReader(lambda service: context.client(service, attempts=1))
        self._budget = CallBudget(CALLS_PER_MINUTE - 1)  # one call has found the stack
        self._resources: Mapping[str, str] | None = None
        self._running: dict[str, RunningJob] = {}
        self._ended: dict[str, EndedJob] = {}
        self._alarms: list[Alarm] = []
        self._more_running = False
        self._problems: dict[str, str] = {}

    def read(self, now: float) -> Snapshot:
        """Read the lists, and then as many details as the budget allows. `now` is in seconds since 1970."""
        self._problems = {}
        if self._resources is None:
            self._try("resources of the stack", now, self._read_resources)
        self._try("running watches", now, self._list_running)
        self._try("recent ends", now, self._list_ended)
        self._try("alarms", now, self._list_alarms)
        self._read_details(now)
        ended = [job for job in self._ended.values() if job.detail.get("outcome") != "running"]
        return Snapshot(now, list(self._running.values()), self._more_running, ended, self._alarms, self._problems)

    def _try(self, what: str, now: float, read: Callable[[], None], reserve: int = 0) -> bool:
        """Read something, and return whether the budget allows it. After an error, what was known before remains."""
        if not self._budget.spend(now, reserve):
            return False
        try:
            read()
        except errors.EXPECTED as error:
            self._problems[what] = errors.sentence(error)
        return True

    def _read_resources(self) -> None:
        """Read the resources of the construct whose state machine this is, because a stack can have several."""
        ids = self._context.resources
        watch = next((logical_id for logical_id, id in ids.items() if id == self._machine), "")
        construct = re.sub(f"{WATCH}[0-9A-F]{{8}}$", "", watch)
        self._resources = {logical_id: id for logical_id, id in ids.items() if logical_id.startswith(construct)}

    def _list_running(self) -> None:
        found = {"stateMachineArn": self._machine, "statusFilter": "RUNNING", "maxResults": MAX_RUNNING}
        page = self._states.list_executions(**found)
        jobs = [RunningJob(one["executionArn"], one["startDate"]) for one in page["executions"]]
        self._running = {job.watch: self._running.get(job.watch, job) for job in jobs}
        self._more_running = "nextToken" in page

    def _list_ended(self) -> None:
        """List the newest notifications. Unlike the watches, they are in the order of the jobs' ends."""
        for machine in list(stack_resources.named(self._resources or {}, NOTIFY).values())[:1]:
            page = self._states.list_executions(stateMachineArn=machine, maxResults=MAX_ENDED)
            jobs = {one["executionArn"]: EndedJob(one["startDate"]) for one in page["executions"]}
            self._ended = {arn: self._ended.get(arn, job) for arn, job in jobs.items()}

    def _list_alarms(self) -> None:
        ids = stack_resources.named(self._resources or {}, ALARM)
        names = {name: logical_id for logical_id, name in ids.items() if not re.search("[:/]", name)}
        if names:
            found = self._context.client("cloudwatch", attempts=1).describe_alarms(
                AlarmNames=list(names), StateValue="ALARM"
            )
            self._alarms = [_alarm(names[alarm["AlarmName"]], alarm) for alarm in found["MetricAlarms"]]

    def _read_details(self, now: float) -> None:
        """Read what isn't known yet, and then the jobs that were read the longest time ago."""
        ends = [partial(self._read_end, arn) for arn, job in self._ended.items() if not job.detail]
        jobs = sorted(self._running.values(), key=lambda job: job.read)
        # A job that is new is read twice: the first time from the history, then itself.
        ordered = [*(job for job in jobs if not job.read), *jobs]
        progress = [partial(self._read_progress, job.watch, now) for job in ordered]
        for what, reads in (("details of ended jobs", ends), ("progress of running jobs", progress)):
            for read in reads:
                if what in self._problems or not self._try(what, now, read, RESERVE):
                    break

    def _read_end(self, arn: str) -> None:
        execution = self._states.describe_execution(executionArn=arn)
        self._ended[arn] = replace(self._ended[arn], detail=json.loads(json.loads(execution["input"])["message"]))

    def _read_progress(self, watch: str, now: float) -> None:
        self._running[watch] = self._progress.read(self._running[watch], now)


def _alarm(logical_id: str, alarm: Mapping[str, Any]) -> Alarm:
    name = re.sub(".*Monitoring(.*)[0-9A-F]{8}$", r"\1", logical_id)
    return Alarm(name, alarm["StateUpdatedTimestamp"], alarm.get("AlarmDescription", ""))
