"""The setting `filters`: which jobs events start watches of."""

from collections.abc import Mapping
from typing import Any

from job_watcher.catalogue import Kind
from job_watcher.filters import Filters

from .setting_types import InvalidSetting, json_value, matching_kinds
from .suggestion import unaccepted

ACCEPTED = 'accepted is an object such as {"glue/JobRun": {"JobName": "prod-*"}, "ecs/Task": false}.'


def checked_filters(value: Any, kinds: Mapping[str, Kind]) -> Filters:
    """Return the filters by kind; raise InvalidSetting if one of them can't be applied to each kind that it matches."""
    found = json_value("filters", value, ACCEPTED)
    if not isinstance(found, Mapping):
        raise InvalidSetting("filters", f" is {value!r}; {ACCEPTED}")
    checked: dict[str, dict[str, tuple[str, ...]] | bool] = {}
    for pattern, members in found.items():
        for kind in matching_kinds("filters", pattern, kinds):
            checked[kind.name] = _combined(checked.get(kind.name, {}), _checked(pattern, members, kind), kind)
    return checked


def _checked(pattern: str, members: Any, kind: Kind) -> dict[str, tuple[str, ...]] | bool:
    if members is False:
        return False
    if not isinstance(members, Mapping) or not members:
        accepted = 'accepted is false, or an object with patterns of request members such as {"JobName": "prod-*"}.'
        raise InvalidSetting("filters", f": {pattern!r} is {members!r}; {accepted}")
    names = [*kind.request, *(["title"] if kind.title in kind.request else [])]
    for problem in unaccepted(map(str, members), names, f"a request member of {kind.name}"):
        raise InvalidSetting("filters", f": {problem}")
    named = {
        _request_member(member, kind): checked_globs("filters", member, value) for member, value in members.items()
    }
    if len(named) < len(members):
        raise InvalidSetting("filters", f": {kind.title!r} is the title of {kind.name}; accepted is one of the two.")
    return named


def _request_member(member: str, kind: Kind) -> str:
    """Return the request's member that a filter is about. `title` is another name for the one with the job's title.

    Before a watch starts, nothing is known about a job except its request.
    """
    return str(kind.title) if member == "title" and "title" not in kind.request else member


def checked_globs(name: str, member: str, value: Any) -> tuple[str, ...]:
    """Return the patterns of a member in a setting."""
    globs = [value] if isinstance(value, str) else value
    if not isinstance(globs, list | tuple) or not globs or not all(isinstance(glob, str) and glob for glob in globs):
        raise InvalidSetting(name, f": {member!r} is {value!r}; accepted is a pattern, or a list of patterns.")
    return tuple(globs)


def _combined(
    one: dict[str, tuple[str, ...]] | bool, other: dict[str, tuple[str, ...]] | bool, kind: Kind
) -> dict[str, tuple[str, ...]] | bool:
    """Return a filter that selects what both filters of a kind select."""
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    for member in one.keys() & other.keys():
        raise InvalidSetting("filters", f": two filters have patterns of {member!r} of {kind.name}; accepted is one.")
    return {**one, **other}
