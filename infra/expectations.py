"""The setting `expect`: which jobs must succeed regularly."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.expectations import Expectation

from .filters import checked_globs
from .setting_types import InvalidSetting, duration, json_value, matching_kinds
from .suggestion import unaccepted

ACCEPTED = 'accepted is an object such as {"glue/JobRun": {"JobName": "nightly-orders", "every": "26h"}}.'
MAX_NAME_LENGTH = 250  # characters
# An alarm can look back seven days: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
MIN_SECONDS, MAX_SECONDS = 600, 604_800


def checked_expectations(value: Any, kinds: Mapping[str, Kind]) -> tuple[Expectation, ...]:
    """Return the entries; raise InvalidSetting if one can't be met or its alarm can't look back that far."""
    found = json_value("expect", value, ACCEPTED)
    if not isinstance(found, Mapping):
        raise InvalidSetting("expect", f" is {value!r}; {ACCEPTED}")
    expectations = [one for pattern, entries in found.items() for one in _parse(pattern, entries, kinds)]
    names = [one.name for one in expectations]
    for name in names:
        if names.count(name) > 1:
            raise InvalidSetting("expect", f": two entries are about {name!r}; accepted is one.")
    return tuple(expectations)


def _parse(pattern: Any, entries: Any, kinds: Mapping[str, Kind]) -> Iterator[Expectation]:
    matching = matching_kinds("expect", pattern, kinds)
    for entry in entries if isinstance(entries, list | tuple) else [entries]:
        if not isinstance(entry, Mapping) or "every" not in entry:
            raise InvalidSetting("expect", f": {pattern!r} is {entry!r} without every; {ACCEPTED}")
        for kind in matching:
            for problem in unaccepted(map(str, entry), [*kind.request, "title", "every"], f"a member of {kind.name}"):
                raise InvalidSetting("expect", f": {problem}")
        every = duration("expect", f"every of {pattern!r}", entry["every"], MIN_SECONDS, MAX_SECONDS)
        members = {name: checked_globs("expect", name, entry[name]) for name in entry if name != "every"}
        yield Expectation(_name(str(pattern), members), str(pattern), members, every)


def _name(pattern: str, members: Mapping[str, Sequence[str]]) -> str:
    """Return what the alarm and the metric's dimension call the entry: `glue/JobRun JobName=nightly-orders`."""
    words = [pattern, *(f"{member}={'|'.join(globs)}" for member, globs in members.items())]
    return " ".join(words).encode("ascii", "backslashreplace").decode()[:MAX_NAME_LENGTH]
