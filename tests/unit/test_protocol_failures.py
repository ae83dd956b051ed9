"""The polling protocol under each failure alone: what happens, and by how much the notification is delayed.

The table in docs/design.md names these tests. In all of them, the job's end is reported once.
"""

import json
from collections.abc import Callable

import pytest

from job_watcher import news
from tests.unit.simulated_deployment import Deployment, Job
from tests.unit.simulated_queue import MAX_RECEIVE_COUNT, VISIBILITY_TIMEOUT
from tests.unit.simulated_states import Execution

MINUTE, HOUR, DAY = 60, 3_600, 86_400
INTERVAL = 181  # seconds from one poll of an old job to the next one, with the poll itself
HEARTBEAT = 541  # seconds from the last heartbeat to the poll of the state machine
SQS_RETRIES = 3_911  # seconds for which WaitForNews retries
LAMBDA_RETRY = 901  # seconds from one retry of Describe to the next one
STALE = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]


class World(Deployment):
    """A deployment, and a job that has been watched for some time without failures."""

    def __init__(self, patch: pytest.MonkeyPatch, *, with_events: bool = False, age: float = 4 * HOUR) -> None:
        super().__init__(patch, with_events=with_events)
        self.job = Job("j" * 22, self.time.now)
        self.the_watch: Execution = self.watch(self.job)
        self.time.wait(age)
        (self.message,) = self.live_messages(self.the_watch)

    def wait_until(self, is_true: Callable[[], bool]) -> float:
        """Wait until something is true, and return the seconds that it took."""
        start = self.time.now
        while not is_true():
            self.time.wait(1)
            assert self.time.now < start + 30 * DAY
        return self.time.now - start

    def end_job(self) -> float:
        """End the job, and return the seconds until its end is reported. Check that nothing is left hours later."""
        self.job.status = "COMPLETED"
        seconds = self.wait_until(lambda: bool(self.ends_reported(self.job)))
        self.time.wait(6 * HOUR)
        assert len(self.ends_reported(self.job)) == 1 == len(self.notifications)
        assert self.the_watch.status == "SUCCEEDED" and not self.queue.messages
        return seconds

    def wait_for_poll(self, polls: int = 1) -> None:
        target = len(self.polls[self.job.id]) + polls
        self.wait_until(lambda: len(self.polls[self.job.id]) >= target)

    def polls_of_state_machine(self) -> int:
        return self.the_watch.entered.count("Describe") - 1


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture
def world_with_events(monkeypatch: pytest.MonkeyPatch) -> World:
    """The service sends events, so that waits are longer than 15 minutes and take several messages."""
    return World(monkeypatch, with_events=True, age=5 * HOUR)


def test_without_failures_the_state_machine_only_waits(world: World) -> None:
    world.time.wait(8 * HOUR)
    assert world.the_watch.entered == ["Describe", "Ended?", "WaitForNews"]
    assert world.queue.messages[0].receives == 0 and not world.queue.dead_letters
    assert len(world.polls[world.job.id]) == 1 + world.polls_of_poll == 1 + world.accepted_heartbeats
    assert world.end_job() <= INTERVAL
    assert world.the_watch.entered[3:] == ["Ended?", "NotifyEnd"]


def test_without_failures_a_long_wait_takes_several_messages_and_no_redelivery(world_with_events: World) -> None:
    world = world_with_events
    heartbeats, polls = world.accepted_heartbeats, world.polls_of_poll
    world.time.wait(8 * HOUR)
    assert world.polls_of_poll - polls in (7, 8, 9)
    assert world.accepted_heartbeats - heartbeats == pytest.approx(4 * (world.polls_of_poll - polls), abs=3)
    assert world.the_watch.entered == ["Describe", "Ended?", "WaitForNews"]
    assert world.end_job() <= HOUR + 10


def test_a_lost_message_is_replaced_by_the_state_machine(world: World) -> None:
    world.queue.messages.clear()
    assert world.end_job() <= HEARTBEAT
    assert world.polls_of_state_machine() == 1


def test_after_a_lost_message_polling_continues(world: World) -> None:
    world.queue.messages.clear()
    world.time.wait(HOUR)
    assert len(world.live_messages(world.the_watch)) == 1 and world.polls_of_state_machine() == 1
    assert world.end_job() <= INTERVAL


def test_a_lost_part_of_a_long_wait_is_replaced_by_the_state_machine(world_with_events: World) -> None:
    world_with_events.queue.messages.clear()
    assert world_with_events.end_job() <= 2_701


def test_a_purged_queue_is_refilled_by_the_state_machine(world: World) -> None:
    others = [world.watch(Job(str(number) * 22, world.time.now)) for number in range(3)]
    world.time.wait(HOUR)
    world.queue.messages.clear()
    world.time.wait(HEARTBEAT)
    assert all(len(world.live_messages(watch)) == 1 for watch in [world.the_watch, *others])


def test_a_message_that_is_late_by_minutes_is_polled_when_it_arrives(world: World) -> None:
    world.queue.delay(world.message, 5 * MINUTE)
    assert world.end_job() <= INTERVAL + 5 * MINUTE
    assert world.polls_of_state_machine() == 0


def test_a_message_that_is_late_by_hours_is_dropped_when_it_arrives(world: World) -> None:
    world.queue.delay(world.message, 2 * HOUR)
    polls = world.polls_of_poll
    assert world.end_job() <= HEARTBEAT
    assert world.polls_of_poll == polls


def test_a_message_that_others_have_overtaken_is_dropped(world: World) -> None:
    body = world.message.body
    world.job.status = "SUBMITTED"  # news, so that the state machine sends a new message
    world.time.wait(HOUR)
    polls, messages = world.polls_of_poll, len(world.queue.messages)
    world.queue.add(body, 0)
    world.time.wait(1)
    assert (world.polls_of_poll, len(world.queue.messages)) == (polls, messages)
    assert world.end_job() <= INTERVAL


def test_copies_of_a_message_poll_until_there_are_news(world: World) -> None:
    for _ in range(2):
        world.queue.add(world.message.body, 60, world.message.id)
    world.time.wait(HOUR)
    assert len(world.live_messages(world.the_watch)) == 3
    world.job.status = "SUBMITTED"
    world.time.wait(INTERVAL)
    assert len(world.live_messages(world.the_watch)) == 1
    assert world.end_job() <= INTERVAL


def test_copies_of_a_message_poll_until_the_number_of_polls_is_a_power_of_two(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "FIRST_RENEWAL", 256)
    world.queue.add(world.message.body, 60, world.message.id)
    polls = len(world.polls[world.job.id])
    assert 120 < polls < 200
    world.time.wait(2 * (256 - polls) * INTERVAL)
    assert len(world.live_messages(world.the_watch)) == 1
    assert world.the_watch.entered == ["Describe", "Ended?", *["WaitForNews", "Ended?"], "WaitForNews"]


def test_two_copies_that_find_the_end_at_the_same_time_report_it_once(world: World) -> None:
    world.queue.delay(world.message, 0)
    world.queue.add(world.message.body, world.message.visible_at - world.time.now + 1, world.message.id)
    world.faults["describe"] = 20.0  # so that the second copy is processed while the first one waits for the answer
    accepted = world.accepted_heartbeats
    assert world.end_job() <= INTERVAL + 20
    assert world.accepted_heartbeats == accepted + 2


def test_two_watches_of_a_job_report_its_end_once(world: World) -> None:
    second = world.watch(world.job)
    assert world.end_job() <= INTERVAL
    assert second.status == "SUCCEEDED"


def test_an_extra_check_reports_the_end_before_the_watch_does(world_with_events: World) -> None:
    world_with_events.job.status = "COMPLETED"
    world_with_events.check_once(world_with_events.the_watch)
    assert world_with_events.end_job() <= 2


@pytest.mark.parametrize(("call", "fault"), [("", ""), ("describe", "crash after"), ("start", "error before")])
def test_an_extra_check_that_is_lost_or_fails_leaves_the_end_to_the_watch(world: World, call: str, fault: str) -> None:
    world.job.status = "COMPLETED"
    if call:
        world.faults[call] = fault
        world.check_once(world.the_watch)
    assert world.end_job() <= INTERVAL


def test_an_extra_check_whose_notification_was_started_but_not_answered_reports_the_end_once(world: World) -> None:
    world.job.status, world.faults["start"] = "COMPLETED", "crash after"
    world.check_once(world.the_watch)
    assert world.end_job() <= 2


@pytest.mark.parametrize("crash", ["crash before", "crash after"])
@pytest.mark.parametrize("call", ["heartbeat", "describe"])
def test_a_function_that_crashes_before_it_sends_the_next_message_is_replaced_by_the_state_machine(
    world: World, call: str, crash: str
) -> None:
    world.faults[call] = crash
    world.wait_until(lambda: not world.faults)
    assert world.end_job() <= HEARTBEAT
    assert world.polls_of_state_machine() == 1


def test_a_function_that_times_out_is_replaced_by_the_state_machine(world: World) -> None:
    world.faults["describe"] = 150.0
    world.wait_until(lambda: not world.faults)
    assert world.end_job() <= HEARTBEAT


@pytest.mark.parametrize(("crash", "seconds"), [("crash before", HEARTBEAT), ("crash after", INTERVAL)])
def test_a_function_that_crashes_while_it_sends_the_next_message_delays_at_most_one_poll(
    world: World, crash: str, seconds: int
) -> None:
    world.faults["send"] = crash
    world.wait_until(lambda: not world.faults)
    assert world.end_job() <= seconds


def test_a_message_that_is_delivered_again_after_its_successor_was_sent_makes_all_others_stale(world: World) -> None:
    world.faults["send"] = "crash after"
    world.wait_until(lambda: not world.faults)
    world.time.wait(VISIBILITY_TIMEOUT - 5)
    assert len(world.live_messages(world.the_watch)) == 2
    world.time.wait(10)
    assert len(world.live_messages(world.the_watch)) == 1
    world.time.wait(INTERVAL)
    assert world.queue.messages == world.live_messages(world.the_watch)
    assert world.end_job() <= INTERVAL


@pytest.mark.parametrize(("crash", "seconds"), [("crash before", HEARTBEAT), ("crash after", 2)])
def test_a_function_that_crashes_while_it_reports_the_end_does_not_report_it_twice(
    world: World, crash: str, seconds: int
) -> None:
    world.faults["success"] = crash
    assert world.end_job() <= INTERVAL + seconds


@pytest.mark.parametrize("fault", ["error before", "error after", "twice"])
def test_success_that_is_sent_twice_or_whose_answer_is_lost_is_reported_once(world: World, fault: str) -> None:
    world.faults["success"] = fault
    assert world.end_job() <= INTERVAL + HEARTBEAT


@pytest.mark.parametrize("down", ["Poll", "event source mapping"])
def test_the_state_machine_polls_while_the_poll_function_does_not_run(world: World, down: str) -> None:
    world.fail_for(down, 6 * HOUR)
    world.time.wait(4 * HOUR)
    assert world.polls_of_state_machine() == pytest.approx(4 * HOUR / HEARTBEAT, abs=1)
    assert world.end_job() <= HEARTBEAT


@pytest.mark.parametrize("down", ["Poll", "event source mapping"])
def test_after_an_outage_of_the_poll_function_one_message_is_left(world: World, down: str) -> None:
    world.fail_for(down, 6 * HOUR)
    world.time.wait(6 * HOUR + VISIBILITY_TIMEOUT + HEARTBEAT)
    assert len(world.live_messages(world.the_watch)) == 1
    world.time.wait(MAX_RECEIVE_COUNT * VISIBILITY_TIMEOUT)
    assert world.queue.messages == world.live_messages(world.the_watch)
    assert world.end_job() <= INTERVAL


def test_a_watch_continues_after_an_outage_of_lambda(world: World) -> None:
    for down in ("Poll", "Describe"):
        world.fail_for(down, 6 * HOUR)
    assert world.end_job() <= 6 * HOUR + LAMBDA_RETRY


def test_an_outage_of_the_describe_function_does_not_affect_polling(world: World) -> None:
    world.fail_for("Describe", 6 * HOUR)
    assert world.end_job() <= INTERVAL


@pytest.mark.parametrize("error", STALE)
def test_the_message_of_a_watch_that_was_stopped_or_deleted_is_dropped(world: World, error: str) -> None:
    world.states.stale_error = error
    world.states.stop(world.the_watch)
    polls = len(world.polls[world.job.id])
    world.time.wait(INTERVAL)
    assert not world.queue.messages and len(world.polls[world.job.id]) == polls
    assert not world.notifications


@pytest.mark.parametrize("name", ["started", "confirmed", "state", "heartbeat", "delay", "wait", "reported"])
def test_a_message_of_an_earlier_version_is_polled(world: World, name: str) -> None:
    world.wait_for_poll()
    (message,) = world.live_messages(world.the_watch)
    body = json.loads(message.body)
    body.pop(name, None)
    body.get("state", {}).pop(name, None)
    message.body = json.dumps(body)
    assert world.end_job() <= (2 if name == "delay" else 1) * INTERVAL


@pytest.mark.parametrize("name", ["delay", "heartbeat"])
def test_a_state_of_an_earlier_version_is_replaced_after_an_hour(world: World, name: str) -> None:
    world.damage_result = lambda result: {member: result[member] for member in result if member != name}
    world.queue.messages.clear()
    assert world.end_job() <= HEARTBEAT  # the result of the poll at which the job ended isn't needed
    second = world.watch(Job("k" * 22, world.time.now))
    world.damage_result = lambda result: {member: result[member] for member in result if member != name}
    world.time.wait(SQS_RETRIES + MINUTE)
    assert len(world.live_messages(second)) == 1


def test_a_queue_that_was_replaced_is_like_a_queue_that_rejects_messages(world: World) -> None:
    world.queue.messages.clear()
    world.fail_for("state machine's message", 30 * DAY)
    world.time.wait(DAY)
    assert world.end_job() <= SQS_RETRIES
    assert world.polls_of_state_machine() == pytest.approx(DAY / SQS_RETRIES, abs=2)


def test_a_message_that_sqs_does_not_accept_from_the_function_is_replaced_by_the_state_machine(world: World) -> None:
    world.fail_for("send", 6 * HOUR)
    world.time.wait(4 * HOUR)
    assert world.end_job() <= HEARTBEAT + INTERVAL


def test_if_sqs_accepts_no_messages_the_state_machine_polls_once_an_hour(world: World) -> None:
    for down in ("send", "state machine's message"):
        world.fail_for(down, 6 * HOUR)
    world.time.wait(4 * HOUR)
    assert world.polls_of_state_machine() in (3, 4)
    assert world.end_job() <= SQS_RETRIES


def test_polling_continues_while_heartbeats_fail_and_stale_messages_do_not_add_up(world: World) -> None:
    world.fail_for("heartbeat", 6 * HOUR)
    polls = len(world.polls[world.job.id])
    world.time.wait(5 * HOUR)
    assert 5 * HOUR / INTERVAL <= len(world.polls[world.job.id]) - polls <= 2 * 5 * HOUR / 170
    assert len(world.queue.messages) <= 2
    assert world.end_job() <= INTERVAL + HEARTBEAT


def test_an_end_that_cannot_be_reported_is_found_by_the_state_machine(world: World) -> None:
    world.fail_for("success", 6 * HOUR)
    assert world.end_job() <= INTERVAL + HEARTBEAT


def test_a_notification_that_cannot_be_started_is_retried(world: World) -> None:
    world.fail_for("notification", 6 * HOUR)
    assert world.end_job() <= 6 * HOUR + 900


@pytest.mark.parametrize("body", ["", "{}", "[7]", '{"token": 1, "state": "x"}', "\x00"])
def test_a_poison_message_does_not_affect_the_others(world: World, body: str) -> None:
    for _ in range(3):
        world.queue.add(body, world.message.visible_at - world.time.now)  # in the same batch
    world.time.wait((MAX_RECEIVE_COUNT + 1) * VISIBILITY_TIMEOUT)
    dropped = '"token"' in body
    assert len(world.queue.dead_letters) == (0 if dropped else 3)
    assert world.the_watch.entered == ["Describe", "Ended?", "WaitForNews"]
    assert world.end_job() <= INTERVAL


def test_a_message_that_is_damaged_is_replaced_by_the_state_machine(world: World) -> None:
    world.message.body = world.message.body[:100]
    assert world.end_job() <= HEARTBEAT


@pytest.mark.parametrize(("down", "seconds"), [(["Poll"], HOUR), (["send", "state machine's message"], SQS_RETRIES)])
def test_a_failure_until_the_watch_gives_up_does_not_exceed_the_history(
    world: World, down: list[str], seconds: int
) -> None:
    for name in down:
        world.fail_for(name, 30 * DAY)
    world.time.wait(13 * DAY)
    assert world.the_watch.status == "RUNNING" and world.the_watch.events < 20_000
    assert world.end_job() <= seconds


def test_a_watch_whose_message_was_lost_tolerates_a_denied_call_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state machine has the state of the last news, but the job was polled since then."""
    world = World(monkeypatch, age=DAY)
    world.queue.messages.clear()
    world.fail_for("permission", HOUR)
    world.time.wait(HOUR)
    assert world.end_job() <= INTERVAL


def test_a_first_poll_that_is_late_does_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.fail_for("Describe", HOUR)
    world.fail_for("permission", 2 * HOUR)
    second = world.watch(Job("k" * 22, world.time.now))
    world.wait_until(lambda: bool(world.polls["k" * 22]))
    assert second.status == "RUNNING" and world.live_messages(second)
