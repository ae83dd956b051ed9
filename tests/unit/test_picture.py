"""The picture of the dashboard shows the metrics that a simulated day has recorded."""

import pytest

from infra.setting_types import OUTCOMES
from tests.picture.day import KINDS, Value, simulate
from tests.picture.graphs import GRAPHS, series
from tests.unit.documentation import page, table

JOBS = 5  # of each kind


@pytest.fixture(scope="module")
def values() -> list[Value]:
    return simulate([kind._replace(each_day=JOBS, longest=kind.shortest) for kind in KINDS])


def test_the_picture_has_the_dashboards_graphs() -> None:
    explained = [row[0] for row in table(page("docs/operations.md"), "graph", "shows")]
    assert [graph.title for graph in GRAPHS] == explained


def test_each_job_is_counted_once_although_events_and_faults_cause_more_polls(values: list[Value]) -> None:
    ended = [value for value in values if value.metric == "JobsEnded"]
    for kind in KINDS:
        labels = [value.label for value in ended if value.label.startswith(f"{kind.name} ")]
        assert len(labels) == JOBS and {label.partition(" ")[2] for label in labels} <= set(OUTCOMES) - {"lost"}
    assert len([value for value in values if value.metric == "PollsPerJob"]) == len(ended)


def test_the_delay_of_each_job_is_recorded_at_most_once(values: list[Value]) -> None:
    delays = [value.value for value in values if value.metric == "NotificationDelay"]
    assert JOBS < len(delays) <= JOBS * len(KINDS) and all(0 <= delay < 3_600 for delay in delays)


def test_the_graphs_show_the_recorded_values(values: list[Value]) -> None:
    shown = {graph.title: series(graph, values) for graph in GRAPHS}
    jobs = shown["Ended jobs by kind and outcome"]
    assert sum(sum(bars.values()) for bars in jobs.values()) == JOBS * len(KINDS)
    assert set(jobs) == {value.label for value in values if value.metric == "JobsEnded"}
    assert shown["Messages in the queues for people"]["PollDLQ"][23.5] == 1
    assert max(shown["Running watches"]["running"].values()) == max(
        value.value for value in values if value.metric == "PollQueue messages"
    )
    assert all(1 <= time < 24 for time in shown["Errors of functions"]["Poll"])
