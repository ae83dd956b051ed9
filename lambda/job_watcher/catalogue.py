"""Which jobs can be watched: TOML tables of JMESPath, read into kinds that can read a describe answer."""

import fnmatch
import math
import posixpath
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

FOLDER = Path(__file__).parent.parent / "kinds"
OWN = FOLDER / "own"  # in a bundle: the files of the setting kinds-folder
OUTCOMES = ("running", "succeeded", "partial", "failed", "stopped")
ENDED = OUTCOMES[1:]
WAITER = "/waiter/"  # in the names of those kinds that are waiters of boto3's


class _Functions(jmespath.functions.Functions):
    """What the catalogue's expressions may call beside JMESPath's own functions."""

    @jmespath.functions.signature({"types": ["string"]})
    def _func_basename(self, path: str) -> str:
        return posixpath.basename(path)

    @jmespath.functions.signature({"types": ["string"], "variadic": True})
    def _func_uri(self, *parts: str) -> str:
        return "/".join([*(part.rstrip("/") for part in parts[:-1]), parts[-1]])


OPTIONS = jmespath.Options(custom_functions=_Functions())


def search(expression: str | None, data: Any) -> Any:
    """What a JMESPath finds in `data`; None where it finds nothing or the data has another shape than it expects."""
    if expression is None:
        return None
    try:
        return jmespath.compile(expression).search(data, options=OPTIONS)
    except JMESPathError:
        return None


def without(data: Any, path: str) -> Any:
    """The same without the member that a dotted path leads to, through lists: in each of their items."""
    if isinstance(data, list):
        return [without(item, path) for item in data]
    member, _, inner = path.partition(".")
    if not isinstance(data, Mapping) or member not in data:
        return data
    if inner:
        return {**data, member: without(data[member], inner)}
    return {name: value for name, value in data.items() if name != member}


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
    started: Mapping[str, str] = field(default_factory=dict)
    """Where a CloudTrail event of those calls has the members of the request; by default anywhere, by their names."""
    event: Mapping[str, Any] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
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
            outcome=self.outcome_of.get(status, "running"),  # a status nobody knew never ends a watch
            known=status in self.outcome_of,
            percent=_percentage(search(self.percent, job)),
            created=search(self.created, job),
            omitted=omitted,
        )

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


def _percentage(value: Any) -> float | None:
    try:
        percent = float(value.removesuffix("%") if isinstance(value, str) else value)  # some services say "42%"
    except (TypeError, ValueError):
        return None
    return percent if math.isfinite(percent) else None
