"""Distribute tests to pytest-xdist's processes so that one process uses a local cloud, a synth or a measurement."""

import gc
import os
import sys
from functools import cache

import botocore.session
import pytest
from botocore.hooks import EventAliaser, HierarchicalEmitter
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# The files and folders that each group of tests consists of. The groups that take longest come first.
SAME_PROCESS = {
    "one local cloud": ("tests/e2e/",),
    "another local cloud": ("tests/e2e/test_upgrade.py", "tests/e2e/test_wheel.py", "tests/e2e/test_restart.py"),
    "infra": ("tests/infra/",),
    "demo": ("tests/e2e/test_demo.py",),
    "recurring": ("tests/e2e/test_recurring.py",),
    "interpreters": ("tests/interpreters/",),
    "the models of all services": tuple(
        f"tests/unit/test_{name}.py"
        for name in (
            *("age", "but_conditions", "catalogue", "console_links", "malformed_answers", "round_trip", "scaffold"),
            *("secrets", "shared_calls", "sizes_page", "start_calls", "waiters"),
        )
    ),
    "benchmark": ("tests/unit/test_readme.py",),
}
NICENESS = 5  # https://man7.org/linux/man-pages/man7/sched.7.html
GROUPS = {path: name for name, paths in SAME_PROCESS.items() for path in paths}


def group(nodeid: str) -> str | None:
    """Return the name of a test's group: that of its file, or else that of its folder."""
    file = nodeid.partition("::")[0]
    return GROUPS.get(file) or next((name for path, name in GROUPS.items() if file.startswith(path)), None)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Runs all tests of a group in one process, and all cases of every other test in the next free process.

    The time that the scheduler takes is quadratic in the number of units, so a single case isn't a unit.

    `--dist loadgroup` isn't used because it has no effect since pytest 9.2, which moved the attribute of a test's ID.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid) or nodeid.partition("[")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False  # keeps the order of `pytest_collection_modifyitems`
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the groups first, so that the processes finish at about the same time."""
    rank = {name: number for number, name in enumerate(SAME_PROCESS)}
    items.sort(key=lambda item: rank.get(group(item.nodeid) or "", len(rank)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Lower the priority of the processes that run other groups than the first one, which takes longest."""
    if "PYTEST_XDIST_WORKER" in os.environ and group(item.nodeid) != next(iter(SAME_PROCESS)) and os.nice(0) < NICENESS:
        os.nice(NICENESS)


# jsonschema would compile 38 grammars when it is imported, which takes two seconds in each process. Without this
# package, it checks URIs with rfc3986-validator.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


# Each botocore session would list the services, read their models and find the names of events again, and many tests
# create a session.
botocore.session.create_loader = cache(botocore.session.create_loader)
find_event_name = cache(EventAliaser(HierarchicalEmitter())._alias_event_name)  # type: ignore[attr-defined]
EventAliaser._alias_event_name = lambda _, name: find_event_name(name)  # type: ignore[attr-defined]


def pytest_configure() -> None:
    """Search less often for garbage: botocore's models are many objects, and exist until the end of the session."""
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_finish() -> None:
    """Don't search for garbage among the modules and the tests, which exist until the end of the session."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Search for garbage once, which finds what wasn't closed. pytest would search among all models five more times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def forget_throttled_calls() -> None:
    """Let each test that calls the functions in its own process begin with the memory of a new function instance."""
    if describe := sys.modules.get("job_watcher.describe"):
        describe.CALL_RATES.clear()
