"""Rules on the default bus that start watches automatically."""

import json
from pathlib import Path
from typing import cast

from aws_cdk import Aws, Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .functions import python_function
from .logical_ids import logical_id_prefix
from .nag import acknowledge
from .queues import queue
from .settings import Settings
from .trigger_rules import Rule, rules

MAX_RULE_NAME = 64  # characters
MAX_SUFFIX = len("Rule99") + 8 + len("-") + 13  # characters of the id, its hash and CloudFormation's suffix


class Triggers(Construct):
    """Starts watches of jobs that events are about. Keeps the events that couldn't start one in a dead-letter queue.

    Public attributes: start, dead_letter_queue.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings,
        bundle: Path,
        watch: sfn.IStateMachine,
        notify: sfn.IStateMachine,
        poll_queue: sqs.IQueue,
    ) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = queue(self, "TriggerDLQ")
        self.start = python_function(
            self,
            "Start",
            settings=settings,
            handler="job_watcher.handlers.start",
            bundle=bundle,
            environment={
                "WATCH_ARN": watch.state_machine_arn,
                "NOTIFY_ARN": notify.state_machine_arn,
                "POLL_QUEUE_URL": poll_queue.queue_url,
            },
        )
        watch.grant_start_execution(self.start)
        watch.grant_execution(self.start, "states:DescribeExecution")
        # CDK's grant_send_messages would also allow reading the queue's attributes.
        self.start.add_to_role_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[poll_queue.queue_arn])
        )
        on_failure = destinations.SqsDestination(self.dead_letter_queue)
        self.start.configure_async_invoke(retry_attempts=2, on_failure=on_failure)
        self._acknowledge_findings(watch)
        self._allow_rules()
        for number, rule in enumerate(rules(settings.kinds.values(), settings.filters)):
            self._add_rule(number, rule)

    def _acknowledge_findings(self, watch: sfn.IStateMachine) -> None:
        """Acknowledge cdk-nag's findings about the Start function and its role."""
        acknowledge(self.start, {"LambdaDLQ": "The function has an on-failure destination instead."})
        # the ARN of the Watch state machine's executions, as cdk-nag writes it
        arn_parts = {"Fn::Split": [":", Stack.of(self).resolve(watch.state_machine_arn)]}
        name = json.dumps({"Fn::Select": [6, arn_parts]}, separators=(",", ":"))
        executions = f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{name}:*"
        reason = "The names of the executions depend on the jobs."
        acknowledge(cast(iam.IRole, self.start.role), {f"IAM5[Resource::{executions}]": reason})

    def _add_rule(self, number: int, rule: Rule) -> None:
        """Add a CfnRule, because CDK's Rule would also add a permission to Start for each rule."""
        target = events.CfnRule.TargetProperty(
            id="Start",
            arn=self.start.function_arn,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.dead_letter_queue.queue_arn),
        )
        events.CfnRule(
            self,
            f"Rule{number}",
            description="Starts watches of jobs.",
            event_pattern={"account": [Aws.ACCOUNT_ID], **rule.pattern},  # not those that another account forwards
            state=rule.state,
            targets=[target],
        )

    def _allow_rules(self) -> None:
        """Allow only this construct's rules to invoke Start and to send events to the dead-letter queue."""
        rule_arns = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{self._rule_names()}"
        eventbridge = iam.ServicePrincipal("events.amazonaws.com")
        lambda_.CfnPermission(
            self,
            "AllowRules",
            action="lambda:InvokeFunction",
            function_name=self.start.function_arn,
            principal=eventbridge.service,
            source_arn=rule_arns,
        )
        self.dead_letter_queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[eventbridge],
                actions=["sqs:SendMessage"],
                resources=[self.dead_letter_queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": rule_arns}},
            )
        )

    def _rule_names(self) -> str:
        """Return a pattern for the rules' names, which CloudFormation generates with at most 64 characters."""
        stack = Stack.of(self).stack_name
        if Token.is_unresolved(stack):  # in a nested stack
            return "*"
        start = f"{stack}-{logical_id_prefix(self)}"
        return f"{start}*" if len(start) + MAX_SUFFIX <= MAX_RULE_NAME else f"{stack[:20]}*"
