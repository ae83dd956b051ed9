"""Read the acceptors of boto3's waiters: what each waits for, and where the answer has it."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.waiter import AcceptorConfig
from jmespath.exceptions import JMESPathError


def matches(answer: Mapping[str, Any], acceptor: AcceptorConfig) -> bool:
    """Whether the acceptor matches a describe answer, or the response of a failed call."""
    try:
        return bool(acceptor.matcher_func(answer))
    except JMESPathError:  # such as the length of a list that isn't in the answer
        return False


def succeeds_on_absence(acceptor: AcceptorConfig) -> bool:
    """Whether the acceptor waits for a "not found" error or an empty list."""
    expected: Any = acceptor.expected  # for the matcher `error`, False means no error
    empty = re.search(r"length\(.*\) *== *`0`", acceptor.argument or "") is not None
    error = acceptor.matcher == "error" and expected is not False
    return acceptor.state == "success" and (error or empty or expected == 404)


def describe_condition(acceptor: AcceptorConfig) -> str:
    """Return what an acceptor waits for: a status, an error code, or else its condition."""
    if acceptor.matcher == "status":
        return f"HTTP {acceptor.expected}"
    if isinstance(acceptor.expected, str):
        return acceptor.expected
    return acceptor.argument or {True: "any error", False: "no error"}[acceptor.expected]


def join_strings(found: Any) -> str:
    """Return the distinct strings that a path finds, such as `available`."""
    strings = [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, str)]
    return ", ".join(dict.fromkeys(strings))


def resource_path(path: str) -> str | None:
    """Return the path of the resource whose state a path reads, such as `Reservations[].Instances[]`, or None."""
    if list_path := re.search(r"(?<![\w.])\w+\[\d*\](\.\w+\[\d*\])*", path):
        return list_path[0]
    member, dot, _ = path.partition(".")
    return member if dot and member.isidentifier() and not re.search("(State|Status)$", member) else None
