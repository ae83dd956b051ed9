"""A proposed table is mostly right, measured against the tables in the catalogue."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from infra.catalogue import validate
from infra.catalogue.scaffold import CannotScaffold, main, scaffold
from job_watcher import catalogue
from job_watcher.catalogue import OUTCOMES, Kind


@pytest.fixture(scope="module")
def proposals() -> list[tuple[Kind, dict[str, Any]]]:
    """Return every kind of the catalogue for whose describe call a table is proposed, with this table."""
    return list(_proposals())


def _proposals() -> Iterator[tuple[Kind, dict[str, Any]]]:
    for kind in catalogue.kinds().values():
        try:
            (table,) = tomllib.loads(scaffold(kind.service, kind.describe)).values()
        except CannotScaffold:
            continue
        yield kind, table


def test_a_table_is_proposed_for_nearly_every_describe_call_in_the_catalogue(proposals: list[Any]) -> None:
    assert len(proposals) > 0.95 * len(catalogue.kinds())


def test_most_proposals_have_the_catalogues_request_job_and_status(
    proposals: list[tuple[Kind, dict[str, Any]]],
) -> None:
    same = [
        set(kind.request) == set(table["request"]) and (kind.job, kind.status) == (table["job"], table["status"])
        for kind, table in proposals
        if re.fullmatch(r"[\w.]+", kind.status)  # not a status that the author combined from several members
    ]
    assert sum(same) > 0.79 * len(same), sum(same) / len(same)


def test_most_proposals_list_statuses_under_the_catalogues_outcome(
    proposals: list[tuple[Kind, dict[str, Any]]],
) -> None:
    matches = [
        status in table.get(outcome, ())
        for kind, table in proposals
        if (kind.job, kind.status) == (table["job"], table["status"])
        for status, outcome in kind.outcome_of.items()
        if any(table.get(name) for name in OUTCOMES)  # only if the model has an enum
    ]
    assert sum(matches) > 0.94 * len(matches), sum(matches) / len(matches)


def test_most_proposals_are_valid_without_changes(proposals: list[tuple[Kind, dict[str, Any]]]) -> None:
    passing = [validate.problems(kind.name, table) == [] for kind, table in proposals]
    assert sum(passing) > 0.89 * len(passing), sum(passing) / len(passing)


def test_the_proposal_for_a_simple_job_is_valid_and_correct_without_changes() -> None:
    tables = tomllib.loads(scaffold("glue", "GetJobRun"))
    assert validate.problems("glue/JobRun", tables["JobRun"]) == []
    kind = catalogue.load("glue")["glue/JobRun"]
    assert {status: outcome for outcome in OUTCOMES for status in tables["JobRun"].get(outcome, ())} == kind.outcome_of
    assert tables["JobRun"]["start"] == ["StartJobRun"]


def test_a_comment_marks_what_the_author_must_decide() -> None:
    assert "# decide: the outcome of READY; it depends on the service" in scaffold("glue", "GetCrawler")
    assert (
        "# decide: which members identify one job; DescribeImages requires none and accepts ExecutableUsers"
        in scaffold("ec2", "DescribeImages")
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gleu", "GetJobRun"], "'gleu' is not a boto3 service; did you mean 'glue'?"),
        (["glue", "GetJobRum"], "'GetJobRum' is not an operation of glue; did you mean 'GetJobRun'?"),
        (["glue", "Qqqq"], "'Qqqq' is not an operation of glue; accepted are names such as"),
        (["glue", "GetTags"], "The answer of GetTags has no status; accepted are"),
        (["glue"], "Give a service and an operation: make kind SERVICE=glue OPERATION=GetJobRun"),
        (["", ""], "Give a service and an operation: make kind SERVICE=glue OPERATION=GetJobRun"),
    ],
)
def test_invalid_arguments_print_one_sentence_and_exit_with_status_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.err.startswith(sentence) and output.err.count("\n") == 1 and not output.out


def test_the_proposed_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voice-id", "DescribeSpeakerEnrollmentJob"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["SpeakerEnrollmentJob"]["job"] == "Job"
