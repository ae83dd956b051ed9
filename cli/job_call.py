"""Make a job's describe call with the caller's own credentials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from job_watcher.catalogue import Kind, Observation
from job_watcher.errors import Meaning, meaning
from job_watcher.schedule import run_start
from job_watcher.watch import Rules, Watch

from .kind_names import find_kind

ClientOf = Callable[[str], Any]


@dataclass(frozen=True)
class JobCall:
    """The describe call of the job that a watch follows."""

    kind: Kind
    watch: Watch
    client: Any

    def observe(self) -> Observation | None:
        """Return what the answer shows, or None if the job isn't found. Raise ClientError or BotoCoreError."""
        request = self.watch.input["request"]
        try:
            answer = getattr(self.client, xform_name(self.kind.describe))(**self.kind.arguments(request))
        except (ClientError, BotoCoreError) as error:
            if meaning(error) is Meaning.MISSING:
                return None
            raise
        return self.kind.read(self.kind.filter_lists(answer, request))

    def run_start(self, observation: Observation) -> float | None:
        """Return when the run began, in seconds since 1970."""
        start = run_start(self.watch, observation)
        return start.timestamp() if start else None


def job_call(client: ClientOf, watch: str, watch_input: Mapping[str, Any]) -> JobCall | None:
    """Return the describe call of a watch's job. None if only the deployment has the kind, or the input is invalid.

    `client` makes a boto3 client of a service, and `watch` is the execution's ARN.
    """
    name, request = watch_input.get("kind"), watch_input.get("request")
    if not isinstance(name, str) or not isinstance(request, dict):
        return None
    try:
        kind = find_kind(name)
    except typer.BadParameter:
        return None
    rules = Watch(watch_input, watch, {"polls": 0, "waited": 0, "outcome": "running"}, Rules(), kind)
    return JobCall(kind, rules, client(kind.service))
