"""The Notify state machine on moto's interpreter: what each branch publishes, and what happens if one fails."""

import json
from typing import Any

import pytest

from job_watcher.detail import serialize
from tests.chat_schema import read_chat_message

from .conftest import Deployment
from .moto_states import answering, failing
from .test_retries import backoff

DETAIL: dict[str, Any] = {
    "kind": "glue/JobRun",
    "request": {"JobName": "nightly", "RunId": "jr_1"},
    "status": "FAILED",
    "outcome": "failed",
    "job": {
        "Tags": ["one"],
        "Timeout": 2880,
        "Ratio": 0.12345678901234568,
        "Large": 2**53 + 1,
        "Empty": [],
        "None": None,
        "Text": "{% 1 %}",
    },
    "watch": "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch",
    "polls": 14,
}
NOTIFICATION = {"subject": "Failed: JobRun nightly", "text": "The job failed.\n"}
PASSED = ("detail_type", "message", "attributes", "subject", "text", "chat")
CHAT = json.dumps({"version": "1.0", "source": "custom", "content": {"description": 'The job failed: "音声" 2^53.'}})
BRANCHES = {
    "bus": ("PutEvents", "Job Ended"),
    "programs": ("Publish", ":programs"),
    "people": ("Publish", ":people"),
    "chat": ("Publish", ":chat"),
}


def notification(chat: str | None = CHAT, **members: Any) -> dict[str, Any]:
    """Return what a watch passes to Notify: the detail with these members, as the Describe function returns it."""
    messages = {**NOTIFICATION, **({"chat": chat} if chat else {})}
    result = serialize({**messages, "detail": {**DETAIL, **members}})
    return {member: result[member] for member in PASSED if member in result}


def attributes(message: dict[str, Any]) -> dict[str, str]:
    given = message.get("MessageAttributes", {})
    assert {attribute["Type"] for attribute in given.values()} <= {"String"}
    return {name: attribute["Value"] for name, attribute in given.items()}


def test_the_end_of_a_job_is_published_to_the_bus_and_to_all_topics(deployment: Deployment) -> None:
    execution = deployment.run_notify(notification())
    (event,), (program,), (person,), (channel,) = map(deployment.received, BRANCHES)
    assert execution["status"] == "SUCCEEDED"
    assert (event["source"], event["detail-type"], event["detail"]) == ("job-watcher", "Job Ended", DETAIL)
    assert json.loads(program["Message"]) == DETAIL
    assert (person["Subject"], person["Message"]) == (NOTIFICATION["subject"], NOTIFICATION["text"])
    assert channel["Message"] == CHAT
    expected = {"kind": "glue/JobRun", "status": "FAILED", "outcome": "failed"}
    assert attributes(program) == attributes(person) == attributes(channel) == expected


def test_other_outcomes_than_those_of_the_setting_have_no_chat_message(deployment: Deployment) -> None:
    deployment.run_notify(notification(outcome="succeeded"))
    assert [len(deployment.received(queue)) for queue in BRANCHES] == [1, 1, 1, 0]


@pytest.mark.parametrize(("outcome", "last"), [("failed", "PublishToChat"), ("stopped", "NotForChat")])
def test_channels_take_three_more_states_than_an_email(deployment: Deployment, outcome: str, last: str) -> None:
    entered = deployment.entered(deployment.run_notify(notification(outcome=outcome)))
    without = {"Progress?", "Notify", "PutEvent", "PublishToPrograms", "ReserveEmail", "PublishEmail"}
    assert sorted(set(entered) - without) == sorted(["PublishToPeople", "IsForChat?", last])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The job failed.\n", "\n\nThe job failed.\n"),
        ("<!here> *a* [b](tel:1) [c] (d)\n", "\n\n?!here? ?a? [b?tel:1) [c] (d)\n"),
        ("x" * 2_501, ""),
    ],
    ids=["short", "markup", "too long"],
)
def test_without_a_chat_message_channels_receive_the_email(deployment: Deployment, text: str, shown: str) -> None:
    deployment.run_notify({**notification(chat=None, outcome="lost"), "text": text})
    (channel,) = deployment.received("chat")
    description = read_chat_message(channel["Message"])["content"]["description"]
    assert description == f"{NOTIFICATION['subject']}{shown}"


def test_a_lost_watch_has_an_event_type_of_its_own(deployment: Deployment) -> None:
    deployment.run_notify(notification(outcome="lost"))
    assert [event["detail-type"] for event in deployment.received("bus")] == ["Watch Lost"]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"kind": None, "status": ""}, {"outcome": "failed"}),
        ({"kind": ["x"], "status": 7}, {"outcome": "failed"}),
        ({"status": "x" * 300}, {"kind": "glue/JobRun", "status": "x" * 256, "outcome": "failed"}),
        ({"status": "音声 \"'😀"}, {"kind": "glue/JobRun", "status": "音声 \"'😀", "outcome": "failed"}),
    ],
    ids=["null and empty", "not strings", "too long", "not ASCII"],
)
def test_a_message_has_an_attribute_for_each_value_that_sns_accepts(
    deployment: Deployment, members: dict[str, Any], expected: dict[str, str]
) -> None:
    deployment.run_notify(notification(**members))
    (program,), (person,) = deployment.received("programs"), deployment.received("people")
    assert attributes(program) == attributes(person) == expected


def test_progress_is_published_to_the_bus_only(deployment: Deployment) -> None:
    execution = deployment.run_notify(notification(outcome="running", percent=50))
    assert deployment.entered(execution) == ["Progress?", "PutProgressEvent"]
    (event,) = deployment.received("bus")
    assert (event["detail-type"], event["detail"]) == (
        "Job Progressed",
        {**DETAIL, "outcome": "running", "percent": 50},
    )
    assert deployment.received("programs") == deployment.received("people") == []


def test_a_progress_event_is_retried_five_times(deployment: Deployment) -> None:
    deployment.services.faults.append(failing("PutEvents", "InternalException"))
    execution = deployment.run_notify(notification(outcome="running"))
    assert (execution["status"], deployment.clock.delays) == ("FAILED", backoff(2, 2, 5))


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_that_fails_is_retried_and_the_others_publish_once(deployment: Deployment, branch: str) -> None:
    operation, about = BRANCHES[branch]
    deployment.services.faults.append(failing(operation, "InternalError", times=25, about=about))
    execution = deployment.run_notify(notification())
    assert (execution["status"], deployment.clock.delays) == ("SUCCEEDED", backoff(2, 2, 25, most=900))
    assert [len(deployment.received(queue)) for queue in BRANCHES] == [1, 1, 1, 1]


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_that_always_fails_fails_the_execution_after_25_retries(deployment: Deployment, branch: str) -> None:
    operation, about = BRANCHES[branch]
    deployment.services.faults.append(failing(operation, "InternalError", about=about))
    execution = deployment.run_notify(notification())
    assert (execution["status"], deployment.clock.delays) == ("FAILED", backoff(2, 2, 25, most=900))
    assert {queue: len(deployment.received(queue)) for queue in BRANCHES} == {**dict.fromkeys(BRANCHES, 1), branch: 0}


def test_if_all_branches_fail_for_a_while_each_publishes_once(deployment: Deployment) -> None:
    for operation, about in BRANCHES.values():
        deployment.services.faults.append(failing(operation, "InternalError", times=20, about=about))
    assert deployment.run_notify(notification())["status"] == "SUCCEEDED"
    assert len(deployment.clock.delays) == len(BRANCHES) * 20
    assert [len(deployment.received(queue)) for queue in BRANCHES] == [1, 1, 1, 1]


def test_if_all_branches_always_fail_nothing_is_published_and_the_execution_fails(deployment: Deployment) -> None:
    for operation, about in BRANCHES.values():
        deployment.services.faults.append(failing(operation, "InternalError", about=about))
    assert deployment.run_notify(notification())["status"] == "FAILED"
    assert [len(deployment.received(queue)) for queue in BRANCHES] == [0, 0, 0, 0]


def test_an_event_that_the_bus_rejects_is_retried(deployment: Deployment) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html"""
    rejected = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}], "ResponseMetadata": {}}
    deployment.services.faults.append(answering("PutEvents", rejected, times=1))
    execution = deployment.run_notify(notification())
    (failed,) = deployment.history(execution, "TaskFailed")
    assert failed["taskFailedEventDetails"]["error"] == "EventBridge.FailedEntry"
    assert (execution["status"], len(deployment.received("bus"))) == ("SUCCEEDED", 1)
