"""Which tests share a process when there are several: those of the one cloud, and those of the one synth."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ONE_PROCESS = ("tests/e2e/", "tests/infra/")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each of these folders to one process, and any other test to the next one that is free.

    xdist's own groups (`--dist loadgroup`) have no effect since pytest 9.2, which keeps a test's id elsewhere.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in ONE_PROCESS if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return Scheduling(config, log)
