"""Validate the keys of a kind's table and the types of their values."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from job_watcher.catalogue import FINAL_OUTCOMES, OUTCOMES, Kind
from job_watcher.facts import OVERDUE
from job_watcher.polling import PollingLimits

from ..suggestion import unaccepted

REQUIRED = ("describe", "request", "job", "status", "running")
FIELDS_WITHOUT_KEY = {"name", "outcome_of", "constants", "optional"}  # parse_kind and the waiters set them
KEYS = {*(field.name for field in dataclasses.fields(Kind)), *OUTCOMES, "with"} - FIELDS_WITHOUT_KEY
EXPRESSIONS = ("job", "status", "title", "percent", "created", "ended", "reason", "results", "logs")
STRINGS = ("describe", *EXPRESSIONS, "console", "action")
LISTS = ("request", *OUTCOMES, "omit", "start")
TABLES = ("with", "event", "started", "polling")
TABLES_OF_STRINGS = ("pick", "advice", "but", "ignored")
MAX_ADVICE_LENGTH = 400  # characters; two or three sentences


def problems(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each unknown key, missing key and value of the wrong type."""
    yield from unaccepted(table, KEYS, "a key of a kind's table")
    yield from (f"the key {key!r} is missing." for key in REQUIRED if key not in table)
    if not any(table.get(outcome) for outcome in FINAL_OUTCOMES):
        yield f"no status ends the job; list at least one under {_either(FINAL_OUTCOMES)}."
    wrong = list(_wrong_types(table))
    yield from wrong
    if not wrong:
        yield from _polling_problems(table.get("polling", {}))
        yield from _advice_problems(table.get("advice", {}))


def is_list_of_strings(value: Any) -> bool:
    """Whether a value from TOML is a list that contains only strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _wrong_types(table: Mapping[str, Any]) -> Iterator[str]:
    yield from _must_be("a string", STRINGS, table, lambda value: isinstance(value, str))
    yield from _must_be("a list of strings", LISTS, table, is_list_of_strings)
    yield from _must_be("true or false", ("recurs",), table, lambda value: isinstance(value, bool))
    yield from _must_be("a table", TABLES, table, lambda value: isinstance(value, Mapping))
    yield from _must_be("a table of strings", TABLES_OF_STRINGS, table, _is_table_of_strings)
    action = table.get("action")
    if isinstance(action, str) and not re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action):
        yield f"action is {action!r}; accepted is an IAM action such as 's3:DescribeJob'."


def _must_be(
    what: str, keys: tuple[str, ...], table: Mapping[str, Any], is_valid: Callable[[Any], bool]
) -> Iterator[str]:
    yield from (f"{key} must be {what}." for key in keys if key in table and not is_valid(table[key]))


def _is_table_of_strings(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values())


def _polling_problems(polling: Mapping[str, Any]) -> Iterator[str]:
    limits = [field.name for field in dataclasses.fields(PollingLimits)]
    yield from (f"polling: {problem}" for problem in unaccepted(polling, limits, "a polling limit"))
    for name, value in polling.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            yield f"polling: {name} is {value!r}; accepted is a number above 0."


def _advice_problems(advice: Mapping[str, str]) -> Iterator[str]:
    yield from (
        f"advice: {problem}" for problem in unaccepted(advice, (*FINAL_OUTCOMES, "lost", OVERDUE), "an outcome")
    )
    for outcome, text in advice.items():
        if len(text) > MAX_ADVICE_LENGTH:
            yield f"advice: {outcome} has {len(text):,} characters; accepted are up to {MAX_ADVICE_LENGTH:,}."


def _either(names: tuple[str, ...]) -> str:
    """Return `succeeded, partial or failed`."""
    return f"{', '.join(names[:-1])} or {names[-1]}"
