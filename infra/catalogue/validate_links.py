"""Validate a kind's `console` and `logs`: their expressions, and that they can only lead to AWS's console."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import OperationModel

from job_watcher.catalogue import Kind
from job_watcher.expressions import search
from job_watcher.links import EXPRESSION

from .expression_checks import is_jmespath
from .sample_answer import sample

PLACE = {"region": "eu-west-1", "account": "111122223333"}
# The first part is the name of the service's console, so that no value can become part of the host.
_PAGE = re.compile(r"[a-z0-9-]+/[\w\-./?#&=;:]*", re.ASCII)


def problems(kind: Kind, operation: OperationModel) -> Iterator[str]:
    """Yield a sentence for each expression that finds nothing in the request and the job, and for an invalid page."""
    values = _values(kind, operation)
    expressions = EXPRESSION.findall(kind.console or "")
    if kind.console is not None and not _PAGE.fullmatch(EXPRESSION.sub("", kind.console)):
        accepted = "accepted is a path such as 'batch/home?region={region}#jobs/detail/{jobId}'"
        yield f"console: {kind.console!r} is not a page of the console; {accepted}."
    for expression in expressions:
        if not is_jmespath(expression):
            yield f"console: {expression!r} is not valid JMESPath."
        elif not isinstance(search(expression, values), str | int):
            yield f"console: {expression!r} finds no text in the request or the job."
    yield from _logs_problems(kind.logs, values)


def _logs_problems(logs: str | None, values: Mapping[str, Any]) -> Iterator[str]:
    if logs is None:
        return
    if not is_jmespath(logs):
        yield f"logs: {logs!r} is not valid JMESPath."
        return
    found = search(logs, values)
    names = found if isinstance(found, list) else [found]
    if len(names) > 2 or not all(isinstance(name, str) for name in names):
        yield f"logs: {logs!r} finds no log group, no log group and log stream, and no URI of S3 in the job."


def _values(kind: Kind, operation: OperationModel) -> Mapping[str, Any]:
    request = sample(operation.input_shape)
    job = search(kind.job, sample(operation.output_shape))
    identifying = {member: value for member, value in request.items() if member in kind.request}
    return {**identifying, **(job if isinstance(job, Mapping) else {}), **PLACE}
