"""Find the members of a job that may contradict its status: counters and names of failures, and further statuses.

A kind must read each of them in `status`, `but` or `reason`, or its table's `ignored` must say why it doesn't.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from job_watcher import catalogue
from job_watcher.catalogue import Kind
from job_watcher.expressions import search

from .models import service_model
from .sample import Leaf, sample

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


def unread(kind: Kind, job: Any) -> Iterator[str]:
    """Yield the paths of such members that the kind neither reads nor ignores; `job` is a sample with every member.

    A text, code or structure that explains a failure may be read by `reason` alone: the status says that there was one.
    """
    status, but, reason = (set(_paths(one)) for one in (kind.status, " ".join(kind.but.values()), kind.reason or ""))
    for path, name, value in members(job):
        explains = isinstance(value, Mapping) or (isinstance(value, Leaf) and not _is_status(name, value))
        read = path in status or _reads(but, path) or (explains and _reads(reason, path))
        ignored = any(path == one or path.startswith(f"{one}.") for one in kind.ignored)
        if _may_contradict(name, value) and not read and not ignored:
            yield path


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


def main(services: Iterable[str]) -> None:
    """Print what the kinds of these services neither read nor ignore; of all services by default."""
    for name, kind in catalogue.kinds([f"{service}/*" for service in services] or ["*"]).items():
        model = service_model(kind.service)
        assert model is not None
        for path in unread(kind, search(kind.job, sample(model.operation_model(kind.describe).output_shape))):
            print(f"{name}: {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
