"""Properties of the synthesized template that users, running watches or AWS's limits depend on."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from infra.polling_settings import INTERVAL_SECONDS
from job_watcher import aws_call, handlers, polling
from job_watcher.polling import PollingLimits

from .conftest import CONTEXTS, Synthesized

ROOT = Path(__file__).parents[2]
# Types whose property FunctionName isn't their own name.
REFERS_TO_FUNCTION = ("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission")
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/Jobs/51af3dc0-da77-11e4-872e-1234567db123"
PSEUDO_PARAMETERS = {"AWS::StackName": "Jobs", "AWS::StackId": STACK_ID}
NAMES = ("BucketName", "FunctionName", "LogGroupName", "QueueName", "RoleName", "StateMachineName", "TopicName")


def test_the_stack_has_one_event_bus(stack: Synthesized) -> None:
    assert len(stack.resources("AWS::Events::EventBus")) == 1


def test_every_topic_is_encrypted_with_a_rotated_key_and_denies_plain_http(stack: Synthesized) -> None:
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


def test_each_address_receives_emails_about_the_chosen_outcomes_and_about_every_alarm(stack: Synthesized) -> None:
    subscriptions = list(stack.resources("AWS::SNS::Subscription").values())
    for_people = [
        subscription
        for subscription in subscriptions
        if subscription["TopicArn"] == stack.template["Outputs"]["EmailTopicArn"]["Value"]
    ]
    for_alarms = [subscription for subscription in subscriptions if subscription not in for_people]
    for group in (for_people, for_alarms):
        assert [subscription["Endpoint"] for subscription in group] == ["one@example.com", "two@example.com"]
    assert all(subscription["FilterPolicy"] == {"outcome": ["failed", "lost"]} for subscription in for_people)
    assert not any("FilterPolicy" in subscription for subscription in for_alarms)
    assert all(
        subscription["TopicArn"] != stack.template["Outputs"]["TopicArn"]["Value"] for subscription in subscriptions
    )


def test_a_route_limits_the_emails_of_its_address_to_some_kinds_and_it_receives_no_alarms(
    stacks: dict[str, Synthesized],
) -> None:
    configured = stacks["AllSettings"]
    people = configured.template["Outputs"]["EmailTopicArn"]["Value"]
    subscriptions = configured.resources("AWS::SNS::Subscription").values()
    assert [(one["Endpoint"], one.get("FilterPolicy")) for one in subscriptions if one["TopicArn"] == people] == [
        ("one@example.com", {"outcome": ["failed"]}),
        ("etl@example.com", {"kind": [{"prefix": "glue/"}], "outcome": ["lost"]}),
    ]
    for_alarms = [one for one in subscriptions if one["TopicArn"] != people]
    assert [(one["Endpoint"], one.get("FilterPolicy")) for one in for_alarms] == [("one@example.com", None)]


def test_the_bus_and_each_topic_have_a_branch_with_retries_that_publishes_plain_strings(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    definitions = [json.loads(machine["DefinitionString"]) for machine in machines]
    (parallel,) = [
        state for definition in definitions for state in definition["States"].values() if state["Type"] == "Parallel"
    ]
    *_, people = branches = [branch["States"] for branch in parallel["Branches"]]
    states = [*(state for branch in branches[:-1] for state in branch.values()), people["PublishToPeople"]]
    assert [state["Arguments"].get("TopicArn") for state in states] == [None, "${topic}", "${emailTopic}"]
    assert all("MessageStructure" not in state["Arguments"] for state in states)
    assert all(state["Retry"][0]["MaxAttempts"] == 25 for state in states)


def test_every_log_group_keeps_logs_for_three_months(stack: Synthesized) -> None:
    groups = stack.resources("AWS::Logs::LogGroup").values()
    assert {group["RetentionInDays"] for group in groups} == {90}
    functions, machines = "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"
    assert len(groups) == len(stack.resources(functions)) + len(stack.resources(machines))


def test_every_function_and_state_machine_is_traced(stack: Synthesized) -> None:
    functions = stack.resources("AWS::Lambda::Function").values()
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert {function["TracingConfig"]["Mode"] for function in functions} == {"Active"}
    assert {machine["TracingConfiguration"]["Enabled"] for machine in machines} == {True}


def test_no_execution_data_is_logged(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert {machine["LoggingConfiguration"]["IncludeExecutionData"] for machine in machines} == {False}


def test_only_the_log_groups_of_state_machines_have_physical_names(stack: Synthesized) -> None:
    named = {
        (resource["Type"], name)
        for name, resource in stack.template["Resources"].items()
        if resource["Type"] not in REFERS_TO_FUNCTION and set(NAMES) & set(resource.get("Properties", {}))
    }
    assert named == {("AWS::Logs::LogGroup", group) for group in _log_group_names(stack)}


def test_the_log_groups_of_state_machines_have_the_prefix_that_aws_recommends(stack: Synthesized) -> None:
    # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert len(machines) == len(_log_group_names(stack))
    for machine in machines:
        (destination,) = machine["LoggingConfiguration"]["Destinations"]
        group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
        name = _text(stack.resources("AWS::Logs::LogGroup")[group]["LogGroupName"], PSEUDO_PARAMETERS)
        assert name == f"/aws/vendedlogs/states/Jobs-{group}-51af3dc0"


def test_the_arn_of_a_log_group_with_the_longest_name_is_short_enough_for_step_functions(stack: Synthesized) -> None:
    # 256 characters: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CloudWatchLogsLogGroup.html
    for name in _log_group_names(stack).values():
        text = _text(name, {**PSEUDO_PARAMETERS, "AWS::StackName": "x" * 128})
        assert len(f"arn:aws-us-gov:logs:us-gov-west-1:{'0' * 12}:log-group:{text}:*") <= 256


def test_another_stack_with_the_same_name_or_settings_has_other_log_groups(stack: Synthesized) -> None:
    created_again = {
        **PSEUDO_PARAMETERS,
        "AWS::StackId": PSEUDO_PARAMETERS["AWS::StackId"].replace("51af3dc0", "9c1d2e3f"),
    }
    with_other_name = {**PSEUDO_PARAMETERS, "AWS::StackName": "Others"}
    stacks = (PSEUDO_PARAMETERS, created_again, with_other_name)
    names = [_text(name, parameters) for name in _log_group_names(stack).values() for parameters in stacks]
    assert len(set(names)) == len(names) == 3 * len(_log_group_names(stack))


def test_no_stack_exports_a_name_that_would_conflict_with_another_stack(stacks: dict[str, Synthesized]) -> None:
    outputs = [output for stack in stacks.values() for output in stack.template["Outputs"].values()]
    assert outputs and not [output for output in outputs if "Export" in output]


def test_no_policy_allows_all_actions_and_only_tracing_logs_and_reports_to_watches_are_allowed_on_all_resources(
    stack: Synthesized,
) -> None:
    unlimited = set()
    for statement in _statements(stack):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if action == "*" or action.endswith(":*")]
        if statement["Resource"] == "*":
            unlimited |= set(actions)
    others = {action for action in unlimited if not action.startswith(("xray:", "logs:"))}
    assert others == {"states:SendTaskHeartbeat", "states:SendTaskSuccess"}


def test_describe_and_poll_can_make_only_the_two_describe_calls_of_voice_id(stack: Synthesized) -> None:
    (policy,) = stack.resources("AWS::IAM::ManagedPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["voiceid:DescribeFraudsterRegistrationJob", "voiceid:DescribeSpeakerEnrollmentJob"]
    assert ":domain/*" in json.dumps(statement["Resource"])
    assert [s for s in _statements(stack) if "voiceid" in json.dumps(s["Action"])] == [statement]
    functions = stack.resources("AWS::Lambda::Function").values()
    roles = [f["Role"]["Fn::GetAtt"][0] for f in functions if not f["Handler"].endswith(".start")]
    assert sorted(role["Ref"] for role in policy["Roles"]) == sorted(roles) and len(roles) == 2


def test_functions_have_the_chosen_runtime_and_architecture(stack: Synthesized, other: Synthesized) -> None:
    for synthesized, chosen in ((stack, ("python3.13", "arm64")), (other, ("python3.12", "x86_64"))):
        functions = synthesized.resources("AWS::Lambda::Function").values()
        assert {(function["Runtime"], *function["Architectures"]) for function in functions} == {chosen}


def test_every_handler_exists(stack: Synthesized) -> None:
    names = {function["Handler"] for function in stack.resources("AWS::Lambda::Function").values()}
    assert names == {f"job_watcher.handlers.{name}" for name in handlers.HANDLERS}
    with pytest.raises(AttributeError, match="has no attribute 'describ'"):
        _ = handlers.describ


def test_the_functions_environment_stays_small_with_many_kinds(everything: Synthesized, many: Synthesized) -> None:
    for stack in (everything, many):
        for function in stack.resources("AWS::Lambda::Function").values():
            assert len(json.dumps(function["Environment"])) < 1_024  # Lambda's limit is 4 KB


@pytest.mark.parametrize("others", ["other", "everything", "many"])
def test_other_settings_keep_the_resources_that_a_running_watch_uses(
    stack: Synthesized, others: str, request: pytest.FixtureRequest
) -> None:
    # A running execution keeps using its definition, including the ARNs in it, when the state machine is updated:
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html
    changed: Synthesized = request.getfixturevalue(others)
    used = (
        "Lambda::Function",
        "StepFunctions::StateMachine",
        "Events::EventBus",
        "SNS::Topic",
        "KMS::Key",
        "IAM::Role",
        "SQS::Queue",
        "Lambda::EventSourceMapping",
    )
    for type_ in used:
        before, after = (set(synthesized.resources(f"AWS::{type_}")) for synthesized in (stack, changed))
        assert {name for name in before - after if not name.startswith("JobsTriggers")} == set(), type_


def test_rules_on_the_default_bus_match_successful_start_calls_and_service_events(stack: Synthesized) -> None:
    rules = [rule for name, rule in stack.resources("AWS::Events::Rule").items() if name.startswith("JobsTriggers")]
    assert all("EventBusName" not in rule for rule in rules)
    assert [rule["EventPattern"] for rule in rules] == [
        {
            "account": [{"Ref": "AWS::AccountId"}],
            "source": [{"prefix": "aws."}],  # only AWS can put events with such a source
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["voiceid.amazonaws.com"],
                "eventName": ["StartFraudsterRegistrationJob", "StartSpeakerEnrollmentJob"],
                "errorCode": [{"exists": False}],
            },
        },
        {
            "account": [{"Ref": "AWS::AccountId"}],
            "source": ["aws.voiceid"],
            "detail-type": [
                "VoiceID Batch Fraudster Registration Action",
                "VoiceID Batch Speaker Enrollment Action",
                "VoiceId Batch Fraudster Registration Action",
                "VoiceId Batch Speaker Enrollment Action",
            ],
        },
    ]


def test_rules_match_only_the_events_that_the_filters_select(stacks: dict[str, Synthesized]) -> None:
    rules = stacks["AllSettings"].resources("AWS::Events::Rule").items()
    details = [rule["EventPattern"].get("detail", {}) for name, rule in rules if name.startswith("JobsTriggers")]
    restriction = {"jobName": [{"exists": False}, {"prefix": "prod-"}]}
    assert [detail for detail in details if "jobName" in detail] == [restriction]
    (call,) = [detail for detail in details if "requestParameters" in detail]
    assert (call["eventName"], call["requestParameters"]) == (["StartJobRun"], restriction)
    assert "StartFraudsterRegistrationJob" not in json.dumps(details)


def test_only_aws_services_can_put_the_events_that_a_rule_on_the_default_bus_matches(
    stacks: dict[str, Synthesized],
) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    checked: set[str] = set()
    for name, synthesized in stacks.items():
        for rule in synthesized.resources("AWS::Events::Rule").values():
            assert "EventBusName" not in rule
            sources = rule["EventPattern"]["source"]
            assert sources and all(_is_of_aws(source) for source in sources), (name, sources)
            checked |= {json.dumps(source) for source in sources}
    assert {'"aws.states"', '{"prefix": "aws."}'} < checked


def _is_of_aws(source: str | dict[str, str]) -> bool:
    if isinstance(source, str):
        return source.startswith("aws.")
    return set(source) == {"prefix"} and source["prefix"].startswith("aws.")


def test_events_that_cannot_start_a_watch_go_to_a_dead_letter_queue_with_an_alarm(stack: Synthesized) -> None:
    (queue,) = [name for name in stack.resources("AWS::SQS::Queue") if name.startswith("JobsTriggers")]
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    rules = [rule for name, rule in stack.resources("AWS::Events::Rule").items() if name.startswith("JobsTriggers")]
    assert all(rule["Targets"][0]["DeadLetterConfig"]["Arn"] == arn for rule in rules)
    (config,) = stack.resources("AWS::Lambda::EventInvokeConfig").values()
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == arn
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    watched = [alarm for alarm in alarms if alarm["MetricName"] == "ApproximateAgeOfOldestMessage"]
    dimension = {"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}
    assert [dimension] in [alarm["Dimensions"] for alarm in watched]


def test_what_sns_and_the_rule_for_unreported_watches_cannot_deliver_goes_to_a_queue_with_an_alarm(
    stack: Synthesized,
) -> None:
    (queue,) = [name for name in stack.resources("AWS::SQS::Queue") if name.startswith("JobsNotifier")]
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    subscriptions = stack.resources("AWS::SNS::Subscription").values()
    assert subscriptions
    assert all(subscription["RedrivePolicy"] == {"deadLetterTargetArn": arn} for subscription in subscriptions)
    rules = [rule for name, rule in stack.resources("AWS::Events::Rule").items() if name.startswith("JobsMonitoring")]
    assert [rule["Targets"][0]["DeadLetterConfig"] for rule in rules] == [{"Arn": arn}]
    (alarm,) = [
        alarm
        for name, alarm in stack.resources("AWS::CloudWatch::Alarm").items()
        if name.startswith("JobsMonitoringDeliveryFailed")
    ]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]


def test_log_groups_have_the_key_and_functions_the_concurrency_of_the_settings(
    stacks: dict[str, Synthesized], stack: Synthesized
) -> None:
    configured, key = stacks["AllSettings"], CONTEXTS["AllSettings"]["log-key-arn"]
    assert {group.get("KmsKeyId") for group in configured.resources("AWS::Logs::LogGroup").values()} == {key}
    assert {group.get("KmsKeyId") for group in stack.resources("AWS::Logs::LogGroup").values()} == {None}
    for each, expected in ((configured, 50), (stack, None)):
        functions = each.resources("AWS::Lambda::Function").values()
        assert [function.get("ReservedConcurrentExecutions") for function in functions] == [expected] * 3


def test_every_queue_is_encrypted_and_denies_plain_http(stack: Synthesized) -> None:
    queues = stack.resources("AWS::SQS::Queue")
    assert {queue["SqsManagedSseEnabled"] for queue in queues.values()} == {True}
    only_tls = {"Effect": "Deny", "Action": "sqs:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    denied = {
        queue["Ref"]
        for policy in stack.resources("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if only_tls.items() <= statement.items() and statement["Principal"] == {"AWS": "*"}
        for queue in policy["Queues"]
    }
    assert denied == set(queues)


def test_the_poll_queue_invokes_the_poll_function_and_takes_back_only_the_messages_that_failed(
    stacks: dict[str, Synthesized], stack: Synthesized
) -> None:
    queue, _, poll = _poller(stack)
    for each, concurrency in ((stack, 10), (stacks["AllSettings"], 25)):
        (mapping,) = each.resources("AWS::Lambda::EventSourceMapping").values()
        assert mapping["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
        assert mapping["FunctionName"] == {"Ref": poll}
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": concurrency}
    function = stack.resources("AWS::Lambda::Function")[poll]
    assert function["Environment"]["Variables"]["POLL_QUEUE_URL"] == {"Ref": queue}


def test_the_poll_function_has_time_for_the_slowest_describe_calls_and_messages_stay_hidden_six_times_as_long(
    stack: Synthesized,
) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    queue, _, poll = _poller(stack)
    (mapping,) = stack.resources("AWS::Lambda::EventSourceMapping").values()
    timeout = stack.resources("AWS::Lambda::Function")[poll]["Timeout"]
    config: Any = aws_call.CLIENT_CONFIG
    attempts = config.retries["total_max_attempts"]
    assert timeout >= mapping["BatchSize"] * attempts * (config.connect_timeout + config.read_timeout)
    assert stack.resources("AWS::SQS::Queue")[queue]["VisibilityTimeout"] == 6 * timeout


def test_a_message_that_keeps_failing_reaches_the_dead_letter_queue_before_it_expires(stack: Synthesized) -> None:
    name, dead_letter_queue, _ = _poller(stack)
    queues = stack.resources("AWS::SQS::Queue")
    queue, receives = queues[name], queues[name]["RedrivePolicy"]["maxReceiveCount"]
    assert receives == 5  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    moved_after = polling.MAX_DELAY + receives * queue["VisibilityTimeout"]
    assert moved_after < queue["MessageRetentionPeriod"] / 2
    # A message expires in the dead-letter queue as long after it was sent as that queue's retention period:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
    assert queue["MessageRetentionPeriod"] < queues[dead_letter_queue]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_message_expires_after_the_time_without_a_heartbeat_that_is_usually_accepted(stack: Synthesized) -> None:
    queue, *_ = _poller(stack)
    longest = PollingLimits(max_interval=INTERVAL_SECONDS[1]).heartbeat
    assert longest < stack.resources("AWS::SQS::Queue")[queue]["MessageRetentionPeriod"]


def test_alarms_report_an_unprocessed_queue_failed_messages_and_errors_of_the_poll_function(stack: Synthesized) -> None:
    queue, dead_letter_queue, poll = _poller(stack)
    for alarm, name in (("PollsStopped", queue), ("PollFailed", dead_letter_queue)):
        found = _alarm(stack, alarm)
        assert (found["MetricName"], found["Statistic"]) == ("ApproximateAgeOfOldestMessage", "Maximum")
        assert found["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [name, "QueueName"]}}]
    assert _alarm(stack, "PollFailed")["Threshold"] == 1
    errors = _alarm(stack, "PollFunctionErrors")
    assert (errors["Namespace"], errors["MetricName"], errors["Threshold"]) == ("AWS/Lambda", "Errors", 1)
    assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": poll}}]


def test_an_alarm_reports_polls_that_are_late_for_half_an_hour(stack: Synthesized) -> None:
    alarm = _alarm(stack, "PollsLate")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("JobWatcher", "LatePolls", "Sum")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"] * alarm["Period"]) == (1, 1800)


def test_only_messages_that_watches_usually_no_longer_wait_for_raise_polls_stopped(
    stack: Synthesized,
) -> None:
    # SQS leaves messages that were received three times out of the age:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    name, *_ = _poller(stack)
    queue, threshold = stack.resources("AWS::SQS::Queue")[name], _alarm(stack, "PollsStopped")["Threshold"]
    assert polling.MAX_DELAY + 2 * queue["VisibilityTimeout"] <= threshold < queue["MessageRetentionPeriod"]
    assert PollingLimits(max_interval=INTERVAL_SECONDS[1]).heartbeat <= threshold


def _poller(stack: Synthesized) -> tuple[str, str, str]:
    """Return the logical ids of the poll queue, its dead-letter queue and the Poll function."""
    functions = stack.resources("AWS::Lambda::Function").items()
    ((queue, properties),) = [
        (name, queue) for name, queue in stack.resources("AWS::SQS::Queue").items() if "RedrivePolicy" in queue
    ]
    (poll,) = [name for name, function in functions if function["Handler"].endswith(".poll")]
    return queue, properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0], poll


def _alarm(stack: Synthesized, name: str) -> dict[str, Any]:
    alarms = stack.resources("AWS::CloudWatch::Alarm").items()
    (alarm,) = [alarm for logical_id, alarm in alarms if logical_id[:-8] == f"JobsMonitoring{name}"]
    return alarm


def test_somebody_is_told_when_a_watch_or_a_notification_is_stopped(stack: Synthesized) -> None:
    patterns = [rule["EventPattern"] for rule in stack.resources("AWS::Events::Rule").values()]
    (pattern,) = [pattern for pattern in patterns if pattern["source"] == ["aws.states"]]
    unexpected = {"status": ["FAILED"], "error": [{"anything-but": ["JobFailed", "WatchLost"]}]}
    assert pattern["detail"]["$or"] == [{"status": ["TIMED_OUT", "ABORTED"]}, unexpected]
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    assert {"ExecutionsFailed", "ExecutionsAborted"} <= {alarm["MetricName"] for alarm in alarms}


def test_automatic_watches_can_be_turned_off(other: Synthesized) -> None:
    assert len(other.resources("AWS::Lambda::Function")) == 2
    assert not [name for name in other.template["Resources"] if name.startswith("JobsTriggers")]


def test_allowed_accounts_can_put_events_and_create_their_own_rules(stack: Synthesized, other: Synthesized) -> None:
    assert stack.resources("AWS::Events::EventBusPolicy") == {}
    statements = [policy["Statement"] for policy in other.resources("AWS::Events::EventBusPolicy").values()]
    assert {statement["Sid"] for statement in statements} == {"cdk-Put", "cdk-Subscribe"}
    for statement in statements:
        accounts = json.dumps(statement["Principal"])
        assert "111122223333" in accounts and "444455556666" in accounts
    (subscribe,) = [statement for statement in statements if statement["Sid"] == "cdk-Subscribe"]
    assert subscribe["Condition"] == {"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}}


def test_a_stack_with_all_kinds_and_waiters_stays_within_awss_limits(everything: Synthesized) -> None:
    # Quotas of CloudFormation, IAM, EventBridge and Lambda: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
    assert len(json.dumps(everything.template)) < 1_000_000 and len(everything.template["Resources"]) < 500
    policies = list(everything.resources("AWS::IAM::ManagedPolicy").values())
    assert len(policies) <= 10 and all(len(_resolved(policy["PolicyDocument"])) <= 6_144 for policy in policies)
    assert {len(policy["Roles"]) for policy in policies} == {2}
    inline = list(everything.resources("AWS::IAM::Policy").values())
    assert all(len(_resolved(policy["PolicyDocument"])) <= 10_240 for policy in inline)
    roles = [role["Ref"] for policy in inline for role in policy["Roles"]]
    assert len(roles) == len(set(roles))  # the limit is for all inline policies of a role together
    rules = everything.resources("AWS::Events::Rule").values()
    assert len(rules) <= 100 and all(len(json.dumps(rule["EventPattern"])) <= 2_048 for rule in rules)


def _resolved(value: Any) -> str:
    """Return a policy as JSON without spaces, as IAM counts its length, with the longest partition and Region."""
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


def test_state_machines_time_out_a_week_after_watches_give_up(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    timeouts = [json.loads(machine["DefinitionString"]).get("TimeoutSeconds") for machine in machines]
    assert [timeout for timeout in timeouts if timeout] == [21 * 24 * 3600]


def test_every_output_has_a_description(stack: Synthesized) -> None:
    outputs = stack.template["Outputs"]
    assert {"WatchArn", "BusName", "TopicArn", "EmailTopicArn"} <= set(outputs)
    assert all(output["Description"] for output in outputs.values())


def test_every_alarm_has_an_action_and_a_description(stack: Synthesized) -> None:
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    assert alarms
    assert all(alarm["AlarmActions"] and alarm["AlarmDescription"] for alarm in alarms)


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"email": "supervisor"}, "email: 'supervisor' is not an email address; accepted are addresses such as"),
        ({"filters": '{"voice-id/Fraud": false}'}, "filters: 'voice-id/Fraud' matches no enabled kind; accepted are"),
        ({"email-outcomes": "FAILED"}, "email-outcomes: 'FAILED' is not an outcome; accepted are succeeded, partial,"),
    ],
)
def test_an_invalid_setting_stops_the_synthesis_with_one_sentence(
    context: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdk, "App", partial(cdk.App, context=context))
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(ROOT / "app.py"))
    assert str(stopped.value).startswith(sentence) and "\n" not in str(stopped.value)


def test_the_app_prints_only_the_sentence_about_an_invalid_setting() -> None:
    environment = {**os.environ, "CDK_CONTEXT_JSON": json.dumps({"kinds": "voice-id/Speaker"})}
    app = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert app.returncode == 1
    assert app.stderr.startswith("kinds: 'voice-id/Speaker' matches no kind in the catalogue; did you mean")
    assert len(app.stderr.strip().splitlines()) == 1


def _log_group_names(stack: Synthesized) -> dict[str, Any]:
    """Return the names of the log groups that have one, by logical id."""
    groups = stack.resources("AWS::Logs::LogGroup").items()
    return {group: properties["LogGroupName"] for group, properties in groups if "LogGroupName" in properties}


def _text(value: Any, values: Mapping[str, str]) -> Any:
    """Return the value that CloudFormation resolves to with these pseudo parameters."""
    match value:
        case {"Ref": str(name)}:
            return values[name]
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_text(part, values) for part in parts)
        case {"Fn::Split": [separator, text]}:
            return _text(text, values).split(separator)
        case {"Fn::Select": [index, several]}:
            return _text(several, values)[int(index)]
    assert isinstance(value, str), value
    return value


def _statements(stack: Synthesized) -> list[dict[str, Any]]:
    inline, managed = (stack.resources(f"AWS::IAM::{kind}").values() for kind in ("Policy", "ManagedPolicy"))
    policies = [*inline, *managed]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
