"""The poll queue: no job's end is lost if its messages are lost or can't be processed."""

from collections.abc import Iterator

import pytest

from .conftest import SPEAKERS, World, until

# The heartbeat's time-out of 45 minutes takes 27 seconds by default. The local cloud's minimum is 10 seconds.
DEFAULT_WAIT_SCALE, SHORT_WAIT_SCALE = 0.01, 0.0037


class Queues:
    """The poll queue and its dead-letter queue, by the ends of their logical ids."""

    def __init__(self, world: World) -> None:
        self.sqs = world.cloud.client("sqs")
        self.urls: list[str] = self.sqs.list_queues()["QueueUrls"]

    def url(self, name: str) -> str:
        (url,) = [url for url in self.urls if name in url]
        return url

    def bodies(self, name: str) -> list[str]:
        """Return the bodies of up to ten visible messages, which stay visible."""
        received = self.sqs.receive_message(QueueUrl=self.url(name), MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in received.get("Messages", ())]


@pytest.fixture
def queues(world: World) -> Queues:
    return Queues(world)


@pytest.fixture
def paused(world: World) -> Iterator[None]:
    """Throttle every invocation of the Poll function until the test ends or calls `resume`."""
    functions = world.cloud.client("lambda")
    functions.put_function_concurrency(FunctionName=poll_function(world), ReservedConcurrentExecutions=0)
    yield
    world.cloud.scale_waits(DEFAULT_WAIT_SCALE)
    resume(world)


def poll_function(world: World) -> str:
    functions = world.cloud.client("lambda").list_functions()["Functions"]
    (name,) = [function["FunctionName"] for function in functions if function["Handler"].endswith(".poll")]
    return str(name)


def resume(world: World) -> None:
    world.cloud.client("lambda").delete_function_concurrency(FunctionName=poll_function(world))


def errors(world: World, watch: str) -> list[str]:
    """Return the errors of the watch's tasks. MiniStack shows time-outs as TaskFailed, and AWS as TaskTimedOut."""
    pages = world.states.get_paginator("get_execution_history").paginate(executionArn=watch)
    details = [event.get("taskFailedEventDetails") for page in pages for event in page["events"]]
    return [detail["error"] for detail in details if detail]


def start_watch_of_running_job(world: World) -> tuple[dict[str, str], str]:
    request = world.start_job()
    world.voice_id.hold(request["JobId"])
    watch = world.watch({"kind": SPEAKERS, "request": request})
    world.wait_for_first_poll(watch)
    return request, watch


def check_end(world: World, request: dict[str, str], watch: str) -> None:
    """Check that the watch ends and reports the job once."""
    world.voice_id.release(request["JobId"])
    assert world.end(watch)["status"] == "SUCCEEDED"
    assert world.event(request)["detail"]["outcome"] == "succeeded"


@pytest.mark.usefixtures("paused")
def test_a_watch_whose_message_is_lost_polls_the_job_itself(world: World, queues: Queues) -> None:
    request, watch = start_watch_of_running_job(world)
    until(lambda: any(watch in body for body in queues.bodies("PollQueue")))
    queues.sqs.purge_queue(QueueUrl=queues.url("PollQueue"))
    resume(world)
    world.cloud.scale_waits(SHORT_WAIT_SCALE)
    check_end(world, request, watch)
    assert errors(world, watch) == ["States.HeartbeatTimeout"]


def test_a_message_that_cannot_be_processed_goes_to_the_dead_letter_queue_and_stops_no_watch(
    world: World, queues: Queues
) -> None:
    url = queues.url("PollQueue")
    time_out = queues.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    queues.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    request, watch = start_watch_of_running_job(world)
    queues.sqs.send_message(QueueUrl=url, MessageBody="not JSON")
    until(lambda: "not JSON" in queues.bodies("PollDLQ"))
    queues.sqs.set_queue_attributes(QueueUrl=url, Attributes=time_out)
    check_end(world, request, watch)
    assert errors(world, watch) == []
