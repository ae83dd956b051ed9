"""The construct JobWatcher in other CDK apps."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_events_targets import SqsQueue
from constructs import Construct

from infra.job_watcher import JobWatcher
from infra.logical_ids import logical_id_prefix
from infra.setting_types import InvalidSetting

from .conftest import FEATURE_FLAGS

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:queue"
SPEAKER = "voice-id/SpeakerEnrollmentJob"
Definition = Callable[[cdk.Stack], object]


def synthesize(define: Definition) -> Callable[[str], dict[str, dict[str, Any]]]:
    """Return a function that finds the stack's resources of a type: their properties by logical id."""
    # only test_checks.py reads what the CDK's validation finds
    app = cdk.App(context=FEATURE_FLAGS, builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Analytics")
    define(stack)
    template = assertions.Template.from_stack(stack)

    def resources(type_: str) -> dict[str, dict[str, Any]]:
        found = template.find_resources(f"AWS::{type_}")
        return {name: resource["Properties"] for name, resource in found.items()}

    return resources


def job_watcher(scope: Construct, id: str = "Jobs", **props: Any) -> JobWatcher:
    return JobWatcher(scope, id, **{"kinds": ["voice-id/*"], **props})


@pytest.fixture(scope="module")
def jobs() -> JobWatcher:
    """Return a construct for tests that change nothing in it and don't synthesize it."""
    return job_watcher(cdk.Stack(cdk.App(), "Analytics"))


def test_a_rule_for_ended_jobs_matches_the_kinds_and_outcomes() -> None:
    def define(stack: cdk.Stack) -> None:
        job_watcher(stack, kinds=["voice-id/*", "glue/*"]).on_job_ended(
            "Failures", kinds=["glue/*", SPEAKER], outcomes=["failed", "lost"], target=SqsQueue(sqs.Queue(stack, "Q"))
        )

    resources = synthesize(define)
    rules = resources("Events::Rule")
    (rule,) = (rule for name, rule in rules.items() if name.startswith("JobsFailures"))
    assert rule["EventPattern"] == {
        "source": ["job-watcher"],
        "detail-type": ["Job Ended", "Watch Lost"],
        "detail": {"kind": [{"wildcard": "glue/*"}, SPEAKER], "outcome": ["failed", "lost"]},
    }
    assert "Ref" in rule["EventBusName"] and len(rule["Targets"]) == 1


def test_the_log_key_can_be_a_key_of_the_same_app() -> None:
    resources = synthesize(lambda stack: job_watcher(stack, log_key_arn=kms.Key(stack, "LogKey").key_arn))
    (key,) = (name for name in resources("KMS::Key") if name.startswith("LogKey"))
    groups = resources("Logs::LogGroup").values()
    assert [group["KmsKeyId"] for group in groups] == [{"Fn::GetAtt": [key, "Arn"]}] * len(groups)


def test_a_rule_for_the_kinds_of_a_service_does_not_match_its_waiters() -> None:
    def define(stack: cdk.Stack) -> None:
        job_watcher(stack, kinds=["voice-id/*", "glacier/*", "glacier/waiter/*"]).on_job_ended(
            "Archives", kinds=["voice-id/*", "glacier/*"], target=SqsQueue(sqs.Queue(stack, "Q"))
        )

    rules = synthesize(define)("Events::Rule")
    (rule,) = (rule for name, rule in rules.items() if name.startswith("JobsArchives"))
    assert rule["EventPattern"]["detail"]["kind"] == [{"wildcard": "voice-id/*"}, "glacier/Job"]


def test_a_rule_for_ended_jobs_matches_everything_by_default() -> None:
    def define(stack: cdk.Stack) -> None:
        job_watcher(stack).on_job_ended("All", target=SqsQueue(sqs.Queue(stack, "Q")))

    resources = synthesize(define)
    rules = resources("Events::Rule")
    (rule,) = (rule for name, rule in rules.items() if name.startswith("JobsAll"))
    assert rule["EventPattern"] == {"source": ["job-watcher"], "detail-type": ["Job Ended", "Watch Lost"]}


def test_grant_start_allows_starting_watches_and_nothing_else() -> None:
    def define(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "Starter", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        job_watcher(stack).grant_start(role)

    resources = synthesize(define)
    policies = resources("IAM::Policy")
    (policy,) = (policy for name, policy in policies.items() if name.startswith("Starter"))
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "states:StartExecution"
    assert statement["Resource"]["Ref"].startswith("JobsWatcherWatch")


def test_metrics_can_be_used_in_alarms() -> None:
    metrics = {
        "metric_watches_started": ("AWS/States", "ExecutionsStarted"),
        "metric_notifications_failed": ("AWS/States", "ExecutionsFailed"),
        "metric_describe_function_errors": ("AWS/Lambda", "Errors"),
        "metric_poll_function_errors": ("AWS/Lambda", "Errors"),
        "metric_describe_errors": ("JobWatcher", "DescribeErrors"),
        "metric_late_polls": ("JobWatcher", "LatePolls"),
        "metric_unknown_status": ("JobWatcher", "UnknownStatus"),
    }

    def define(stack: cdk.Stack) -> None:
        jobs = job_watcher(stack)
        for number, method in enumerate(metrics):
            metric = getattr(jobs, method)(period=cdk.Duration.minutes(1))
            metric.create_alarm(stack, f"Mine{number}x", threshold=5, evaluation_periods=2)

    alarms = synthesize(define)("CloudWatch::Alarm")
    for number, (method, expected) in enumerate(metrics.items()):
        (alarm,) = (alarm for alarm_id, alarm in alarms.items() if alarm_id.startswith(f"Mine{number}x"))
        assert (method, alarm["Namespace"], alarm["MetricName"], alarm["Period"]) == (method, *expected, 60)


def test_the_template_has_the_values_of_the_props() -> None:
    def define(stack: cdk.Stack) -> None:
        job_watcher(
            stack,
            email=["team@example.com"],
            email_outcomes=["failed"],
            give_up_after=cdk.Duration.hours(12),
            runtime=lambda_.Runtime.PYTHON_3_12,
            architecture=lambda_.Architecture.X86_64,
        )

    resources = synthesize(define)
    (function, *_) = resources("Lambda::Function").values()
    assert (function["Runtime"], function["Architectures"]) == ("python3.12", ["x86_64"])
    machines = resources("StepFunctions::StateMachine").values()
    timeouts = [json.loads(machine["DefinitionString"]).get("TimeoutSeconds") for machine in machines]
    assert cdk.Duration.days(7.5).to_seconds() in timeouts
    emails = [email.get("FilterPolicy") for email in resources("SNS::Subscription").values()]
    assert sorted(emails, key=str) == [None, {"outcome": ["failed"]}] or emails == [{"outcome": ["failed"]}, None]


def test_without_a_limit_of_emails_notify_publishes_them_directly() -> None:
    resources = synthesize(lambda stack: job_watcher(stack, "Jobs", email_limit=0))
    definitions = [one["DefinitionString"] for one in resources("StepFunctions::StateMachine").values()]
    (notify,) = [json.loads(text) for text in definitions if "PublishToPeople" in text]
    assert len(definitions) == 2
    assert not [name for name in resources("CloudWatch::Alarm") if "DigestFailed" in name]
    assert [list(branch["States"]) for branch in notify["States"]["Notify"]["Branches"]] == [
        ["PutEvent"],
        ["PublishToPrograms"],
        ["PublishToPeople"],
    ]


def test_one_stack_can_contain_two_job_watchers() -> None:
    def define(stack: cdk.Stack) -> None:
        job_watcher(stack, "Nightly")
        job_watcher(stack, "Adhoc")

    resources = synthesize(define)
    assert len(resources("Events::EventBus")) == 2
    for name, permission in resources("Lambda::Permission").items():
        watcher = "Nightly" if name.startswith("Nightly") else "Adhoc"
        assert json.dumps(permission["SourceArn"]).endswith(f':rule/Analytics-{watcher}Triggers*"]]}}')


PATHS = [
    ["Jobs"],
    ["Data-Platform", "Jobs"],
    ["Watcher", "JobWatcher"],
    ["A", "A"],
    ["Default"],
    ["Jobs", "Resource"],
    ["Platform", "-form", "Jobs"],
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: "/".join(path)[:40])
def test_policies_contain_the_names_of_rules_and_alarms_wherever_the_construct_is(path: list[str]) -> None:
    def define(stack: cdk.Stack) -> None:
        scope: Construct = stack
        for name in path[:-1]:
            scope = Construct(scope, name)
        job_watcher(scope, path[-1])

    resources = synthesize(define)
    (permission,) = resources("Lambda::Permission").values()
    rules = [name for name in resources("Events::Rule") if "UnreportedWatch" not in name]
    rule_prefix = _last_part(permission["SourceArn"]).partition(":rule/Analytics-")[2].removesuffix("*")
    assert rule_prefix and rules and all(name.startswith(rule_prefix) for name in rules)
    statements = [each for policy in resources("SNS::TopicPolicy").values() for each in _statements(policy)]
    (arn,) = (each["Condition"]["ArnLike"]["aws:SourceArn"] for each in statements if "ArnLike" in each["Condition"])
    alarms = resources("CloudWatch::Alarm")
    alarm_prefix = _last_part(arn).removeprefix("-").removesuffix("*")
    assert alarm_prefix and alarms and all(name.startswith(alarm_prefix) for name in alarms)


def test_the_prefix_of_logical_ids_is_as_long_as_the_cdk_allows() -> None:
    stack = cdk.Stack(cdk.App(), "Analytics")
    scope = Construct(Construct(stack, "P" * 250), "Jobs")
    queue = sqs.CfnQueue(scope, "Queue")
    assert stack.get_logical_id(queue)[:-8] == logical_id_prefix(scope)


def test_in_a_nested_stack_any_rule_of_the_account_may_start_watches() -> None:
    def define(stack: cdk.Stack) -> None:
        nested = cdk.NestedStack(stack, "Nested")
        job_watcher(nested)
        permissions = assertions.Template.from_stack(nested).find_resources("AWS::Lambda::Permission")
        (permission,) = permissions.values()
        assert _last_part(permission["Properties"]["SourceArn"]) == ":rule/*"

    resources = synthesize(define)
    assert len(resources("CloudFormation::Stack")) == 1


def _last_part(joined: dict[str, Any]) -> str:
    return str(joined["Fn::Join"][1][-1])


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Condition": {}, **statement} for statement in policy["PolicyDocument"]["Statement"]]


@pytest.mark.parametrize(
    ("props", "sentence"),
    [
        ({"kinds": ["glue/JobRuns"]}, "kinds: 'glue/JobRuns' matches no kind in the catalogue; did you mean 'glue/"),
        ({"kinds": 7}, "kinds is 7; accepted is a list of strings, or a string with commas."),
        ({"email": ["team"]}, "email: 'team' is not an email address; accepted are addresses such as"),
        ({"email_outcomes": ["FAILED"]}, "email_outcomes: 'FAILED' is not an outcome; accepted are succeeded,"),
        ({"give_up_after": 14}, "give_up_after is 14; accepted is a Duration, such as Duration.hours(1)."),
        (
            {"give_up_after": cdk.Duration.days(400)},
            "give_up_after is 400; accepted is a number of days from 0.0001 to 350.",
        ),
        (
            {"max_interval": cdk.Duration.millis(1)},
            "max_interval is 0.001; accepted is a number of seconds from 1 to 86,400.",
        ),
        (
            {"min_interval": cdk.Duration.hours(1)},
            "min_interval is 3600; accepted is at most max_interval, which is 180.",
        ),
        ({"max_delay_ratio": 2}, "max_delay_ratio is 2; accepted is a number from 0.001 to 1."),
        ({"max_concurrency": 1}, "max_concurrency is 1; accepted is a number from 2 to 1,000."),
        ({"auto_watch": "maybe"}, "auto_watch is 'maybe'; accepted are true, on, false, off."),
        ({"progress_events": 0.5}, "progress_events is 0.5; accepted are true, false, or a percentage from 1 to 100."),
        ({"allowed_accounts": ["1"]}, "allowed_accounts: '1' is not an account id; accepted are strings of 12 digits."),
        ({"custom_kinds_dir": 3}, "custom_kinds_dir is 3; accepted is the path of a directory."),
        (
            {"runtime": lambda_.Runtime.NODEJS_22_X},
            "runtime is 'nodejs22.x'; accepted are python3.11, python3.12, python3.13, python3.14.",
        ),
        ({"architecture": "arm"}, "architecture is 'arm'; accepted are arm64, x86_64."),
    ],
)
def test_an_invalid_prop_is_reported_in_one_sentence(props: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        job_watcher(cdk.Stack(cdk.App(), "Analytics"), **props)
    assert str(invalid.value).startswith(sentence) and "\n" not in str(invalid.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kinds": ["voice-id/Speaker"]}, "kinds: 'voice-id/Speaker' matches no kind that is watched; did you mean"),
        ({"kinds": ["voice-id/Speaker?nrollmentJob"]}, "kinds: 'voice-id/Speaker?nrollmentJob' is not a pattern for"),
        ({"outcomes": ["running"]}, "outcomes: 'running' is not an outcome; accepted are succeeded, partial,"),
    ],
)
def test_an_invalid_rule_is_reported_in_one_sentence(
    jobs: JobWatcher, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        jobs.on_job_ended(
            "Rule", target=SqsQueue(sqs.Queue.from_queue_arn(jobs, f"Queue {arguments}", QUEUE)), **arguments
        )
    assert str(invalid.value).startswith(sentence)


@pytest.mark.parametrize(("every", "period", "periods"), [("26h", 3_600, 26), ("90m", 300, 18), ("7d", 3_600, 168)])
def test_an_expected_job_has_an_alarm_that_looks_back_for_its_time(every: str, period: int, periods: int) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html has the limits."""
    expect = {"voice-id/*": {"title": "nightly", "every": every}}
    resources = synthesize(lambda stack: job_watcher(stack, expect=expect))
    (topic,) = (name for name in resources("SNS::Topic") if name.startswith("JobsMonitoringTopic"))
    alarms = resources("CloudWatch::Alarm")
    ((name, alarm),) = ((name, alarm) for name, alarm in alarms.items() if "Expected" in name)
    assert name.startswith("JobsMonitoringExpectedVoiceIdTitleNightly")  # the topic's policy allows these names
    assert (alarm["EvaluationPeriods"], alarm["Threshold"]) == (periods, 1)
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("LessThanThreshold", "breaching")
    assert alarm["AlarmActions"] == [{"Ref": topic}]
    assert period * periods <= (86_400 if period < 3_600 else 604_800)
    expression, metric = alarm["Metrics"]
    assert expression["Expression"] == "FILL(succeeded, 0)" and metric["MetricStat"]["Period"] == period
    assert metric["MetricStat"]["Metric"]["MetricName"] == "ExpectedJobsSucceeded"
    dimensions = {one["Name"]: one["Value"] for one in metric["MetricStat"]["Metric"]["Dimensions"]}
    assert dimensions == {"service": {"Ref": "AWS::StackName"}, "expectation": "voice-id/* title=nightly"}
    assert "a job of voice-id/* title=nightly" in alarm["AlarmDescription"]
