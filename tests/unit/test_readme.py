"""The README and the pages in docs/ agree with the code, the catalogue and the benchmark."""

import html
import json
import re
import tomllib

import pytest

from infra import setting_types
from infra.catalogue import validate_table
from infra.catalogue.coverage import counts
from infra.catalogue.service_names import short_name
from infra.context import FORMER_NAMES, PROPS, STACK_NAME
from job_watcher import catalogue, email_message, expressions, facts, waiters, watch_input
from job_watcher.detail import Detail
from tests.bench import costs_page, monitoring_costs
from tests.bench.polling import Grid
from tests.bench.report import seconds
from tests.bench.strategies import DURABLE, JOB_WATCHER, JOB_WATCHER_WITH_EVENTS
from tests.unit.documentation import blocks, page, table

README, EVENTS = page("README.md"), page("docs/events.md")
KIND = "voice-id/SpeakerEnrollmentJob"
SETTING_NAMES = [*list(PROPS)[:-2], STACK_NAME, *list(PROPS)[-2:]]


@pytest.fixture(scope="module")
def simulated() -> Grid:
    return costs_page.simulated()


def test_the_email_in_the_documentation_matches_the_event() -> None:
    (event,) = [json.loads(block) for block in blocks(EVENTS, "json") if '"job-watcher"' in block]
    kind = catalogue.load("voice-id")[KIND]
    job = facts.describe_job(short_name(kind.service), kind, event["detail"])
    subject, body = email_message.subject(job, event["detail"]), email_message.body(kind, event["detail"])
    assert [block for block in blocks(EVENTS, "text") if "Subject" in block] == [f"Subject: {subject}\n\n{body}"]


def test_the_example_of_a_kind_matches_the_catalogue() -> None:
    (shown,) = blocks(page("docs/catalogue.md"), "toml")
    assert (
        tomllib.loads(shown)["SpeakerEnrollmentJob"]
        == tomllib.loads((catalogue.FOLDER / "voice-id.toml").read_text())["SpeakerEnrollmentJob"]
    )


def test_every_setting_is_explained() -> None:
    explained = table(page("docs/settings.md"), "setting", "prop", "default")
    assert [row[0] for row in explained] == list(SETTING_NAMES)


def test_every_setting_is_listed_with_its_prop() -> None:
    explained = {row[0]: row[1] for row in table(page("docs/settings.md"), "setting", "prop", "default")}
    assert explained == {**PROPS, STACK_NAME: "none"}


def test_every_former_name_of_a_setting_is_listed_with_the_new_one() -> None:
    listed = {old: new for old, new in table(page("docs/settings.md"), "old name", "new name")}
    assert listed == FORMER_NAMES


def test_every_outcome_is_explained() -> None:
    assert [row[0] for row in table(EVENTS, "outcome", "meaning")] == list(setting_types.OUTCOMES)


def test_every_member_of_the_detail_is_explained() -> None:
    explained = re.findall(r"`(\w+)`", " ".join("`" + row[0] + "`" for row in table(EVENTS, "member", "value")))
    assert set(explained) == Detail.__required_keys__ | Detail.__optional_keys__


def test_every_member_of_a_watchs_input_is_explained() -> None:
    explained = [row[0] for row in table(page("docs/watches.md"), "member", "value")]
    assert explained == list(watch_input.MEMBERS)


def test_every_key_of_a_kinds_table_is_explained() -> None:
    explained = " ".join("`" + row[0] + "`" for row in table(page("docs/catalogue.md"), "key", "required"))
    assert set(re.findall(r"`([\w-]+)`", explained)) == validate_table.KEYS


def test_every_function_of_the_expressions_is_explained() -> None:
    explained = [row[0].partition("(")[0] for row in table(page("docs/catalogue.md"), "function", "result")]
    own = [name.removeprefix("_func_") for name in vars(expressions._Functions) if name.startswith("_func_")]
    assert sorted(explained) == sorted(own)


def test_the_costs_match_the_benchmark(simulated: Grid) -> None:
    shown = page("docs/costs.md").partition(costs_page.BEGIN)[2].partition(costs_page.END)[0]
    assert shown == costs_page.block(simulated), "run `make bench`"


def test_the_costs_of_monitoring_match_the_calculation() -> None:
    shown = page("docs/operations.md").partition(monitoring_costs.BEGIN)[2].partition(monitoring_costs.END)[0]
    assert shown == monitoring_costs.block(), "run `python -m tests.bench.monitoring_costs`"


def test_the_figures_in_the_readmes_comparison_match_the_benchmark(simulated: Grid) -> None:
    (row,) = [line for line in README.splitlines() if line.startswith("| **Job Watcher**")]
    event, percentage, neither = (
        simulated[name, costs_page.LENGTH, shape]
        for name, shape in (
            (JOB_WATCHER_WITH_EVENTS[0].name, "none"),
            (JOB_WATCHER.name, "linear"),
            (JOB_WATCHER.name, "none"),
        )
    )
    assert f"${event.usd:.2f} to ${neither.usd:.2f}" in row and event.usd < percentage.usd < neither.usd
    for result, words in (
        (event, "with a service event"),
        (percentage, "with a steady percentage"),
        (neither, "with neither"),
    ):
        assert f"{seconds(result.p95)} {words}" in row


def test_the_figures_in_the_longer_comparison_match_the_benchmark(simulated: Grid) -> None:
    rows = {row[0]: " | ".join(row) for row in table(page("docs/comparison.md"), "option", "cost", "delay")}
    (readme,) = [line for line in README.splitlines() if line.startswith("| **Job Watcher**")]
    (cost,) = re.findall(r"\$\d+\.\d+ to \$\d+\.\d+", readme)
    delays = re.findall(r"[\d.]+ s with [a-z ]*", readme)
    assert len(delays) == 3 and all(figure.strip() in rows["**Job Watcher**"] for figure in (cost, *delays))
    durable = simulated[DURABLE.name, costs_page.LENGTH, "linear"]
    (airflow,) = [row for (name, *_), row in simulated.items() if "as Airflow" in name]
    (durable_row,) = [row for name, row in rows.items() if "durable" in name]
    (airflow_row,) = [row for name, row in rows.items() if "Airflow" in name]
    assert f"${durable.usd:.2f} " in durable_row and f"| {seconds(durable.p95)} |" in durable_row
    assert f"| {seconds(airflow.p95)} if the interval doubles from 60 to 600 s |" in airflow_row
    assert DURABLE.gives_up == "60 polls, about 2 h"


def test_the_readmes_comparison_has_the_right_numbers_of_kinds_events_and_waiters() -> None:
    numbers = counts(catalogue.kinds().values())
    assert f"**: {numbers['with event']} of the {numbers['kinds']} kinds |" in README
    assert f"**: {numbers['kinds']} kinds of jobs" in README and f"**: {len(waiters.kinds())} conditions |" in README


def test_the_picture_of_the_email_shows_the_email_about_the_sample_job() -> None:
    picture = html.unescape(page("docs/images/email.html"))
    (subject,) = re.findall("<h1>(.*)</h1>", picture)
    (body,) = re.findall("<pre>(.*?)</pre>", picture, re.DOTALL)
    assert f"## {subject}\n\n```text\n{body}```" in page("docs/notifications.md")
    assert f"“{subject}”" in README
