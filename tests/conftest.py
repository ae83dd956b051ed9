"""Which tests share a process: those of the one cloud, and those of the one synth."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name in ("e2e", "infra"):
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
