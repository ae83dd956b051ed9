"""The resources that poll running jobs: a queue that schedules the polls, and the Poll function."""

from pathlib import Path
from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .functions import python_function
from .nag import acknowledge
from .queues import queue
from .settings import Settings

BATCH_SIZE = 5
POLL_TIMEOUT = Duration.seconds(30 * BATCH_SIZE)  # a describe call takes at most 26 seconds


class Poller(Construct):
    """Delivers each message when its poll is due, and polls the job.

    Public attributes: queue, dead_letter_queue, poll. The dead-letter queue receives messages that fail repeatedly. The
    watches of such messages poll their jobs themselves.
    """

    def __init__(self, scope: Construct, id: str, *, settings: Settings, bundle: Path) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = queue(self, "PollDLQ")
        self.queue = sqs.Queue(
            self,
            "PollQueue",
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=Duration.days(14),
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout=Duration.seconds(6 * POLL_TIMEOUT.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letter_queue, max_receive_count=5),
        )
        self.poll = python_function(
            self,
            "Poll",
            settings=settings,
            handler="job_watcher.handlers.poll",
            bundle=bundle,
            environment={"POLL_QUEUE_URL": self.queue.queue_url},
            timeout=POLL_TIMEOUT,
        )
        acknowledge(self.poll, {"LambdaDLQ": "The queue that invokes the function has a dead-letter queue."})
        self._allow_calls()
        self.poll.add_event_source(
            event_sources.SqsEventSource(
                self.queue,
                batch_size=BATCH_SIZE,
                report_batch_item_failures=True,
                max_concurrency=settings.max_concurrency,
            )
        )

    def _allow_calls(self) -> None:
        """Allow the function to send the next messages, and to report to the watches whose task tokens it has."""
        for actions, resource in (
            (["sqs:SendMessage"], self.queue.queue_arn),
            (["states:SendTaskHeartbeat", "states:SendTaskSuccess"], "*"),
        ):
            self.poll.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        reason = "These actions can't be limited to resources. They require the token of a waiting task."
        acknowledge(cast(iam.IRole, self.poll.role), {"IAM5[Resource::*]": reason})
