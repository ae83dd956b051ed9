"""Load the catalogue: each TOML table becomes a Kind, which reads describe answers with JMESPath expressions."""

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path
from typing import Any

from .expressions import parse_number, search, without
from .to_json import compact_json, text, to_json

PACKAGE = Path(__file__).parent
# In the wheel, the catalogue is part of the package. In a checkout and in the bundle, it is beside the package.
FOLDER = PACKAGE / "kinds" if (PACKAGE / "kinds").is_dir() else PACKAGE.parent / "kinds"
CUSTOM = FOLDER / "custom"  # in the bundle: the files of the setting custom-kinds-dir
OUTCOMES = ("running", "succeeded", "partial", "failed", "stopped")
FINAL_OUTCOMES = OUTCOMES[1:]
MAX_STATUS_LENGTH = 200  # characters; an unknown status can have any length
NO_STATUS = "unknown"  # what notifications have as the status if the job's status is missing or empty
WAITER = "/waiter/"  # in the names of kinds that are boto3 waiters


@dataclass(frozen=True)
class Observation:
    """What a describe answer shows: the Job dict, the service's status, the outcome, and any percentage."""

    job: Mapping[str, Any]
    status: str
    outcome: str
    known: bool
    """Whether the catalogue has the status. An unknown status counts as running."""
    percent: float | None
    created: Any
    """The creation time in the service's notation; None if the answer has none."""
    omitted: Sequence[str] = ()  # paths of the members that were removed because they may contain secrets
    absent: bool = False  # whether the resource doesn't exist; some waiters wait for that

    @property
    def short_status(self) -> str:
        """The status as notifications and the poll state have it. SQS rejects U+FFFE and U+FFFF."""
        return re.sub("[\ufffe\uffff]", "\N{REPLACEMENT CHARACTER}", text(self.status, MAX_STATUS_LENGTH))


@dataclass(frozen=True)
class Kind:
    """A catalogue entry. `outcome_of` maps each of the service's statuses to an outcome."""

    name: str
    describe: str  # the describe operation, such as `DescribeSpeakerEnrollmentJob`
    request: Sequence[str]  # members of the describe call's input that identify one job
    job: str
    """JMESPath of the Job dict in the answer. The expressions below are evaluated on the Job dict."""
    status: str
    outcome_of: Mapping[str, str]
    title: str | None = None
    """The name that people use for the job, on the Job dict or the request."""
    percent: str | None = None
    created: str | None = None
    ended: str | None = None
    reason: str | None = None
    results: str | None = None
    console: str | None = None
    """The job's page in AWS's console, with expressions in braces. See links.py."""
    logs: str | None = None
    """The job's log group in CloudWatch, or a list of its log group and log stream."""
    start: Sequence[str] = ()
    """API calls that start such a job."""
    action: str | None = None
    """The IAM action of the describe call, if its name differs from the operation's."""
    constants: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of every describe call, from the table `with`."""
    pick: Mapping[str, str] = field(default_factory=dict)
    """Lists in the answer, each with the request member that selects its item and isn't part of the describe call."""
    started: Mapping[str, str] = field(default_factory=dict)
    """Paths of the request's members in CloudTrail's events about these calls. By default, they are found by name."""
    event: Mapping[str, Any] = field(default_factory=dict)
    """The service's own event about such jobs: an event pattern, and the paths of the request's members."""
    advice: Mapping[str, str] = field(default_factory=dict)
    """Recommended actions in the email, by outcome."""
    but: Mapping[str, str] = field(default_factory=dict)
    """Conditions on the job. The first one that holds replaces the outcome `succeeded` with its own."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Members that report failures or another status but don't affect the outcome, each with the reason."""
    polling: Mapping[str, float] = field(default_factory=dict)
    """Values that replace those of the deployment's PollingLimits, for long jobs or services with low quotas."""
    recurs: bool = False
    """Whether the same resource can change repeatedly, such as with each update. Each watch then notifies."""
    optional: Sequence[str] = ()
    """Members of a waiter's request that are optional. At least one member is required."""
    omit: Sequence[str] = ()
    """Members of the job that may contain secrets, such as `container.environment`. They are removed."""

    @property
    def service(self) -> str:
        """The service as boto3 names it: `voice-id`."""
        return self.name.partition("/")[0]

    @property
    def noun(self) -> str:
        """The noun in the kind's name: `SpeakerEnrollmentJob`."""
        return self.name.rpartition("/")[2]

    @property
    def label(self) -> str:
        """The noun as words: `speaker enrollment job`."""
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", self.noun)
        return " ".join(word if word.isupper() else word.lower() for word in words)

    def read(self, answer: Mapping[str, Any]) -> Observation | None:
        """Return what a describe answer shows, or None if it contains no job. A job may have no or any status."""
        response = {member: value for member, value in answer.items() if member != "ResponseMetadata"}
        found = search(self.job, response)
        job = found if isinstance(found, dict) else {}
        status = search(self.status, job)
        if found is None or not (isinstance(status, str) or _has_content(found)):
            return None
        reported, omitted = self.remove_omitted(job)
        return Observation(
            job=reported,
            status=_describe_status(status),
            outcome=self._outcome(status, job),
            known=isinstance(status, str) and status in self.outcome_of,
            percent=parse_number(search(self.percent, job)),
            created=search(self.created, job),
            omitted=omitted,
        )

    def _outcome(self, status: Any, job: Mapping[str, Any]) -> str:
        """Return the outcome; an unknown status counts as running, and `but` overrides a success."""
        outcome = self.outcome_of.get(status, "running") if isinstance(status, str) else "running"
        if outcome != "succeeded":
            return outcome
        return next((other for other, condition in self.but.items() if search(condition, job)), outcome)

    def arguments(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the describe call's arguments for a request."""
        filters = self.pick.values()
        return {**{name: value for name, value in request.items() if name not in filters}, **self.constants}

    def filter_lists(self, answer: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer with the lists in `pick` reduced to the items that have the request's value."""
        lists = {
            name: [item for item in answer.get(name) or () if item.get(member) == request[member]]
            for name, member in self.pick.items()
        }
        return {**answer, **lists}

    def remove_omitted(self, job: Any) -> tuple[Any, list[str]]:
        """Return the job without the members in `omit`, and the paths of those that were present."""
        omitted = [path for path in self.omit if without(job, path) != job]
        return reduce(without, omitted, job), omitted

    def read_error(self, answer: Mapping[str, Any]) -> Observation | None:
        """Return what a failed call's response shows about the job. Only waiters override this."""
        return None


def _has_content(found: Any) -> bool:
    """Whether a value is more than the empty structure that some services return for a job that they don't find."""
    values = found.values() if isinstance(found, Mapping) else [found]
    return any(value not in (None, "", [], {}) for value in values)


def _describe_status(status: Any) -> str:
    """Return a status as text; NO_STATUS if it is missing or empty."""
    shown = status if isinstance(status, str) else "" if status is None else compact_json(to_json(status))
    return shown if shown.strip() else NO_STATUS


def parse_kind(name: str, table: Mapping[str, Any]) -> Kind:
    """Return the kind that a catalogue table describes."""
    members = dict(table)
    outcome_of = {status: outcome for outcome in OUTCOMES for status in members.pop(outcome, ())}
    return Kind(name=name, outcome_of=outcome_of, constants=members.pop("with", {}), **members)


@cache
def load(service: str, folder: Path = FOLDER, custom: Path = CUSTOM) -> Mapping[str, Kind]:
    """Return a service's kinds by name. Tables in `custom` replace tables of the same name in `folder`."""
    if not re.fullmatch(r"[a-z0-9-]{1,64}", service):
        return {}
    files = [directory / f"{service}.toml" for directory in (folder, custom)]
    texts = (file.read_text(encoding="utf-8") for file in files if file.is_file())
    tables = {noun: table for text in texts for noun, table in tomllib.loads(text).items()}
    return {f"{service}/{noun}": parse_kind(f"{service}/{noun}", table) for noun, table in tables.items()}


def kinds(patterns: Iterable[str] = ("*",), folder: Path = FOLDER, custom: Path = CUSTOM) -> Mapping[str, Kind]:
    """Return the kinds whose names match one of the patterns, such as `voice-id/*`."""
    names = sorted({path.stem for directory in (folder, custom) for path in directory.glob("*.toml")})
    services = (load(name, folder, custom) for name in names)
    return {name: kind for service in services for name, kind in service.items() if is_enabled(name, patterns)}


def is_enabled(name: str, patterns: Iterable[str]) -> bool:
    """Whether a kind's name matches one of the patterns. Waiters match only patterns that contain `/waiter/`."""
    return any((WAITER in name) == (WAITER in pattern) and fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
