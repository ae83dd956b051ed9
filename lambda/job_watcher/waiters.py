"""Turn boto3's waiters into kinds. `rds/waiter/DBSnapshotCompleted` ends when one of the waiter's acceptors matches."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape, StructureShape
from botocore.waiter import AcceptorConfig, SingleWaiterConfig, WaiterModel, is_valid_waiter_error

from . import catalogue
from .acceptors import describe_condition, join_strings, matches, resource_path, succeeds_on_absence
from .catalogue import WAITER, Kind, Observation, is_enabled
from .expressions import search
from .redaction import is_sensitive, redact

_DATA = create_loader()
OUTCOME_OF = {"retry": "running", "success": "succeeded", "failure": "failed"}
# Members of a request that don't identify a resource: paging and dry runs.
_PAGING = re.compile(
    r"(next|starting)?_?(token|marker)|(max_?|page_?)(results|records|items|size)|limit|dry_?run", re.I
)
# Members that redaction.py doesn't recognize. This one is a link with which anyone can download the code.
SECRETS = {"lambda/GetFunction": ["Code.Location"]}
ADVICE = {
    "succeeded": "No action needed. The resource reached the state that the waiter waits for.",
    "failed": "Check the resource. It can't reach the state that the waiter waits for.",
}
LOST = "Check the resource, fix the problem, then start a new watch."
NEVER_FAILS = "{noun} has no failure condition, so it never reports a failure."
WAITS_FOR_ABSENCE = "{noun} also succeeds when the resource isn't found, no matter who deleted it."


@dataclass(frozen=True)
class Waiter(Kind):
    """A kind whose answers botocore's own code evaluates. Its `job` is the resource that the answer describes."""

    acceptors: Sequence[AcceptorConfig] = ()
    shape: Shape | None = None
    """The shape of the answer."""

    @property
    def label(self) -> str:
        """The waiter's name as words: `waiter DBSnapshotCompleted`."""
        return f"waiter {self.noun}"

    @property
    def never_fails(self) -> bool:
        """Whether the waiter has no failure condition. It then waits until the watch gives up."""
        return not any(acceptor.state == "failure" for acceptor in self.acceptors)

    @property
    def waits_for_absence(self) -> bool:
        """Whether the waiter succeeds when the resource isn't found."""
        return any(succeeds_on_absence(acceptor) for acceptor in self.acceptors)

    def read(self, answer: Mapping[str, Any]) -> Observation | None:
        """Return what a describe answer shows. It is never None.

        A member named Error is left out of the evaluation, because botocore would mistake it for an error.
        """
        return self._read({member: value for member, value in answer.items() if member != "Error"}, answer)

    def read_error(self, answer: Mapping[str, Any]) -> Observation | None:
        """Return what an error's response shows; None if no acceptor matches it."""
        return self._read(answer, answer)

    def _read(self, evaluated: Mapping[str, Any], answer: Mapping[str, Any]) -> Observation | None:
        matched = next((acceptor for acceptor in self.acceptors if matches(evaluated, acceptor)), None)
        if matched is None and is_valid_waiter_error(evaluated):
            return None
        status, outcome = self._status(evaluated, matched), OUTCOME_OF[matched.state] if matched else "running"
        response = {member: value for member, value in answer.items() if member != "ResponseMetadata"}
        redacted, secrets = redact(response, self.shape)
        reported, omitted = self.remove_omitted(redacted)
        job = self._resource(reported)
        absent = matched is not None and succeeds_on_absence(matched)
        return Observation(job, status, outcome, True, None, None, omitted=[*secrets, *omitted], absent=absent)

    def _status(self, answer: Mapping[str, Any], matched: AcceptorConfig | None) -> str:
        """Return the status that the matched or another acceptor reads, or else the matched acceptor's state."""
        if is_valid_waiter_error(answer):
            return str(answer["Error"]["Code"])
        paths = [acceptor.argument for acceptor in (matched, *self.acceptors) if acceptor and acceptor.argument]
        status = next((status for path in paths if (status := join_strings(search(path, answer)))), None)
        return status or (matched.state if matched and matched.state != "retry" else "not yet")

    def _resource(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the single resource whose members the acceptors read, or else the whole answer."""
        for path in filter(None, (acceptor.argument for acceptor in self.acceptors)):
            found = search(resource_path(path), answer)
            dicts = [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]
            if len(dicts) == 1:
                return dicts[0]
        return answer


def kinds(patterns: Iterable[str] = (f"*{WAITER}*",)) -> Mapping[str, Waiter]:
    """Return the waiters whose names match one of the patterns, such as `rds/waiter/*`."""
    patterns = list(patterns)
    service_patterns = [pattern.partition(WAITER)[0] for pattern in patterns if WAITER in pattern]
    names = _DATA.list_available_services("waiters-2") if service_patterns else []
    services = (load(name) for name in names if any(fnmatchcase(name, service) for service in service_patterns))
    return {name: kind for service in services for name, kind in service.items() if is_enabled(name, patterns)}


@cache
def load(service: str) -> Mapping[str, Waiter]:
    """Return boto3's waiters of a service, by name."""
    try:
        waiters = WaiterModel(_DATA.load_service_model(service, "waiters-2"))
    except (DataNotFoundError, UnknownServiceError):
        return {}
    if not waiters.waiter_names:
        return {}
    model = ServiceModel(_DATA.load_service_model(service, "service-2"), service)
    loaded = (_waiter(f"{service}{WAITER}{name}", waiters.get_waiter(name), model) for name in waiters.waiter_names)
    return {waiter.name: waiter for waiter in loaded}


def _waiter(name: str, config: SingleWaiterConfig, model: ServiceModel) -> Waiter:
    operation, acceptors = model.operation_model(config.operation), config.acceptors
    required, optional = _request_members(operation.input_shape)
    waiter = Waiter(
        name=name,
        describe=config.operation,
        request=[*required, *optional],
        optional=optional,
        job="@",
        status="@",
        outcome_of={describe_condition(acceptor): OUTCOME_OF[acceptor.state] for acceptor in acceptors},
        recurs=True,
        omit=_omit(model.service_name, config.operation),
        acceptors=acceptors,
        shape=operation.output_shape,
    )
    return replace(waiter, advice=_advice(waiter))


def _request_members(shape: StructureShape | None) -> tuple[list[str], list[str]]:
    """Return the required members of a request, and the optional ones that can identify a resource."""
    if shape is None:
        return [], []
    required: list[str] = shape.required_members
    optional = {name: inner for name, inner in shape.members.items() if name not in required}
    return required, [name for name in optional if not _PAGING.fullmatch(name) and not is_sensitive(optional[name])]


def _advice(waiter: Waiter) -> Mapping[str, str]:
    """Return the recommended actions by outcome, with notes about the waiter's conditions."""
    notes = [NEVER_FAILS] * waiter.never_fails + [WAITS_FOR_ABSENCE] * waiter.waits_for_absence
    lost = {"lost": f"{LOST} {NEVER_FAILS}"} if waiter.never_fails else {}
    advice = {**ADVICE, **lost, "succeeded": " ".join([ADVICE["succeeded"], *notes])}
    return {outcome: text.format(noun=waiter.noun) for outcome, text in advice.items()}


def _omit(service: str, operation: str) -> Sequence[str]:
    """Return the members of the operation's answer that may contain secrets, from SECRETS and the kinds' tables."""
    kinds = [kind for kind in catalogue.load(service).values() if kind.describe == operation]
    paths = [re.sub(r"\[\d*\]|@\.", "", f"{kind.job}.{path}") for kind in kinds for path in kind.omit]
    return [*SECRETS.get(f"{service}/{operation}", ()), *paths]
