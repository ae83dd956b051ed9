"""Whether an alarm is raised, or can't notify anybody."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..aws_command import MORE_POLLS, aws_command, own_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

REDELIVER = "redeliver"
RECEIVE = "sqs receive-message --queue-url {}"
READ_LOG = "logs filter-log-events --filter-pattern '?ERROR ?timeout' --log-group-name {}"
CONCURRENCY = "lambda get-account-settings"
TRANSITIONS = "service-quotas list-service-quotas --service-code states"
FAILED_EXECUTIONS = "stepfunctions list-executions --status-filter FAILED --state-machine-arn {}"
SUBSCRIPTIONS = "sns list-subscriptions-by-topic --topic-arn {}"
# What helps if an alarm is raised: the command, and the resource that it is about.
ACTIONS: Mapping[str, tuple[str, str]] = {
    "WatchUnreported": (RECEIVE, "MonitoringUnreportedWatches"),
    "UnknownStatus": (READ_LOG, "PollerPollLog"),
    "DescribeFunctionErrors": (READ_LOG, "WatcherDescribeLog"),
    "DescribeFunctionThrottled": (CONCURRENCY, ""),
    "WatchThrottled": (TRANSITIONS, ""),
    "PollFunctionErrors": (READ_LOG, "PollerPollLog"),
    "PollFunctionThrottled": (CONCURRENCY, ""),
    "PollFailed": (RECEIVE, "PollerPollDLQ"),
    "PollsStopped": (READ_LOG, "PollerPollLog"),
    "PollsLate": (MORE_POLLS, ""),
    "NotificationFailed": (REDELIVER, ""),
    "NotificationStopped": (REDELIVER, ""),
    "DigestFailed": (FAILED_EXECUTIONS, "NotifierEmailsDigest"),
    "NotifyThrottled": (TRANSITIONS, ""),
    "DeliveryFailed": (RECEIVE, "NotifierDeliveryDLQ"),
    "EmailsUndelivered": (SUBSCRIPTIONS, "NotifierEmailTopic"),
    "MessagesUndelivered": (SUBSCRIPTIONS, "NotifierTopic"),
    "ChatUndelivered": (SUBSCRIPTIONS, "NotifierChatTopic"),
    "TriggerFailed": (REDELIVER, ""),
    "StartFunctionErrors": (READ_LOG, "TriggersStartLog"),
    "StartFunctionThrottled": (CONCURRENCY, ""),
}


def check(context: Context) -> Iterator[Problem | Note]:
    """Read the state of the stack's alarms. Their descriptions say what to do."""
    ids = named(context.resources, f"Monitoring({'|'.join(ACTIONS)})")
    if not ids:
        return
    found = context.client("cloudwatch").describe_alarms(AlarmNames=list(ids.values()), AlarmTypes=["MetricAlarm"])
    alarms = {alarm["AlarmName"]: alarm for alarm in found["MetricAlarms"]}
    for logical_id, name in ids.items():
        yield from _problems(context, logical_id, alarms[name]) if name in alarms else ()


def _problems(context: Context, logical_id: str, alarm: Mapping[str, Any]) -> Iterator[Problem]:
    name = re.sub(".*Monitoring(.*)[0-9A-F]{8}$", r"\1", logical_id)
    if alarm["StateValue"] == "ALARM":
        yield Problem(f"The alarm {name} is raised. {alarm.get('AlarmDescription', '')}", _fix(context, name))
    if not alarm["ActionsEnabled"]:
        fix = aws_command(context, f"cloudwatch enable-alarm-actions --alarm-names {alarm['AlarmName']}")
        yield Problem(f"The actions of the alarm {name} are disabled, so nobody is notified.", fix)


def _fix(context: Context, name: str) -> str:
    command, resource = ACTIONS[name]
    if command == REDELIVER:
        return own_command(context, command)
    if command == MORE_POLLS:
        return command
    ids = named(context.resources, resource).values()
    return aws_command(context, command.format(next(iter(ids), resource)))
