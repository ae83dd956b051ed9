"""The polling protocol with the real functions: no order of failures loses a job, reports it twice or adds polls.

docs/design.md lists the failures and the tests of each one. `TestProtocol` combines them at random.
"""

import json

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.examples import examples
from tests.unit.simulated_deployment import Deployment, Job
from tests.unit.simulated_queue import MAX_RECEIVE_COUNT, VISIBILITY_TIMEOUT, Message
from tests.unit.simulated_states import Execution

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MAX_WATCHES = 3
CALLS = ["heartbeat", "describe", "send", "success", "start", "state machine's message", "notification"]
FAULTS = ["crash before", "crash after", "error before", "error after", "twice", 20.0, 149.0, 150.0]
DOWN = [*CALLS, "Describe", "Poll", "event source mapping"]
INDEX = st.integers(0, 9)
RETRY_DELAY = 900  # the longest delay before a retry of a state
QUERY_ERROR_RETRIES = 3_910  # all retries of WaitForNews, if a state has no valid delay or heartbeat
WINDOW = 900


class Protocol(RuleBasedStateMachine):
    """Watches of some jobs, and failures at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()

    @initialize(
        with_events=st.booleans(),
        progress_step=st.sampled_from([None, 10.0]),
        percent=st.sampled_from([None, 0.0]),
        overdue_after=st.sampled_from([None, 20 * MINUTE]),
    )
    def deploy(
        self, with_events: bool, progress_step: float | None, percent: float | None, overdue_after: float | None
    ) -> None:
        self.deployment = Deployment(
            self.patch, with_events=with_events, progress_step=progress_step, overdue_after=overdue_after
        )
        self.overdue_after = overdue_after
        self.queue, self.time, self.states = self.deployment.queue, self.deployment.time, self.deployment.states
        self.percent = percent
        self.max_interval = 3_600 if with_events else 180 if percent is None else 900
        self.copies = 0  # of messages, until there are news
        self.second_messages = 0  # sent by crashed or failed functions, until the first one is delivered again
        self.extra_polls = 0  # at most, of extra checks
        self.crashes_of_describe = 0
        self.denied_until = 0.0
        self.has_query_error = False
        self.start_watch(0)

    def message(self, index: int) -> Message:
        return self.queue.messages[index % len(self.queue.messages)]

    def has_messages(self) -> bool:
        return bool(self.queue.messages)

    # What happens without failures

    @precondition(lambda self: len(self.deployment.watches) < MAX_WATCHES)
    @rule(number=st.integers(0, 1))
    def start_watch(self, number: int) -> None:
        """Start a watch of a new job, or another watch of a job."""
        id = f"{number}" * 22
        job = self.deployment.jobs.get(id) or Job(id, self.time.now, percent=self.percent)
        self.deployment.watch(job)

    @precondition(lambda self: bool(self.deployment.running()))
    @rule(index=INDEX)
    def check_once(self, index: int) -> None:
        """Let an event cause an extra check, which polls up to three times and is delivered up to five times."""
        self.extra_polls += 3 * MAX_RECEIVE_COUNT
        running = self.deployment.running()
        self.deployment.check_once(running[index % len(running)])

    @rule(seconds=st.sampled_from([1, 20, 3 * MINUTE, 16 * MINUTE, HOUR, 3 * HOUR]))
    def wait(self, seconds: int) -> None:
        self.time.wait(seconds)

    @precondition(has_messages)
    @rule(seconds=st.sampled_from([-0.05, 0.05, 1, 30]))
    def wait_for_a_message(self, seconds: float) -> None:
        """Wait until about the time at which the next message is visible."""
        self.time.wait(max(0, min(message.visible_at for message in self.queue.messages) - self.time.now + seconds))

    @rule(number=st.integers(0, 1), status=st.sampled_from(["SUBMITTED", "IN_PROGRESS", "COMPLETED", "FAILED"]))
    def change_status(self, number: int, status: str) -> None:
        job = self.deployment.jobs.get(f"{number}" * 22)
        if job and not job.has_ended:
            job.status = status

    @rule(number=st.integers(0, 1), percent=st.integers(1, 40))
    def progress(self, number: int, percent: int) -> None:
        job = self.deployment.jobs.get(f"{number}" * 22)
        if job and job.percent is not None:
            job.percent = min(99, job.percent + percent)

    # Messages

    @precondition(has_messages)
    @rule(index=INDEX)
    def lose_message(self, index: int) -> None:
        self.queue.messages.remove(self.message(index))

    @precondition(has_messages)
    @rule(index=INDEX, seconds=st.sampled_from([0, 1, 100, 1_000]), receives=st.integers(0, 1))
    def duplicate_message(self, index: int, seconds: int, receives: int) -> None:
        """Deliver a copy too, but not before the delay of a message that was never received is over."""
        self.copies += 1
        original = self.message(index)
        delay = 0 if original.receives else max(0, original.visible_at - self.time.now)
        self.queue.add(original.body, delay + seconds, original.id)
        self.queue.messages[-1].receives = receives

    @precondition(has_messages)
    @rule(index=INDEX, seconds=st.sampled_from([1, 100, 16 * MINUTE, 2 * HOUR]))
    def delay_message(self, index: int, seconds: int) -> None:
        """Deliver a message late, so that others overtake it."""
        self.queue.delay(self.message(index), seconds)

    @precondition(has_messages)
    @rule(index=INDEX, length=st.integers(0, 60))
    def damage_message(self, index: int, length: int) -> None:
        message = self.message(index)
        message.body = message.body[:length] or "{}"

    @precondition(has_messages)
    @rule(
        index=INDEX,
        name=st.sampled_from(
            ["started", "confirmed", "state", "heartbeat", "delay", "wait", "reported", "overdue", "status_since"]
        ),
    )
    def send_message_of_an_earlier_version(self, index: int, name: str) -> None:
        message = self.message(index)
        if message.token:
            body = json.loads(message.body)
            body.pop(name, None)
            body.get("state", {}).pop(name, None)
            message.body = json.dumps(body)

    @rule()
    def purge_queue(self) -> None:
        self.queue.messages.clear()

    # Functions and APIs

    @rule(call=st.sampled_from(CALLS), fault=st.sampled_from(FAULTS))
    def fail_once(self, call: str, fault: str | float) -> None:
        self.deployment.faults[call] = fault
        is_crash = fault in ("crash before", "crash after", 150.0)
        self.crashes_of_describe += is_crash and call == "describe"
        self.copies += fault == "twice" and call == "send"
        # After a crash, SQS also delivers the batch's other messages again, whose next messages may have been sent.
        self.second_messages += is_crash or (fault == "error after" and call == "send")

    @rule(
        name=st.sampled_from(DOWN),
        seconds=st.sampled_from([MINUTE, 10 * MINUTE, HOUR, 6 * HOUR]),
        then=st.sampled_from([0, MINUTE, 2 * HOUR]),
    )
    def fail_for(self, name: str, seconds: int, then: int) -> None:
        self.deployment.fail_for(name, seconds)
        self.time.wait(then)

    @precondition(lambda self: self.time.now > self.denied_until + 15 * MINUTE)
    @rule(seconds=st.integers(1, 110))
    def deny_describe_calls(self, seconds: int) -> None:
        """Deny calls for less than the two minutes after which a new watch is lost."""
        self.denied_until = self.time.now + seconds
        self.deployment.fail_for("permission", seconds)

    @rule(name=st.sampled_from(["heartbeat", "delay", "polls", "age"]))
    def return_a_state_of_an_earlier_version(self, name: str) -> None:
        self.has_query_error = True
        self.deployment.damage_result = lambda result: {member: result[member] for member in result if member != name}

    @precondition(lambda self: len(self.deployment.running()) > 1)
    @rule(index=INDEX, error=st.sampled_from(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]))
    def stop_watch(self, index: int, error: str) -> None:
        running = self.deployment.running()
        self.states.stale_error = error
        self.states.stop(running[index % len(running)])

    # What is always true

    @invariant()
    def a_jobs_end_is_reported_once(self) -> None:
        for job in self.deployment.jobs.values():
            assert len(self.deployment.ends_reported(job)) <= 1

    @invariant()
    def an_overdue_job_is_reported_at_most_once_and_never_early(self) -> None:
        for job in self.deployment.jobs.values():
            reported = self.deployment.overdue_reported(job)
            assert len(reported) <= (self.overdue_after is not None)
            assert all(detail["seconds"] >= (self.overdue_after or 0) for detail in reported)

    @invariant()
    def no_watch_is_lost(self) -> None:
        for watch in self.deployment.watches:
            assert watch.status != "FAILED" or self.crashes_of_describe > 3, watch.error

    @invariant()
    def jobs_are_not_polled_too_often(self) -> None:
        for job in self.deployment.jobs.values():
            since = self.time.now - WINDOW
            polls = sum(time > since for time in self.deployment.polls[job.id])
            age = since - job.created
            interval = 15 if self.percent is not None else min(180, max(15, 0.05 * age))
            chains = len(self.deployment.watches) * 2 + self.copies + self.second_messages
            assert polls <= chains * (WINDOW / (0.95 * interval - 2) + 1) + self.extra_polls

    @invariant()
    def a_watch_waits_for_one_message_and_its_copies(self) -> None:
        for watch in self.deployment.watches:
            assert len(self.deployment.live_messages(watch)) <= 1 + self.copies + self.second_messages

    @invariant()
    def a_message_that_no_watch_waits_for_causes_no_describe_call(self) -> None:
        assert self.deployment.polls_of_poll <= self.deployment.accepted_heartbeats + self.extra_polls

    @invariant()
    def the_history_of_a_watch_grows_slowly(self) -> None:
        for watch in self.deployment.watches:
            assert watch.events <= 200 + (self.time.now - self.start_of(watch)) / 300 * 20

    def start_of(self, watch: Execution) -> float:
        return self.deployment.jobs[watch.input["request"]["JobId"]].created

    # What is true some time after the last failure

    def teardown(self) -> None:
        try:
            self.recover()
        finally:
            self.patch.undo()

    def recover(self) -> None:
        ended = [job for job in self.deployment.jobs.values() if job.has_ended]
        self.deployment.stop_failing()
        bound = RETRY_DELAY + 3 * min(self.max_interval, 900) + 2 * self.max_interval + MINUTE
        self.time.wait(bound + (QUERY_ERROR_RETRIES if self.has_query_error else 0))
        self.check_reported(ended)
        self.check_messages(1 + self.copies)
        for job in self.deployment.jobs.values():
            if not job.has_ended:
                job.status = "SUBMITTED" if job.status == "IN_PROGRESS" else "IN_PROGRESS"
        self.time.wait(2 * self.max_interval + MINUTE)
        self.check_messages(1)
        self.check_overdue()
        for job in self.deployment.jobs.values():
            if not job.has_ended:
                job.status = "COMPLETED"
        self.time.wait(2 * self.max_interval + MINUTE)
        assert not self.deployment.running()
        self.check_reported(list(self.deployment.jobs.values()))
        latest = max((message.visible_at for message in self.queue.messages), default=self.time.now)
        self.time.wait(latest - self.time.now + (MAX_RECEIVE_COUNT + 1) * VISIBILITY_TIMEOUT)
        assert not self.queue.messages
        self.a_jobs_end_is_reported_once()
        self.no_watch_is_lost()

    def check_overdue(self) -> None:
        """Check that the jobs that are overdue by now have been reported, unless nobody watches them any more."""
        for job in self.deployment.jobs.values():
            is_watched = any(watch.input == job.input for watch in self.deployment.running())
            if self.overdue_after is not None and is_watched and not job.has_ended:
                assert self.time.now - job.created > self.overdue_after
                assert len(self.deployment.overdue_reported(job)) == 1

    def check_messages(self, maximum: int) -> None:
        """Check that each watch soon waits for a message, and for at most as many copies."""
        for _ in range(20):
            live = [len(self.deployment.live_messages(watch)) for watch in self.deployment.running()]
            if all(1 <= number <= maximum for number in live):
                return
            self.time.wait(0.3)
        raise AssertionError(live)

    def check_reported(self, jobs: list[Job]) -> None:
        """Check that the jobs' ends were reported once, unless nobody watches them any more."""
        for job in jobs:
            watches = [watch for watch in self.deployment.watches if watch.input == job.input]
            is_watched = any(watch.status not in ("ABORTED", "FAILED") for watch in watches)
            assert len(self.deployment.ends_reported(job)) == 1 or not is_watched


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(
    examples(60, HealthCheck.too_slow, HealthCheck.filter_too_much), stateful_step_count=30
)
