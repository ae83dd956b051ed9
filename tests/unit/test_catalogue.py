"""Every kind says what botocore says, and the check that holds it so can fail."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import jmespath
import pytest

from infra.catalogue.validate import problems
from infra.service_models import service_model
from job_watcher import catalogue

TABLES = {
    f"{path.stem}/{noun}": table
    for path in sorted(catalogue.FOLDER.glob("*.toml"))
    for noun, table in tomllib.loads(path.read_text()).items()
}
SPEAKER = TABLES["voice-id/SpeakerEnrollmentJob"]


@pytest.mark.parametrize("name", TABLES)
def test_a_kind_says_what_botocore_says(name: str) -> None:
    assert problems(name, TABLES[name]) == []


def test_voice_id_has_both_its_jobs() -> None:
    assert set(catalogue.load("voice-id")) == {"voice-id/SpeakerEnrollmentJob", "voice-id/FraudsterRegistrationJob"}


def test_what_may_be_a_secret_is_left_out_of_the_job_through_lists_and_named() -> None:
    container = {"image": "busybox", "environment": [{"name": "TOKEN", "value": "secret"}]}
    task = {"containers": [container, {"image": "nginx"}]}
    job = {"status": "SUCCEEDED", "container": container, "ecsProperties": {"taskProperties": [task, {}]}}
    kept = {"image": "busybox"}
    seen = catalogue.load("batch")["batch/Job"].read({"jobs": [job]})
    assert seen is not None and seen.job == {
        **job,
        "container": kept,
        "ecsProperties": {"taskProperties": [{"containers": [kept, {"image": "nginx"}]}, {}]},
    }
    assert seen.omitted == ["container.environment", "ecsProperties.taskProperties.containers.environment"]
    assert "secret" in str(job)  # the answer itself is not changed


def test_what_can_end_again_under_the_same_creation_time_recurs() -> None:
    again = "rds/DBInstance eks/Cluster lambda/Function dynamodb/Table kms/CustomKeyStore sagemaker/PipelineExecution"
    once = "batch/Job codebuild/Build sagemaker/TrainingJob ec2/Snapshot textract/DocumentAnalysis logs/Query"
    by_its_times = "stepfunctions/Execution cloudformation/Stack translate/ParallelData glue/Crawler appflow/Flow"
    known = catalogue.kinds([*again.split(), *once.split(), *by_its_times.split(), "voice-id/*"])
    assert {name for name, kind in known.items() if kind.recurs} == set(again.split())
    assert len(known) == 6 + 6 + 5 + 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"running": ["SUBMITTED"]}, "status 'IN_PROGRESS' is not listed under any outcome."),
        ({"running": ["SUBMITTED", "INPROGRESS", "IN_PROGRESS"]}, "unknown status: 'INPROGRESS'; did you mean"),
        ({"failed": ["FAILED", "COMPLETED"]}, "status 'COMPLETED' is listed 2 times."),
        ({"request": ["DomainId", "JobID"]}, "unknown member of DescribeSpeakerEnrollmentJob in request: 'JobID'"),
        ({"request": ["DomainId"]}, "request lacks JobId, which DescribeSpeakerEnrollmentJob requires."),
        ({"optional": ["JobId"]}, "unknown key: 'optional'"),
        ({"with": {"MaxResults": 1}}, "unknown member of DescribeSpeakerEnrollmentJob in with: 'MaxResults'"),
        ({"job": "Jobs"}, "job = 'Jobs' finds no structure"),
        ({"status": "Status"}, "status = 'Status' finds no string in the job"),
        ({"status": "JobProgress"}, "status = 'JobProgress' finds no string in the job"),
        ({"percent": "JobProgress.Percent"}, "percent = 'JobProgress.Percent' does not resolve"),
        (
            {"percent": "ratio(sum([Done || `0`]), JobProgress.PercentComplete)"},
            "percent: 'ratio(sum([Done || `0`]), JobProgress.PercentComplete)' reads Done, which the job doesn't have.",
        ),
        (
            {"reason": "[JobName][?FailureCause == 'x'].Message"},
            "reason = \"[JobName][?FailureCause == 'x'].Message\" does not resolve",
        ),
        ({"reason": "FailureDetails.[Message, Code]"}, "reason = 'FailureDetails.[Message, Code]' does not resolve"),
        ({"ended": "EndedAt || StoppedAt"}, "ended = 'EndedAt || StoppedAt' does not resolve"),
        ({"created": "CreatedAt["}, "created = 'CreatedAt[' does not resolve"),
        ({"describe": "DescribeSpeakerEnrolmentJob"}, "unknown operation in describe"),
        ({"start": ["StartJob"]}, "unknown operation in start"),
        ({"start": "StartSpeakerEnrollmentJob"}, "start must be a list of strings."),
        ({"statsu": "JobStatus"}, "unknown key: 'statsu'; did you mean 'status'?"),
        ({"event": {"source": "aws.voiceid", "detail-type": [], "request": {"JobId": "id"}}}, "the event's request"),
        ({"succeeded": [], "partial": [], "failed": []}, "No status ends the job"),
        ({"polling": {"min_intervl": 60}}, "unknown key of polling: 'min_intervl'; did you mean 'min_interval'?"),
        (
            {"omit": ["JobName", "InputDataConfig.Token"]},
            "omit's 'InputDataConfig.Token' is no member of the job; it has",
        ),
        ({"omit": "JobName"}, "omit must be a list of strings."),
        ({"recurs": "yes"}, "recurs must be true or false."),
        ({"polling": {"longest": 0}}, "polling's longest is 0; accepted is a number above 0."),
    ],
)
def test_a_wrong_entry_is_refused_with_a_sentence(change: dict[str, Any], sentence: str) -> None:
    found = problems("voice-id/SpeakerEnrollmentJob", {**SPEAKER, **change})
    assert any(problem.startswith(sentence) for problem in found), found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pick": {"runs": "executionId"}}, "pick: the answer of DescribeFlowExecutionRecords has no list 'runs'"),
        ({"pick": {"flowExecutions": "runId"}}, "pick: the answer of DescribeFlowExecutionRecords has no list"),
        ({"pick": {"flowExecutions": "startedAt"}}, "pick: 'startedAt' must be a member of request"),
        ({"pick": {}}, "unknown member of DescribeFlowExecutionRecords in request: 'executionId'"),
        ({"pick": ["executionId"]}, "pick must be a table."),
    ],
)
def test_a_wrong_pick_is_refused_with_a_sentence(change: dict[str, Any], sentence: str) -> None:
    found = problems("appflow/FlowExecution", {**TABLES["appflow/FlowExecution"], **change})
    assert any(problem.startswith(sentence) for problem in found), found


def test_a_missing_key_is_refused() -> None:
    assert problems("voice-id/X", {"describe": "DescribeSpeakerEnrollmentJob"})[0] == "request is missing."


def test_an_unknown_service_is_refused() -> None:
    assert "voiceid is no service of botocore's." in problems("voiceid/SpeakerEnrollmentJob", SPEAKER)


@pytest.mark.parametrize("name", TABLES)
def test_a_kind_reads_its_status_percentage_and_times_from_members_named_so(name: str) -> None:
    read = {key: re.findall(r"\w+", TABLES[name].get(key, "")) for key in ("status", "percent", "created", "ended")}
    assert any(re.search("stat(e|us)|phase|stage|lifecycle|result", word, re.IGNORECASE) for word in read["status"])
    assert not read["percent"] or names_a_percentage(TABLES[name]["percent"])
    assert not any(
        re.search("complet|finish|end(ed)?(At|Time|Date|On)?$", word, re.IGNORECASE) for word in read["created"]
    )
    assert not any(re.search("creat|start|submit", word, re.IGNORECASE) for word in read["ended"])


def names_a_percentage(expression: str) -> bool:
    """Whether each alternative reads a member named so, or is the ratio of something to its total."""
    tree = jmespath.compile(expression).parsed
    return all(_names_a_percentage(node) for node in _alternatives(tree))


def _alternatives(node: Any) -> list[Any]:
    children = node["children"] if node["type"] == "or_expression" else []
    return [leaf for child in children for leaf in _alternatives(child)] or [node]


def _names_a_percentage(node: Any) -> bool:
    ratios = [
        one["children"] for one in _nodes(node) if one["type"] == "function_expression" and one["value"] == "ratio"
    ]
    return all(_is_total_of(*ratio) for ratio in ratios) if ratios else _says("percent|progress", _fields(node)[-1:])


def _is_total_of(done: Any, total: Any) -> bool:
    """Whether the total is named so, is the length of a list, or a sum that includes what is done."""
    words = (
        "total|estimated|request|found|number|count|target|max|input|size|tasks|steps|results|statements|labeled|server"
    )
    return _says(words, _fields(total)) or total.get("value") == "length" or {*_fields(done)} < {*_fields(total)}


def _says(words: str, names: list[str]) -> bool:
    return any(re.search(words, name, re.IGNORECASE) for name in names)


def _fields(node: Any) -> list[str]:
    return [one["value"] for one in _nodes(node) if one["type"] == "field"]


def _nodes(node: Any) -> Iterator[Any]:
    """Yield the parts of an expression but the conditions of its filters."""
    yield node
    children = node.get("children", ())
    for child in children[:2] if node["type"] == "filter_projection" else children:
        yield from _nodes(child)


@pytest.mark.parametrize(
    ("expression", "is_one"),
    [
        ("Task.PercentProgress", True),
        ("Task.Done", False),
        ("Tasks[?Status == 'done'].PercentProgress | [0]", True),
        ("Tasks[?PercentProgress == `100`].Id | [0]", False),
        ("ratio(Done, TotalTasks)", True),
        ("ratio(TotalTasks, Done)", False),
        ("ratio(sum([Done || `0`, Failed || `0`]), TotalTasks)", True),
        ("Progress || ratio(Done, Elapsed)", False),
        ("ratio(length(Servers[?Status == 'DONE']), length(Servers))", True),
        ("ratio(sum([Done, Failed]), sum([Done, Failed, Waiting]))", True),
        ("ratio(sum([Done, Failed]), sum([Done, Waiting]))", False),
    ],
)
def test_a_percentage_is_named_so_or_is_the_ratio_of_something_to_a_total(expression: str, is_one: bool) -> None:
    assert names_a_percentage(expression) is is_one


@pytest.mark.parametrize(
    ("said", "percent"),
    [
        (42, 42),
        (42.5, 42.5),
        ("42", 42),
        ("42%", 42),
        (" 42 %", 42),
        ("99.5%", 99.5),
        ("0%", 0),
    ],
)
def test_a_percentage_is_read_as_services_write_it(said: Any, percent: float) -> None:
    assert percentage(said) == percent


@pytest.mark.parametrize("said", ["", "%", "n/a", "NaN", "inf%", "4%2", "42%%", None, [], {}])
def test_what_is_no_percentage_is_none(said: Any) -> None:
    assert percentage(said) is None


def percentage(said: Any) -> float | None:
    """What is read of an import task's progress."""
    kind = catalogue.load("ec2")["ec2/ImportImageTask"]
    seen = kind.read({"ImportImageTasks": [{"Status": "active", "Progress": said}]})
    assert seen is not None
    return seen.percent


def test_the_statuses_are_exactly_the_seeds() -> None:
    model = service_model("voice-id")
    assert model is not None
    kind = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
    assert set(kind.outcome_of) == set(model.shape_for("SpeakerEnrollmentJobStatus").enum)  # type: ignore[attr-defined]
