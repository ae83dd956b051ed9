"""Find the members of a job that can contradict its status: those that count or describe failures, and other statuses.

A kind must read each of them in `status`, `but` or `reason`, or give the reason in `ignored` why it doesn't.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.expressions import search

from ..service_models import require_service_model
from .sample_answer import Leaf, sample

# Words in the names of members that are about failures: one of _FAILURES, or both words of one of _PAIRS.
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
# The ends of the names of settings, which say what a job should do, not its result.
_SETTINGS = re.compile(
    r"(config(uration|ured)?(s|details|info)?|settings?|options?|preferences?|parameters?|args|arguments|properties"
    r"|definition|spec|specification|policy|policies|strategy|behaviou?r|onfailure|onerror|failureaction|maxerrors"
    r"|tolerated\w+|mode|level|threshold|handling|tolerance|percentage|uri|url|path|(?<!al)location|prefix|bucket|key"
    r"|arn|(seconds|minutes|hours|days|millis)|\w*timeout(in)?(seconds|minutes|hours|s|ms)?|timeouts?|source|input\w*)$",
    re.IGNORECASE,
)


def unread(kind: Kind) -> list[str]:
    """Return the paths of the members that can contradict the status and that the kind neither reads nor ignores."""
    return [path for path, how in handling(kind) if not how]


def handling(kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield the path of each member that can contradict the status, and how the kind handles it.

    How is `read by ...`, the reason in `ignored`, or empty if the kind does neither. A message, code or structure that
    describes a failure can be read by `reason` alone, because the status shows that there was a failure.
    """
    read = {"status": kind.status, "but": " ".join(kind.but.values()), "reason": kind.reason or ""}
    paths = {key: set(_paths(expression)) for key, expression in read.items()}
    for path, name, value in members(job_sample(kind)):
        if _can_contradict(name, value) and path not in paths["status"]:
            describes = isinstance(value, Mapping) or (isinstance(value, Leaf) and not _is_status(name, value))
            if _reads(paths["but"], path):
                yield path, "read by `but`"
            elif describes and _reads(paths["reason"], path):
                yield path, "read by `reason`"
            else:
                ignored = (why for member, why in kind.ignored.items() if f"{path}.".startswith(f"{member}."))
                yield path, next(ignored, "")


def job_sample(kind: Kind) -> Any:
    """Return a sample of the kind's job with every member."""
    operation = require_service_model(kind.service).operation_model(kind.describe)
    return search(kind.job, sample(operation.output_shape))


def _paths(expression: str) -> Iterator[str]:
    """Yield the paths that an expression reads, such as `Statistics.FailedActions`, without indexes."""
    without_lists = re.sub(r"\[[\d:*]*\]", "", expression.replace('"', ""))
    yield from re.findall(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*", without_lists)


def _reads(paths: Iterable[str], path: str) -> bool:
    return any(f".{read}." in f".{path}." or read.startswith(f"{path}.") for read in paths)


def _can_contradict(name: str, value: Any) -> bool:
    words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}
    return _is_status(name, value) or bool(words & _FAILURES) or any(pair <= words for pair in _PAIRS)


def _is_status(name: str, value: Any) -> bool:
    return isinstance(value, Leaf) and bool(value.enum) and bool(_STATUS.search(name))


def members(value: Any, path: str = "", *, settings: bool = False) -> Iterator[tuple[str, str, Any]]:
    """Yield the path, name and value of every member of a sample. Settings are left out by default.

    Members of a list's items have the list's path. A map in a sample has the only key `key`.
    """
    if isinstance(value, list):
        for item in value:
            yield from members(item, path, settings=settings)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if settings or name == "key" or not _SETTINGS.search(name):
                inner_path = f"{path}.{name}".lstrip(".")
                yield inner_path, name, inner
                yield from members(inner, inner_path, settings=settings)
