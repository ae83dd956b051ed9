"""docs/load.md is up to date, and shows the memory of each engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.load import memory, page

RESULTS = json.loads(page.RESULTS.read_text(encoding="utf-8"))


def test_the_page_is_up_to_date() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run `make load`"


def test_a_new_engine_is_compared_with_the_earlier_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PAGE", "RESULTS"):
        monkeypatch.setattr(page, name, tmp_path / name)
    page.RESULTS.write_text(json.dumps(RESULTS))
    monkeypatch.setattr(page, "ENGINE", "new engine")
    page.write(
        {**next(iter(RESULTS.values())), "triggers": {**next(iter(RESULTS.values()))["triggers"], "jobs": 12_345}}
    )
    assert json.loads(page.RESULTS.read_text()).keys() == {*RESULTS, "new engine"}
    text = page.PAGE.read_text()
    assert "12,345" in text
    assert all(text.count(f"| {engine} | ") == 2 for engine in [*RESULTS, "new engine"])


@pytest.mark.skipif(not memory.PROC.exists(), reason="needs /proc")
def test_memory_includes_child_processes() -> None:
    code = "data = bytearray(100_000_000); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        sample = memory.sample(child.pid)
        parent = memory.sample(int(Path("/proc/self").resolve().name))
        child.communicate(b"\n")
    assert 100 < sample.total == sample.ministack <= parent.total - parent.ministack + 1  # each one is rounded
    assert (sample.workers, parent.workers > 0) == (0, True)
