"""The chat message says what happened, whether it is bad, and what to do, in Slack's and Teams' markup."""

# ruff: noqa: RUF001 (the similar characters)

import re
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.catalogue.notifications_page import SAMPLES, email
from job_watcher import catalogue, evaluate
from job_watcher.chat_message import MAX_STEP_LENGTH, chat_message, plain
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
    assert found["description"] == "Glue job run nightly-orders failed: No such path.\n\n- Status: FAILED"
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
@example("[link](tel:1) &lt;!here&gt; :tada: _a_ __b__")
@example("\u202e\n" * 2_000)
@example("see ://, HTTPS://evil.example and s3://bucket/key")
@example("https://evil.example/" + "x" * 5_000)
def test_no_value_of_a_job_mentions_anybody_or_adds_a_link_or_a_line(value: str) -> None:
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
    assert not any(re.search("[<>@*~]|(?i:https?|ftp)://", text) for text in texts)
    for text in (found["title"], *found["description"].split("\n"), *found["keywords"]):
        assert not re.search(r"`|\]\(|&#?\w+;|(^|\s)(:[\w+'-]+:|_)", text)
    for line in found["description"].split("\n")[2:]:
        assert re.fullmatch("- (Status|Results): .+", line)
    assert all(link.split(": ")[1].startswith(CONSOLE) for link in found["nextSteps"][1:])


def test_a_link_that_is_too_long_is_left_out_and_not_truncated() -> None:
    given_detail: Detail = ended(chat=True)["detail"]
    longest = CONSOLE + "x" * (350 - len(f"Job: {CONSOLE}"))
    given_detail["links"] = {"job": longest, "logs": longest, "watch": CONSOLE + "watch"}
    steps = content(chat_message(RUN, "Failed", given_detail))["nextSteps"]
    assert steps[1:] == [f"Job: {longest}", f"Watch: {CONSOLE}watch"]


def test_no_advice_of_the_catalogue_is_too_long_for_a_step() -> None:
    before = len("The service gives no reason. ")
    for kind in catalogue.kinds().values():
        assert all(before + len(advice) <= MAX_STEP_LENGTH for advice in kind.advice.values()), kind.name


def test_longer_advice_of_a_custom_kind_and_a_longer_name_are_truncated() -> None:
    given_detail: Detail = ended(chat=True)["detail"]
    given_detail["kind"] = "x" * 90
    message = read_chat_message(chat_message(replace(RUN, advice={"failed": "word " * 100}), "Failed", given_detail))
    assert message["content"]["nextSteps"][0].startswith("Check the logs first. word word ")
    assert message["content"]["nextSteps"][0].endswith("…")
    assert message["content"]["keywords"][1] == "x" * 74 + "…"
    assert message["metadata"]["additionalContext"]["kind"] == "x" * 90


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<!here> <@U1> *a* ~b~ `c`", "‹!here› ‹＠U1› ∗a∗ ∼b∼ 'c'"),
        ("ended :white_check_mark: :+1:", "ended ꞉white_check_mark: ꞉+1:"),
        ("&lt;!here&gt; &#60;!here> AT&T", "＆lt;!here＆gt; ＆#60;!here› AT&T"),
        ("[text](//server/share) f(x)", "[text]（//server/share) f(x)"),
        ("_SUCCESS __init__.py jr_1_a", "＿SUCCESS ＿＿init＿＿.py jr_1_a"),
        ("02:00:05 arn:aws:sts::111122223333:assumed-role/a_b", "02:00:05 arn:aws:sts::111122223333:assumed-role/a_b"),
    ],
)
def test_markup_is_replaced_by_similar_characters_and_names_and_arns_can_be_copied(value: str, shown: str) -> None:
    assert plain(value) == shown
