"""Nobody has to start a watch: rules of the default bus do, on calls that begin jobs and on the services' events."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Aws, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from job_watcher.catalogue import Kind
from job_watcher.trigger import API_CALL, Index

from .functions import python_function
from .lint import service_model

LONGEST_PATTERN = 2000  # characters; EventBridge takes 2,048


class Triggers(Construct):
    """Starts watches by events of the default bus; what cannot be started is kept. Public: start, lost_events."""

    def __init__(self, scope: Construct, id: str, *, index: Index, bundle: Path, watch: sfn.IStateMachine) -> None:
        super().__init__(scope, id)
        self.lost_events = sqs.Queue(
            self,
            "LostEvents",
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=Duration.days(14),
        )
        self.start = python_function(
            self,
            "Start",
            handler="job_watcher.entry.start",
            bundle=bundle,
            environment={"WATCH": watch.state_machine_arn},
        )
        watch.grant_start_execution(self.start)
        watch.grant_execution(self.start, "states:DescribeExecution")
        self.start.configure_async_invoke(retry_attempts=2, on_failure=destinations.SqsDestination(self.lost_events))
        self._let_eventbridge_in()
        for number, pattern in enumerate(patterns(index)):
            self._rule(number, pattern)

    def _rule(self, number: int, pattern: Mapping[str, Any]) -> None:
        """A rule of the low level: the CDK's own would add a permission each, and there can be many."""
        target = events.CfnRule.TargetProperty(
            id="Start",
            arn=self.start.function_arn,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.lost_events.queue_arn),
        )
        events.CfnRule(
            self,
            f"Rule{number}",
            description="Jobs that begin, or of which their services have news.",
            event_pattern=pattern,
            targets=[target],
        )

    def _let_eventbridge_in(self) -> None:
        """EventBridge may call Start, and keep what it cannot deliver, for this stack's rules alone."""
        ours = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{Aws.STACK_NAME}-*"
        eventbridge = iam.ServicePrincipal("events.amazonaws.com")
        lambda_.CfnPermission(
            self,
            "MayInvoke",
            action="lambda:InvokeFunction",
            function_name=self.start.function_arn,
            principal=eventbridge.service,
            source_arn=ours,
        )
        self.lost_events.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[eventbridge],
                actions=["sqs:SendMessage"],
                resources=[self.lost_events.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": ours}},
            )
        )


def index(kinds: Iterable[Kind]) -> Index:
    """Which kinds an event is about: `calls` by eventSource and eventName, `news` by source and detail-type."""
    calls: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    news: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind in kinds:
        model = service_model(kind.service)
        if kind.start and model:
            calls[f"{model.signing_name}.amazonaws.com"][kind.start].append(kind.name)
        for detail_type in kind.event.get("detail-type", ()):
            news[kind.event["source"]][detail_type].append(kind.name)
    return {"calls": calls, "news": news}


def patterns(triggers: Index) -> Iterator[Mapping[str, Any]]:
    """Event patterns that match all these events, as few as their length allows; Start tells the kinds apart."""
    for sources, names in _packed(triggers["calls"], _call_pattern):
        yield _call_pattern(sources, names)
    for sources, names in _packed(triggers["news"], _news_pattern):
        yield _news_pattern(sources, names)


def _call_pattern(sources: list[str], names: list[str]) -> dict[str, Any]:
    succeeded = {"eventSource": sources, "eventName": names, "errorCode": [{"exists": False}]}
    return {"detail-type": [API_CALL], "detail": succeeded}


def _news_pattern(sources: list[str], names: list[str]) -> dict[str, Any]:
    return {"source": sources, "detail-type": names}


def _packed(triggers: Mapping[str, Mapping[str, Any]], pattern: Any) -> Iterator[tuple[list[str], list[str]]]:
    """Sources and names together, as long as their pattern is not too long."""
    sources: list[str] = []
    names: list[str] = []
    for source in sorted(triggers):
        added = [*names, *(name for name in sorted(triggers[source]) if name not in names)]
        if sources and len(json.dumps(pattern([*sources, source], added))) > LONGEST_PATTERN:
            yield sources, names
            sources, added = [], sorted(triggers[source])
        sources, names = [*sources, source], added
    if sources:
        yield sources, names
