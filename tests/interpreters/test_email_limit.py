"""The limit of emails on moto's interpreter: who takes a place, what is left out, and the digest."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser import models

from infra.subscribers import SEVERAL_JOBS
from tests.chat_schema import read_chat_message

from .conftest import Deployment, Execution
from .moto_states import failing, join
from .test_notify import DETAIL, attributes, notification

LIMIT = 5
WATCH = DETAIL["watch"]
TIME = "2026-11-27T19:2"
"""The ten minutes in which the notifications start."""
FAILED = f"glue-JobRun-failed-{TIME[5:].replace(':', '-')}"
"""The group of the emails about failed Glue job runs."""


@pytest.fixture(autouse=True)
def start_time(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All executions start in the same ten minutes. Wait states last until `send_digests`."""
    started = datetime.fromisoformat(f"{TIME}5:30.123Z")
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda tz: started), timezone=timezone)
    monkeypatch.setattr(models, "datetime", clock)
    deployment.clock.waits.clear()
    yield
    deployment.clock.waits.set()


def flood(deployment: Deployment, count: int, begin: int = 0, **members: Any) -> list[Execution]:
    """Run so many notifications, one after the other. Their digests wait."""
    given = {**notification(**members), "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": WATCH}
    return [deployment.run_notify(given, f"job-{number}", wait=False) for number in range(begin, begin + count)]


def send_digests(deployment: Deployment) -> list[Execution]:
    """Let the digests continue, and return their executions."""
    deployment.clock.waits.set()
    join()
    return deployment.executions(deployment.digest_machine)


def names(deployment: Deployment) -> list[str]:
    """Return the names that limit and count the emails."""
    return sorted(execution["name"] for execution in deployment.executions(deployment.limit_machine))


def subjects(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [message["Subject"] for message in messages]


def test_five_emails_are_sent_and_the_others_are_counted_in_one_more(deployment: Deployment) -> None:
    executions = flood(deployment, 8)
    assert {execution["status"] for execution in executions} == {"SUCCEEDED"}
    assert [len(deployment.received(queue)) for queue in ("bus", "programs", "people")] == [8, 8, LIMIT]
    assert [name for name in names(deployment) if len(name) == len(FAILED) + 2] == [
        f"{FAILED}-{number}" for number in range(LIMIT)
    ]
    (digest,) = send_digests(deployment)
    assert (digest["name"], digest["status"]) == (FAILED, "SUCCEEDED")
    (email,) = deployment.received("people")
    assert (email["Subject"], attributes(email)) == (
        "Failed: 3 more of kind glue/JobRun (eu-west-1)",
        {"kind": "glue/JobRun", "outcome": "failed", "title": SEVERAL_JOBS},
    )
    assert email["Message"] == (
        "Failed: 3 more jobs of kind glue/JobRun, 2026-11-27 19:20 to 19:30 UTC.\n\n"
        "Job Watcher sends at most 5 emails per kind and outcome in ten minutes, and left out the others. "
        "The event bus and the topic for programs have an event about each job.\n\n"
        "All watches: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/statemachines/view/"
        "arn:aws:states:eu-west-1:123456789012:stateMachine:Watch\n\n"
        "Recommended action: Check whether the jobs have a common cause. To list the jobs, run:\n\n"
        "  job-watcher list --kind glue/JobRun --outcome failed --limit 1000\n"
    )


def test_chat_channels_have_the_same_limit_and_a_digest_in_a_thread_of_its_own(deployment: Deployment) -> None:
    flood(deployment, 8)
    flood(deployment, 8, 10, outcome="stopped")  # not an outcome of the channels
    assert len(deployment.received("chat")) == LIMIT
    send_digests(deployment)
    (digest,) = deployment.received("chat")
    message = read_chat_message(digest["Message"])
    assert message["content"]["title"] == "Failed: 3 more of kind glue/JobRun (eu-west-1)"
    assert "\n\nJob Watcher sends at most 5 messages per kind and outcome" in message["content"]["description"]
    assert message["metadata"]["threadId"] == FAILED
    assert attributes(digest) == {"kind": "glue/JobRun", "outcome": "failed", "title": SEVERAL_JOBS}


@pytest.mark.parametrize(("topic", "other"), [("people", "chat"), ("chat", "people")])
def test_a_digest_that_one_topic_refuses_is_published_to_the_other(
    deployment: Deployment, topic: str, other: str
) -> None:
    flood(deployment, 6)
    for queue in (topic, other):
        assert len(deployment.received(queue)) == LIMIT
    deployment.services.faults.append(failing("Publish", "InternalError", about=f":{topic}"))
    (digest,) = send_digests(deployment)
    assert (digest["status"], len(deployment.received(other))) == ("FAILED", 1)


def test_five_jobs_make_five_emails_and_no_digest(deployment: Deployment) -> None:
    flood(deployment, LIMIT)
    assert send_digests(deployment) == []
    assert len(deployment.received("people")) == LIMIT


def test_each_kind_and_outcome_has_a_limit_and_a_digest(deployment: Deployment) -> None:
    flood(deployment, 6)
    flood(deployment, 7, 10, outcome="lost")
    flood(deployment, 6, 20, kind="batch/Job")
    flood(deployment, 1, 30, outcome="stopped")
    assert len(deployment.received("people")) == 3 * LIMIT + 1
    assert len(send_digests(deployment)) == 3
    assert sorted(subjects(deployment.received("people"))) == [
        "Failed: 1 more of kind batch/Job (eu-west-1)",
        "Failed: 1 more of kind glue/JobRun (eu-west-1)",
        "Lost: 2 more of kind glue/JobRun (eu-west-1)",
    ]


def test_a_watch_that_is_lost_without_a_kind_is_limited_too(deployment: Deployment) -> None:
    flood(deployment, 6, kind=None, outcome="lost")
    assert len(deployment.received("people")) == LIMIT
    send_digests(deployment)
    (email,) = deployment.received("people")
    expected = {"outcome": "lost", "title": SEVERAL_JOBS}, "Lost: 1 more of kind unknown (eu-west-1)"
    assert (attributes(email), email["Subject"]) == expected


@pytest.mark.parametrize("kind", ["é😀" * 100, "a.b\nhttps://evil.example", "x" * 300, "voice-id/SpeakerEnrollmentJob"])
def test_every_kind_makes_valid_names_and_a_valid_subject(deployment: Deployment, kind: str) -> None:
    flood(deployment, 6, kind=kind, outcome="succeeded")
    send_digests(deployment)
    subject = subjects(deployment.received("people"))[-1]
    assert len(subject) < 100 and subject.isascii() and subject.isprintable() and "://" not in subject
    assert all(len(name) <= 80 for name in names(deployment))
    assert len(names(deployment)) == 6


@pytest.mark.parametrize("machine", [":EmailLimit", ":EmailDigest"])
def test_if_an_execution_cannot_be_started_every_email_is_sent(deployment: Deployment, machine: str) -> None:
    deployment.services.faults.append(failing("StartExecution", "AccessDeniedException", about=machine))
    executions = flood(deployment, 7)
    assert {execution["status"] for execution in executions} == {"SUCCEEDED"}
    assert len(deployment.received("people")) == 7


def test_throttling_for_a_while_does_not_exceed_the_limit(deployment: Deployment) -> None:
    deployment.services.faults.append(failing("StartExecution", "ThrottlingException", times=7, about="EmailLimit"))
    flood(deployment, 7)
    assert len(deployment.received("people")) == LIMIT


def test_an_email_that_sns_refuses_fails_the_notification_and_keeps_its_place(deployment: Deployment) -> None:
    deployment.services.faults.append(failing("Publish", "InternalError", about=":people"))
    (execution,) = flood(deployment, 1)
    assert (execution["status"], names(deployment)) == ("FAILED", [f"{FAILED}-0"])


def test_the_digest_reads_all_pages_of_its_ten_minutes(deployment: Deployment) -> None:
    flood(deployment, 6)

    def page(*names: str, begin: str = TIME) -> dict[str, Any]:
        executions = [{"name": name, "startDate": f"{begin}9:00.000Z"} for name in names]
        return {"executions": executions, "nextToken": "t", "ResponseMetadata": {}}

    pages = [  # the last one isn't read
        page(f"{FAILED}-{1:012x}", f"{FAILED}-0", "glue-JobRun-lost-11-27T19-2-0123456789ab"),
        page(f"{FAILED}-{2:012x}", f"{FAILED}-{3:012x}"),
        page(f"{FAILED}-{4:012x}", "other", begin="2026-11-27T19:1"),
        page(f"{FAILED}-{5:012x}"),
    ]
    remaining = iter(pages)
    deployment.services.faults.append(lambda called, _: next(remaining) if called == "ListExecutions" else None)
    send_digests(deployment)
    assert subjects(deployment.received("people"))[-1] == "Failed: 4 more of kind glue/JobRun (eu-west-1)"


def test_a_digest_whose_emails_cannot_be_counted_has_no_number(deployment: Deployment) -> None:
    deployment.services.faults.append(failing("ListExecutions", "ThrottlingException"))
    flood(deployment, 6)
    (digest,) = send_digests(deployment)
    email = deployment.received("people")[-1]
    assert (digest["status"], email["Subject"]) == ("SUCCEEDED", "Failed: more of kind glue/JobRun (eu-west-1)")
    assert email["Message"].startswith("Failed: more jobs of kind glue/JobRun, 2026-11-27 19:20 to 19:30 UTC.\n")


def test_a_digest_that_sns_refuses_is_retried(deployment: Deployment) -> None:
    flood(deployment, 6)
    deployment.received("people")
    deployment.services.faults.append(failing("Publish", "InternalError", times=25, about=":people"))
    (digest,) = send_digests(deployment)
    assert (digest["status"], len(deployment.received("people"))) == ("SUCCEEDED", 1)


def test_an_email_about_progress_takes_no_place(deployment: Deployment) -> None:
    flood(deployment, 6, outcome="running")
    assert names(deployment) == []


def test_the_digest_receives_only_what_it_needs(deployment: Deployment) -> None:
    flood(deployment, 6)
    (digest,) = send_digests(deployment)
    given = json.loads(digest["input"])
    del given["AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"]
    assert given == {
        "group": FAILED,
        "begin": f"{TIME}0:00.000Z",
        "attributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("kind", "glue/JobRun"), ("outcome", "failed"), ("title", SEVERAL_JOBS))
        },
        "watch": WATCH,
    }
