"""The command line: what it takes for a member of the request, and what it removes before a stack is destroyed."""

import argparse
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

import watch
from infra import before_destroy


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("JobId=u9c", "u9c"),
        ("Arn=a=b", "a=b"),
        ("Name=", ""),
        ("Name=[a]", "[a]"),
        ("Id=7", "7"),
        ("Id:=7", 7),
        ('jobs:=["1234"]', ["1234"]),
        ('Filters:=[{"Name": "state"}]', [{"Name": "state"}]),
    ],
)
def test_a_member_is_a_string_or_json(word: str, value: Any) -> None:
    assert watch._pair(word) == (word.partition("=")[0].rstrip(":"), value)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [("JobId", "is neither Member=value nor Member:=JSON"), ("jobs:=[1", "has no JSON after the :=")],
)
def test_anything_else_is_refused_with_what_is_accepted(word: str, sentence: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=sentence):
        watch._pair(word)


def test_rules_of_all_pages_are_listed_and_a_managed_rule_is_left_to_its_owner() -> None:
    events = botocore.session.get_session().create_client("events", "eu-west-1")
    archive = {"Name": "Events-Archive-ended-jobs", "ManagedBy": "prod.vhs.events.aws.internal"}
    bus = {"EventBusName": "bus"}
    with Stubber(events) as stub:
        stub.add_response("list_rules", {"Rules": [archive], "NextToken": "more"}, bus)
        stub.add_response("list_rules", {"Rules": [{"Name": "mine"}]}, {**bus, "NextToken": "more"})
        managed, mine = before_destroy.rules(events, "bus")
        assert managed.remove is None and "delete what it belongs to, such as an archive" in managed.description
        stub.add_response("list_targets_by_rule", {"Targets": [{"Id": "t", "Arn": "a"}]}, {"Rule": "mine", **bus})
        stub.add_response("remove_targets", {"FailedEntries": []}, {"Rule": "mine", "Ids": ["t"], **bus})
        stub.add_response("delete_rule", {}, {"Name": "mine", **bus})
        assert mine.remove
        mine.remove()
        stub.assert_no_pending_responses()


def test_a_target_that_stays_is_reported_with_the_reason() -> None:
    events = botocore.session.get_session().create_client("events", "eu-west-1")
    failed = {"FailedEntries": [{"TargetId": "t", "ErrorCode": "Busy", "ErrorMessage": "It is being changed."}]}
    with Stubber(events) as stub:
        stub.add_response("list_rules", {"Rules": [{"Name": "mine"}]})
        stub.add_response("list_targets_by_rule", {"Targets": [{"Id": "t", "Arn": "a"}]})
        stub.add_response("remove_targets", failed)
        (mine,) = before_destroy.rules(events, "bus")
        assert mine.remove
        with pytest.raises(before_destroy.Stays, match="rule mine: It is being changed"):
            mine.remove()
