"""docs/kinds.md is up to date and complete, fits the page, and names only operations that exist."""

import re
from datetime import date
from pathlib import Path

import pytest

from infra.catalogue import kinds_page, status_words
from infra.catalogue.coverage import Operation, counts, job_like, of_jobs
from infra.catalogue.markdown import anchor, breakable, code, table
from infra.catalogue.service_names import CORRECTIONS, by_service, product_name, short_name
from infra.service_models import service_model
from job_watcher import catalogue, waiters
from job_watcher.catalogue import OUTCOMES

KINDS = catalogue.kinds()
WAITERS = waiters.kinds()
PAGE = kinds_page.PAGE.read_text(encoding="utf-8")
UNBROKEN = PAGE.replace("<wbr>", "")
README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert kinds_page.text(KINDS, WAITERS) == PAGE, "run `make kinds`"


def test_the_page_lists_every_kind_once_and_is_smaller_than_400_kb() -> None:
    found = re.findall(r"^\| (?:`|<code>)([\w/-]+/\w+)(?:`|</code>)(?: ↻)?<br>", UNBROKEN, flags=re.MULTILINE)
    groups = [*by_service(KINDS.values()).values(), *by_service(WAITERS.values()).values()]
    assert found == [kind.name for group in groups for kind in group]
    assert sorted(found) == sorted([*KINDS, *WAITERS])
    assert len(PAGE.encode()) < 400_000


def test_every_row_has_as_many_cells_as_its_table() -> None:
    cells = {len(_cells(row)): "/waiter/" in row for row in _rows()}
    assert cells == {5: False, 3: True}


def test_every_kind_has_a_list_of_all_its_statuses() -> None:
    lists = re.findall(r"^- \*\*(\w+)\*\*<br>(.*)$", PAGE, flags=re.MULTILINE)
    kinds = [kind for group in by_service(KINDS.values()).values() for kind in group]
    assert [noun for noun, _ in lists] == [kind.noun for kind in kinds]
    for kind, (_, line) in zip(kinds, lists, strict=True):
        shown = {outcome: re.findall("`(.+?)`", text) for outcome, text in re.findall(r"(\w+): (.*?)(?:<br>|$)", line)}
        assert {status: outcome for outcome, words in shown.items() for status in words if outcome in OUTCOMES} == (
            kind.outcome_of
        )


def test_no_table_is_wider_than_the_page() -> None:
    """About 98 characters fit between the borders of five cells on GitHub, where a page is 1,012 pixels wide."""
    widest: dict[str, int] = {}
    for row in _rows():
        for column, cell in enumerate(_cells(row)):
            key = f"{row.split('/')[0]} {'/waiter/' in row} {column}"
            widest[key] = max(widest.get(key, 0), *(len(part) for part in _unbreakable(cell)))
    tables = {key.rpartition(" ")[0] for key in widest}
    wide = {table: sum(n for key, n in widest.items() if key.rpartition(" ")[0] == table) for table in tables}
    assert {table: width for table, width in wide.items() if width > 98} == {}


def _rows() -> list[str]:
    return [line for line in PAGE.splitlines() if re.match(r"\| (`|<code>)", line)]


def _cells(row: str) -> list[str]:
    return re.split(r"(?<!\\) \| ", row.removeprefix("| ").removesuffix(" |"))


def _unbreakable(cell: str) -> list[str]:
    return re.split(r"<wbr>| |<br>|(?<=[/-])", re.sub("</?code>|`", "", cell))


def test_every_service_has_a_heading_and_a_link_in_alphabetical_order() -> None:
    headings = re.findall(r"^### (.*)$", PAGE, flags=re.MULTILINE)
    services = list(by_service(KINDS.values()))
    assert headings == [f"{product_name(service)} (`{service}`)" for service in services]
    index = PAGE.partition("## Services\n")[2].partition("\n### ")[0]
    assert re.findall(r"\[(.*?)\]\(#(.*?)\)", index) == [
        (short_name(service), anchor(heading)) for service, heading in zip(services, headings, strict=True)
    ]
    initials = re.findall(r"^\*\*(.)\*\*: ", index, flags=re.MULTILINE)
    assert initials == sorted({short_name(service)[0].upper() for service in services})


def test_every_link_inside_the_page_leads_to_one_heading() -> None:
    anchors = [anchor(heading) for heading in re.findall(r"^#+ (.*)$", PAGE, flags=re.MULTILINE)]
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#(.*?)\)", PAGE)) <= set(anchors)


def test_collapsed_parts_are_closed_and_have_blank_lines_around_their_markdown() -> None:
    assert re.findall("</?details>", PAGE) == ["<details>", "</details>"] * PAGE.count("<details>")
    assert len(re.findall(r"\n\n<details><summary>[^\n]*</summary>\n\n", PAGE)) == PAGE.count("<details>")
    assert len(re.findall(r"[^\n]\n\n</details>\n", PAGE)) == PAGE.count("<details>")


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("glue", "AWS Glue"),
        ("voice-id", "Amazon Voice ID"),
        ("ec2", "Amazon EC2"),
        ("elbv2", "Elastic Load Balancing V2"),
        ("no-such-service", "no-such-service"),
    ],
)
def test_a_service_has_its_product_name(service: str, name: str) -> None:
    assert product_name(service) == name


def test_product_names_are_unique_and_each_correction_is_needed() -> None:
    services = {kind.service for kind in [*KINDS.values(), *WAITERS.values()]}
    assert len({product_name(service).casefold() for service in services}) == len(services)
    assert CORRECTIONS.keys() <= services
    models = {service: service_model(service) for service in CORRECTIONS}
    assert [
        name for name, model in models.items() if model and model.metadata["serviceFullName"] == CORRECTIONS[name]
    ] == []


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("GetJobRun", "GetJobRun"),
        ("StartMLLabelingSetGenerationTaskRun", "StartMLLabelingSet<wbr>GenerationTaskRun"),
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_<wbr>COMPLETE"),
        ("JobName, StatisticsTaskRunIds", "JobName, Statistics<wbr>TaskRunIds"),
        ("averyveryverylongwordofone", "averyveryverylongwordofone"),
    ],
)
def test_a_long_name_can_break_between_its_words(name: str, broken: str) -> None:
    assert breakable(name) == broken


def test_code_with_backticks_or_pipes_is_shown_unchanged() -> None:
    assert code("length(a) == `0`") == "`` length(a) == `0` ``"
    assert list(table(["a"], [[code("a | b")]])) == ["| a |", "|---|", "| `a \\| b` |"]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("glue/JobRun", "yes: StartJobRun"),
        ("glue/Crawl", "no"),
        ("glacier/Job", "no: InitiateJob"),
        ("account/RegionOptStatus", "only in us-east-1: EnableRegion, DisableRegion"),
    ],
)
def test_a_row_shows_whether_watches_start_automatically_and_the_calls_that_start_jobs(name: str, cell: str) -> None:
    (row,) = (row for row in _rows() if row.startswith(f"| `{name}`"))
    assert _cells(row)[2] == cell


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        ("glue/JobRun", ["`.sync`", "Airflow"]),
        ("stepfunctions/Execution", ["`.sync`", "Airflow"]),
        ("ecs/Task", ["`.sync`", "boto3: TasksRunning, TasksStopped"]),
        ("glue/BlueprintRun", []),
        ("voice-id/SpeakerEnrollmentJob", []),
    ],
)
def test_a_kind_lists_the_other_tools_that_wait_for_it(name: str, tools: list[str]) -> None:
    assert list(kinds_page.other_waiters(KINDS[name])) == tools


def test_the_operations_that_other_tools_wait_for_exist() -> None:
    listed = [
        (service, name)
        for tool in kinds_page.EXTERNAL_WAITERS.values()
        for service, names in tool.items()
        if service != "source"
        for name in names
    ]
    assert [
        (service, name)
        for service, name in listed
        if not (model := service_model(service)) or name not in model.operation_names
    ] == []


def test_every_sync_integration_waits_for_a_kind_in_the_catalogue() -> None:
    found = {kind.service for kind in KINDS.values() if "`.sync`" in kinds_page.other_waiters(kind)}
    assert found == set(kinds_page.EXTERNAL_WAITERS["step-functions"]) - {"source"}


LIFECYCLE = [(stage, service) for stage, services in kinds_page.LIFECYCLE.items() for service in services]


@pytest.mark.parametrize(("stage", "service"), LIFECYCLE)
def test_the_page_lists_the_end_of_a_service_with_its_date_and_source(stage: str, service: str) -> None:
    note = kinds_page.LIFECYCLE[stage][service]
    assert type(note["date"]) is date
    assert {f"{service}/{noun}" for noun in note.get("kinds", ())} <= KINDS.keys()
    assert re.match(r"https://(docs\.)?aws\.amazon\.com/", note["source"])
    (section,) = re.findall(rf"^### [^\n]* \(`{service}`\)\n(.*?)^\|", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert note["date"].isoformat() in section and note["source"] in section


def test_a_lifecycle_note_states_what_ends_and_when() -> None:
    (note,) = kinds_page.lifecycle_notes("workspaces")
    assert note.startswith("**End of support on 2027-12-31** (`workspaces/WorkspacesPool`). See [AWS's page](https://")
    assert list(kinds_page.lifecycle_notes("glue")) == []


def test_the_readme_has_the_right_numbers_of_kinds_services_and_waiters() -> None:
    numbers = counts(KINDS.values())
    kinds = f"[{numbers['kinds']} kinds of jobs at {numbers['services']} AWS services](docs/kinds.md)"
    assert kinds in README and f"boto3's {len(WAITERS)} waiters" in README


def test_a_describe_operation_is_job_like_if_its_statuses_mean_running_and_ended() -> None:
    found = job_like(["voice-id", "glue"])
    assert Operation("voice-id", "DescribeSpeakerEnrollmentJob") in found
    assert Operation("glue", "GetJobRun") in found
    assert Operation("glue", "GetTags") not in found
    assert of_jobs(found) < found


def test_an_unknown_service_has_no_job_like_operations() -> None:
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
def test_the_likely_outcome_of_a_status_is_guessed_from_its_words(status: str, outcome: str | None) -> None:
    assert status_words.outcome(status) == outcome


def test_the_likely_outcome_is_right_for_most_statuses_in_the_catalogue() -> None:
    pairs = [(status, outcome) for kind in KINDS.values() for status, outcome in kind.outcome_of.items()]
    assert sum(status_words.outcome(status) == outcome for status, outcome in pairs) > 0.9 * len(pairs)
