"""A proposed table is a good beginning: measured on the kinds that people have decided."""

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
    """Every kind of the catalogue with what is proposed for its describe call, where something is."""
    return list(_proposals())


def _proposals() -> Iterator[tuple[Kind, dict[str, Any]]]:
    for kind in catalogue.kinds().values():
        try:
            (table,) = tomllib.loads(scaffold(kind.service, kind.describe)).values()
        except CannotScaffold:
            continue
        yield kind, table


def test_nearly_every_describe_call_of_the_catalogue_gets_a_proposal(proposals: list[Any]) -> None:
    assert len(proposals) > 0.95 * len(catalogue.kinds())


def test_request_job_and_status_are_mostly_as_people_decided(proposals: list[tuple[Kind, dict[str, Any]]]) -> None:
    same = [
        set(kind.request) == set(table["request"]) and (kind.job, kind.status) == (table["job"], table["status"])
        for kind, table in proposals
        if re.fullmatch(r"[\w.]+", kind.status)  # nobody can propose a status that people made of several members
    ]
    assert sum(same) > 0.79 * len(same), sum(same) / len(same)


def test_most_statuses_are_under_the_outcome_that_people_decided(
    proposals: list[tuple[Kind, dict[str, Any]]],
) -> None:
    right = [
        status in table.get(outcome, ())
        for kind, table in proposals
        if (kind.job, kind.status) == (table["job"], table["status"])
        for status, outcome in kind.outcome_of.items()
        if any(table.get(name) for name in OUTCOMES)  # the model has an enum
    ]
    assert sum(right) > 0.94 * len(right), sum(right) / len(right)


def test_most_proposals_pass_the_catalogues_check_as_they_are(proposals: list[tuple[Kind, dict[str, Any]]]) -> None:
    passing = [validate.problems(kind.name, table) == [] for kind, table in proposals]
    assert sum(passing) > 0.89 * len(passing), sum(passing) / len(passing)


def test_a_proposal_for_a_plain_job_holds_as_it_is() -> None:
    tables = tomllib.loads(scaffold("glue", "GetJobRun"))
    assert validate.problems("glue/JobRun", tables["JobRun"]) == []
    ours = catalogue.load("glue")["glue/JobRun"]
    assert {status: outcome for outcome in OUTCOMES for status in tables["JobRun"].get(outcome, ())} == ours.outcome_of
    assert tables["JobRun"]["start"] == ["StartJobRun"]


def test_what_a_person_must_decide_is_said() -> None:
    assert "# decide: whether READY means that here" in scaffold("glue", "GetCrawler")
    assert "# decide: which members name one job" in scaffold("ec2", "DescribeImages")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gleu", "GetJobRun"], "'gleu' is no service of boto3's; did you mean 'glue'?"),
        (["glue", "GetJobRum"], "'GetJobRum' is no operation of glue's; did you mean 'GetJobRun'?"),
        (["glue", "Qqqq"], "'Qqqq' is no operation of glue's; accepted are names such as"),
        (["glue", "GetTags"], "The answer of GetTags has no status; accepted are"),
        (["glue"], "Say which: make kind SERVICE=glue OPERATION=GetJobRun"),
        (["", ""], "Say which: make kind SERVICE=glue OPERATION=GetJobRun"),
    ],
)
def test_wrong_names_get_one_sentence_and_exit_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith(sentence) and said.err.count("\n") == 1 and not said.out


def test_a_proposal_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voice-id", "DescribeSpeakerEnrollmentJob"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["SpeakerEnrollmentJob"]["job"] == "Job"
