"""The command line: what it takes for a member of the request."""

import argparse
from typing import Any

import pytest

import watch


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
