"""The functions that the catalogue's JMESPath expressions have in addition to the standard ones."""

from typing import Any

import jmespath
import pytest

from infra.catalogue.expression_checks import unfiltered
from job_watcher.expressions import search


@pytest.mark.parametrize(
    ("done", "total", "percent"),
    [
        (0, 4, 0),
        (1, 4, 25),
        ("3", "4", 75),
        (5, 4, 100),
        (-1, 4, 0),
        (0, 0, None),
        (1, -4, None),
        (None, 4, None),
        (1, None, None),
        ("x", 4, None),
        (True, 4, None),
    ],
)
def test_a_ratio_is_a_percentage_or_null(done: Any, total: Any, percent: float | None) -> None:
    assert search("ratio(done, total)", {"done": done, "total": total}) == percent


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (3, "failed records: 3"),
        (1234567, "failed records: 1234567"),
        ("2", "failed records: 2"),
        (0, None),
        (-1, None),
        (None, None),
        ("none", None),
    ],
)
def test_a_count_is_a_label_with_a_number_or_null_if_the_number_is_not_above_zero(
    amount: Any, text: str | None
) -> None:
    assert search("count('failed records', amount)", {"amount": amount}) == text


@pytest.mark.parametrize(
    ("bucket", "prefix", "found"),
    [
        ("b", "p/q", "s3://b/p/q"),
        ("b/", "p", "s3://b/p"),
        ("b", "", "s3://b/"),
        ("b", None, None),
        (None, "p", None),
        ("", "p", None),
        (1, "p", None),
    ],
)
def test_a_uri_is_null_if_a_part_is_missing(bucket: Any, prefix: Any, found: str | None) -> None:
    assert search("uri('s3:', '', bucket, prefix)", {"bucket": bucket, "prefix": prefix}) == found


def test_an_unfiltered_expression_selects_every_item_and_does_not_change_the_original() -> None:
    filtered = jmespath.compile("jobs[?failed].id || [jobs[?tasks[?failed]].id]")
    jobs = {"jobs": [{"id": 1, "failed": False}, {"id": 2}]}
    every = jmespath.parser.ParsedResult("", unfiltered(filtered.parsed))
    assert every.search(jobs) == [1, 2]
    assert filtered.search(jobs) == [[]]


@pytest.mark.parametrize(
    ("parts", "location"),
    [
        (["s3:", "", "bucket", "key"], "s3://bucket/key"),
        (["s3:", "", "bucket", ""], "s3://bucket/"),
        (["s3://bucket/", "a", "b/", "key"], "s3://bucket/a/b/key"),
        (["s3:", "", "bucket", None], None),
        (["s3:", "", "bucket", ["key"]], None),
        (["s3:", "", "", "key"], None),
        (["s3:", "", "/", "key"], None),
    ],
)
def test_a_uri_is_complete_or_null(parts: list[Any], location: str | None) -> None:
    assert search("uri(@[0], @[1], @[2], @[3])", parts) == location


def test_a_function_with_arguments_of_the_wrong_type_returns_null_and_the_rest_is_evaluated() -> None:
    assert search("length(failures) > `0` || failed > `0`", {"failed": 1}) is True
    assert search("[code, join(' ', causes)]", {"code": "E1"}) == ["E1", None]
    assert search("sum(counts)", {"counts": ["x"]}) is None
