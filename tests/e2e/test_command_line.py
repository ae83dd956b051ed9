"""The commands that start, follow, list, show and stop watches, and those about kinds, in a pseudo-terminal."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest

from local.cloud import TIMEOUT
from tests.e2e.conftest import SPEAKERS, World
from tests.e2e.terminal import COLUMNS, CTRL_C, Terminal, watch_py

Command = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def command(world: World) -> Command:
    """Return a function that runs a command in a terminal."""
    return lambda *arguments: watch_py(*arguments, environment=world.cloud.environment)


@pytest.fixture
def job(world: World) -> Iterator[dict[str, str]]:
    """Yield the request of a job that is at 40 percent until `world.show_end` is called."""
    request = world.start_job()
    world.show_progress(request, 40)
    yield request
    world.show_end(request)


def test_start_shows_a_progress_bar_and_follow_resumes_it_after_ctrl_c(
    world: World, command: Command, job: dict[str, str]
) -> None:
    members = [f"{name}={value}" for name, value in job.items()]
    with command("start", SPEAKERS, *members) as terminal:
        terminal.wait_for("IN_PROGRESS 40 %")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert "The watch continues" in terminal.text
        assert max(len(line) for line in terminal.lines if "━" in line) <= COLUMNS
    name = terminal.text.rpartition("watch.py follow ")[2].split()[0]
    world.show_end(job)
    world.end(world.outputs["WatchArn"].replace(":stateMachine:", ":execution:") + f":{name}")
    with command("follow", name) as terminal:
        assert terminal.end() == 0, terminal.text
        assert re.search("^outcome +succeeded \\(COMPLETED\\)$", terminal.text, re.MULTILINE), terminal.text


def test_follow_finds_a_watch_by_the_id_of_its_job_and_prints_the_detail_as_json(
    world: World, command: Command, job: dict[str, str]
) -> None:
    watch = world.watch({"kind": SPEAKERS, "request": job})
    world.show_end(job)
    world.end(watch)
    with command("follow", job["JobId"], "--json") as terminal:
        assert terminal.end() == 0, terminal.text
        assert json.loads(terminal.lines[-2])["watch"] == watch


def test_kinds_and_explain_say_what_the_deployment_watches_and_what_an_answer_means(
    world: World, command: Command, job: dict[str, str], tmp_path: Path
) -> None:
    with command("kinds", SPEAKERS) as terminal:
        assert terminal.end() == 0, terminal.text
        assert SPEAKERS in terminal.text and "not enabled" not in terminal.text
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"Job": world.describe(SPEAKERS, job)}, default=str))
    with command("explain", "--kind", SPEAKERS, "--answer", str(answer)) as terminal:
        assert terminal.end() == 0, terminal.text
        shown = dict(line.split(maxsplit=1) for line in terminal.lines if line)
        assert (shown["outcome"], shown["status"], float(shown["percent"])) == ("running", "IN_PROGRESS", 40)


def test_list_show_and_stop_a_watch(world: World, command: Command, job: dict[str, str]) -> None:
    watch = world.watch({"kind": SPEAKERS, "request": job})
    world.wait_for_first_poll(watch)
    with command("list", "--running", "--kind", SPEAKERS) as terminal:
        assert terminal.end() == 0, terminal.text
        assert max(map(len, terminal.lines)) <= COLUMNS
        (line,) = [line for line in terminal.lines if job["JobId"][-5:] in line]
        assert "IN_PROGRESS 40 %  running" in line
    with command("show", job["JobId"]) as terminal:
        assert terminal.end() == 0, terminal.text
        assert "status    IN_PROGRESS 40 %" in terminal.lines and "Timeline" in terminal.lines
    with command("stop", job["JobId"]) as terminal:
        terminal.wait_for("Stop it? [y/N]: ")
        terminal.press("n\n")
        assert terminal.end() == 7 and "Nothing was stopped." in terminal.lines
    with command("stop", job["JobId"]) as terminal:
        terminal.wait_for("Stop it? [y/N]: ")
        terminal.press("y\n")
        assert terminal.end() == 0, terminal.text
        assert "The alarm WatchUnreported" in terminal.text
    assert world.end(watch)["status"] == "ABORTED"


def test_show_has_the_timeline_and_the_deliveries_of_a_job_that_ended(
    world: World, command: Command, job: dict[str, str]
) -> None:
    watch = world.watch({"kind": SPEAKERS, "request": job})
    world.wait_for_first_poll(watch)
    world.show_end(job)
    world.end(watch)
    world.event(job)
    with command("show", watch.rpartition(":")[2], "--json") as terminal:
        assert terminal.end() == 0, terminal.text
        shown = json.loads(terminal.lines[-2])
    texts = [moment["text"] for moment in shown["timeline"]]
    assert texts[:2] == ["the watch started", "IN_PROGRESS 40 %"]
    assert texts[-3:] == ["the job ended: succeeded (COMPLETED)", "the notification started", "the watch ended"]
    states = {name: shown["deliveries"][name]["state"] for name in ("event", "programs", "people")}
    assert states == dict.fromkeys(states, "delivered")
    assert shown["detail"]["watch"] == watch


def test_confirm_asks_for_the_link_and_confirms_the_subscription(world: World, command: Command) -> None:
    """MiniStack asks only HTTP endpoints for a confirmation. A queue of the test receives the request."""
    requests: SimpleQueue[bytes] = SimpleQueue()
    topic, sns = world.outputs["EmailTopicArn"], world.cloud.client("sns")
    with receive_posts(requests) as url:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
        link = json.loads(requests.get(timeout=TIMEOUT))["SubscribeURL"]
    with command("confirm", "--stack", "JobWatcher") as terminal:
        terminal.wait_for("paste it here: ")
        terminal.press(f"{link}\n")
        assert terminal.end() == 0, terminal.text
    (subscription,) = [one for one in subscriptions(sns, topic) if one["Protocol"] == "http"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    assert f"confirmed: {subscription['SubscriptionArn']}" in terminal.lines
    assert f"Links can't end the subscription of {url}." in terminal.text


def subscriptions(sns: Any, topic: str) -> list[Any]:
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [one for page in pages for one in page["Subscriptions"]]


@contextmanager
def receive_posts(bodies: "SimpleQueue[bytes]") -> Iterator[str]:
    """Yield the URL of a server that puts the bodies of requests into a queue."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
