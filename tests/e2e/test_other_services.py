"""Tests with jobs that MiniStack and moto emulate, that is, with emulators that aren't part of this project."""

import itertools
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore import xform_name

from infra.catalogue.service_names import short_name
from job_watcher import catalogue
from job_watcher.expressions import search
from job_watcher.to_json import to_json
from local.sample import BUCKET, ROLE

from .conftest import MINISTACK_KINDS, MOTO_KINDS, World

KINDS = catalogue.kinds((*MINISTACK_KINDS, *MOTO_KINDS))
Request = dict[str, Any]
unique_numbers = itertools.count(1)


class Job(NamedTuple):
    """How a job is started, and what is expected of its notification. `email_text` is a part of the email."""

    kind: str
    start: Callable[[World], Request]
    status: str
    outcome: str
    email_text: str = ""
    min_polls: int = 1
    """The minimum number of polls: moto changes the status of some jobs after a number of describe calls."""


def transcription(world: World, media: str = "input-file.json") -> Request:
    name = f"call-{next(unique_numbers)}"
    world.cloud.client("transcribe").start_transcription_job(
        TranscriptionJobName=name, Media={"MediaFileUri": f"s3://{BUCKET}/{media}"}, LanguageCode="en-US"
    )
    return {"TranscriptionJobName": name}


def transcription_of_missing_file(world: World) -> Request:
    return transcription(world, media="missing.wav")


def translation(world: World, text: bytes = b"Good morning.\n", content_type: str = "text/plain") -> Request:
    folder = f"letters-{next(unique_numbers)}/"
    world.s3.put_object(Bucket=BUCKET, Key=f"{folder}letter", Body=text)
    job = world.cloud.client("translate").start_text_translation_job(
        InputDataConfig={"S3Uri": f"s3://{BUCKET}/{folder}", "ContentType": content_type},
        OutputDataConfig={"S3Uri": f"s3://{BUCKET}/translated/"},
        DataAccessRoleArn=ROLE,
        SourceLanguageCode="en",
        TargetLanguageCodes=["fr"],
        ClientToken=folder.rstrip("/"),
    )
    return {"JobId": job["JobId"]}


def translation_of_broken_xliff(world: World) -> Request:
    return translation(world, b"<xliff", "application/x-xliff+xml")


def stopped_translation(world: World) -> Request:
    request = translation(world)
    world.cloud.client("translate").stop_text_translation_job(**request)
    return request


def export(world: World) -> Request:
    dynamodb = world.cloud.client("dynamodb")
    table = dynamodb.create_table(TableName=f"callers-{next(unique_numbers)}", **KEY)["TableDescription"]["TableArn"]
    job = dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket=BUCKET)["ExportDescription"]
    return {"ExportArn": job["ExportArn"]}


def table_import(world: World, item: str = '{"Item": {"name": {"S": "Ada"}}}') -> Request:
    table = f"callers-{next(unique_numbers)}"
    world.s3.put_object(Bucket=BUCKET, Key=f"{table}/items.json", Body=item.encode())
    job = world.cloud.client("dynamodb").import_table(
        S3BucketSource={"S3Bucket": BUCKET, "S3KeyPrefix": table},
        InputFormat="DYNAMODB_JSON",
        TableCreationParameters={"TableName": table, **KEY},
    )["ImportTableDescription"]
    return {"ImportArn": job["ImportArn"]}


def import_without_keys(world: World) -> Request:
    return table_import(world, '{"Item": {"age": {"N": "36"}}}')


def glue_run(world: World) -> Request:
    glue, name = world.cloud.client("glue"), f"nightly-{next(unique_numbers)}"
    glue.create_job(Name=name, Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/nightly.py"})
    return {"JobName": name, "RunId": glue.start_job_run(JobName=name)["JobRunId"]}


def query(world: World) -> Request:
    results = {"OutputLocation": f"s3://{BUCKET}/queries/"}
    started = world.cloud.client("athena").start_query_execution(QueryString="SELECT 1", ResultConfiguration=results)
    return {"QueryExecutionId": started["QueryExecutionId"]}


def stopped_query(world: World) -> Request:
    request = query(world)
    world.cloud.client("athena").stop_query_execution(**request)
    return request


def transfer(world: World) -> Request:
    datasync = world.cloud.client("datasync")
    access = {"BucketAccessRoleArn": ROLE}
    here, there = (
        datasync.create_location_s3(S3BucketArn=f"arn:aws:s3:::{bucket}", S3Config=access)["LocationArn"]
        for bucket in (BUCKET, "archive")
    )
    task = datasync.create_task(SourceLocationArn=here, DestinationLocationArn=there)["TaskArn"]
    return {"TaskExecutionArn": datasync.start_task_execution(TaskArn=task)["TaskExecutionArn"]}


def cancelled_transfer(world: World) -> Request:
    request = transfer(world)
    world.cloud.client("datasync").cancel_task_execution(**request)
    return request


def training(world: World) -> Request:
    name = f"model-{next(unique_numbers)}"
    world.cloud.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    return {"TrainingJobName": name}


KEY: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
JOBS = [
    Job("transcribe/TranscriptionJob", transcription, "COMPLETED", "succeeded"),
    Job(
        "transcribe/TranscriptionJob", transcription_of_missing_file, "FAILED", "failed", email_text="can't be accessed"
    ),
    Job("translate/TextTranslationJob", translation, "COMPLETED", "succeeded"),
    Job("translate/TextTranslationJob", translation_of_broken_xliff, "COMPLETED_WITH_ERROR", "partial"),
    Job("translate/TextTranslationJob", stopped_translation, "STOPPED", "stopped"),
    Job("dynamodb/Export", export, "COMPLETED", "succeeded"),
    Job("dynamodb/Import", table_import, "COMPLETED", "succeeded"),
    Job(
        "dynamodb/Import",
        import_without_keys,
        "FAILED",
        "failed",
        email_text="Some of the items failed validation checks",
    ),
    Job("glue/JobRun", glue_run, "SUCCEEDED", "succeeded", min_polls=2),
    Job("athena/QueryExecution", query, "SUCCEEDED", "succeeded", min_polls=2),
    Job("athena/QueryExecution", stopped_query, "CANCELLED", "stopped"),
    # moto's first status, INITIALIZING, isn't one of DataSync's. An unknown status must not end the watch.
    Job("datasync/TaskExecution", transfer, "SUCCESS", "succeeded", min_polls=2),
    Job("datasync/TaskExecution", cancelled_transfer, "ERROR", "failed"),
    # moto completes a training job when it is created; on AWS, it would be InProgress
    Job("sagemaker/TrainingJob", training, "Completed", "succeeded"),
]
SERVICES = {service: list(jobs) for service, jobs in itertools.groupby(JOBS, lambda job: job.kind.partition("/")[0])}
# Without Athena, for which moto returns HTTP 500, and DataSync, for which moto's error differs from AWS's.
MISSING = [
    ("glue/JobRun", {"JobName": "missing", "RunId": "jr_0"}, "EntityNotFoundException"),
    ("sagemaker/TrainingJob", {"TrainingJobName": "missing"}, "ValidationException"),
    ("transcribe/TranscriptionJob", {"TranscriptionJobName": "missing"}, "NotFoundException"),
    ("translate/TextTranslationJob", {"JobId": "missing"}, "ResourceNotFoundException"),
    (
        "dynamodb/Export",
        {"ExportArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t/export/0"},
        "ExportNotFoundException",
    ),
    ("batch/Job", {"jobs": ["missing"]}, "NotFound"),  # Batch returns an empty list instead of an error
]


@pytest.mark.parametrize("jobs", SERVICES.values(), ids=SERVICES)
def test_each_job_of_the_service_is_reported_when_it_ends(world: World, jobs: list[Job]) -> None:
    requests = [job.start(world) for job in jobs]
    watches = [world.watch({"kind": job.kind, "request": request}) for job, request in zip(jobs, requests, strict=True)]
    for job, request, watch in zip(jobs, requests, watches, strict=True):
        assert check_report(world, job, request, watch)["polls"] >= job.min_polls


@pytest.mark.parametrize("job", [JOBS[0], JOBS[2]], ids=lambda job: job.kind)
def test_the_event_of_the_service_starts_a_watch_of_the_job(world: World, job: Job) -> None:
    detail = world.event(job.start(world))["detail"]
    assert (detail["kind"], detail["status"], detail["outcome"]) == (job.kind, job.status, job.outcome)


@pytest.fixture(scope="module", autouse=True)
def lost(world: World, never_ending: str) -> dict[str, str]:
    """Start watches of jobs that don't exist, and return their ARNs by kind.

    Each takes two minutes in scaled time, and starts before the other tests of this file, so that they needn't wait.
    """
    return {kind: world.watch({"kind": kind, "request": request}) for kind, request, _ in MISSING}


@pytest.mark.parametrize(("kind", "request_", "error"), MISSING, ids=[kind for kind, *_ in MISSING])
def test_the_watch_of_a_missing_job_is_lost_after_two_minutes_with_the_error_of_the_service(
    world: World, lost: dict[str, str], kind: str, request_: Request, error: str
) -> None:
    execution = world.end(lost[kind])
    event = world.event(request_)
    detail = event["detail"]
    assert 5 <= detail.pop("polls") <= 9  # every 15 seconds at first
    assert event["detail-type"] == "Watch Lost"
    assert (execution["error"], execution["cause"]) == ("WatchLost", detail["reason"])
    assert detail == {
        **detail,
        "kind": kind,
        "request": request_,
        "outcome": "lost",
        "watch": lost[kind],
        "error": error,
        "reason": detail["reason"],
    }
    assert detail["reason"].startswith(f"{KINDS[kind].describe}")
    assert world.email(lost[kind])["Subject"].startswith("Lost: ") and f": {detail['reason']}" in detail["summary"]


def test_jobs_of_a_custom_kind_are_watched(world: World) -> None:
    dynamodb, request = world.cloud.client("dynamodb"), {"TableName": f"callers-{next(unique_numbers)}"}
    dynamodb.create_table(**request, **KEY)
    world.end(world.watch({"kind": "dynamodb/CustomTable", "request": request}))
    detail = world.event(request)["detail"]
    assert (detail["kind"], detail["status"], detail["outcome"]) == ("dynamodb/CustomTable", "ACTIVE", "succeeded")
    assert detail["job"]["TableName"] == request["TableName"]


def test_a_waiter_kind_reports_the_resource_in_the_expected_state(world: World) -> None:
    rds, request = world.cloud.client("rds"), {"DBSnapshotIdentifier": "nightly"}
    rds.create_db_instance(DBInstanceIdentifier="callers", DBInstanceClass="db.t4g.micro", Engine="postgres")
    rds.create_db_snapshot(DBInstanceIdentifier="callers", **request)
    execution = world.end(world.watch({"kind": "rds/waiter/DBSnapshotCompleted", "request": request}))
    detail = world.event(request)["detail"]
    (snapshot,) = rds.describe_db_snapshots(**request)["DBSnapshots"]
    assert detail == json.loads(execution["output"])
    assert (detail["status"], detail["outcome"], detail["job"]) == ("available", "succeeded", to_json(snapshot))


def test_a_waiter_kind_waits_for_a_resource_to_exist(world: World) -> None:
    request = {"Bucket": BUCKET, "Key": f"new-{next(unique_numbers)}.txt"}
    watch = world.watch({"kind": "s3/waiter/ObjectExists", "request": request})
    world.wait_for_first_poll(watch)
    world.s3.put_object(Bucket=BUCKET, Key=request["Key"], Body=b"here")
    world.end(watch)
    detail = world.event(request)["detail"]
    assert detail["outcome"] == "succeeded" and detail["polls"] >= 2
    assert detail["job"]["ContentLength"] == len(b"here")


def test_a_waiter_kind_waits_for_a_resource_to_be_deleted(world: World) -> None:
    dynamodb, request = world.cloud.client("dynamodb"), {"TableName": f"callers-{next(unique_numbers)}"}
    dynamodb.create_table(**request, **KEY)
    watch = world.watch({"kind": "dynamodb/waiter/TableNotExists", "request": request})
    world.wait_for_first_poll(watch)
    dynamodb.delete_table(**request)
    world.end(watch)
    detail = world.event(request)["detail"]
    assert (detail["status"], detail["outcome"]) == ("ResourceNotFoundException", "succeeded")
    assert detail["job"]["Error"]["Code"] == "ResourceNotFoundException"


def test_a_waiter_kind_for_deletion_does_not_report_an_unknown_name_as_deleted(world: World) -> None:
    request = {"TableName": f"caller-{next(unique_numbers)}"}
    execution = world.end(world.watch({"kind": "dynamodb/waiter/TableNotExists", "request": request}))
    assert (execution["error"], world.event(request)["detail"]["outcome"]) == ("WatchLost", "lost")


def check_report(world: World, job: Job, request: Request, watch: str) -> dict[str, Any]:
    """Wait for the end of a watch and check the event and the email about its job. Return the watch's output."""
    execution = world.end(watch)
    event = world.event(request)
    output: dict[str, Any] = json.loads(execution["output"])
    assert event["detail-type"] == "Job Ended"
    assert event["detail"] == {
        **event["detail"],
        "kind": job.kind,
        "request": request,
        "status": job.status,
        "outcome": job.outcome,
        "job": describe(world, job.kind, request),
    }
    # the watch that the service's event started can have reported the end first
    of_the_watch = {name: output[name] for name in ("watch", "links", "polls")}
    assert {**event["detail"], **of_the_watch} == output and output["watch"] == watch
    name = str(list(request.values())[-1])
    if job.outcome == "succeeded":
        assert world.all_emails(name) == []  # email-outcomes doesn't contain succeeded
    else:
        email = world.email(name)
        kind = KINDS[job.kind]
        named = f"{job.outcome.capitalize()}: {short_name(kind.service)} {kind.label} "
        assert email["Subject"].startswith(named[:60])
        assert job.email_text in email["BodyText"]
    return output


def describe(world: World, name: str, request: Request) -> Any:
    """Return the Job dict that the describe call returns now."""
    kind = KINDS[name]
    answer = getattr(world.cloud.client(kind.service), xform_name(kind.describe))(**kind.arguments(request))
    return to_json(search(kind.job, {member: answer[member] for member in answer if member != "ResponseMetadata"}))
