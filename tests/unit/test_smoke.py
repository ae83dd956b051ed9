"""`smoke` runs a job, receives its notification, and removes what it has created."""

import io
import json
import signal
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from cli.cleanup import Cleanup
from cli.output import Output
from cli.smoke_jobs import JOBS, SmokeJob
from cli.smoke_receiver import PERMISSIONS, Receiver
from cli.smoke_run import COVERED_SECONDS
from job_watcher import catalogue, start
from job_watcher.trigger import PERIOD, TriggeredJob, watch_name
from tests.unit.command_line import exit_status, fake_aws
from tests.unit.documentation import page
from tests.unit.fake_aws import AwsError, FakeAws
from tests.unit.fake_smoke import ID, OUTPUTS, REMOVED_BY, FakeSmoke

RUN = ["smoke", "--yes"]
CREATE = [*REMOVED_BY, "PutTargets", "GetQueueAttributes", "PutEvents", "StartQueryExecution", "StartExecution"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, session: boto3.Session) -> Iterator[FakeAws]:
    monkeypatch.setattr("cli.command.boto3.Session", lambda **_: session)
    monkeypatch.setattr("cli.smoke_run.sleep", lambda _: None)
    with fake_aws(monkeypatch, "athena/* glue/*") as aws:
        yield aws


@pytest.fixture
def deployment(aws: FakeAws) -> FakeSmoke:
    return FakeSmoke(aws)


def deny(aws: FakeAws, operation: str) -> None:
    del aws.answers[operation]


def created_and_left(aws: FakeAws) -> list[str]:
    """Return the operations whose resources were not removed, once for each resource."""
    called = list(aws.operations())
    succeeded = [one for one in called if one in aws.answers]
    left = {one: succeeded.count(one) - called.count(REMOVED_BY[one]) for one in REMOVED_BY if one in called}
    return [one for one, count in left.items() if count > 0]


def test_the_delays_are_those_between_the_end_of_the_job_and_each_arrival(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, deployment: FakeSmoke
) -> None:
    assert exit_status(monkeypatch, [*RUN, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["delays"] == {"event": 2.5, "programs": 2.5, "people": 2.5}
    assert shown["arrived"] == {"event": True, "programs": True, "people": True}
    assert (shown["kind"], shown["request"]) == ("athena/QueryExecution", {"QueryExecutionId": ID})
    assert (shown["outcome"], shown["not_removed"]) == ("succeeded", [])
    assert created_and_left(aws) == []


def test_the_rule_matches_the_kind_and_the_queue_accepts_only_the_rule_and_the_topics(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, deployment: FakeSmoke
) -> None:
    assert exit_status(monkeypatch, RUN) == 0
    calls = dict(aws.calls)
    assert json.loads(calls["PutRule"]["EventPattern"])["detail"] == {"kind": ["athena/QueryExecution"]}
    (statement,) = json.loads(calls["CreateQueue"]["Attributes"]["Policy"])["Statement"]
    sources = ["arn:rule", OUTPUTS["TopicArn"], OUTPUTS["EmailTopicArn"]]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": sources}}
    subscribed = [call["TopicArn"] for operation, call in aws.calls if operation == "Subscribe"]
    assert subscribed == sources[1:]


def test_late_events_are_covered_by_a_watch_that_ends_after_them(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, deployment: FakeSmoke
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("cli.smoke_run.sleep", slept.append)
    assert exit_status(monkeypatch, RUN) == 0
    assert start.END_MARGIN.total_seconds() < slept[-1] <= COVERED_SECONDS
    job = TriggeredJob(catalogue.load("athena")["athena/QueryExecution"], {"QueryExecutionId": ID}, False)
    first, second = [call["name"] for operation, call in aws.calls if operation == "StartExecution"]
    assert [first, second] == [watch_name(job, [int(time.time() // PERIOD), number]) for number in (0, 1)]
    operations = list(aws.operations())
    assert "StartExecution" not in operations[operations.index("DeleteWorkGroup") :]


def test_a_watch_that_an_event_has_started_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, deployment: FakeSmoke
) -> None:
    start = aws.answers["StartExecution"]

    def exists(call: Mapping[str, Any]) -> Any:
        start(call)
        raise AwsError("ExecutionAlreadyExists", "Execution Already Exists")

    aws.answers["StartExecution"] = exists
    assert exit_status(monkeypatch, RUN) == 0
    assert "started automatically, by an event" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["event", "TopicArn", "EmailTopicArn"])
def test_if_a_part_of_the_notification_does_not_arrive_the_test_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    deployment: FakeSmoke,
    missing: str,
) -> None:
    deployment.parts.remove(missing)
    monkeypatch.setattr("cli.smoke_run.monotonic", iter(range(1_000)).__next__)
    assert exit_status(monkeypatch, [*RUN, "--timeout", "10s"]) == 4
    shown = capsys.readouterr().out
    assert shown.count("didn't arrive") == 1 and shown.endswith("run `job-watcher doctor --region eu-west-1`.\n")
    assert created_and_left(aws) == []


def test_if_the_job_fails_the_test_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, deployment: FakeSmoke
) -> None:
    deployment.detail |= {"outcome": "lost", "reason": "GetQueryExecution was denied."}
    assert exit_status(monkeypatch, RUN) == 4
    assert "reason: GetQueryExecution was denied.\n" in capsys.readouterr().out


@pytest.mark.parametrize("operation", [one for one in CREATE if one != "CreateDocument"])
def test_after_a_denied_call_everything_is_removed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    deployment: FakeSmoke,
    operation: str,
) -> None:
    deny(aws, operation)
    assert exit_status(monkeypatch, RUN) == 7
    assert f"AWS denied {operation}: " in capsys.readouterr().err
    assert created_and_left(aws) == []


@pytest.mark.parametrize("operation", [one for one in REMOVED_BY.values() if one != "DeleteDocument"])
def test_what_cannot_be_removed_is_named_and_the_rest_is_removed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    deployment: FakeSmoke,
    operation: str,
) -> None:
    deny(aws, operation)
    assert exit_status(monkeypatch, [*RUN, "--json"]) == 0
    shown = capsys.readouterr()
    sentences = [line for line in shown.err.splitlines() if line.startswith("not removed: ")]
    assert len(sentences) == (2 if operation == "Unsubscribe" else 1)
    assert all("job-watcher-smoke-" in line or ":sns:" in line for line in sentences)
    assert json.loads(shown.out)["not_removed"] == [line.removeprefix("not removed: ") for line in sentences]
    assert set(REMOVED_BY.values()) - {"DeleteDocument"} <= set(aws.operations())


def test_after_ctrl_c_everything_is_removed_and_the_watch_continues(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, deployment: FakeSmoke
) -> None:
    def press_ctrl_c(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Receiver, "deliveries", press_ctrl_c)
    assert exit_status(monkeypatch, RUN) == 130
    assert "The watch continues." in capsys.readouterr().out
    assert created_and_left(aws) == []


def test_if_the_output_is_closed_everything_is_removed(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, deployment: FakeSmoke
) -> None:
    def print_until_closed(output: Output, text: str) -> None:
        if not text.startswith("stack "):
            raise BrokenPipeError

    monkeypatch.setattr(Output, "line", print_until_closed)
    assert exit_status(monkeypatch, RUN) == 7
    assert "CreateQueue" in aws.operations()
    assert created_and_left(aws) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_end_of_the_process_and_of_the_terminal_are_like_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, deployment: FakeSmoke, number: signal.Signals
) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    monkeypatch.setattr(Receiver, "deliveries", lambda *_: signal.raise_signal(number))
    assert exit_status(monkeypatch, RUN) == 130
    assert created_and_left(aws) == []
    assert signal.signal(number, before) == signal.SIG_DFL


def test_a_second_ctrl_c_ends_only_one_removal() -> None:
    removed: list[str] = []
    cleanup = Cleanup()

    def press_ctrl_c(_: str = "") -> str:
        raise KeyboardInterrupt

    cleanup.create("a", lambda: "a", removed.append)
    cleanup.create("b", lambda: "b", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        cleanup.create("c", press_ctrl_c, removed.append)
    cleanup.run()
    assert removed == ["a"]
    assert [sentence.partition(":")[0] for sentence in cleanup.not_removed] == ["c", "b"]


@pytest.mark.parametrize(
    ("kinds", "arguments", "sentence"),
    [
        ("glue/*", [], 'redeploy with "kinds": ["glue/*", "athena/QueryExecution"], or one of ssm/'),
        ("glue/* ...", [], "It isn't known which kinds are enabled; choose one with --kind: athena/"),
        ("glue/*", ["--kind", "athena/QueryExecution"], "athena/QueryExecution is not enabled: redeploy with"),
        ("glue/*", ["--kind", "glue/JobRun"], "'glue/JobRun' has no smoke test; accepted are athena/"),
    ],
)
def test_without_an_enabled_job_nothing_is_created(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    kinds: str,
    arguments: list[str],
    sentence: str,
) -> None:
    aws.stacks["JobWatcher"]["Kinds"] = kinds
    assert exit_status(monkeypatch, [*RUN, *arguments]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert aws.operations() == ["DescribeStacks"]


def test_if_the_user_does_not_agree_nothing_is_created_and_nothing_is_proven(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    monkeypatch.setattr("cli.smoke.confirmation.require", lambda _: None)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert exit_status(monkeypatch, ["smoke"]) == 7
    shown = capsys.readouterr()
    assert "cost       less than 1 cent" in shown.out and "Continue? [y/N]:" in shown.err
    assert shown.out.endswith("Nothing was started.\n")
    assert aws.operations() == ["DescribeStacks"]


def test_without_a_terminal_and_without_yes_no_call_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert exit_status(monkeypatch, ["smoke"]) == 2
    assert "--yes is needed without a terminal" in capsys.readouterr().err
    assert aws.calls == []


def test_a_stack_without_the_outputs_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    assert exit_status(monkeypatch, RUN) == 7
    assert "The stack has no output BusName, which this command needs." in capsys.readouterr().err


class Answered:
    """The HTTP status of an answer that a test gives."""

    status_code = 200


@pytest.mark.parametrize("job", JOBS, ids=[job.kind for job in JOBS])
def test_a_job_makes_the_calls_that_its_permissions_allow_and_returns_a_request_of_its_kind(job: SmokeJob) -> None:
    calls = []

    def client(service: str) -> Any:
        made = boto3.client(service, region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")

        def answer(model: Any, **_: Any) -> Any:
            calls.append(f"{service}:{model.name}")
            return Answered(), {"QueryExecutionId": ID, "AutomationExecutionId": ID, "Document": {"Status": "Active"}}

        made.meta.events.register("before-call", answer)
        return made

    cleanup = Cleanup()
    request = job.start(client, cleanup, "job-watcher-smoke-1")
    cleanup.run()
    by_the_service = {"s3:GetObject", "glue:GetDatabase"}
    assert {*calls} == {*job.permissions} - by_the_service
    assert list(request) == catalogue.load(job.kind.partition("/")[0])[job.kind].request


def test_the_documentation_has_the_jobs_with_their_costs_and_all_permissions() -> None:
    text = page("docs/deployment.md")
    for job in JOBS:
        actions = ", ".join(f"`{action}`" for action in job.permissions)
        assert f"| `{job.kind}` | {job.action} | [{job.cost}]({job.pricing}) | {actions} |" in text
    assert ", ".join(f"`{action}`" for action in PERMISSIONS) in text


def test_the_calls_that_receive_the_notification_are_those_of_the_documented_permissions(
    monkeypatch: pytest.MonkeyPatch, aws: FakeAws, deployment: FakeSmoke
) -> None:
    assert exit_status(monkeypatch, RUN) == 0
    of_job = {action.partition(":")[2] for action in JOBS[0].permissions}
    others = {"DescribeStacks", "StartExecution", "DescribeExecution"}
    assert {*aws.operations()} - of_job - others == {action.partition(":")[2] for action in PERMISSIONS}
