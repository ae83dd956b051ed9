"""docs/errors.md: what each known AWS error means for a watch, and the rule that decides."""

import socket
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any

from botocore import discovery, exceptions
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from job_watcher import errors
from job_watcher.catalogue import Kind
from job_watcher.errors import Classification, Meaning

from .markdown import breakable_code, code, table
from .modeled_errors import ModeledError, modeled_errors

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
KNOWN: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("known_errors.toml").read_text(encoding="utf-8"))
UNKNOWN_HOST = "EndpointConnectionError: host name not found"
SHOWN_SERVICES = 3
HEAD = """\
# AWS errors

This page lists the errors that a describe call can return, what each one means for a watch, and the rule that decides
this. `make kinds` generates it from the rules in [error_patterns.py](../lambda/job_watcher/error_patterns.py), from
botocore's models and from `infra/catalogue/known_errors.toml`.

botocore models {codes} error codes for the describe operations of all kinds and waiters ({pairs} pairs of a code and an
HTTP status). The page also lists {known} codes, {exceptions} exceptions and {messages} messages that aren't modeled.

## What a watch does

{meanings}

A good answer is an answer that shows the job's status. In addition, a watch is lost if its job hasn't ended
after `give-up-after-days`.

The rules apply in this order. The first one that matches decides:

1. A code whose meaning doesn't depend on the message, such as `UnknownOperationException`.
2. A pattern that the code contains, unless it means `invalid`. If the code means `denied`, but the message says that
   credentials have expired or the rate is exceeded, the message decides.
3. An HTTP status that means `unavailable` or `throttled`.
4. A pattern that the message contains. The patterns ignore case.
5. Another HTTP status, such as 404.
6. A pattern that the code contains and that means `invalid`, if the message has at most two words. A longer message
   that no pattern matches may be about something that resolves itself.
7. `default`: an error that no rule recognizes means `denied`.

## Modeled errors

The tables show what an error without a message means. *Services* are boto3's names."""
PERSISTENT = (
    "The watch keeps polling. It is lost after two minutes and two polls without a good answer. If the service has "
    "answered before, the watch also waits for a tenth of the time during which it answered, up to a day."
)
WATCH: Mapping[Meaning, str] = {
    Meaning.UNAVAILABLE: "The watch backs off and keeps polling until it gives up. If there is no connection or the "
    "answer can't be read, the watch is lost after a day, unless the service has answered before.",
    Meaning.THROTTLED: "The watch backs off and keeps polling until it gives up.",
    Meaning.MISSING: f"{PERSISTENT} If the service's own event started the watch and the job has never been found, "
    "the watch ends without a notification.",
    Meaning.DENIED: PERSISTENT,
    Meaning.UNREACHABLE: "The watch backs off and keeps polling. It is lost if this lasts for 15 minutes, or for "
    "a day if the service has answered before.",
    Meaning.INVALID: "The watch is lost at once. If the service has answered before, the rule for `denied` applies.",
}
CAUSE: Mapping[Meaning, str] = {
    Meaning.UNAVAILABLE: "The service fails or is busy, or something changes that resolves itself.",
    Meaning.THROTTLED: "There are too many calls.",
    Meaning.MISSING: "The service doesn't find the job.",
    Meaning.DENIED: "The role, the account or a KMS key doesn't allow the call, or the error is unknown.",
    Meaning.UNREACHABLE: "The host name of the service's endpoint doesn't exist.",
    Meaning.INVALID: "No later call can succeed.",
}


def classify(error_code: str, message: str = "", status: int | None = None) -> Classification:
    """Return how a watch classifies an error. Most services use the HTTP status 400 if the model has none."""
    http = {"HTTPStatusCode": status or 400}
    answer: Any = {"Error": {"Code": error_code, "Message": message}, "ResponseMetadata": http}
    return errors.classify(ClientError(answer, "Describe"))


def exception(name: str) -> BotoCoreError:
    """Return an instance of the botocore exception with this name, or the one for a host name that doesn't exist."""
    if name == UNKNOWN_HOST:
        failure = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return EndpointConnectionError(endpoint_url="https://example.invalid", error=failure)
    exception_class = getattr(exceptions, name, None) or getattr(discovery, name)
    fields = [field for _, field, _, _ in Formatter().parse(exception_class.fmt) if field]
    instance: BotoCoreError = exception_class(**dict.fromkeys(fields, "…"))
    return instance


def reason(classification: Classification) -> str:
    """Return what decided, as Markdown."""
    _, decided_by, rule = classification
    return f"{decided_by} {code(rule)}" if rule else decided_by


def write(kinds: Iterable[Kind]) -> None:
    """Write docs/errors.md."""
    PAGE.write_text(page(kinds), encoding="utf-8")


def page(kinds: Iterable[Kind]) -> str:
    """Return the page as Markdown."""
    modeled = modeled_errors(kinds)
    rows = {meaning: list(_modeled_rows(modeled, meaning)) for meaning in Meaning}
    head = HEAD.format(
        codes=len({error.code for error in modeled}),
        pairs=len({(error.code, error.status) for error in modeled}),
        known=len({name for group in KNOWN["codes"] for name, *_ in group["errors"]}),
        exceptions=len(KNOWN["exceptions"]["errors"]),
        messages=len(KNOWN["messages"]["errors"]),
        meanings="\n".join(_meanings(rows)),
    )
    sections = (line for meaning, found in rows.items() if found for line in _modeled_section(meaning, found))
    return "\n".join([head, *sections, *_known_codes(), *_exceptions(), *_messages()]) + "\n"


def _meanings(rows: Mapping[Meaning, Sequence[Sequence[str]]]) -> Iterator[str]:
    header = ("Meaning", "Cause", "What the watch does", "Modeled codes")
    cells = ((code(one.value), CAUSE[one], WATCH[one], str(len({row[0] for row in rows[one]}))) for one in Meaning)
    yield from table(header, cells)


def _modeled_rows(modeled: Iterable[ModeledError], meaning: Meaning) -> Iterator[Sequence[str]]:
    """Yield a row for each code with this meaning. Statuses of a code that are classified alike share a row."""
    found: dict[tuple[str, Classification], list[ModeledError]] = defaultdict(list)
    for error in modeled:
        found[error.code, classify(error.code, status=error.status)].append(error)
    for (name, classification), same in sorted(found.items(), key=_row_order):
        if classification.meaning is meaning:
            statuses, faults = {str(error.status or "") for error in same}, {error.fault for error in same}
            services = _shortened(sorted({error.service for error in same}))
            yield breakable_code(name), _joined(statuses), _joined(faults), services, reason(classification)


def _row_order(item: tuple[tuple[str, Classification], Any]) -> tuple[str, str, str]:
    (name, classification), _ = item
    return name, classification.decided_by, classification.rule


def _joined(values: Iterable[str]) -> str:
    return ", ".join(sorted(filter(None, values)))


def _shortened(services: Sequence[str]) -> str:
    more = len(services) - SHOWN_SERVICES
    return ", ".join(services[:SHOWN_SERVICES]) + (f" and {more} more" if more > 0 else "")


def _modeled_section(meaning: Meaning, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"\n### {meaning.value.capitalize()}\n\n{CAUSE[meaning]} {WATCH[meaning]}\n"
    yield from table(("Code", "HTTP status", "Fault", "Services", "Decided by"), rows)


def _known_codes() -> Iterator[str]:
    yield "\n## Errors that aren't modeled\n\nThe tables show what these errors mean without a message."
    for group in KNOWN["codes"]:
        yield f"\n### {group['title']}\n\n{group['text']} [Source]({group['link']}).\n"
        found = ((name, status, classify(name, status=status)) for name, status, _ in group["errors"])
        rows = ((breakable_code(name), str(status), one.meaning.value, reason(one)) for name, status, one in found)
        yield from table(("Code", "HTTP status", "Meaning", "Decided by"), rows)


def _exceptions() -> Iterator[str]:
    yield f"\n## Errors of botocore\n\nbotocore raises these [exceptions]({KNOWN['exceptions']['link']}) itself.\n"
    found = ((name, errors.classify(exception(name))) for name, _ in KNOWN["exceptions"]["errors"])
    rows = ((code(name), one.meaning.value, reason(one)) for name, one in found)
    yield from table(("Exception", "Meaning", "Decided by"), rows)


def _messages() -> Iterator[str]:
    yield f"\n## Messages\n\n{KNOWN['messages']['text']}\n"
    found = ((*error[:3], classify(error[1], error[2])) for error in KNOWN["messages"]["errors"])
    rows = ((service, breakable_code(name), text, one.meaning.value, reason(one)) for service, name, text, one in found)
    yield from table(("Service", "Code", "Message", "Meaning", "Decided by"), rows)
