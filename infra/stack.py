"""This repository's stack: one JobWatcher and its outputs."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from .job_watcher import JobWatcher


class JobWatcherStack(Stack):
    """A deployment of Job Watcher with the props of the construct."""

    def __init__(self, scope: Construct, id: str, *, props: Mapping[str, Any]) -> None:
        super().__init__(scope, id, description="Watches AWS jobs and publishes their results to EventBridge and SNS.")
        jobs = JobWatcher(self, "Jobs", **{"kinds": (), **props})
        self._output("WatchArn", jobs.watch.state_machine_arn, "Start an execution of it to watch a job.")
        self._output("BusName", jobs.bus.event_bus_name, "The bus that receives job events. Create rules on it.")
        self._output("TopicArn", jobs.topic.topic_arn, "Subscribe queues and functions. Messages are JSON.")
        self._output("EmailTopicArn", jobs.email_topic.topic_arn, "Subscribe email addresses. Messages are text.")

    def _output(self, name: str, value: str, description: str) -> None:
        CfnOutput(self, name, value=value, description=description)
