"""`doctor` finds each fault of a deployment, and names the command that fixes it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.aws_command import MORE_POLLS
from cli.doctor import CHECKS
from cli.doctor_checks.alarms import ACTIONS
from cli.doctor_checks.throttling import RAISE_QUOTA
from cli.doctor_checks.trail import WRITE_SELECTOR, logs_write_calls
from job_watcher import __version__
from tests.unit.aws_cli import ACCEPTED, errors
from tests.unit.command_line import exit_status, fake_aws
from tests.unit.fake_aws import AwsError, FakeAws

ACCOUNT = "eu-west-1:111122223333"
UUID = "01234567-0123-0123-0123-0123456789ab"
ALARM_TOPIC, EMAIL_TOPIC = f"arn:aws:sns:{ACCOUNT}:alarms", f"arn:aws:sns:{ACCOUNT}:emails"
DIGEST = f"arn:aws:states:{ACCOUNT}:stateMachine:Digest"
QUEUES = ("TriggersTriggerDLQ", "MonitoringUnreportedWatches", "NotifierDeliveryDLQ", "PollerPollDLQ")
TRAIL = f"arn:aws:cloudtrail:{ACCOUNT}:trail/management"
RESOURCES = {
    "WatcherWatch": f"arn:aws:states:{ACCOUNT}:stateMachine:Watch",
    "NotifierNotify": f"arn:aws:states:{ACCOUNT}:stateMachine:Notify",
    "NotifierEmailsDigest": DIGEST,
    "WatcherDescribe": "Describe",
    "PollerPoll": "Poll",
    "TriggersStart": "Start",
    "PollerPollPollQueue": UUID,
    "TriggersRule0": "JobWatcher-Rule0",
    "MonitoringUnreportedWatch": "JobWatcher-Unreported",
    "NotifierEmailTopic": EMAIL_TOPIC,
    "NotifierEmailTopicPolicy": "policy",
    "NotifierEmailTopicteamexamplecom": f"{EMAIL_TOPIC}:1",
    "MonitoringTopic": ALARM_TOPIC,
    "PollerPollLog": "/poll",
    "WatcherDescribeLog": "/describe",
    **{name: f"https://sqs/111122223333/{name}" for name in QUEUES},
    **{f"Monitoring{name}": f"JobWatcher-{name}" for name in ACTIONS},
}
ALL_EVENTS = {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}
Answers = Mapping[str, Callable[[Any], Any]]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Yield AWS with a deployment that has no problem."""
    with fake_aws(monkeypatch, "glue/JobRun") as aws:
        aws.stacks["JobWatcher"]["Version"] = __version__
        aws.resources = {f"Jobs{name}01234567": id for name, id in RESOURCES.items()}
        aws.answers |= healthy()
        yield aws


def healthy() -> dict[str, Callable[[Any], Any]]:
    """Return the answers of a deployment that has no problem."""
    return {
        "DescribeTrails": lambda _: {"trailList": [{"Name": "management", "TrailARN": TRAIL}]},
        "GetEventSelectors": lambda _: ALL_EVENTS,
        "GetTrailStatus": lambda _: {"IsLogging": True},
        "ListRules": lambda call: rules(call["NamePrefix"]),
        "GetEventSourceMapping": lambda _: {"State": "Enabled"},
        "ListExecutions": lambda _: {"executions": []},
        "ListSubscriptionsByTopic": lambda _: subscriptions("arn:1"),
        "GetSubscriptionAttributes": lambda _: authenticated("true"),
        "GetQueueAttributes": lambda _: {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "DescribeAlarms": lambda call: alarms(call["AlarmNames"]),
        "GetCallerIdentity": lambda _: {"Arn": "arn:aws:iam::111122223333:user/me"},
        "SimulatePrincipalPolicy": lambda _: decisions(),
    }


def rules(prefix: str, disabled: str = "") -> dict[str, Any]:
    """Return the stack's rules, and a disabled rule of somebody else."""
    assert prefix == "JobWatcher"
    states = {"JobWatcher-Rule0": "ENABLED", "JobWatcher-Unreported": "ENABLED", "JobWatcher-own": "DISABLED"}
    return {"Rules": [{"Name": name, "State": state} for name, state in {**states, disabled: "DISABLED"}.items()]}


def subscriptions(arn: str, address: str = "team@example.com") -> dict[str, Any]:
    return {"Subscriptions": [{"SubscriptionArn": arn, "Endpoint": address, "Protocol": "email"}]}


def authenticated(value: str) -> dict[str, Any]:
    return {"Attributes": [{"key": "ConfirmationWasAuthenticated", "value": value}]}


def alarms(names: list[str], raised: str = "", disabled: str = "") -> dict[str, Any]:
    """Return the alarms with these names."""
    return {
        "MetricAlarms": [
            {
                "AlarmName": name,
                "StateValue": "ALARM" if name == f"JobWatcher-{raised}" else "OK",
                "ActionsEnabled": name != f"JobWatcher-{disabled}",
                "AlarmDescription": "Something is wrong.",
            }
            for name in names
        ]
    }


def decisions(**denied: str) -> dict[str, Any]:
    """Return the decisions about these actions, whose names have underscores for colons."""
    found = {name.replace("_", ":"): decision for name, decision in denied.items()}
    return {"EvaluationResults": [{"EvalActionName": name, "EvalDecision": one} for name, one in found.items()]}


def metric(id: str, *values: float) -> Callable[[Any], Any]:
    return lambda _: {"MetricDataResults": [{"Id": id, "Values": values}, {"Id": "other", "Values": []}]}


def messages(queue: str) -> Callable[[Any], Any]:
    """Return answers in which one queue has two messages."""
    return lambda call: {
        "Attributes": {"ApproximateNumberOfMessages": "2" if call["QueueUrl"].endswith(queue) else "0"}
    }


def raised(alarm: str) -> Callable[[Any], Any]:
    return lambda call: alarms(call["AlarmNames"], raised=alarm)


def failed(call: Mapping[str, Any]) -> dict[str, Any]:
    common = {"stateMachineArn": "arn", "name": "n", "status": "FAILED", "startDate": 0, "stopDate": time.time()}
    return {"executions": [{"executionArn": "arn", **common}] if call["statusFilter"] == "FAILED" else []}


def doctor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, Any]]:
    """Return the exit status and the results by check."""
    status = exit_status(monkeypatch, ["doctor", "--json", *arguments])
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return status, {result["check"]: result for result in results}


def test_a_deployment_without_a_problem_passes_every_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    status, results = doctor(monkeypatch, capsys)
    assert {name: (result["state"], result["problems"]) for name, result in results.items()} == {
        name: ("ok", []) for name in CHECKS
    }
    assert status == 0
    assert results["stack"]["notes"] == [f"JobWatcher, version {__version__}"]
    assert results["trail"]["notes"] == ["management"]


DLQ = "https://sqs/111122223333/"
SUBSCRIBE = "aws sns subscribe --topic-arn {} --protocol email --notification-endpoint {}"
FAULTS: Mapping[str, tuple[str, Answers, str, str]] = {
    "no trail": (
        "trail",
        {"DescribeTrails": lambda _: {"trailList": []}},
        "There is no trail in this Region, so API calls don't start watches.",
        "aws cloudtrail create-trail --name management-events",
    ),
    "a stopped trail": (
        "trail",
        {"GetTrailStatus": lambda _: {"IsLogging": False}},
        "The trail management is stopped.",
        f"aws cloudtrail start-logging --name {TRAIL}",
    ),
    "a trail of read-only calls": (
        "trail",
        {"GetEventSelectors": lambda _: {"EventSelectors": [{"ReadWriteType": "ReadOnly"}]}},
        "No trail logs management events of write calls.",
        f"aws cloudtrail put-event-selectors --trail-name {TRAIL}",
    ),
    "a disabled rule": (
        "rules",
        {"ListRules": lambda call: rules(call["NamePrefix"], disabled="JobWatcher-Rule0")},
        "The rule JobWatcher-Rule0 is disabled.",
        "aws events enable-rule --name JobWatcher-Rule0",
    ),
    "a disabled mapping": (
        "polling",
        {"GetEventSourceMapping": lambda _: {"State": "Disabled"}},
        "The poll queue's event source mapping is in the state Disabled",
        f"aws lambda update-event-source-mapping --enabled --uuid {UUID}",
    ),
    "a throttled function": (
        "throttling",
        {"GetMetricData": metric("m1", 2, 3)},
        "Lambda throttled the function Poll 5 times in the last day.",
        "aws service-quotas request-service-quota-increase --service-code lambda",
    ),
    "late polls": (
        "throttling",
        {"GetMetricData": metric("late", 7)},
        "7 polls were more than a minute late in the last day.",
        'make cdk ARGS="deploy --context max-concurrency=20"',
    ),
    "a failed notification": (
        "notifications",
        {"ListExecutions": failed},
        "1 notification didn't succeed in the last 14 days.",
        "job-watcher redeliver",
    ),
    "a pending subscription": (
        "subscriptions",
        {
            "ListSubscriptionsByTopic": lambda call: subscriptions(
                "PendingConfirmation" if call["TopicArn"] == ALARM_TOPIC else "arn:1"
            )
        },
        "team@example.com hasn't confirmed the subscription to the topic for alarms. The command requests the "
        "confirmation again; `job-watcher confirm --region eu-west-1` confirms it.",
        SUBSCRIBE.format(ALARM_TOPIC, "team@example.com"),
    ),
    "a removed subscription": (
        "subscriptions",
        {"ListSubscriptionsByTopic": lambda _: subscriptions("arn:2", "other@example.com")},
        "The stack's subscription JobsNotifierEmailTopicteamexamplecom01234567 was removed from its topic.",
        SUBSCRIBE.format(EMAIL_TOPIC, "ADDRESS"),
    ),
    **{
        f"messages in {queue}": ("queues", {"GetQueueAttributes": messages(queue)}, f"{queue} has 2 messages: ", fix)
        for queue, fix in {
            "TriggerDLQ": "job-watcher redeliver",
            "UnreportedWatches": f"{DLQ}MonitoringUnreportedWatches",
            "DeliveryDLQ": f"{DLQ}NotifierDeliveryDLQ",
            "PollDLQ": f"{DLQ}PollerPollDLQ",
        }.items()
    },
    **{
        f"the alarm {name}": (
            "alarms",
            {"DescribeAlarms": raised(name)},
            f"The alarm {name} is raised. Something is wrong.",
            fix,
        )
        for name, fix in {
            "TriggerFailed": "job-watcher redeliver",
            "WatchUnreported": f"{DLQ}MonitoringUnreportedWatches",
            "PollFunctionErrors": "--filter-pattern '?ERROR ?timeout' --log-group-name /poll",
            "PollsLate": "make cdk",
            "DescribeFunctionThrottled": "aws lambda get-account-settings",
            "DigestFailed": f"aws stepfunctions list-executions --status-filter FAILED --state-machine-arn {DIGEST}",
            "EmailsUndelivered": f"aws sns list-subscriptions-by-topic --topic-arn {EMAIL_TOPIC}",
        }.items()
    },
    "an alarm without actions": (
        "alarms",
        {"DescribeAlarms": lambda call: alarms(call["AlarmNames"], disabled="PollFailed")},
        "The actions of the alarm PollFailed are disabled",
        "aws cloudwatch enable-alarm-actions --alarm-names JobWatcher-PollFailed",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_with_the_command_that_fixes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, fault: str
) -> None:
    check, answers, text, fix = FAULTS[fault]
    aws.answers |= answers
    status, results = doctor(monkeypatch, capsys)
    assert status == 1
    assert [name for name, result in results.items() if result["state"] == "problem"] == [check]
    (problem,) = results[check]["problems"]
    assert text in problem["text"] and fix in problem["fix"]


@pytest.mark.parametrize(
    ("change", "text", "fix"),
    [
        (
            lambda aws: setattr(aws, "stack_status", "UPDATE_ROLLBACK_COMPLETE"),
            "is in the status UPDATE_ROLLBACK_COMPLETE.",
            "cdk deploy JobWatcher",
        ),
        (
            lambda aws: setattr(aws, "stack_status", "UPDATE_ROLLBACK_FAILED"),
            "is in the status UPDATE_ROLLBACK_FAILED.",
            "aws cloudformation continue-update-rollback --stack-name JobWatcher --region eu-west-1",
        ),
        (
            lambda aws: aws.stacks["JobWatcher"].update(Version="0.0.1"),
            "The stack has version 0.0.1, and this command has",
            "cdk deploy JobWatcher",
        ),
    ],
)
def test_an_incomplete_stack_and_one_of_another_version_are_problems(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    change: Callable[[FakeAws], None],
    text: str,
    fix: str,
) -> None:
    change(aws)
    status, results = doctor(monkeypatch, capsys)
    (problem,) = results["stack"]["problems"]
    assert (status, problem["fix"]) == (1, fix)
    assert text in problem["text"]
    monkeypatch.setattr("cli.program.IS_INSTALLED", False)
    (problem,) = doctor(monkeypatch, capsys)[1]["stack"]["problems"]
    assert problem["fix"] == fix.replace("cdk deploy JobWatcher", "make cdk ARGS=deploy")


# Those that tests/e2e/test_doctor.py doesn't run.
PROPOSED = {
    f"aws {command.replace('{}', 'id')}"
    for command in (
        *(command for command, _ in ACTIONS.values() if " " in command and command != MORE_POLLS),
        f"{RAISE_QUOTA} --desired-value 2000",
        f"cloudtrail put-event-selectors --trail-name id --event-selectors {WRITE_SELECTOR}",
        "cloudformation continue-update-rollback --stack-name id",
        "cloudwatch enable-alarm-actions --alarm-names id",
        "sns subscribe --topic-arn id --protocol email --notification-endpoint id",
    )
}


def test_the_aws_cli_accepts_every_proposed_command() -> None:
    assert {command: error for command, error in errors(sorted(PROPOSED)).items() if ACCEPTED not in error} == {}


def test_the_options_of_a_proposed_command_are_quoted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text('[profile "my team"]\naws_access_key_id = test\naws_secret_access_key = test\n')
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    aws.answers |= FAULTS["messages in TriggerDLQ"][1]
    (problem,) = doctor(monkeypatch, capsys, "--profile", "my team")[1]["queues"]["problems"]
    assert problem["fix"] == "job-watcher redeliver --profile 'my team' --region eu-west-1"


@pytest.mark.parametrize("operation", sorted(healthy()))
def test_what_is_denied_is_not_checked_and_the_permission_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws, operation: str
) -> None:
    del aws.answers[operation]
    status, results = doctor(monkeypatch, capsys)
    (unknown,) = [result["unknown"] for result in results.values() if result["state"] == "not checked"]
    assert unknown == f"Couldn't check it: this needs the permission service:{operation}."
    assert status == 7


def test_another_error_is_a_reason_why_something_is_not_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    def unknown_operation(_: Any) -> Any:
        raise AwsError("UnknownOperation", "Unknown operation")

    aws.answers["ListRules"] = unknown_operation
    _, results = doctor(monkeypatch, capsys)
    assert results["rules"]["unknown"] == "Couldn't check it: ListRules failed: Unknown operation."


def test_a_trail_that_cannot_be_read_does_not_hide_one_that_can(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    of_organization = {"Name": "organization", "TrailARN": f"{TRAIL}-organization"}
    trails = [of_organization, {"Name": "management", "TrailARN": TRAIL}]

    def selectors(call: Mapping[str, Any]) -> Any:
        if call["TrailName"] == of_organization["TrailARN"]:
            raise AwsError("TrailNotFoundException", "Unknown trail.")
        return ALL_EVENTS

    aws.answers |= {"DescribeTrails": lambda _: {"trailList": trails}, "GetEventSelectors": selectors}
    assert doctor(monkeypatch, capsys)[1]["trail"]["notes"] == ["management"]
    aws.answers["GetTrailStatus"] = lambda _: {"IsLogging": False}
    status, results = doctor(monkeypatch, capsys)
    assert (status, results["trail"]["state"]) == (7, "not checked")


def test_email_subscriptions_that_unsubscribe_links_can_end_are_a_note(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    team = subscriptions("arn:1", "team@example.com")["Subscriptions"]
    protected = subscriptions("arn:2", "on-call@example.com")["Subscriptions"]
    queue = [{**one, "SubscriptionArn": "arn:3", "Protocol": "sqs"} for one in subscriptions("", "q")["Subscriptions"]]
    of_topic = {EMAIL_TOPIC: team + protected + queue, ALARM_TOPIC: protected}
    aws.answers |= {
        "ListSubscriptionsByTopic": lambda call: {"Subscriptions": of_topic[call["TopicArn"]]},
        "GetSubscriptionAttributes": lambda call: authenticated(str(call["SubscriptionArn"] == "arn:2").lower()),
    }
    status, results = doctor(monkeypatch, capsys, "--region", "eu-west-1")
    assert (status, results["subscriptions"]["problems"]) == (0, [])
    assert results["subscriptions"]["notes"] == [
        "unsubscribe links can end the subscription of team@example.com to the topic for jobs, because it wasn't "
        "confirmed with `job-watcher confirm --region eu-west-1`"
    ]


def test_a_topic_for_chat_channels_without_a_channel_is_a_note(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    topic = "arn:aws:sns:eu-west-1:111122223333:Chat"
    aws.resources["JobsNotifierChatTopic01234567"] = topic
    none: dict[str, Any] = {"Subscriptions": []}
    aws.answers["ListSubscriptionsByTopic"] = lambda call: none if call["TopicArn"] == topic else subscriptions("arn:1")
    status, results = doctor(monkeypatch, capsys)
    assert (status, results["subscriptions"]["notes"]) == (0, ["nobody is subscribed to the topic for chat channels"])


def test_without_automatic_watches_no_trail_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.resources = {name: id for name, id in aws.resources.items() if "Triggers" not in name}
    status, results = doctor(monkeypatch, capsys)
    assert status == 0
    assert results["trail"]["notes"] == ["not needed, because auto-watch is off"]
    assert results["kinds"]["notes"] == [
        "1 of 1 don't start automatically (glue/JobRun); `job-watcher start` starts their watches"
    ]
    assert "DescribeTrails" not in aws.operations()


def test_kinds_that_do_not_start_automatically_in_this_region_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.stacks["JobWatcher"]["Kinds"] = "glue/JobRun cloudfront/Invalidation ..."
    assert "1 of 2 don't start automatically (cloudfront/Inv" in doctor(monkeypatch, capsys)[1]["kinds"]["notes"][0]
    results = doctor(monkeypatch, capsys, "--region", "us-east-1")[1]
    assert results["kinds"]["notes"] == []


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        (ALL_EVENTS, True),
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}, True),
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]}, False),
        ({"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]}, False),
        (
            {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]},
            True,
        ),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]}, False),
        *(
            (
                {
                    "AdvancedEventSelectors": [
                        {
                            "FieldSelectors": [
                                {"Field": "eventCategory", "Equals": ["Management"]},
                                {"Field": "readOnly", "Equals": [read_only]},
                            ]
                        }
                    ]
                },
                read_only == "false",
            )
            for read_only in ("true", "false")
        ),
        ({}, False),
    ],
)
def test_basic_and_advanced_event_selectors_are_understood(selectors: Mapping[str, Any], expected: bool) -> None:
    assert logs_write_calls(selectors) is expected


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:iam::111122223333:user/me", "arn:aws:iam::111122223333:user/me"),
        ("arn:aws:sts::111122223333:assumed-role/Admin/session", "arn:aws:iam::111122223333:role/path/Admin"),
    ],
)
def test_the_callers_missing_permissions_are_listed_by_command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    caller: str,
    principal: str,
) -> None:
    aws.answers |= {
        "GetCallerIdentity": lambda _: {"Arn": caller},
        "GetRole": lambda call: {"Role": {"Arn": f"arn:aws:iam::111122223333:role/path/{call['RoleName']}"}},
        "SimulatePrincipalPolicy": lambda call: decisions(
            **{"states_StartExecution": "implicitDeny", "states_ListExecutions": "allowed"}
            if call["ResourceArns.member.1"].endswith(":stateMachine:Watch")
            else {"lambda_InvokeFunction": "explicitDeny"}
            if call["ResourceArns.member.1"] == f"arn:aws:lambda:{ACCOUNT}:function:Start"
            else {}
        ),
    }
    status, results = doctor(monkeypatch, capsys)
    assert status == 0
    assert results["permissions"]["notes"] == [
        "`start` needs states:StartExecution",
        "`redeliver` needs lambda:InvokeFunction",
    ]
    simulated = [call for operation, call in aws.calls if operation == "SimulatePrincipalPolicy"]
    assert {call["PolicySourceArn"] for call in simulated} == {principal}
    assert [call["ResourceArns.member.1"] for call in simulated] == [
        f"arn:aws:states:{ACCOUNT}:stateMachine:Watch",
        f"arn:aws:states:{ACCOUNT}:execution:Watch:*",
        f"arn:aws:states:{ACCOUNT}:execution:Notify:*",
        f"arn:aws:lambda:{ACCOUNT}:function:Start",
        f"arn:aws:sqs:{ACCOUNT}:TriggersTriggerDLQ",
    ]


def test_people_see_a_line_for_each_check_and_then_the_fixes_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.answers |= {**FAULTS["a pending subscription"][1], **FAULTS["messages in TriggerDLQ"][1]}
    del aws.answers["DescribeTrails"]
    assert exit_status(monkeypatch, ["doctor", "--stack", "JobWatcher", "--region", "eu-west-1"]) == 1
    shown = capsys.readouterr().out
    assert [line.split("  ")[0] for line in shown.splitlines()[: len(CHECKS)]] == [
        {"trail": "not checked", "subscriptions": "problem", "queues": "problem"}.get(name, "ok") for name in CHECKS
    ]
    lines = [line for line in shown.splitlines() if not line.startswith("  ")]
    assert max(map(len, lines)) <= 80
    assert "  job-watcher redeliver --stack JobWatcher --region eu-west-1\n" in shown
    assert "Couldn't check it: this needs the permission service:DescribeTrails." in shown


def test_without_a_deployment_nothing_can_be_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.stacks.clear()
    assert exit_status(monkeypatch, ["doctor"]) == 7
    assert len(capsys.readouterr().err.splitlines()) == 1
