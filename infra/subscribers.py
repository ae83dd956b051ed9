"""The setting `email`: addresses, and routes that limit which emails an address receives."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from job_watcher import catalogue

from .setting_types import EMAIL_OUTCOMES, InvalidSetting, checked_outcomes, json_value, string_list
from .suggestion import suggest, unaccepted

Policy = Mapping[str, Sequence[Any]]
"""A filter policy: accepted values by message attribute. An empty one accepts every message."""
MEMBERS = ("to", "kinds", "outcomes", "title")
ROUTE = '{"to": "team@example.com", "kinds": "glue/*", "outcomes": ["failed"]}'
ACCEPTED = f"accepted is a list of addresses, and of routes such as {ROUTE}."
# https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
MAX_COMBINATIONS = 150
MAX_KEYS = 5
SEVERAL_JOBS = "several jobs"  # the title of the email about those that were left out, as in notify.asl.json
MAX_POLICIES = 200  # of a topic


@dataclass(frozen=True)
class Subscriber:
    """An address, and the filter policy of its subscription to the topic for people."""

    address: str
    policy: Policy
    all_kinds: bool
    """Whether it receives emails about all kinds, and about watches without a valid kind."""


def checked_subscribers(value: Any, outcomes: Sequence[str], kinds: Iterable[str]) -> tuple[Subscriber, ...]:
    """Return one subscriber per address; raise InvalidSetting for an invalid address or route.

    `outcomes` applies to addresses, and to routes without outcomes. `kinds` are the names of the enabled kinds.
    """
    names, policies = list(kinds), dict[str, list[Policy]]()
    for route in _routes(value):
        policy = _policy(route, outcomes, names)
        for address in _addresses(route):
            policies.setdefault(address, []).append(policy)
    subscribers = tuple(_subscriber(address, several) for address, several in policies.items())
    if (count := sum(bool(subscriber.policy) for subscriber in subscribers)) > MAX_POLICIES:
        raise InvalidSetting("email", f" has {count:,} addresses with filters; SNS accepts {MAX_POLICIES} per topic.")
    return subscribers


def alarm_addresses(subscribers: Iterable[Subscriber]) -> list[str]:
    """Return the addresses that receive alarms: those that receive emails about all kinds. If there are none, all."""
    subscribers = list(subscribers)
    return [one.address for one in subscribers if one.all_kinds] or [one.address for one in subscribers]


def _routes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the addresses and routes, each as a route with checked members."""
    items = value
    if isinstance(value, str):
        is_json = value.lstrip().startswith(("[", "{"))
        items = json_value("email", value, ACCEPTED) if is_json else string_list("email", value)
    if not isinstance(items, list | tuple) or not all(isinstance(item, str | Mapping) for item in items):
        raise InvalidSetting("email", f" is {value!r}; {ACCEPTED}")
    for item in [item for item in items if item != ""]:
        route = {"to": [item]} if isinstance(item, str) else item
        for problem in unaccepted(map(str, route), MEMBERS, "a member of a route"):
            raise InvalidSetting("email", f": {problem}")
        yield route


def _addresses(route: Mapping[str, Any]) -> Iterator[str]:
    addresses = string_list("email: to", route.get("to", ()))
    if not addresses:
        raise InvalidSetting("email", f": {dict(route)!r} has no address; accepted are routes such as {ROUTE}.")
    for address in dict.fromkeys(addresses):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", address):
            accepted = "accepted are addresses such as team@example.com."
            raise InvalidSetting("email", f": {address!r} is not an email address; {accepted}")
        yield address


def _policy(route: Mapping[str, Any], outcomes: Sequence[str], names: list[str]) -> Policy:
    values = [_kind_values(pattern, names) for pattern in string_list("email: kinds", route.get("kinds", ()))]
    titles = string_list("email: title", route.get("title", ()))
    policy = {
        "kind": [] if [] in values else [value for several in values for value in several],
        "outcome": list(checked_outcomes("email: outcomes", route.get("outcomes", ()), EMAIL_OUTCOMES) or outcomes),
        "title": [*map(_title_value, titles), SEVERAL_JOBS] if titles else [],
    }
    return {attribute: accepted for attribute, accepted in policy.items() if accepted}


def _kind_values(pattern: str, names: list[str]) -> list[Any]:
    """Return the accepted values of the attribute `kind`: a prefix, or the names of the enabled kinds that match.

    An empty list means all kinds. https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
    """
    if pattern == "*":
        return []
    matching = [name for name in names if catalogue.is_enabled(name, [pattern])]
    if not matching:
        raise InvalidSetting("email", f": {pattern!r} matches no enabled kind; {suggest(pattern, names)}")
    prefix = pattern.removesuffix("*")
    is_prefix = prefix != pattern and not re.search(r"[*?\[]", prefix)
    if is_prefix and matching == [name for name in names if name.startswith(prefix)]:
        return [{"prefix": prefix}]
    return [*matching]


def _title_value(pattern: str) -> Any:
    """Return the value of the attribute `title` that matches a pattern: the title itself, a prefix, or a suffix.

    SNS has no wildcards: https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
    """
    start, star, end = pattern.partition("*")
    if re.search(r"[*?\[\]]", start + end) or (start and end) or pattern == "*":
        accepted = "accepted are a title, its beginning such as 'prod-*', and its end such as '*-daily'."
        raise InvalidSetting("email", f": SNS can't match the title {pattern!r}; {accepted}")
    return {"prefix": start} if star and start else {"suffix": end} if star else pattern


def _subscriber(address: str, policies: Sequence[Policy]) -> Subscriber:
    policy = _union(policies)
    arrays = [*policy.values(), *(values for nested in policy.get("$or", ()) for values in nested.values())]
    combinations = math.prod(map(len, arrays))
    if len(arrays) > MAX_KEYS or combinations > MAX_COMBINATIONS:
        problem = f"needs a filter policy with {len(arrays)} keys and {combinations} combinations of values"
        accepted = f"SNS accepts {MAX_KEYS} keys and {MAX_COMBINATIONS} combinations, so use fewer routes or kinds"
        raise InvalidSetting("email", f": {address!r} {problem}; {accepted}, or several addresses.")
    return Subscriber(address, policy, all_kinds=any(not each.keys() & {"kind", "title"} for each in policies))


def _union(policies: Iterable[Policy]) -> Policy:
    """Return a policy that accepts what one of the policies accepts. SNS has one subscription per address and topic.

    https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html
    """
    by_others: dict[str, Policy] = {}
    for policy in policies:
        others = json.dumps({attribute: values for attribute, values in policy.items() if attribute != "kind"})
        by_others[others] = _with_kinds(policy, by_others.get(others, policy))
    alternatives = list(by_others.values())
    if {} in alternatives:
        return {}
    return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}


def _with_kinds(policy: Policy, other: Policy) -> Policy:
    """Return the policy with the kinds that either policy accepts."""
    if "kind" not in policy or "kind" not in other:
        return {attribute: values for attribute, values in policy.items() if attribute != "kind"}
    kinds = [*other["kind"], *(value for value in policy["kind"] if value not in other["kind"])]
    return {**policy, "kind": kinds}
