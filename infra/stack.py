"""This repository's stack: one JobWatcher and its outputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from job_watcher import __version__

from .job_watcher import JobWatcher

MAX_OUTPUT_LENGTH = 1_024  # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MORE = "..."


class JobWatcherStack(Stack):
    """A deployment of Job Watcher with the props of the construct."""

    def __init__(self, scope: Construct, id: str, *, props: Mapping[str, Any]) -> None:
        super().__init__(scope, id, description="Watches AWS jobs and publishes their results to EventBridge and SNS.")
        jobs = JobWatcher(self, "Jobs", **{"kinds": (), **props})
        self._output("WatchArn", jobs.watch.state_machine_arn, "Start an execution of it to watch a job.")
        self._output("BusName", jobs.bus.event_bus_name, "The bus that receives job events. Create rules on it.")
        self._output("TopicArn", jobs.topic.topic_arn, "Subscribe queues and functions. Messages are JSON.")
        self._output("EmailTopicArn", jobs.email_topic.topic_arn, "Subscribe email addresses. Messages are text.")
        if jobs.chat_topic:
            self._output("ChatTopicArn", jobs.chat_topic.topic_arn, "For chat channels. Messages are JSON.")
        self._output("Version", __version__, "The version of Job Watcher, for the command line.")
        self._output("Kinds", _join(jobs.kinds), "The setting kinds, for the command line.")

    def _output(self, name: str, value: str, description: str) -> None:
        CfnOutput(self, name, value=value, description=description)


def _join(patterns: Sequence[str]) -> str:
    """Return the patterns, separated by spaces. If they are too long for an output, the last ones become `...`."""
    kept = list(patterns)
    while len(" ".join(kept)) > MAX_OUTPUT_LENGTH:
        kept = [*kept[: -2 if kept[-1] == MORE else -1], MORE]
    return " ".join(kept)
