"""Tests of filters and routes: which jobs events start watches of, and who receives the emails about them."""

import itertools
import json
from typing import Any

import pytest

from local.sample import BUCKET, ROLE

from .conftest import ETL, World, speakers, until

CLOUDTRAIL, JOB_RUN = "AWS API Call via CloudTrail", "glue/JobRun"
numbers = itertools.count(1)
Event = tuple[str, str, dict[str, Any]]


def start_run(world: World, prefix: str) -> dict[str, str]:
    """Start a run of a new Glue job, and return the request that describes it."""
    glue, name = world.cloud.client("glue"), f"{prefix}-{next(numbers)}"
    glue.create_job(Name=name, Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/{name}.py"})
    return {"JobName": name, "RunId": glue.start_job_run(JobName=name)["JobRunId"]}


def start_call(run: dict[str, str]) -> Event:
    """Return CloudTrail's event of the call that started this run."""
    call = {"eventSource": "glue.amazonaws.com", "eventName": "StartJobRun"}
    values = {"requestParameters": {"jobName": run["JobName"]}, "responseElements": {"jobRunId": run["RunId"]}}
    return "aws.glue", CLOUDTRAIL, {**call, **values}


def state_change(run: dict[str, str]) -> Event:
    """Return the service's own event about this run."""
    detail = {"jobName": run["JobName"], "jobRunId": run["RunId"], "state": "SUCCEEDED"}
    return "aws.glue", "Glue Job State Change", detail


def put(world: World, *events: Event) -> None:
    """Put events on the default bus."""
    entries = [
        {"Source": source, "DetailType": type_, "Detail": json.dumps(detail)} for source, type_, detail in events
    ]
    assert world.cloud.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0


def started(world: World, before: set[str]) -> list[Any]:
    """Return the inputs of the watches that started since then."""
    new = set(world.watches()) - before
    return [json.loads(world.states.describe_execution(executionArn=watch)["input"]) for watch in new]


@pytest.mark.parametrize("event", [start_call, state_change])
def test_events_start_a_watch_of_a_job_that_the_filters_select_but_not_of_others(world: World, event: Any) -> None:
    before, selected, other = set(world.watches()), start_run(world, "prod"), start_run(world, "dev")
    training = {"TrainingJobName": "excluded", "TrainingJobStatus": "Completed"}
    put(
        world,
        event(other),
        ("aws.sagemaker", "SageMaker Training Job State Change", training),
        ("aws.athena", "Athena Query State Change", {"queryExecutionId": "excluded", "currentState": "SUCCEEDED"}),
        event(selected),
    )
    assert world.event(selected)["detail"]["outcome"] == "succeeded"
    assert [watch_input["request"] for watch_input in started(world, before)] == [selected]
    assert lost_events(world, "excluded", other["RunId"]) == []


def lost_events(world: World, *texts: str) -> list[str]:
    """Return the messages in the dead-letter queue of events that contain one of the texts."""
    sqs = world.cloud.client("sqs")
    (queue,) = [url for url in sqs.list_queues()["QueueUrls"] if "TriggerDLQ" in url]
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return [message["Body"] for message in messages if any(text in message["Body"] for text in texts)]


def test_a_job_that_the_filters_exclude_can_be_watched_by_hand(world: World) -> None:
    run = start_run(world, "dev")
    world.watch({"kind": JOB_RUN, "request": run})
    assert world.event(run)["detail"]["outcome"] == "succeeded"


def test_a_route_receives_only_the_emails_about_its_kinds_and_outcomes(world: World) -> None:
    run, missing = start_run(world, "dev"), {"JobName": "dev", "RunId": f"missing-{next(numbers)}"}
    enrollment = world.start_job(manifest=world.put_manifest("routes.json", speakers(4, missing=1)))
    watches = [
        world.watch(watch_input)
        for watch_input in (
            {"kind": JOB_RUN, "request": run},
            {"kind": JOB_RUN, "request": missing},
            {"kind": "voice-id/SpeakerEnrollmentJob", "request": enrollment},
            {"request": run},
        )
    ]
    for watch in watches:
        world.end(watch)
    until(lambda: world.emails(run["RunId"], ETL))
    for watch in watches[1:]:
        world.email(watch)
    assert [bool(world.all_emails(watch, ETL)) for watch in watches] == [True, False, False, False]
    assert world.all_emails(watches[0]) == []
