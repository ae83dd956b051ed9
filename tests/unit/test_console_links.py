"""Links lead to the pages of jobs, logs and results in AWS's consoles, and nowhere else."""

from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalogue import notifications_page, validate
from job_watcher import catalogue
from job_watcher.expressions import search
from job_watcher.links import DOMAINS, MAX_LENGTH, job_links
from tests.each_kind import each_kind
from tests.examples import examples
from tests.unit.example import answer_of

KINDS = catalogue.kinds()
LINKED = {name: kind for name, kind in KINDS.items() if kind.console or kind.logs or kind.results}
RUN, BATCH, ECS = (KINDS[name] for name in ("glue/JobRun", "batch/Job", "ecs/Task"))
ARN = "arn:aws:states:eu-west-1:111122223333:execution:Watch:the-watch"
ROOT = "https://eu-west-1.console.aws.amazon.com/"
LOG_GROUPS = f"{ROOT}cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/"


def links_of(name: str, job: Any, **request: Any) -> dict[str, str]:
    return job_links(KINDS[name], request, job, ARN)


TASK = {"clusterArn": "arn:aws:ecs:eu-west-1:1:cluster/jobs", "taskArn": "arn:aws:ecs:eu-west-1:1:task/jobs/0123"}
TRANSFER = {"TaskExecutionArn": "arn:aws:datasync:eu-west-1:1:task/task-0/execution/exec-1"}
STACK = {"StackId": "arn:aws:cloudformation:eu-west-1:1:stack/a/0"}
BUILD = {"projectName": "web", "id": "web:0a1b"}
HOME = "home?region=eu-west-1#"


@pytest.mark.parametrize(
    ("name", "request_members", "job", "page"),
    [
        ("glue/JobRun", {}, {"JobName": "my job", "Id": "jr_1"}, f"gluestudio/{HOME}/job/my%20job/run/jr_1"),
        ("glue/JobRun", {"JobName": "a", "RunId": "jr_1"}, None, f"gluestudio/{HOME}/job/a/run/jr_1"),
        ("batch/Job", {"jobs": ["3a9e"]}, None, f"batch/{HOME}jobs/detail/3a9e"),
        ("ecs/Task", {}, TASK, "ecs/v2/clusters/jobs/tasks/0123?region=eu-west-1"),
        ("datasync/TaskExecution", TRANSFER, None, f"datasync/{HOME}/history/task-0/exec-1"),
        ("stepfunctions/Execution", {"executionArn": ARN}, None, f"states/{HOME}/v2/executions/details/{ARN}"),
        (
            *("codebuild/Build", {}, BUILD),
            "codesuite/codebuild/111122223333/projects/web/build/web:0a1b/?region=eu-west-1",
        ),
        (
            *("cloudformation/Stack", {}, STACK),
            f"cloudformation/{HOME}/stacks/events?stackId=arn:aws:cloudformation:eu-west-1:1:stack%2Fa%2F0",
        ),
    ],
)
def test_the_job_link_leads_to_the_jobs_page(
    name: str, request_members: dict[str, Any], job: dict[str, Any] | None, page: str
) -> None:
    assert links_of(name, job, **request_members)["job"] == ROOT + page


@pytest.mark.parametrize(
    ("name", "job", "page"),
    [
        (
            *("batch/Job", {"container": {"logStreamName": "a/default/0"}}),
            "$252Faws$252Fbatch$252Fjob/log-events/a$252Fdefault$252F0",
        ),
        (
            *("glue/JobRun", {"LogGroupName": "/aws-glue/jobs", "Id": "jr_1"}),
            "$252Faws-glue$252Fjobs$252Ferror$3FlogStreamNameFilter$3Djr_1",
        ),
        (
            *("sagemaker/TrainingJob", {"TrainingJobName": "churn"}),
            "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dchurn$252F",
        ),
        ("codebuild/Build", {"logs": {"groupName": "a[b]$", "streamName": "c"}}, "a$255Bb$255D$2524/log-events/c"),
        ("databrew/JobRun", {"LogGroupName": "test00_11-22/33.44#55"}, "test00_11-22$252F33.44$252355"),
    ],
)
def test_the_logs_link_encodes_names_as_cloudwatchs_console_does(name: str, job: dict[str, Any], page: str) -> None:
    """Some of the expected values are from the tests of https://github.com/link2aws/link2aws.github.io."""
    assert links_of(name, job)["logs"] == LOG_GROUPS + page


def test_logs_in_s3_have_a_link_to_s3() -> None:
    logs = links_of("emr/Cluster", {"LogUri": "s3n://logs/emr/"}, ClusterId="j-1")["logs"]
    assert logs == f"{ROOT}s3/buckets/logs?region=eu-west-1&prefix=emr/j-1/"


@pytest.mark.parametrize(
    ("results", "page"),
    [
        ("s3://models/a/model.tar.gz", "s3/object/models?region=eu-west-1&prefix=a/model.tar.gz"),
        ("s3://models/a", "s3/buckets/models?region=eu-west-1&prefix=a/"),
        ("s3://models/v1.2/", "s3/buckets/models?region=eu-west-1&prefix=v1.2/"),
        ("s3://models", "s3/buckets/models?region=eu-west-1"),
        (["s3://models/a b&c.csv", "s3://x/y"], "s3/object/models?region=eu-west-1&prefix=a%20b%26c.csv"),
        ("https://s3.eu-west-1.amazonaws.com/calls/7.json", "s3/object/calls?region=eu-west-1&prefix=7.json"),
    ],
)
def test_the_results_link_leads_to_the_object_or_the_prefix(results: Any, page: str) -> None:
    job = {"ModelArtifacts": {"S3ModelArtifacts": results}}
    assert links_of("sagemaker/TrainingJob", job)["results"] == ROOT + page


@pytest.mark.parametrize("results", ["arn:aws:s3:::b/k", "s3://a\nb/c", "s3:///key", "https://evil.example/b/k", 7, []])
def test_results_elsewhere_have_no_link(results: Any) -> None:
    assert "results" not in links_of("sagemaker/TrainingJob", {"ModelArtifacts": {"S3ModelArtifacts": results}})


@pytest.mark.parametrize(
    "job", [None, {}, {"JobName": ""}, {"JobName": ["a"]}, {"JobName": True}, {"JobName": {"a": 1}}]
)
def test_an_unknown_page_has_no_link(job: dict[str, Any] | None) -> None:
    assert list(links_of("glue/JobRun", job, RunId="jr_1")) == ["watch"]


def test_a_link_that_would_be_too_long_is_left_out() -> None:
    links = links_of("glue/JobRun", {"JobName": "x" * MAX_LENGTH, "Id": "jr_1", "LogGroupName": "a"})
    assert list(links) == ["logs", "watch"]


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "us-east-1", "us-east-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_to_the_console_of_the_watchs_partition(partition: str, region: str, host: str) -> None:
    arn = f"arn:{partition}:states:{region}:123456789012:execution:Watch:the-watch"
    links = job_links(BATCH, {"jobs": ["a"]}, None, arn)
    assert links == {
        "job": f"https://{host}/batch/home?region={region}#jobs/detail/a",
        "watch": f"https://{host}/states/home?region={region}#/v2/executions/details/{arn}",
    }


@pytest.mark.parametrize(
    "arn", ["", "x", "arn:aws-iso:states:us-iso-east-1:1:execution:a:b", "arn:aws:states:e.u:1:a:b"]
)
def test_a_partition_without_a_known_console_has_no_links(arn: str) -> None:
    assert job_links(BATCH, {"jobs": ["a"]}, None, arn) == {}


@each_kind(LINKED)
def test_no_answer_leads_to_another_site_or_adds_a_line(name: str) -> None:
    for text in ("@evil.example/", "//evil.example\r\nSet-Cookie: a", "../../logout?x=#{region}{0}%0d%0a", "\ud800"):
        check_links(name, text)


@examples(150)
@given(
    name=st.sampled_from(sorted(LINKED)),
    text=st.text(max_size=60)
    | st.sampled_from(["s3://b.b/", "s3://evil.example/", "/aws/"]).flatmap(
        lambda start: st.text(max_size=30).map(lambda rest: start + rest)
    ),
)
def test_no_text_leads_to_another_site_or_adds_a_line(name: str, text: str) -> None:
    check_links(name, text)


def check_links(name: str, text: str) -> None:
    """Check the links of a kind's job in which each text is this one."""
    kind = KINDS[name]
    job = search(kind.job, answer_of(kind, text))
    for link in job_links(kind, dict.fromkeys(kind.request, text), job, ARN).values():
        url = urlsplit(link)
        assert (url.scheme, url.netloc) == ("https", "eu-west-1.console.aws.amazon.com"), link
        assert link.isascii() and link.isprintable() and " " not in link and len(link) <= MAX_LENGTH


def test_the_most_used_kinds_have_a_page_in_the_console() -> None:
    assert sum(kind.console is not None for kind in KINDS.values()) >= 90
    assert sum(kind.logs is not None for kind in KINDS.values()) >= 15


def test_each_sample_job_of_a_kind_with_a_page_has_a_job_link() -> None:
    for sample in notifications_page.SAMPLES:
        kind = notifications_page.kind_of(sample["kind"])
        if kind.console and "answer" in sample:
            assert job_links(kind, sample["request"], search(kind.job, sample["answer"]), ARN)["job"], kind.name


TABLE = {"describe": "GetJobRun", "request": ["JobName", "RunId"], "job": "JobRun", "status": "JobRunState"}
STATUSES = {
    outcome: [status for status, its in RUN.outcome_of.items() if its == outcome] for outcome in catalogue.OUTCOMES
}


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"console": "glue/home?region={region}#/{JobName}"}, ""),
        ({"console": "glue/home#/{JobNme}"}, "console: 'JobNme' finds no text in the request or the job."),
        ({"console": "glue/home#/{join(}"}, "console: 'join(' is not valid JMESPath."),
        ({"console": "https://evil.example/{JobName}"}, "is not a page of the console; accepted is a path such as"),
        ({"console": "{JobName}/home"}, "is not a page of the console"),
        ({"console": "glue/home#/{JobName"}, "is not a page of the console"),
        ({"logs": "LogGroupName"}, ""),
        ({"logs": "[LogGroupName, Id]"}, ""),
        ({"logs": "[LogGroupName, Id, Id]"}, "finds no log group, no log group and log stream, and no URI of S3"),
        ({"logs": "ExecutionTime"}, "finds no log group"),
        ({"logs": "[Id"}, "logs: '[Id' is not valid JMESPath."),
        ({"logs": 7}, "logs must be a string."),
    ],
)
def test_the_expressions_of_a_custom_kind_are_validated(keys: dict[str, Any], problem: str) -> None:
    problems = validate.problems("glue/JobRun", {**TABLE, **STATUSES, **keys})
    about_links = [found for found in problems if found.startswith(("console", "logs"))]
    assert (problem in about_links[0] if about_links else problem == "") and bool(about_links) == bool(problem)


def test_values_are_decoded_as_they_were() -> None:
    link = job_links(replace(RUN, console="x/{JobName}"), {"JobName": "ä/ü ?#%&"}, None, ARN)["job"]
    assert unquote(link.removeprefix(f"{ROOT}x/")) == "ä/ü ?#%&"
    assert set(DOMAINS) == {"aws", "aws-cn", "aws-us-gov"}
