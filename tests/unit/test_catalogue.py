"""Every kind's table is valid and agrees with botocore's model. The validator reports every type of mistake."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import jmespath
import pytest

from infra.catalogue.validate import problems
from infra.service_models import service_model
from job_watcher import catalogue
from tests.each_kind import each_kind

TABLES = {
    f"{path.stem}/{noun}": table
    for path in sorted(catalogue.FOLDER.glob("*.toml"))
    for noun, table in tomllib.loads(path.read_text()).items()
}
SPEAKER = TABLES["voice-id/SpeakerEnrollmentJob"]


@each_kind(TABLES)
def test_a_kinds_table_is_valid_and_agrees_with_botocores_model(name: str) -> None:
    assert problems(name, TABLES[name]) == []


def test_voice_id_has_both_of_its_job_kinds() -> None:
    assert set(catalogue.load("voice-id")) == {"voice-id/SpeakerEnrollmentJob", "voice-id/FraudsterRegistrationJob"}


def test_members_that_can_contain_secrets_are_removed_and_listed_even_inside_lists() -> None:
    container = {"image": "busybox", "environment": [{"name": "TOKEN", "value": "secret"}]}
    task = {"containers": [container, {"image": "nginx"}]}
    job = {"status": "SUCCEEDED", "container": container, "ecsProperties": {"taskProperties": [task, {}]}}
    kept = {"image": "busybox"}
    observation = catalogue.load("batch")["batch/Job"].read({"jobs": [job]})
    assert observation is not None and observation.job == {
        **job,
        "container": kept,
        "ecsProperties": {"taskProperties": [{"containers": [kept, {"image": "nginx"}]}, {}]},
    }
    assert observation.omitted == ["container.environment", "ecsProperties.taskProperties.containers.environment"]
    assert "secret" in str(job)  # the answer itself is unchanged


def test_kinds_whose_resource_can_end_again_with_the_same_creation_time_recur() -> None:
    recurring = (
        "rds/DBInstance eks/Cluster lambda/Function dynamodb/Table kms/CustomKeyStore sagemaker/PipelineExecution"
    )
    ends_once = "batch/Job codebuild/Build sagemaker/TrainingJob ec2/Snapshot textract/DocumentAnalysis logs/Query"
    distinguished_by_times = (
        "stepfunctions/Execution cloudformation/Stack translate/ParallelData glue/Crawler appflow/Flow"
    )
    known = catalogue.kinds([*recurring.split(), *ends_once.split(), *distinguished_by_times.split(), "voice-id/*"])
    assert {name for name, kind in known.items() if kind.recurs} == set(recurring.split())
    assert len(known) == 6 + 6 + 5 + 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"running": ["SUBMITTED"]}, "status 'IN_PROGRESS' is missing; list it under running,"),
        (
            {"running": ["SUBMITTED", "INPROGRESS", "IN_PROGRESS"]},
            "'INPROGRESS' is not a status that 'JobStatus' can have; did you mean",
        ),
        ({"failed": ["FAILED", "COMPLETED"]}, "status 'COMPLETED' is listed 2 times; list it under one outcome."),
        (
            {"request": ["DomainId", "JobID"]},
            "request: 'JobID' is not a member of the input of DescribeSpeakerEnrollmentJob; did you mean 'JobId'?",
        ),
        ({"request": ["DomainId"]}, "request: JobId is missing; DescribeSpeakerEnrollmentJob requires it."),
        ({"optional": ["JobId"]}, "'optional' is not a key of a kind's table; "),
        ({"constants": {}}, "'constants' is not a key of a kind's table; "),
        (
            {"with": {"MaxResults": 1}},
            "with: 'MaxResults' is not a member of the input of DescribeSpeakerEnrollmentJob",
        ),
        (
            {"job": "Jobs"},
            "job: 'Jobs' finds no structure in the answer of DescribeSpeakerEnrollmentJob, which has Job.",
        ),
        ({"status": "Status"}, "status: 'Status' finds no string in the job, which has "),
        ({"status": "JobProgress"}, "status: 'JobProgress' finds no string in the job, which has "),
        ({"percent": "JobProgress.Percent"}, "percent: 'JobProgress.Percent' finds nothing in the job, which has "),
        (
            {"percent": "ratio(sum([Done || `0`]), JobProgress.PercentComplete)"},
            "percent: 'ratio(sum([Done || `0`]), JobProgress.PercentComplete)' reads Done, which the job doesn't have.",
        ),
        (
            {"reason": "[JobName][?FailureCause == 'x'].Message"},
            "reason: \"[JobName][?FailureCause == 'x'].Message\" finds nothing in the job",
        ),
        (
            {"reason": "FailureDetails.[Message, Code]"},
            "reason: 'FailureDetails.[Message, Code]' finds nothing in the job",
        ),
        (
            {"ended": "EndedAt || StoppedAt"},
            "ended: 'EndedAt || StoppedAt', or one of its alternatives, finds nothing in the job",
        ),
        ({"ended": "StoppedAt || EndedAt || CreatedAt"}, "ended: 'StoppedAt || EndedAt || CreatedAt', or one of its"),
        ({"created": "CreatedAt["}, "created: 'CreatedAt[' is not valid JMESPath."),
        (
            {"describe": "DescribeSpeakerEnrolmentJob"},
            "describe: 'DescribeSpeakerEnrolmentJob' is not an operation of voice-id; did you mean",
        ),
        ({"start": ["StartJob"]}, "start: 'StartJob' is not an operation of voice-id; "),
        ({"start": "StartSpeakerEnrollmentJob"}, "start must be a list of strings."),
        ({"statsu": "JobStatus"}, "'statsu' is not a key of a kind's table; did you mean 'status'?"),
        (
            {"event": {"source": "aws.voiceid", "detail-type": [], "request": {"JobId": "id"}}},
            "event.request must have one JMESPath expression for each member of request: DomainId, JobId.",
        ),
        ({"event": {"source": "aws.voiceid"}}, "event: the key 'request' is missing."),
        (
            {"succeeded": [], "partial": [], "failed": []},
            "no status ends the job; list at least one under succeeded, partial, failed or stopped.",
        ),
        (
            {"polling": {"min_intervl": 60}},
            "polling: 'min_intervl' is not a polling limit; did you mean 'min_interval'?",
        ),
        (
            {"omit": ["JobName", "InputDataConfig.Token"]},
            "omit: 'InputDataConfig.Token' is not a member of the job, which has ",
        ),
        ({"omit": "JobName"}, "omit must be a list of strings."),
        ({"recurs": "yes"}, "recurs must be true or false."),
        ({"polling": {"max_interval": 0}}, "polling: max_interval is 0; accepted is a number above 0."),
        ({"advice": {"fialed": "x"}}, "advice: 'fialed' is not an outcome; did you mean 'failed'?"),
        ({"advice": {"lost": "x" * 401}}, "advice: lost has 401 characters; accepted are up to 400."),
    ],
)
def test_each_mistake_in_a_table_is_reported_in_one_sentence(change: dict[str, Any], sentence: str) -> None:
    found = problems("voice-id/SpeakerEnrollmentJob", {**SPEAKER, **change})
    assert any(problem.startswith(sentence) for problem in found), found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pick": {"runs": "executionId"}}, "pick: the answer of DescribeFlowExecutionRecords has no list 'runs'"),
        ({"pick": {"flowExecutions": "runId"}}, "pick: the answer of DescribeFlowExecutionRecords has no list"),
        (
            {"pick": {"flowExecutions": "startedAt"}},
            "pick: 'startedAt' must be in request and must not be a member of the input of",
        ),
        ({"pick": {}}, "request: 'executionId' is not a member of the input of DescribeFlowExecutionRecords"),
        ({"pick": ["executionId"]}, "pick must be a table of strings."),
    ],
)
def test_each_mistake_in_pick_is_reported_in_one_sentence(change: dict[str, Any], sentence: str) -> None:
    found = problems("appflow/FlowExecution", {**TABLES["appflow/FlowExecution"], **change})
    assert any(problem.startswith(sentence) for problem in found), found


def test_a_missing_key_is_reported() -> None:
    assert problems("voice-id/X", {"describe": "DescribeSpeakerEnrollmentJob"})[0] == "the key 'request' is missing."


def test_an_unknown_service_is_reported() -> None:
    assert "'voiceid' is not a boto3 service." in problems("voiceid/SpeakerEnrollmentJob", SPEAKER)


@each_kind(TABLES)
def test_a_kind_reads_its_status_percentage_and_times_from_members_with_matching_names(name: str) -> None:
    read = {key: re.findall(r"\w+", TABLES[name].get(key, "")) for key in ("status", "percent", "created", "ended")}
    assert any(re.search("stat(e|us)|phase|stage|lifecycle|result", word, re.IGNORECASE) for word in read["status"])
    assert not read["percent"] or names_a_percentage(TABLES[name]["percent"])
    assert not any(
        re.search("complet|finish|end(ed)?(At|Time|Date|On)?$", word, re.IGNORECASE) for word in read["created"]
    )
    assert not any(re.search("creat|start|submit", word, re.IGNORECASE) for word in read["ended"])


def names_a_percentage(expression: str) -> bool:
    """Return whether each alternative reads a member named like a percentage, or is a ratio to a total."""
    tree = jmespath.compile(expression).parsed
    return all(_names_a_percentage(node) for node in _alternatives(tree))


def _alternatives(node: Any) -> list[Any]:
    children = node["children"] if node["type"] == "or_expression" else []
    return [leaf for child in children for leaf in _alternatives(child)] or [node]


def _names_a_percentage(node: Any) -> bool:
    functions = [inner for inner in _nodes(node) if inner["type"] == "function_expression"]
    ratios = [function["children"] for function in functions if function["value"] == "ratio"]
    return (
        all(_is_total_of(*ratio) for ratio in ratios)
        if ratios
        else _names_match("percent|progress", _fields(node)[-1:])
    )


def _is_total_of(done: Any, total: Any) -> bool:
    """Return whether `total` is named like a total, is the length of a list, or is a sum that includes `done`."""
    words = (
        "total|estimated|request|found|number|count|target|max|input|size|tasks|steps|results|statements|labeled|server"
    )
    return _names_match(words, _fields(total)) or total.get("value") == "length" or {*_fields(done)} < {*_fields(total)}


def _names_match(words: str, names: list[str]) -> bool:
    return any(re.search(words, name, re.IGNORECASE) for name in names)


def _fields(node: Any) -> list[str]:
    return [inner["value"] for inner in _nodes(node) if inner["type"] == "field"]


def _nodes(node: Any) -> Iterator[Any]:
    """Yield the parts of an expression, except the conditions of its filters."""
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
def test_names_a_percentage_recognizes_percentages_and_ratios_to_a_total(expression: str, is_one: bool) -> None:
    assert names_a_percentage(expression) is is_one


@pytest.mark.parametrize(
    ("progress", "percent"),
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
def test_a_percentage_is_read_in_every_notation_that_services_use(progress: Any, percent: float) -> None:
    assert percentage(progress) == percent


@pytest.mark.parametrize("progress", ["", "%", "n/a", "NaN", "inf%", "4%2", "42%%", None, [], {}])
def test_text_that_is_not_a_percentage_is_ignored(progress: Any) -> None:
    assert percentage(progress) is None


def percentage(progress: Any) -> float | None:
    """Return the percentage that the kind reads from an import task with this progress."""
    kind = catalogue.load("ec2")["ec2/ImportImageTask"]
    observation = kind.read({"ImportImageTasks": [{"Status": "active", "Progress": progress}]})
    assert observation is not None
    return observation.percent


def test_the_speaker_enrollment_job_has_exactly_the_statuses_in_botocores_model() -> None:
    model = service_model("voice-id")
    assert model is not None
    kind = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
    assert set(kind.outcome_of) == set(model.shape_for("SpeakerEnrollmentJobStatus").enum)  # type: ignore[attr-defined]


def test_the_most_used_kinds_have_advice_that_does_not_assume_logs() -> None:
    """The email itself mentions the logs if it links to them."""
    assert sum("failed" in kind.advice for kind in catalogue.kinds().values()) >= 40
    advice = [text for kind in catalogue.kinds().values() for text in kind.advice.values()]
    assert not [text for text in advice if re.search(r"\blogs?\b", text) or len(text) > 320 or text[-1] != "."]
