"""boto3's waiters as kinds: `rds/waiter/DBSnapshotCompleted` ends when the waiter's own acceptors say so."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape
from botocore.waiter import AcceptorConfig, SingleWaiterConfig, WaiterModel, is_valid_waiter_error
from jmespath.exceptions import JMESPathError

from . import catalogue
from .catalogue import WAITER, Kind, Seen, enabled
from .expressions import search
from .secrecy import public, sensitive

_DATA = create_loader()
OUTCOME_OF = {"retry": "running", "success": "succeeded", "failure": "failed"}
# Members of a request that name nothing: they page through an answer, or only try the call.
_PAGING = re.compile(
    r"(next|starting)?_?(token|marker)|(max_?|page_?)(results|records|items|size)|limit|dry_?run", re.I
)
# Beside what secrecy.py leaves out: a link to the code that is open to everybody who has it.
SECRETS = {"lambda/GetFunction": ["Code.Location"]}
ADVICE = {
    "succeeded": "No action needed: what the waiter waits for has happened.",
    "failed": "Check the resource: it can no longer reach the state that the waiter waits for.",
}
LOST = "Check the resource, fix the problem, then start a new watch."
NEVER_FAILS = "{noun} has no failure condition, so it never reports a failure."
WAITS_FOR_ABSENCE = "{noun} also succeeds when the resource isn't found, whoever deleted it."


@dataclass(frozen=True)
class Waiter(Kind):
    """A kind whose answers botocore's own code judges; its `job` is the one resource that the answer describes."""

    acceptors: Sequence[AcceptorConfig] = ()
    shape: Shape | None = None
    """Of the answer."""

    @property
    def title(self) -> str:
        """What a sentence calls it: `wait for DBSnapshotCompleted`."""
        return f"wait for {self.noun}"

    @property
    def never_fails(self) -> bool:
        """Whether the waiter has no condition for a failure: it then waits until the watch gives up."""
        return not any(acceptor.state == "failure" for acceptor in self.acceptors)

    @property
    def waits_for_absence(self) -> bool:
        """Whether it succeeds when the thing isn't found."""
        return any(_succeeds_on_absence(acceptor) for acceptor in self.acceptors)

    def read(self, answer: Mapping[str, Any]) -> Seen | None:
        """What an answer says; botocore would take a member of a job's that is called Error for an error."""
        return self._read({member: value for member, value in answer.items() if member != "Error"}, answer)

    def read_error(self, answer: Mapping[str, Any]) -> Seen | None:
        """What an error's response says; None for an error that the waiter does not know."""
        return self._read(answer, answer)

    def _read(self, judged: Mapping[str, Any], answer: Mapping[str, Any]) -> Seen | None:
        met = next((acceptor for acceptor in self.acceptors if _meets(judged, acceptor)), None)
        if met is None and is_valid_waiter_error(judged):
            return None
        status, outcome = self._status(judged, met), OUTCOME_OF[met.state] if met else "running"
        told, secrets = public(answer, self.shape)
        told, omitted = self.leave_out(told)
        job = self._resource(told)
        absent = met is not None and _succeeds_on_absence(met)
        return Seen(job, status, outcome, True, None, None, omitted=[*secrets, *omitted], absent=absent)

    def _status(self, answer: Mapping[str, Any], met: AcceptorConfig | None) -> str:
        """The words that the acceptor looked at, or else another one looks at; where there are none, its verdict."""
        if is_valid_waiter_error(answer):
            return str(answer["Error"]["Code"])
        looks = [acceptor.argument for acceptor in (met, *self.acceptors) if acceptor and acceptor.argument]
        words = next((words for path in looks if (words := _words(search(path, answer)))), None)
        return words or (met.state if met and met.state != "retry" else "not yet")

    def _resource(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The dict that the acceptors' paths lead into, where it is one; else the whole answer."""
        for path in filter(None, (acceptor.argument for acceptor in self.acceptors)):
            found = search(_place(path), answer)
            dicts = [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
            if len(dicts) == 1:
                return dicts[0]
        return {member: value for member, value in answer.items() if member != "ResponseMetadata"}


def kinds(patterns: Iterable[str] = (f"*{WAITER}*",)) -> Mapping[str, Waiter]:
    """Every waiter whose name matches one of the patterns, such as `rds/waiter/*`."""
    patterns = list(patterns)
    wanted = [pattern.partition(WAITER)[0] for pattern in patterns if WAITER in pattern]
    names = _DATA.list_available_services("waiters-2") if wanted else []
    services = (load(name) for name in names if any(fnmatchcase(name, service) for service in wanted))
    return {name: kind for service in services for name, kind in service.items() if enabled(name, patterns)}


@cache
def load(service: str) -> Mapping[str, Waiter]:
    """All waiters of one service that boto3 has, by name."""
    try:
        waiters = WaiterModel(_DATA.load_service_model(service, "waiters-2"))
    except (DataNotFoundError, UnknownServiceError):
        return {}
    if not waiters.waiter_names:
        return {}
    model = ServiceModel(_DATA.load_service_model(service, "service-2"), service)
    made = (_waiter(f"{service}{WAITER}{name}", waiters.get_waiter(name), model) for name in waiters.waiter_names)
    return {waiter.name: waiter for waiter in made}


def _waiter(name: str, config: SingleWaiterConfig, model: ServiceModel) -> Waiter:
    operation, acceptors = model.operation_model(config.operation), config.acceptors
    members = operation.input_shape.members if operation.input_shape else {}
    required = operation.input_shape.required_members if operation.input_shape else []
    optional = {name: shape for name, shape in members.items() if name not in required and not _PAGING.fullmatch(name)}
    more = [name for name, shape in optional.items() if not sensitive(shape)]
    return Waiter(
        name=name,
        describe=config.operation,
        request=[*required, *more],
        optional=more,
        job="@",
        status="@",
        outcome_of={_expected(acceptor): OUTCOME_OF[acceptor.state] for acceptor in acceptors},
        recurs=True,
        omit=_omit(model.service_name, config.operation),
        advice=_advice(name.rpartition("/")[2], acceptors),
        acceptors=acceptors,
        shape=operation.output_shape,
    )


def _advice(noun: str, acceptors: Sequence[AcceptorConfig]) -> Mapping[str, str]:
    """What to do by outcome, with what a reader must know of this waiter's conditions."""
    fails = any(acceptor.state == "failure" for acceptor in acceptors)
    absence = any(_succeeds_on_absence(acceptor) for acceptor in acceptors)
    notes = [NEVER_FAILS] * (not fails) + [WAITS_FOR_ABSENCE] * absence
    lost = {"lost": f"{LOST} {NEVER_FAILS}".format(noun=noun)} if not fails else {}
    return {**ADVICE, **lost, "succeeded": " ".join([ADVICE["succeeded"], *notes]).format(noun=noun)}


def _omit(service: str, operation: str) -> Sequence[str]:
    """Where in the operation's answer plain secrets may be: as above, and where the tables of kinds say so."""
    kinds = [kind for kind in catalogue.load(service).values() if kind.describe == operation]
    told = [re.sub(r"\[\d*\]|@\.", "", f"{kind.job}.{path}") for kind in kinds for path in kind.omit]
    return [*SECRETS.get(f"{service}/{operation}", ()), *told]


def _meets(answer: Mapping[str, Any], acceptor: AcceptorConfig) -> bool:
    try:
        return bool(acceptor.matcher_func(answer))
    except JMESPathError:  # such as the length of a list that the answer does not have
        return False


def _succeeds_on_absence(acceptor: AcceptorConfig) -> bool:
    """Whether the acceptor waits until the thing is gone: for a "not found", or for an empty list."""
    expected: Any = acceptor.expected  # False of an error means that there is none
    empty = re.search(r"length\(.*\) *== *`0`", acceptor.argument or "") is not None
    error = acceptor.matcher == "error" and expected is not False
    return acceptor.state == "success" and (error or empty or expected == 404)


def _expected(acceptor: AcceptorConfig) -> str:
    """What an acceptor waits for, in a word: a status, an error's code, or else the condition."""
    if acceptor.matcher == "status":
        return f"HTTP {acceptor.expected}"
    if isinstance(acceptor.expected, str):
        return acceptor.expected
    return acceptor.argument or {True: "any error", False: "no error"}[acceptor.expected]


def _words(found: Any) -> str:
    """The strings that a path found, each once: `available`."""
    strings = [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]
    return ", ".join(dict.fromkeys(strings))


def _place(path: str) -> str | None:
    """Where the resource is whose state a path tells: `Reservations[].Instances[]`, `Cluster`; None for the answer."""
    if among := re.search(r"(?<![\w.])\w+\[\d*\](\.\w+\[\d*\])*", path):
        return among[0]
    member, dot, _ = path.partition(".")
    return member if dot and member.isidentifier() and not re.search("(State|Status)$", member) else None
