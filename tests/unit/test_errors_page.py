"""docs/errors.md is up to date and complete, and the reviewed meanings agree with the rules."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from infra.catalogue import errors_page
from infra.catalogue.errors_page import KNOWN, WATCH, classify, exception, reason
from infra.catalogue.modeled_errors import ModeledError, modeled_errors
from job_watcher import catalogue, error_patterns, errors, waiters
from job_watcher.errors import Meaning

KINDS = [*catalogue.kinds().values(), *waiters.kinds().values()]
PAGE = errors_page.PAGE.read_text(encoding="utf-8")
CODES = [error for group in KNOWN["codes"] for error in group["errors"]]
TABLES = (
    error_patterns.FINAL,
    error_patterns.CODES,
    error_patterns.TEMPORARY,
    error_patterns.MESSAGES,
    error_patterns.EXCEPTIONS,
)


@cache
def modeled() -> set[ModeledError]:
    """Return the errors in the models of all services, which take seconds to load."""
    return modeled_errors(KINDS)


def rows(section: str) -> list[list[str]]:
    """Return the cells of the tables in a part of the page, without the headers."""
    (part,) = re.findall(rf"^{re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in part.splitlines() if line.startswith("| ") and not line.startswith(("| Code", "| Exc"))]
    return [re.split(r" (?<!\\)\| ", line[2:-2]) for line in lines]


def test_the_page_is_up_to_date() -> None:
    assert errors_page.page(KINDS) == PAGE, "run `make kinds`"


def test_the_page_lists_each_modeled_code_with_its_meaning() -> None:
    listed = Counter(re.sub(r"</?code>|<wbr>|`", "", row[0]) for row in rows("## Modeled errors"))
    assert set(listed) == {error.code for error in modeled()}
    assert f"botocore models {len(listed)} error codes" in PAGE


def test_a_modeled_code_has_one_row_if_its_statuses_mean_the_same() -> None:
    combinations = Counter((error.code, classify(error.code, status=error.status)) for error in modeled())
    assert len(rows("## Modeled errors")) == len(combinations)


def test_the_order_of_rows_does_not_depend_on_the_order_of_the_errors() -> None:
    same_code = [ModeledError("glue", "Odd", status, "") for status in (503, 500, 502)]
    rows = list(errors_page._modeled_rows(same_code, Meaning.UNAVAILABLE))
    assert [row[1] for row in rows] == ["500", "502", "503"]
    assert list(errors_page._modeled_rows(same_code[::-1], Meaning.UNAVAILABLE)) == rows


def test_a_row_shows_statuses_faults_services_and_the_rule_that_decided() -> None:
    found = {row[0]: row[1:] for row in rows("## Modeled errors")}
    assert found["`ResourceContention`"] == ["500", "client", "autoscaling", "code `Contention`"]
    throttling = found["<code>Throttling<wbr>Exception</code>"]
    assert throttling[0] == "400, 429" and throttling[1] == "client"
    assert re.fullmatch(r"[\w-]+, [\w-]+, [\w-]+ and \d+ more", throttling[2])
    assert throttling[3] == "code `Throttl`"


def test_every_row_of_a_table_has_as_many_cells_as_its_header() -> None:
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, block[:200]


def test_the_page_says_what_a_watch_does_for_each_meaning() -> None:
    assert set(WATCH) == set(Meaning)
    assert all(f"| `{meaning.value}` |" in PAGE and does in PAGE for meaning, does in WATCH.items())


@pytest.mark.parametrize(("code", "status", "meaning"), CODES)
def test_each_known_code_has_its_reviewed_meaning(code: str, status: int, meaning: str) -> None:
    assert classify(code, status=status).meaning.value == meaning


@pytest.mark.parametrize(("name", "meaning"), KNOWN["exceptions"]["errors"])
def test_each_exception_of_botocore_has_its_reviewed_meaning(name: str, meaning: str) -> None:
    assert errors.meaning(exception(name)).value == meaning


@pytest.mark.parametrize(("service", "code", "message", "meaning"), KNOWN["messages"]["errors"])
def test_each_known_message_has_its_reviewed_meaning(service: str, code: str, message: str, meaning: str) -> None:
    assert classify(code, message).meaning.value == meaning


def test_each_group_lists_its_known_codes_once_and_in_alphabetical_order() -> None:
    for group in KNOWN["codes"]:
        codes = [code for code, *_ in group["errors"]]
        assert codes == sorted(set(codes)), group["title"]
        assert group["link"].startswith("https://")


def test_every_pattern_decides_a_listed_error() -> None:
    found = {classify(error.code, status=error.status) for error in modeled()}
    found |= {classify(code, status=status) for code, status, _ in CODES}
    found |= {classify(code, message) for _, code, message, _ in KNOWN["messages"]["errors"]}
    found |= {errors.classify(exception(name)) for name, _ in KNOWN["exceptions"]["errors"]}
    patterns = {pattern for table in TABLES for _, pattern in errors._patterns(table)}
    assert patterns - {classification.rule for classification in found} == {
        r"\bUnreadableAnswer"
    }  # Job Watcher's own error


def test_a_reason_names_the_rule_that_decided() -> None:
    assert reason(classify("NoSuchKey", status=404)) == "code `NoSuch`"
    assert reason(classify("404", status=404)) == "HTTP status `404`"
    assert reason(classify("ValidationException", "Rate exceeded")).startswith("message `rate ")
    assert reason(classify("SomethingNew")) == "default"


def test_the_known_errors_are_in_a_toml_file() -> None:
    assert Path(errors_page.__file__).with_name("known_errors.toml").exists()
