"""Rules on the default bus that start watches: for API calls that start jobs, and for the services' own events."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from job_watcher.catalogue import Kind
from job_watcher.trigger import API_CALL, Index

from . import cloudtrail
from .config import Settings
from .functions import python_function

SHORT_NAME = 24  # characters of a stack's name that fit into a rule's name
LONGEST_PATTERN = 2000  # characters; EventBridge takes 2,048
ENABLED = "ENABLED"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
WITH_READ_ONLY_CALLS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True)
class Rule:
    """An event pattern and the state of its rule."""

    pattern: Mapping[str, Any]
    state: str = ENABLED


class Triggers(Construct):
    """Starts watches from events on the default bus, and keeps those it can't. Public: start, lost_events."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings,
        bundle: Path,
        watch: sfn.IStateMachine,
        announce: sfn.IStateMachine,
    ) -> None:
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
            settings=settings,
            handler="job_watcher.entry.start",
            bundle=bundle,
            environment={"WATCH": watch.state_machine_arn, "ANNOUNCE": announce.state_machine_arn},
        )
        watch.grant_start_execution(self.start)
        watch.grant_execution(self.start, "states:DescribeExecution")
        self.start.configure_async_invoke(retry_attempts=2, on_failure=destinations.SqsDestination(self.lost_events))
        self._let_eventbridge_in()
        for number, rule in enumerate(rules(settings.kinds.values())):
            self._rule(number, rule)

    def _rule(self, number: int, rule: Rule) -> None:
        """A rule of the low level: the CDK's own would add a permission each, and there can be many."""
        target = events.CfnRule.TargetProperty(
            id="Start",
            arn=self.start.function_arn,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.lost_events.queue_arn),
        )
        events.CfnRule(
            self,
            f"Rule{number}",
            description="API calls that start jobs, or their services' own events.",
            event_pattern=rule.pattern,
            state=rule.state,
            targets=[target],
        )

    def _let_eventbridge_in(self) -> None:
        """EventBridge may call Start, and keep what it cannot deliver, for this stack's rules alone."""
        # A rule's name has at most 64 characters, so CloudFormation shortens a long stack's name in it.
        stack = Stack.of(self).stack_name
        named = f"{stack}-Triggers" if len(stack) <= SHORT_NAME else stack[:20]
        ours = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{named}*"
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
        for call in _event_names(kind, kind.start):
            for source in cloudtrail.event_sources(kind.service):
                calls[source][call].append(kind.name)
        for detail_type in kind.event.get("detail-type", ()):
            news[kind.event["source"]][detail_type].append(kind.name)
    return {"calls": calls, "news": {source: _without_twins(names) for source, names in news.items()}}


def _without_twins(names_of: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    """Leave out the kinds of DocumentDB for which there is one of RDS, because RDS sends and describes them too."""
    return {
        detail_type: [name for name in names if f"rds/{name.removeprefix('docdb/')}" not in names]
        for detail_type, names in names_of.items()
    }


def rules(kinds: Iterable[Kind]) -> Iterator[Rule]:
    """The rules that match all these kinds' events, as few as the length of patterns allows; Start does the rest."""
    kinds = list(kinds)
    for state in (ENABLED, WITH_READ_ONLY_CALLS):
        for sources, names in _packed(_calls(kinds, read_only=state != ENABLED), _call_pattern):
            yield Rule(_call_pattern(sources, names), state)
    unrestricted, restricted = _events(kinds)
    for sources, names in _packed(unrestricted, _event_pattern):
        yield Rule(_event_pattern(sources, names))
    yield from (Rule(pattern) for pattern in restricted)


def _calls(kinds: Iterable[Kind], read_only: bool) -> Mapping[str, set[str]]:
    """The names of the calls that start jobs, by eventSource."""
    calls: dict[str, set[str]] = defaultdict(set)
    for kind in kinds:
        these = [call for call in kind.start if cloudtrail.is_read_only(kind.service, call) is read_only]
        names = set(_event_names(kind, these))
        for source in cloudtrail.event_sources(kind.service) if names else ():
            calls[source] |= names
    return calls


def _event_names(kind: Kind, calls: Iterable[str]) -> list[str]:
    return [name for call in calls for name in cloudtrail.event_names(kind.service, call)]


def _events(kinds: Iterable[Kind]) -> tuple[Mapping[str, set[str]], list[Mapping[str, Any]]]:
    """The services' own events: detail-types by source, and patterns for those that every kind restricts by `where`."""
    wheres: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for kind in kinds:
        for detail_type in kind.event.get("detail-type", ()):
            wheres[kind.event["source"], detail_type].append(kind.event.get("where", {}))
    unrestricted: dict[str, set[str]] = defaultdict(set)
    restricted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (source, detail_type), all_of_them in sorted(wheres.items(), key=lambda item: item[0]):
        if {} in all_of_them:
            unrestricted[source].add(detail_type)
        else:
            distinct = sorted({json.dumps(where, sort_keys=True) for where in all_of_them})
            restricted[source, json.dumps(distinct)].append(detail_type)
    patterns = [_restricted(source, names, json.loads(where)) for (source, where), names in restricted.items()]
    return unrestricted, patterns


def _restricted(source: str, detail_types: list[str], wheres: list[str]) -> Mapping[str, Any]:
    alternatives = [json.loads(where) for where in wheres]
    where = alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}
    return {**_event_pattern([source], detail_types), **where}


def _call_pattern(sources: list[str], names: list[str]) -> dict[str, Any]:
    succeeded = {"eventSource": sources, "eventName": names, "errorCode": [{"exists": False}]}
    return {"source": [{"prefix": "aws."}], "detail-type": [API_CALL], "detail": succeeded}


def _event_pattern(sources: list[str], detail_types: list[str]) -> dict[str, Any]:
    return {"source": sources, "detail-type": detail_types}


def _packed(events: Mapping[str, Collection[str]], pattern: Any) -> Iterator[tuple[list[str], list[str]]]:
    """Sources and names together, as long as their pattern is not too long."""
    sources: list[str] = []
    names: list[str] = []
    for source in sorted(events):
        added = [*names, *(name for name in sorted(events[source]) if name not in names)]
        if sources and len(json.dumps(pattern([*sources, source], added))) > LONGEST_PATTERN:
            yield sources, names
            sources, added = [], sorted(events[source])
        sources, names = [*sources, source], added
    if sources:
        yield sources, names
