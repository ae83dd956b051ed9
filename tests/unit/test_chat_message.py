"""The chat message says what happened, whether it is bad, and what to do, in Slack's and Teams' markup."""

import re
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.catalogue.notifications_page import SAMPLES, email
from job_watcher import catalogue, evaluate
from job_watcher.chat_message import chat_message
from job_watcher.detail import Detail, Notification, serialize
from job_watcher.notification import add_overdue, build_watch_lost
from job_watcher.poll_state import carry_over
from job_watcher.watch import Rules, Watch
from tests.chat_schema import read_chat_message
from tests.unit.test_hostile_values import CONSOLE, SPEAKER, detail

ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
NOW = 1_772_357_400.0  # 2026-03-01T09:30:00Z
RUN = catalogue.load("glue")["glue/JobRun"]
REQUEST = {"JobName": "nightly-orders", "RunId": "jr_1"}
JOB: dict[str, Any] = {
    "JobName": "nightly-orders",
    "Id": "jr_1",
    "JobRunState": "FAILED",
    "ErrorMessage": "No such path.",
    "LogGroupName": "/aws-glue/jobs",
}


def watch(**rules: Any) -> Watch:
    state = carry_over({"polls": 3, "age": 600, "last_answer": 600})
    return Watch({"kind": RUN.name, "request": REQUEST}, ARN, state, Rules(services={"glue": "Glue"}, **rules), RUN)


def ended(**rules: Any) -> Notification:
    observation = RUN.read({"JobRun": JOB})
    assert observation
    return cast(Notification, evaluate.after_answer(watch(**rules), observation, NOW))


def content(message: str) -> dict[str, Any]:
    return cast(dict[str, Any], read_chat_message(message)["content"])


def test_the_title_is_the_outcome_and_the_job_and_the_description_has_the_reason_and_the_facts() -> None:
    found = content(ended(chat=True)["chat"])
    assert found["title"] == "❌ Failed: Glue job run nightly-orders (eu-west-1)"
    assert found["description"] == "Glue job run nightly-orders failed: No such path.\n\nStatus: `FAILED`"
    assert found["keywords"] == ["failed", "glue/JobRun", "123456789012", "eu-west-1"]


def test_the_next_steps_are_the_recommended_action_and_the_links() -> None:
    notification = ended(chat=True)
    first, *links = content(notification["chat"])["nextSteps"]
    assert f"Recommended action: {first}\n" in notification["text"]
    assert [link.partition(": ")[0] for link in links] == ["Job", "Logs", "Watch"]
    assert all(f"\n{link}\n" in notification["text"] for link in links)


def test_there_is_no_chat_message_without_channels() -> None:
    notification = ended()
    assert "chat" not in notification and "chat" not in serialize(notification)


def test_an_overdue_job_and_its_end_are_in_one_thread_and_other_watches_in_others() -> None:
    running = RUN.read({"JobRun": {**JOB, "JobRunState": "RUNNING"}})
    assert running
    overdue = add_overdue(watch(chat=True), carry_over({"last_answer": 600}), running, "Running for 10 min.", NOW)
    other = replace(watch(chat=True), arn=ARN.replace("the-watch", "another-watch"))
    lost = build_watch_lost(other, "NotFound", "No such job.")
    threads = [
        read_chat_message(message["chat"])["metadata"]["threadId"] for message in (overdue, ended(chat=True), lost)
    ]
    assert threads == ["the-watch", "the-watch", "another-watch"]
    assert content(overdue["chat"])["title"].startswith("⏰ Overdue: ")


def test_a_watch_whose_input_is_no_object_has_a_valid_message() -> None:
    broken = replace(watch(chat=True), input=[1], kind=None)
    lost = build_watch_lost(broken, "InvalidInput", "The input is a list; accepted is an object.")
    assert content(lost["chat"])["title"].startswith("❓ Lost: a job")


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["kind"] for sample in SAMPLES])
def test_the_message_about_each_sample_job_is_valid_and_fits_on_a_screen(sample: dict[str, Any]) -> None:
    notification = email(sample)
    found = content(notification["chat"])
    assert len(found["description"].splitlines()) <= 10
    assert found["nextSteps"][0] in notification["text"]


@given(st.text())
@example("<!channel> <@U0123ABCD> @here @channel")
@example("*bold* ~gone~ `code` [link](https://evil.example)")
@example("\u202e\n" * 2_000)
@example("https://evil.example/" + "x" * 5_000)
def test_no_value_of_a_job_mentions_anybody_or_adds_a_link_or_ends_a_code_span(value: str) -> None:
    hostile = detail(value)
    hostile["kind"] = value
    message = read_chat_message(chat_message(SPEAKER, f"Failed: {value[:20]}", hostile))
    found = message["content"]
    texts = [
        found["title"],
        found["description"],
        *found["keywords"],
        *message["metadata"]["additionalContext"].values(),
    ]
    assert not any(re.search("[<>@*~]|://(?!$)", text) for text in texts)
    for line in found["description"].split("\n")[2:]:
        assert re.fullmatch("[A-Z][a-z ]+: `[^`]+`", line)
    assert all(link.split(": ")[1].startswith(CONSOLE) for link in found["nextSteps"][1:])


def test_a_link_that_is_too_long_is_left_out_and_not_truncated() -> None:
    given_detail: Detail = ended(chat=True)["detail"]
    given_detail["links"] = {"job": CONSOLE + "x" * 600, "watch": CONSOLE + "watch"}
    steps = content(chat_message(RUN, "Failed", given_detail))["nextSteps"]
    assert steps[1:] == [f"Watch: {CONSOLE}watch"]
