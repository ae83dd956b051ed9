"""The page of all kinds is current, and what it and `make kinds` say of others is so."""

import re
from datetime import date
from pathlib import Path

import pytest

from infra import likely, reference
from infra.coverage import Operation, counts, job_like, of_jobs
from infra.models import service_model
from job_watcher import catalogue, waiters

KINDS = catalogue.kinds()
WAITERS = waiters.kinds()
PAGE = reference.PAGE.read_text(encoding="utf-8")
README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    assert reference.text(KINDS, WAITERS) == PAGE, "run `make kinds`"


def test_the_page_has_every_kind_once_and_stays_small() -> None:
    assert re.findall(r"^\| `([\w/-]+/\w+)`(?: ↻)? \|", PAGE, flags=re.MULTILINE) == [*KINDS, *WAITERS]
    assert len(PAGE.encode()) < 400_000


def test_every_row_has_as_many_cells_as_its_table() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    cells = {len(re.findall(r"(?<!\\)\|", line)) - 1: "/waiter/" in line for line in rows}
    assert cells == {9: False, 6: True}


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("glue/JobRun", ["`.sync`", "Airflow"]),
        ("stepfunctions/Execution", ["`.sync`", "Airflow"]),
        ("ecs/Task", ["`.sync`", "boto3: TasksRunning, TasksStopped"]),
        ("glue/BlueprintRun", []),
        ("voice-id/SpeakerEnrollmentJob", []),
    ],
)
def test_a_kind_says_who_else_waits_for_it(name: str, who: list[str]) -> None:
    assert list(reference.elsewhere(KINDS[name])) == who


def test_what_others_are_said_to_call_are_operations_of_botocores() -> None:
    listed = [
        (service, name)
        for others in reference.ELSEWHERE.values()
        for service, names in others.items()
        if service != "source"
        for name in names
    ]
    assert [
        (service, name)
        for service, name in listed
        if not (model := service_model(service)) or name not in model.operation_names
    ] == []


def test_every_service_of_sync_has_a_kind_that_it_waits_for() -> None:
    found = {kind.service for kind in KINDS.values() if "`.sync`" in reference.elsewhere(kind)}
    assert found == set(reference.ELSEWHERE["step-functions"]) - {"source"}


LIFECYCLE = [(stage, service) for stage, services in reference.LIFECYCLE.items() for service in services]


@pytest.mark.parametrize(("stage", "service"), LIFECYCLE)
def test_a_note_about_a_services_lifecycle_is_on_the_page(stage: str, service: str) -> None:
    known = reference.LIFECYCLE[stage][service]
    assert type(known["date"]) is date
    assert {f"{service}/{noun}" for noun in known.get("kinds", ())} <= KINDS.keys()
    assert re.match(r"https://(docs\.)?aws\.amazon\.com/", known["source"])
    (section,) = re.findall(rf"^## {service}\n(.*?)^\|", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert known["date"].isoformat() in section and known["source"] in section


def test_a_note_says_what_ends_and_when() -> None:
    (note,) = reference.lifecycle_notes("workspaces")
    assert note.startswith("`workspaces/WorkspacesPool`: AWS's support ends on 2027-12-31 ([AWS's page](https://")
    assert list(reference.lifecycle_notes("glue")) == []


def test_the_readme_counts_what_there_is() -> None:
    said = counts(KINDS.values())
    kinds = f"[{said['kinds']} kinds of jobs at {said['services']} AWS services](docs/kinds.md)"
    assert kinds in README and f"boto3's {len(WAITERS)} waiters" in README


def test_a_describe_operation_is_job_like_when_its_status_runs_and_ends() -> None:
    found = job_like(["voice-id", "glue"])
    assert Operation("voice-id", "DescribeSpeakerEnrollmentJob") in found
    assert Operation("glue", "GetJobRun") in found
    assert Operation("glue", "GetTags") not in found
    assert of_jobs(found) < found


def test_a_service_that_botocore_lacks_has_no_operations() -> None:
    assert job_like(["no-such-service"]) == set()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("IN_PROGRESS", "running"),
        ("InProgress", "running"),
        ("STOPPING", "running"),
        ("COMPLETED_WITH_ERRORS", "partial"),
        ("Succeeded", "succeeded"),
        ("TIMED_OUT", "failed"),
        ("create-failed", "failed"),
        ("CANCELLED", "stopped"),
        ("TRAINED_WITH_WARNING", "partial"),
        ("MAGENTA", None),
    ],
)
def test_a_statuss_word_tells_its_likely_outcome(status: str, outcome: str | None) -> None:
    assert likely.outcome(status) == outcome


def test_most_statuses_of_the_catalogue_have_their_likely_outcome() -> None:
    pairs = [(status, outcome) for kind in KINDS.values() for status, outcome in kind.outcome_of.items()]
    assert sum(likely.outcome(status) == outcome for status, outcome in pairs) > 0.9 * len(pairs)
