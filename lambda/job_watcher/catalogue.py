"""Which jobs can be watched: TOML tables of JMESPath, read into kinds that can read a describe answer."""

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path
from typing import Any

from .expressions import number, search, without

FOLDER = Path(__file__).parent.parent / "kinds"
OWN = FOLDER / "own"  # in a bundle: the files of the setting kinds-folder
OUTCOMES = ("running", "succeeded", "partial", "failed", "stopped")
ENDED = OUTCOMES[1:]
WAITER = "/waiter/"  # in the names of those kinds that are waiters of boto3's


@dataclass(frozen=True)
class Seen:
    """A describe answer, read: the Job dict, the service's status, our outcome, and the percentage if it has one."""

    job: Mapping[str, Any]
    status: str
    outcome: str
    known: bool
    percent: float | None
    created: Any
    omitted: Sequence[str] = ()
    absent: bool = False
    """The answer says that the resource doesn't exist, which is what some waiters wait for."""


@dataclass(frozen=True)
class Kind:
    """One catalogue entry; `outcome_of` maps each of the service's statuses to running, succeeded, partial, …"""

    name: str
    describe: str
    request: Sequence[str]
    job: str
    status: str
    outcome_of: Mapping[str, str]
    percent: str | None = None
    created: str | None = None
    ended: str | None = None
    reason: str | None = None
    results: str | None = None
    start: Sequence[str] = ()
    """Every API call that starts such a job."""
    action: str | None = None
    constant: Mapping[str, Any] = field(default_factory=dict)
    pick: Mapping[str, str] = field(default_factory=dict)
    """Lists of the answer, each with the request member that filters it; the describe call doesn't take that member."""
    started: Mapping[str, str] = field(default_factory=dict)
    """Where a CloudTrail event of those calls has the members of the request; by default anywhere, by their names."""
    event: Mapping[str, Any] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    but: Mapping[str, str] = field(default_factory=dict)
    """Conditions on the job: if one holds, a status that means `succeeded` means this outcome. The first one counts."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Members that name failures or a further status but don't decide the outcome, and why."""
    polling: Mapping[str, float] = field(default_factory=dict)
    """What differs from the deployment's polling.Pace: for a kind that lasts days, or a service with a low quota."""
    recurs: bool = False
    """The same request and creation time can end again, as a resource does with each update: every watch announces."""
    optional: Sequence[str] = ()
    """Members of a waiter's request that need not be there, as long as one is."""
    omit: Sequence[str] = ()
    """Members of the job, such as `container.environment`, that may hold plain secrets and so are left out of it."""

    @property
    def service(self) -> str:
        """The service as boto3 names it: `voice-id`."""
        return self.name.partition("/")[0]

    @property
    def noun(self) -> str:
        """The job's own name: `SpeakerEnrollmentJob`."""
        return self.name.rpartition("/")[2]

    @property
    def title(self) -> str:
        """What a sentence calls the job: `speaker enrollment job`."""
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", self.noun)
        return " ".join(word if word.isupper() else word.lower() for word in words)

    def read(self, answer: Mapping[str, Any]) -> Seen | None:
        """What a describe answer says of the job; None when it names no job."""
        said = {member: value for member, value in answer.items() if member != "ResponseMetadata"}
        job = search(self.job, said)
        status = search(self.status, job)
        if not isinstance(job, dict) or not isinstance(status, str):
            return None
        told, omitted = self.leave_out(job)
        return Seen(
            job=told,
            status=status,
            outcome=self._outcome(status, job),
            known=status in self.outcome_of,
            percent=number(search(self.percent, job)),
            created=search(self.created, job),
            omitted=omitted,
        )

    def _outcome(self, status: str, job: Mapping[str, Any]) -> str:
        """Return the outcome; an unknown status counts as running, and `but` overrides a success."""
        outcome = self.outcome_of.get(status, "running")
        if outcome != "succeeded":
            return outcome
        return next((other for other, condition in self.but.items() if search(condition, job)), outcome)

    def arguments(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the describe call's arguments for a request."""
        picked = self.pick.values()
        return {**{name: value for name, value in request.items() if name not in picked}, **self.constant}

    def picked(self, answer: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer with only those items of the lists in `pick` that have the request's value."""
        lists = {
            name: [item for item in answer.get(name) or () if item.get(member) == request[member]]
            for name, member in self.pick.items()
        }
        return {**answer, **lists}

    def leave_out(self, job: Any) -> tuple[Any, list[str]]:
        """The job without what `omit` names, and the paths of what was there."""
        omitted = [path for path in self.omit if without(job, path) != job]
        return reduce(without, omitted, job), omitted

    def read_error(self, answer: Mapping[str, Any]) -> Seen | None:
        """What a failed call's response says of the job: of a job, nothing."""
        return None


def parse(name: str, table: Mapping[str, Any]) -> Kind:
    """The kind that a TOML table of the catalogue describes."""
    given = dict(table)
    outcome_of = {status: outcome for outcome in OUTCOMES for status in given.pop(outcome, ())}
    return Kind(name=name, outcome_of=outcome_of, constant=given.pop("with", {}), **given)


@cache
def load(service: str, folder: Path = FOLDER, own: Path = OWN) -> Mapping[str, Kind]:
    """All kinds of one service, by name: its tables in `folder` and in `own`, which replace ours of the same name."""
    if not re.fullmatch(r"[a-z0-9-]{1,64}", service):
        return {}
    files = [place / f"{service}.toml" for place in (folder, own)]
    texts = (file.read_text(encoding="utf-8") for file in files if file.is_file())
    tables = {noun: table for text in texts for noun, table in tomllib.loads(text).items()}
    return {f"{service}/{noun}": parse(f"{service}/{noun}", table) for noun, table in tables.items()}


def kinds(patterns: Iterable[str] = ("*",), folder: Path = FOLDER, own: Path = OWN) -> Mapping[str, Kind]:
    """Every kind whose name matches one of the patterns, such as `voice-id/*`."""
    names = sorted({path.stem for place in (folder, own) for path in place.glob("*.toml")})
    services = (load(name, folder, own) for name in names)
    return {name: kind for service in services for name, kind in service.items() if enabled(name, patterns)}


def enabled(name: str, patterns: Iterable[str]) -> bool:
    """Whether a kind's name matches one of the patterns; waiters only match such as have `/waiter/` in them."""
    return any((WAITER in name) == (WAITER in one) and fnmatch.fnmatchcase(name, one) for one in patterns)
