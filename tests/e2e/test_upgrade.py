"""A stack of the previous version is updated while it watches jobs, and every watch ends with the right notification.

The update also removes a kind.

`previous/` contains the wheel of the previous version. On AWS, running executions keep the definition and the role of
their state machine, and their next poll runs the new code of the function:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.bundle.cache import CACHE
from infra.bundle.packages import REQUIREMENTS
from local.environment import ROOT
from local.sample import BUCKET
from tests.infra import permissions
from tests.infra.deployment import Deployment
from tests.infra.simulator import Question, ask

from .conftest import DESCRIBE, FRAUDSTERS, SPEAKERS, Account, World, fraudsters, until
from .test_logs import check_logs

PREVIOUS = Path(__file__).parent / "previous"
APP = """\
import aws_cdk as cdk
from job_watcher_cdk import context
from job_watcher_cdk.stack import JobWatcherStack

app = cdk.App()
settings = app.node.get_all_context()
JobWatcherStack(app, context.stack_name(settings), props=context.props(settings))
app.synth()
"""
STACK, EMAIL = "Upgraded", "upgraded@example.com"
# Polls are one second apart in scaled time, so that they don't slow the CDK down.
SETTINGS = {
    "stack-name": STACK,
    "kinds": "voice-id/*,s3/waiter/*",
    "email": EMAIL,
    "min-interval-seconds": "100",
    "max-interval-seconds": "100",
    "max-interval-seconds-with-events": "100",
}
NEW_SETTINGS = {
    **SETTINGS,
    "kinds": f"{SPEAKERS},s3/waiter/*",
    "progress-events": "25",  # shows that the new code polls the jobs
    "email-limit": "20",  # test_restart.py expects an email about each of its jobs, too
}
# Resources that running executions use, that contain messages, or to which users refer.
KEPT = (
    "AWS::Events::EventBus",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachine",
)
# The IAM action of each task, and the argument with the resource.
TASKS = {
    "lambda:invoke": ("lambda:InvokeFunction", "FunctionName"),
    "states:startExecution": ("states:StartExecution", "StateMachineArn"),
    "events:putEvents": ("events:PutEvents", "EventBusName"),
    "sns:publish": ("sns:Publish", "TopicArn"),
}
# How each watch ends: the error of its execution, and the outcome in the notification.
ENDS = {
    "without an answer so far": ("", "succeeded"),
    "in progress": ("", "succeeded"),
    "throttled": ("", "succeeded"),
    "ends during the update": ("", "succeeded"),
    "started by an event": ("", "succeeded"),
    "waiter": ("", "succeeded"),
    "fail_on": ("JobFailed", "failed"),
    "deleted": ("WatchLost", "lost"),
    "removed kind": ("WatchLost", "lost"),
}


@dataclass(frozen=True)
class Watched:
    """A job and the ARN of its watch."""

    request: dict[str, str]
    watch: str


@dataclass(frozen=True)
class Snapshot:
    """The stack's template and outputs, and the physical ID and the type of each resource by its logical ID."""

    template: dict[str, Any]
    outputs: dict[str, str]
    resources: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Upgrade:
    """The stack after the update, when all watches have ended."""

    stack: World
    watched: Mapping[str, Watched]
    reported_before: dict[str, str]
    """The request of the job that the previous version reported, and that the current version watched again."""
    before: Snapshot
    after: Snapshot


def previous_app(account: Account) -> Path:
    """Unpack the previous version's wheel beside a CDK app, and return the app's folder."""
    folder = account.cloud.folder / "previous"
    (wheel,) = PREVIOUS.glob("*.whl")
    shutil.unpack_archive(wheel, folder, "zip")
    shutil.copy(REQUIREMENTS, folder / "job_watcher")  # the cache contains only the packages of the current version
    cache = account.cloud.folder / ".cache" / "aws-job-watcher"  # in the CDK CLI's home directory
    cache.mkdir(parents=True)
    (cache / "packages").symlink_to(CACHE / "packages")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    feature_flags = {name: value for name, value in context.items() if ":" in name}
    (folder / "cdk.json").write_text(json.dumps({"app": "python app.py", "context": feature_flags}))
    (folder / "app.py").write_text(APP)
    return folder


@cache
def upgraded(account: Account) -> Upgrade:
    """Deploy the previous version, start watches, update the stack, and let the jobs end. This happens once."""
    stack = World(account.cloud, SETTINGS, previous_app(account))
    before = snapshot(stack, stack.outputs)
    reported_before = stack.start_job()
    stack.end(stack.watch({"kind": SPEAKERS, "request": reported_before}))
    watched = start_watches(stack)
    with ThreadPoolExecutor(1) as executor:
        update = executor.submit(stack.cloud.deploy, NEW_SETTINGS)
        until(lambda: update.done() or status(stack) != "CREATE_COMPLETE")
        stack.show_end(watched["ends during the update"].request)
        after = snapshot(stack, update.result())
    end_jobs(stack, watched)
    stack.end(stack.watch({"kind": SPEAKERS, "request": reported_before}))
    for each in watched.values():
        stack.end(each.watch)
    receive_notifications(stack, after)
    return Upgrade(stack, watched, reported_before, before, after)


@pytest.fixture(scope="module")
def upgrade(account: Account) -> Upgrade:
    """Return the stack after the update. test_restart.py uses it, too."""
    return upgraded(account)


def snapshot(stack: World, outputs: dict[str, str]) -> Snapshot:
    cloudformation = stack.cloud.client("cloudformation")
    summaries = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    resources = {each["LogicalResourceId"]: (each["PhysicalResourceId"], each["ResourceType"]) for each in summaries}
    return Snapshot(cloudformation.get_template(StackName=STACK)["TemplateBody"], outputs, resources)


def status(stack: World) -> str:
    return str(stack.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def start_watches(stack: World) -> dict[str, Watched]:
    """Start all watches, and return them when each one has polled its job."""
    fail = stack.voice_id.fail
    jobs = {name: stack.start_job(kind_of(name), manifest(stack, name)) for name in ENDS if name != "waiter"}
    for request in jobs.values():
        stack.show_progress(request, 50)
    fail(DESCRIBE[SPEAKERS], "error", times=None, job_id=jobs["without an answer so far"]["JobId"])
    fail(DESCRIBE[SPEAKERS], "slow", seconds=0, job_id=jobs["throttled"]["JobId"])  # one answer
    fail(DESCRIBE[SPEAKERS], "throttle", times=None, job_id=jobs["throttled"]["JobId"])
    watched = {name: Watched(request, start_watch(stack, name, request)) for name, request in jobs.items()}
    upload = {"Bucket": BUCKET, "Key": "upgrade.txt"}
    waiter = stack.watch({"kind": "s3/waiter/ObjectExists", "request": upload})
    stack.wait_for_first_poll(waiter)
    return {**watched, "waiter": Watched(upload, waiter)}


def kind_of(name: str) -> str:
    """Return the kind of a watch's job, which is a Voice ID job."""
    return FRAUDSTERS if name == "removed kind" else SPEAKERS


def manifest(stack: World, name: str) -> str | None:
    """Return the URI of the manifest of a watch's job, or None for the sample."""
    body = {"removed kind": fraudsters(4), "fail_on": "{"}.get(name)
    return stack.put_manifest(f"{name}.json", body) if body else None


def start_watch(stack: World, name: str, request: dict[str, str]) -> str:
    """Start the watch of a job, and return its ARN after the first poll."""
    options = {"fail_on": ["failed"]} if name == "fail_on" else {}
    if name == "started by an event":
        stack.put_start_event(request)
        watch = until(lambda: stack.find_watch(request))
    else:
        watch = stack.watch({"kind": kind_of(name), "request": request, **options})
    stack.wait_for_first_poll(watch)
    return watch


def end_jobs(stack: World, watched: Mapping[str, Watched]) -> None:
    """Let all jobs end, after the current version has polled the one whose progress it reports."""
    progressing = watched["in progress"]
    stack.show_progress(progressing.request, 75)
    waits = stack.waits(progressing.watch)
    until(lambda: stack.waits(progressing.watch) > waits + 1)
    stack.voice_id.faults.clear()
    stack.voice_id.fail(DESCRIBE[SPEAKERS], "not-found", times=None, job_id=watched["deleted"].request["JobId"])
    for name in set(watched) - {"waiter"}:
        stack.show_end(watched[name].request)
    stack.s3.put_object(**watched["waiter"].request, Body=b"here")


def receive_notifications(stack: World, after: Snapshot) -> None:
    """Wait for the end of all executions, of both state machines, and receive all events."""
    for physical_id, type_ in after.resources.values():
        if type_ == "AWS::StepFunctions::StateMachine":
            running = {"stateMachineArn": physical_id, "statusFilter": "RUNNING"}
            until(lambda running=running: not stack.states.list_executions(**running)["executions"])  # type: ignore[misc]
    stack.events({})


@pytest.mark.parametrize("name", ENDS)
def test_a_watch_of_the_previous_version_ends_correctly(upgrade: Upgrade, name: str) -> None:
    watched, (error, outcome) = upgrade.watched[name], ENDS[name]
    execution = upgrade.stack.end(watched.watch)
    (event,) = upgrade.stack.received(watched.request)
    assert execution.get("error", "") == error, execution.get("cause")
    assert (event["detail"]["outcome"], event["detail"]["watch"]) == (outcome, watched.watch)
    assert event["detail-type"] == ("Watch Lost" if outcome == "lost" else "Job Ended")
    if error == "WatchLost":
        assert execution["cause"] == event["detail"]["reason"]
    else:
        assert json.loads(execution["cause"] if error else execution["output"]) == event["detail"]
    (email,) = upgrade.stack.emails(list(watched.request.values())[-1])
    assert email["Subject"].startswith(f"{outcome.capitalize()}: ")


def test_the_watch_of_a_removed_kind_is_lost_with_the_reason(upgrade: Upgrade) -> None:
    (event,) = upgrade.stack.received(upgrade.watched["removed kind"].request)
    assert event["detail"]["reason"].startswith(f"This deployment no longer watches the kind {FRAUDSTERS}.")


def test_the_new_code_polls_the_job_of_a_running_watch(upgrade: Upgrade) -> None:
    (event,) = upgrade.stack.received(upgrade.watched["in progress"].request, progress=True)
    assert event["detail"]["percent"] == 75


def test_a_job_that_the_previous_version_reported_is_not_reported_again(upgrade: Upgrade) -> None:
    assert len(upgrade.stack.received(upgrade.reported_before)) == 1
    assert len(upgrade.stack.emails(upgrade.reported_before["JobId"])) == 1


def test_the_logs_of_both_versions_contain_no_data_of_the_jobs(upgrade: Upgrade) -> None:
    check_logs(upgrade.stack)


def test_no_resource_that_watches_or_users_need_is_replaced(upgrade: Upgrade) -> None:
    needed = {name: ids for name, ids in upgrade.before.resources.items() if ids[1] in KEPT}
    assert {type_ for _, type_ in needed.values()} == set(KEPT)
    assert {name: upgrade.after.resources.get(name) for name in needed} == needed
    assert upgrade.before.outputs.items() <= upgrade.after.outputs.items()


def test_running_executions_of_the_previous_version_keep_their_permissions(upgrade: Upgrade) -> None:
    before, after = (Deployment(STACK, each.template) for each in (upgrade.before, upgrade.after))
    questions = list(calls(before, after))
    assert {question.action for question in questions} == {action for action, _ in TASKS.values()}
    answers = ask(permissions.policies(after), questions)
    assert [q for q, answer in zip(questions, answers, strict=True) if answer != "Allowed"] == []


def calls(before: Deployment, after: Deployment) -> Iterator[Question]:
    """Yield the question whether the updated roles allow each call of the state machines before the update."""
    for _, machine in before.resources("AWS::StepFunctions::StateMachine"):
        values = {f"${{{name}}}": value for name, value in machine["DefinitionSubstitutions"].items()}
        for task, arguments in tasks(json.loads(machine["DefinitionString"])):
            action, argument = TASKS[task]
            resource = values[arguments[argument]]
            arns = [arn for arn, _ in before.resources("AWS::Events::EventBus")]
            resource = arns[0] if argument == "EventBusName" else resource
            yield permissions.question(after, machine["RoleArn"], action, resource, {})


def tasks(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the resource and the arguments of each task in a definition."""
    if isinstance(value, dict):
        if value.get("Type") == "Task":
            arguments = value["Arguments"]
            yield value["Resource"].partition(":states:::")[2], arguments.get("Entries", [arguments])[0]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from tasks(inner)


def test_the_local_cloud_keeps_the_definition_of_a_running_execution_as_aws_does(account: Account) -> None:
    role = "arn:aws:iam::000000000000:role/caller"
    created = account.states.create_state_machine(name="redefined", definition=definition("old"), roleArn=role)
    machine = created["stateMachineArn"]
    execution = account.states.start_execution(stateMachineArn=machine)["executionArn"]
    until(lambda: account.is_waiting(execution))
    account.states.update_state_machine(stateMachineArn=machine, definition=definition("new"))
    assert account.end(execution)["output"] == '"old"'
    again = account.states.start_execution(stateMachineArn=machine)["executionArn"]
    assert account.end(again)["output"] == '"new"'


def definition(output: str) -> str:
    states = {
        "Wait": {"Type": "Wait", "Seconds": 100, "Next": "End"},
        "End": {"Type": "Pass", "Output": output, "End": True},
    }
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Wait", "States": states})
