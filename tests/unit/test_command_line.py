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
        ('jobs=["1234"]', ["1234"]),
        ('Filters=[{"Name": "state"}]', [{"Name": "state"}]),
        ("Name=", ""),
    ],
)
def test_a_member_is_a_string_or_a_list_or_an_object_as_json(word: str, value: Any) -> None:
    assert watch._pair(word) == (word.partition("=")[0], value)


@pytest.mark.parametrize(
    ("word", "sentence"), [("JobId", "is not Member=value"), ("jobs=[1", "has no JSON after the =")]
)
def test_anything_else_is_refused_with_what_is_accepted(word: str, sentence: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=sentence):
        watch._pair(word)
