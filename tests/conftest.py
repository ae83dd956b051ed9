"""Distribute tests to pytest-xdist's processes so that one process uses a local cloud, a synth or a measurement."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SAME_PROCESS = (
    "tests/e2e/test_demo.py",
    "tests/e2e/",
    "tests/infra/",
    "tests/interpreters/",
    "tests/unit/test_sizes_page.py",
)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Runs all tests of each path in SAME_PROCESS in one process, and every other test in the next free process.

    `--dist loadgroup` isn't used because it has no effect since pytest 9.2, which moved the attribute of a test's ID.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in SAME_PROCESS if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return Scheduling(config, log)
