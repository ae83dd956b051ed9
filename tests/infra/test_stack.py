"""Facts of the template that people rely on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import assertions

from job_watcher import entry

from .conftest import Synthesized

ROOT = Path(__file__).parents[2]
REFERRING = ("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission")  # whose FunctionName is another's
NAMES = ("BucketName", "FunctionName", "LogGroupName", "QueueName", "RoleName", "StateMachineName", "TopicName")


def test_announcements_have_a_bus_of_their_own(stack: Synthesized) -> None:
    assert len(stack.resources("AWS::Events::EventBus")) == 1


def test_every_topic_is_encrypted_under_a_rotated_key_and_refuses_plain_http(stack: Synthesized) -> None:
    (key,) = stack.resources("AWS::KMS::Key").values()
    topics = stack.resources("AWS::SNS::Topic")
    assert key["EnableKeyRotation"] is True
    assert all("KmsMasterKeyId" in topic for topic in topics.values())
    template = assertions.Template.from_json(stack.template)
    only_ssl = {"Effect": "Deny", "Action": "sns:Publish", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    for topic in topics:
        statements = assertions.Match.array_with([assertions.Match.object_like(only_ssl)])
        template.has_resource_properties(
            "AWS::SNS::TopicPolicy", {"Topics": [{"Ref": topic}], "PolicyDocument": {"Statement": statements}}
        )


def test_alarms_and_rules_may_publish_under_the_key(stack: Synthesized) -> None:
    (key,) = stack.resources("AWS::KMS::Key").values()
    granted = [s["Principal"] for s in key["KeyPolicy"]["Statement"] if "kms:GenerateDataKey*" in s["Action"]]
    assert {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]} in granted


def test_each_address_gets_the_chosen_outcomes_from_the_topic_for_people_and_every_alarm(stack: Synthesized) -> None:
    subscriptions = list(stack.resources("AWS::SNS::Subscription").values())
    people = [one for one in subscriptions if one["TopicArn"] == stack.template["Outputs"]["EmailTopicArn"]["Value"]]
    alarms = [one for one in subscriptions if one not in people]
    for subscribed in (people, alarms):
        assert [one["Endpoint"] for one in subscribed] == ["one@example.com", "two@example.com"]
    assert all(one["FilterPolicy"] == {"outcome": ["failed", "lost"]} for one in people)
    assert not any("FilterPolicy" in one for one in alarms)
    assert all(one["TopicArn"] != stack.template["Outputs"]["TopicArn"]["Value"] for one in subscriptions)


def test_each_topic_is_a_branch_of_its_own_with_plain_strings_and_retries(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    (definition,) = [
        json.loads(one["DefinitionString"]) for one in machines if "sns:publish" in one["DefinitionString"]
    ]
    (parallel,) = [state for state in definition["States"].values() if state["Type"] == "Parallel"]
    states = [list(branch["States"].values()) for branch in parallel["Branches"]]
    assert [state["Arguments"].get("TopicArn") for (state,) in states] == [None, "${programs}", "${people}"]
    assert all("MessageStructure" not in state["Arguments"] for (state,) in states)
    assert all(state["Retry"][0]["MaxAttempts"] == 20 for (state,) in states)


def test_every_log_group_forgets_after_three_months(stack: Synthesized) -> None:
    groups = stack.resources("AWS::Logs::LogGroup").values()
    assert {group["RetentionInDays"] for group in groups} == {90}
    functions, machines = "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"
    assert len(groups) == len(stack.resources(functions)) + len(stack.resources(machines))


def test_everything_is_traced(stack: Synthesized) -> None:
    functions = stack.resources("AWS::Lambda::Function").values()
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert {function["TracingConfig"]["Mode"] for function in functions} == {"Active"}
    assert {machine["TracingConfiguration"]["Enabled"] for machine in machines} == {True}


def test_no_execution_data_is_logged(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert {machine["LoggingConfiguration"]["IncludeExecutionData"] for machine in machines} == {False}


def test_names_are_left_to_cloudformation(stack: Synthesized) -> None:
    for name, resource in stack.template["Resources"].items():
        if resource["Type"] in REFERRING:
            continue
        assert not set(NAMES) & set(resource.get("Properties", {})), name


def test_no_policy_allows_all_actions_and_only_tracing_and_logs_have_no_resource(stack: Synthesized) -> None:
    unbound = set()
    for statement in _statements(stack):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if action == "*" or action.endswith(":*")]
        if statement["Resource"] == "*":
            unbound |= {action.split(":")[0] for action in actions}
    assert unbound == {"xray", "logs"}


def test_describe_may_call_the_two_describe_calls_and_nothing_else_of_voice_id(stack: Synthesized) -> None:
    calls = [s for s in _statements(stack) if "voiceid" in json.dumps(s["Action"])]
    assert [statement["Action"] for statement in calls] == [
        ["voiceid:DescribeFraudsterRegistrationJob", "voiceid:DescribeSpeakerEnrollmentJob"]
    ]
    assert ":domain/*" in json.dumps(calls[0]["Resource"])


def test_functions_run_on_the_python_that_synthesised(stack: Synthesized) -> None:
    functions = stack.resources("AWS::Lambda::Function").values()
    assert {function["Runtime"] for function in functions} == {f"python3.{sys.version_info.minor}"}


def test_every_handler_is_one_that_the_entry_has(stack: Synthesized) -> None:
    handlers = {function["Handler"] for function in stack.resources("AWS::Lambda::Function").values()}
    assert handlers == {f"job_watcher.entry.{name}" for name in entry.HANDLERS}
    with pytest.raises(AttributeError, match="has no attribute 'describ'"):
        _ = entry.describ


def test_describe_knows_the_settings(stack: Synthesized, other: Synthesized) -> None:
    variables = _variables(stack, "Describe")
    assert variables["KINDS"] == "voice-id/*"
    assert variables["GIVE_UP_AFTER"] == str(14 * 24 * 3600)
    assert "PROGRESS_STEP" not in variables
    assert _variables(other, "Describe")["PROGRESS_STEP"] == "25.0"


def test_rules_on_the_default_bus_start_watches_of_calls_that_succeeded(stack: Synthesized) -> None:
    rules = [rule for name, rule in stack.resources("AWS::Events::Rule").items() if name.startswith("Triggers")]
    assert all("EventBusName" not in rule for rule in rules)
    assert [rule["EventPattern"] for rule in rules] == [
        {
            "source": [{"prefix": "aws."}],  # only AWS may put such events
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["voiceid.amazonaws.com"],
                "eventName": ["StartFraudsterRegistrationJob", "StartSpeakerEnrollmentJob"],
                "errorCode": [{"exists": False}],
            },
        },
        {
            "source": ["aws.voiceid"],
            "detail-type": [
                "VoiceID Batch Fraudster Registration Action",
                "VoiceID Batch Speaker Enrollment Action",
                "VoiceId Batch Fraudster Registration Action",
                "VoiceId Batch Speaker Enrollment Action",
            ],
        },
    ]


def test_what_cannot_start_a_watch_is_kept_and_somebody_told(stack: Synthesized) -> None:
    (queue,) = stack.resources("AWS::SQS::Queue")
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    rules = [rule for name, rule in stack.resources("AWS::Events::Rule").items() if name.startswith("Triggers")]
    assert all(rule["Targets"][0]["DeadLetterConfig"]["Arn"] == arn for rule in rules)
    (config,) = stack.resources("AWS::Lambda::EventInvokeConfig").values()
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == arn
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    watched = [alarm for alarm in alarms if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"]
    assert watched[0]["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]


def test_triggers_can_be_left_out(other: Synthesized) -> None:
    assert other.resources("AWS::SQS::Queue") == {}
    assert len(other.resources("AWS::Lambda::Function")) == 1
    assert not [name for name in other.template["Resources"] if name.startswith("Triggers")]


def test_named_accounts_may_put_events_and_make_rules_of_their_own(stack: Synthesized, other: Synthesized) -> None:
    assert stack.resources("AWS::Events::EventBusPolicy") == {}
    statements = [policy["Statement"] for policy in other.resources("AWS::Events::EventBusPolicy").values()]
    assert {statement["Sid"] for statement in statements} == {"cdk-Put", "cdk-Subscribe"}
    for statement in statements:
        accounts = json.dumps(statement["Principal"])
        assert "111122223333" in accounts and "444455556666" in accounts
    (subscribe,) = [statement for statement in statements if statement["Sid"] == "cdk-Subscribe"]
    assert subscribe["Condition"] == {"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}}


def test_every_kind_and_every_waiter_at_once_stay_within_the_limits_of_aws(everything: Synthesized) -> None:
    # of CloudFormation, IAM, EventBridge and Lambda: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
    assert len(json.dumps(everything.template)) < 1_000_000 and len(everything.template["Resources"]) < 500
    policies = list(everything.resources("AWS::IAM::ManagedPolicy").values())
    assert len(policies) <= 10 and all(len(_resolved(one["PolicyDocument"])) <= 6_144 for one in policies)
    inline = everything.resources("AWS::IAM::Policy").values()
    assert all(len(_resolved(one["PolicyDocument"])) <= 10_240 for one in inline)
    rules = everything.resources("AWS::Events::Rule").values()
    assert len(rules) <= 100 and all(len(json.dumps(rule["EventPattern"])) <= 2_048 for rule in rules)
    for function in everything.resources("AWS::Lambda::Function").values():
        assert len(json.dumps(function["Environment"])) < 4_096


def _resolved(value: Any) -> str:
    """As IAM counts it: ARNs as text, in the partition and region with the longest names, and no spaces."""
    names = {"AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "0" * 12}

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "Fn::Join" in value:
            return "".join(text(value["Fn::Join"][1]))
        if "Ref" in value or any(key.startswith("Fn::") for key in value):
            return names.get(value.get("Ref", ""), "x" * 150)
        return {key: text(item) for key, item in value.items()}

    return json.dumps(text(value), separators=(",", ":"))


def test_the_machines_own_time_out_comes_after_the_watch_gave_up(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    timeouts = [json.loads(machine["DefinitionString"]).get("TimeoutSeconds") for machine in machines]
    assert sorted(timeouts, key=str) == [21 * 24 * 3600, None]


def test_every_output_says_what_it_is_for(stack: Synthesized) -> None:
    outputs = stack.template["Outputs"]
    assert {"WatchArn", "BusName", "TopicArn", "EmailTopicArn"} <= set(outputs)
    assert all(output["Description"] for output in outputs.values())


def test_every_alarm_tells_somebody(stack: Synthesized) -> None:
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    assert alarms
    assert all(alarm["AlarmActions"] and alarm["AlarmDescription"] for alarm in alarms)


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"kinds": "voice-id/Speaker"}, "kinds: 'voice-id/Speaker' names no kind of the catalogue; did you mean"),
        ({"email": "supervisor"}, "email: 'supervisor' is no email address; accepted are addresses such as"),
        ({"email-outcomes": "FAILED"}, "email-outcomes: 'FAILED' is no outcome; accepted are succeeded, partial,"),
    ],
)
def test_a_wrong_setting_stops_the_synth_with_one_sentence(context: dict[str, str], sentence: str) -> None:
    environment = {**os.environ, "CDK_CONTEXT_JSON": json.dumps(context)}
    app = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert app.returncode == 1
    assert app.stderr.startswith(sentence)
    assert len(app.stderr.strip().splitlines()) == 1


def _variables(stack: Synthesized, function: str) -> dict[str, str]:
    functions = stack.resources("AWS::Lambda::Function").items()
    (variables,) = [one["Environment"]["Variables"] for name, one in functions if function in name]
    return dict(variables)


def _statements(stack: Synthesized) -> list[dict[str, Any]]:
    inline, managed = (stack.resources(f"AWS::IAM::{kind}").values() for kind in ("Policy", "ManagedPolicy"))
    policies = [*inline, *managed]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
