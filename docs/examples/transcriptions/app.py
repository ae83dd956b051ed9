"""A CDK app that transcribes recordings and reacts when Amazon Transcribe's jobs end."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct
from job_watcher_cdk import JobWatcher

FUNCTIONS = Path(__file__).with_name("functions")


class Transcriptions(cdk.Stack):
    """A bucket for recordings, a function that transcribes them, and queues with the jobs that ended."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        jobs = JobWatcher(self, "Jobs", kinds=["transcribe/TranscriptionJob"], email=["team@example.com"])

        transcripts, failures = sqs.Queue(self, "TranscriptQueue"), sqs.Queue(self, "FailureQueue")
        jobs.on_job_ended("Transcripts", outcomes=["succeeded"], target=targets.SqsQueue(transcripts))
        jobs.on_job_ended("Failures", outcomes=["failed", "lost"], target=targets.SqsQueue(failures))

        recordings = s3.Bucket(self, "Recordings", enforce_ssl=True)
        transcribe = lambda_.Function(
            self,
            "Transcribe",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="transcribe.handler",
            code=lambda_.Code.from_asset(str(FUNCTIONS)),
            timeout=cdk.Duration.seconds(30),
            environment={"BUCKET": recordings.bucket_name, "WATCH_ARN": jobs.watch.state_machine_arn},
        )
        # Transcribe reads a recording with the function's permissions. The start can't be limited to resources:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazontranscribe.html
        recordings.grant_read(transcribe)
        start = iam.PolicyStatement(actions=["transcribe:StartTranscriptionJob"], resources=["*"])
        transcribe.add_to_role_policy(start)
        jobs.grant_start(transcribe)

        cdk.CfnOutput(self, "WatchArn", value=jobs.watch.state_machine_arn, description="For job-watcher start.")
        cdk.CfnOutput(self, "BucketName", value=recordings.bucket_name)
        cdk.CfnOutput(self, "TranscribeName", value=transcribe.function_name)
        cdk.CfnOutput(self, "TranscriptQueueUrl", value=transcripts.queue_url)
        cdk.CfnOutput(self, "FailureQueueUrl", value=failures.queue_url)


app = cdk.App()
Transcriptions(app, "Transcriptions")
app.synth()
