"""The resources that poll running jobs: a queue that schedules the polls, and the Poll function."""

from pathlib import Path
from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .functions import python_function
from .nag import acknowledge
from .queues import FOR_PEOPLE, encrypted_queue
from .settings import Settings

BATCH_SIZE = 5
TIMEOUT_SECONDS = 30 * BATCH_SIZE  # a describe call takes at most 26 seconds
# A watch usually waits for a message for at most 45 minutes, and a message that keeps failing reaches the dead-letter
# queue within 90 minutes. Older messages would only delay newer ones.
RETENTION = Duration.hours(4)
# The number of receives, and the visibility time-out of six times the function's time-out, are AWS's recommendations:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
MAX_RECEIVES = 5
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-lambda-function-trigger.html
QUEUE_ACTIONS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"]
REPORT_ACTIONS = ["states:SendTaskHeartbeat", "states:SendTaskSuccess"]
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
NO_RESOURCES = "These actions can't be limited to resources. They require the token of a waiting task."


class Poller(Construct):
    """Delivers each message when its poll is due, and polls the job.

    Public attributes: queue, dead_letter_queue, poll. The dead-letter queue receives messages that fail repeatedly. The
    watches of such messages poll their jobs themselves.
    """

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, bundle: Path, notify: sfn.IStateMachine
    ) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = encrypted_queue(self, "PollDLQ", retention_period=Duration.days(14))
        acknowledge(self.dead_letter_queue, {"SQSRedrivePolicy": FOR_PEOPLE})
        self.queue = encrypted_queue(
            self,
            "PollQueue",
            retention_period=RETENTION,
            visibility_timeout=Duration.seconds(6 * TIMEOUT_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letter_queue, max_receive_count=MAX_RECEIVES),
        )
        self.poll = self._function(settings, bundle, notify)
        self._allow_calls()
        notify.grant_start_execution(self.poll)
        self._invoke_function(settings.max_concurrency)

    def _function(self, settings: Settings, bundle: Path, notify: sfn.IStateMachine) -> lambda_.Function:
        function = python_function(
            self,
            "Poll",
            settings=settings,
            handler="job_watcher.handlers.poll",
            bundle=bundle,
            environment={"POLL_QUEUE_URL": self.queue.queue_url, "NOTIFY_ARN": notify.state_machine_arn},
            timeout=Duration.seconds(TIMEOUT_SECONDS),
        )
        acknowledge(function, {"LambdaDLQ": "The queue that invokes the function has a dead-letter queue."})
        return function

    def _allow_calls(self) -> None:
        """Allow the function to receive and send messages, and to report to the watches whose task tokens it has.

        The CDK's SqsEventSource would also allow actions that Lambda doesn't need.
        """
        for actions, resource in ((QUEUE_ACTIONS, self.queue.queue_arn), (REPORT_ACTIONS, "*")):
            self.poll.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(cast(iam.IRole, self.poll.role), {"IAM5[Resource::*]": NO_RESOURCES})

    def _invoke_function(self, max_concurrency: int) -> None:
        """Invoke the function when messages arrive. SQS delivers those again whose ids it returns, because they failed.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        """
        mapping = self.poll.add_event_source_mapping(
            "PollQueue",
            event_source_arn=self.queue.queue_arn,
            batch_size=BATCH_SIZE,
            report_batch_item_failures=True,
            max_concurrency=max_concurrency,
        )
        acknowledge(mapping, {"LambdaEventSourceMappingDestination": "The queue has a dead-letter queue."})
