"""Find the members of a job that may contradict its status: counters and names of failures, and further statuses.

A kind must read each of them in `status`, `but` or `reason`, or its table's `ignored` must say why it doesn't.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.expressions import search

from ..service_models import require_service_model
from .sample_answer import Leaf, sample

_FAILURES = frozenset(
    """
    abort aborted broken conflict conflicts corrupted denied discarded dropped error errored errors exception exceptions
    fail failed failing failure failures fault faults impaired incompatible incomplete interrupted invalid issue issues
    lost missing partial quarantined reject rejected rejections rejects skipped timed timedout timeout timeouts
    unhealthy unprocessed unreachable unsuccessful unsupported warning warnings
    """.split()  # noqa: SIM905
)
_PAIRS = ({"timed", "out"}, {"not", "processed"})
_STATUS = re.compile(r"(status|state|phase|outcome|result)$", re.IGNORECASE)
# What a job is to do, as opposed to what came of it.
_SETTINGS = re.compile(
    r"(config(uration|ured)?(s|details|info)?|settings?|options?|preferences?|parameters?|args|arguments|properties|definition|spec|specification|policy|policies"
    r"|strategy|behaviou?r|onfailure|onerror|failureaction|maxerrors|tolerated\w+|mode|level|threshold|handling|tolerance|percentage|uri|url|path|(?<!al)location|prefix|bucket|key|arn"
    r"|(seconds|minutes|hours|days|millis)|\w*timeout(in)?(seconds|minutes|hours|s|ms)?|timeouts?|source|input\w*)$",
    re.IGNORECASE,
)


def unread(kind: Kind) -> list[str]:
    """Return the paths of such members that the kind neither reads nor ignores."""
    return [path for path, handled in handling(kind) if not handled]


def handling(kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield each such member beside the status, and what reads it or why it's ignored; empty if neither.

    A text, code or structure that explains a failure may be read by `reason` alone: the status says that there was one.
    """
    read = {"status": kind.status, "but": " ".join(kind.but.values()), "reason": kind.reason or ""}
    paths = {key: set(_paths(expression)) for key, expression in read.items()}
    for path, name, value in members(job_sample(kind)):
        if _may_contradict(name, value) and path not in paths["status"]:
            explains = isinstance(value, Mapping) or (isinstance(value, Leaf) and not _is_status(name, value))
            if _reads(paths["but"], path):
                yield path, "read by `but`"
            elif explains and _reads(paths["reason"], path):
                yield path, "read by `reason`"
            else:
                yield path, next((why for one, why in kind.ignored.items() if f"{path}.".startswith(f"{one}.")), "")


def job_sample(kind: Kind) -> Any:
    """Return a sample of the kind's job with every member."""
    operation = require_service_model(kind.service).operation_model(kind.describe)
    return search(kind.job, sample(operation.output_shape))


def _paths(expression: str) -> Iterator[str]:
    """Yield the members that an expression reads, as far as they stand together: `Statistics.FailedActions`."""
    without_lists = re.sub(r"\[[\d:*]*\]", "", expression.replace('"', ""))
    yield from re.findall(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*", without_lists)


def _reads(paths: Iterable[str], path: str) -> bool:
    return any(f".{path}.".find(f".{one}.") >= 0 or one.startswith(f"{path}.") for one in paths)


def _may_contradict(name: str, value: Any) -> bool:
    words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}
    return _is_status(name, value) or bool(words & _FAILURES) or any(pair <= words for pair in _PAIRS)


def _is_status(name: str, value: Any) -> bool:
    return isinstance(value, Leaf) and bool(value.enum) and bool(_STATUS.search(name))


def members(value: Any, path: str = "", *, settings: bool = False) -> Iterator[tuple[str, str, Any]]:
    """Yield path, name and value of every member, without settings by default; a list's items stand for the list.

    The only key of a map in a sample is `key`.
    """
    if isinstance(value, list):
        for item in value:
            yield from members(item, path, settings=settings)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if settings or name == "key" or not _SETTINGS.search(name):
                place = f"{path}.{name}".lstrip(".")
                yield place, name, inner
                yield from members(inner, place, settings=settings)
