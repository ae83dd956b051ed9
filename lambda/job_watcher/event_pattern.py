"""Match events against EventBridge event patterns, for the catalogue's `where` tables.

A subset of https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html: exact values,
`prefix`, `anything-but` (a value, a list, or a prefix) and `exists`.
"""

from collections.abc import Mapping
from typing import Any

OPERATORS = ("prefix", "anything-but", "exists")


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether EventBridge would match `event` with this pattern. An empty pattern matches everything."""
    members = event if isinstance(event, Mapping) else {}
    return all(_member_matches(rules, members.get(name)) for name, rules in pattern.items())


def _member_matches(rules: Any, value: Any) -> bool:
    if isinstance(rules, Mapping):
        return matches(rules, value)
    return any(_rule_matches(rule, value) for rule in rules)


def _rule_matches(rule: Any, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    if not isinstance(rule, Mapping):
        return rule in values
    ((operator, operand),) = rule.items()
    if operator == "exists":
        return (value is not None) is operand
    return value is not None and any(_value_matches(operator, operand, item) for item in values)


def _value_matches(operator: str, operand: Any, value: Any) -> bool:
    if operator == "prefix":
        return isinstance(value, str) and value.startswith(tuple(operand) if isinstance(operand, list) else operand)
    if isinstance(operand, Mapping):
        return not _value_matches("prefix", operand["prefix"], value)
    return value not in (operand if isinstance(operand, list) else [operand])
