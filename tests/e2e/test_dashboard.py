"""Tests of `dashboard` in a pseudo-terminal."""

import json

import pytest

from .conftest import World
from .terminal import CTRL_C, watch_py

DASHBOARD = ("dashboard", "--stack", "JobWatcher")
ALTERNATE_SCREEN, NORMAL_SCREEN, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


@pytest.fixture
def running(world: World) -> dict[str, str]:
    """Start a job that doesn't end while its test runs, and its watch."""
    request = world.start_job()
    world.show_progress(request, 42)
    world.wait_for_first_poll(world.watch({"kind": "voice-id/SpeakerEnrollmentJob", "request": request}))
    return request


@pytest.mark.parametrize(("key", "status"), [("q", 0), (CTRL_C, 130)], ids=["q", "Ctrl-C"])
def test_the_dashboard_shows_a_running_watch_until_a_key_is_pressed_and_restores_the_terminal(
    world: World, running: dict[str, str], key: str, status: int
) -> None:
    with watch_py(*DASHBOARD, environment=world.cloud.environment) as terminal:
        terminal.wait_for(running["JobId"])
        terminal.wait_for("Alarms: ")
        terminal.press(key)
        assert terminal.end() == status
    line = next(line for line in terminal.text.splitlines() if running["JobId"] in line)
    assert line.split()[:4] == ["SpeakerEnrollmentJob", running["JobId"], "IN_PROGRESS", "42"]
    before, after = terminal.raw.split(NORMAL_SCREEN)
    assert before.count(ALTERNATE_SCREEN) == 1 and SHOW_CURSOR in terminal.raw
    assert running["JobId"] not in after
    world.show_end(running)


def test_a_snapshot_has_the_running_watch_and_its_end(world: World, running: dict[str, str]) -> None:
    def snapshot() -> str:
        with watch_py(*DASHBOARD, "--json", environment=world.cloud.environment) as terminal:
            assert terminal.end() == 0
        return terminal.text

    (shown,) = [job for job in json.loads(snapshot())["running"] if job["request"] == running]
    assert (shown["status"], shown["percent"]) == ("IN_PROGRESS", 42)
    world.show_end(running)
    world.event(running)
    (ended,) = [job for job in json.loads(snapshot())["ended"] if job["request"] == running]
    assert (ended["kind"], ended["outcome"], ended["status"]) == (shown["kind"], "succeeded", "COMPLETED")
