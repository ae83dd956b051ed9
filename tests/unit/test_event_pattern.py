"""Event patterns match like EventBridge's: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html."""

from typing import Any

import pytest

from job_watcher.event_pattern import matches

EVENT = {"source": "aws.x", "detail": {"state": "stopped", "ids": ["a", "b"], "nested": {"member": 1}}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({}, True),
        ({"state": ["running", "stopped"]}, True),
        ({"state": ["running"]}, False),
        ({"ids": ["b"]}, True),
        ({"ids": ["c"]}, False),
        ({"state": [{"prefix": "stop"}]}, True),
        ({"state": [{"prefix": "start"}]}, False),
        ({"missing": [{"prefix": "stop"}]}, False),
        ({"state": [{"anything-but": "stopped"}]}, False),
        ({"state": [{"anything-but": ["running", "stopped"]}]}, False),
        ({"state": [{"anything-but": ["running"]}]}, True),
        ({"missing": [{"anything-but": ["running"]}]}, False),
        ({"state": [{"anything-but": {"prefix": "stop"}}]}, False),
        ({"state": [{"anything-but": {"prefix": ["start", "stop"]}}]}, False),
        ({"state": [{"anything-but": {"prefix": ["start", "run"]}}]}, True),
        ({"state": [{"exists": True}]}, True),
        ({"state": [{"exists": False}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"missing": [{"exists": True}]}, False),
        ({"missing": {"member": [{"exists": False}]}}, True),
        ({"missing": {"member": [1]}}, False),
        ({"nested": {"member": [1]}, "state": ["stopped"]}, True),
        ({"nested": {"member": [1]}, "state": ["running"]}, False),
        ({"missing": [{"exists": False}, {"prefix": "stop"}]}, True),
    ],
)
def test_a_pattern_matches_the_same_events_as_in_eventbridge(pattern: dict[str, Any], expected: bool) -> None:
    assert matches({"source": ["aws.x"], "detail": pattern}, EVENT) is expected


@pytest.mark.parametrize("event", [None, "text", {}, {"source": "aws.x"}, {"source": "aws.x", "detail": None}])
def test_an_event_without_the_restricted_member_does_not_match(event: Any) -> None:
    assert not matches({"source": ["aws.x"], "detail": {"state": ["stopped"]}}, event)
