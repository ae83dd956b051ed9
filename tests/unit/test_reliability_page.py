"""docs/reliability.md is up to date, and each of its rows has tests that exist."""

from pathlib import Path

import pytest

from tests import reliability

RESULTS = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one[x]" />
<testcase classname="tests.unit.test_a" name="test_one[y]" />
<testcase classname="tests.unit.test_a" name="test_two[x]" />
<testcase classname="tests.unit.test_a" name="test_two[y]"><failure message="no" /></testcase>
<testcase classname="tests.unit.test_a" name="test_three"><skipped message="no" /></testcase>
</testsuite></testsuites>"""


def test_the_page_is_up_to_date() -> None:
    assert reliability.PAGE.read_text(encoding="utf-8") == reliability.page(), "run `make reliability`"


def test_every_row_has_a_test() -> None:
    assert all(reliability.tests(row) for row in reliability.rows())
    faults = [row["fault"] for row in reliability.rows()]
    assert len(faults) == len(set(faults)) > 30


def test_every_test_of_a_row_exists(request: pytest.FixtureRequest) -> None:
    collected = {item.nodeid for item in request.session.items}
    files = {nodeid.partition("::")[0] for nodeid in collected}
    all_files = {path.relative_to(reliability.ROOT).as_posix() for path in reliability.ROOT.glob("tests/*/test_*.py")}
    if not files >= all_files:
        pytest.skip("this test needs the whole suite, as `make test` runs it")
    collected |= {nodeid.partition("[")[0] for nodeid in collected}
    assert set(reliability.node_ids()) <= collected


@pytest.mark.parametrize(("test", "passed"), [("one", True), ("two", False), ("three", False), ("four", False)])
def test_a_test_passed_if_it_ran_and_passed_with_all_parameters(tmp_path: Path, test: str, passed: bool) -> None:
    results = tmp_path / "results.xml"
    results.write_text(RESULTS, encoding="utf-8")
    outcomes = reliability.read_outcomes(results)
    assert reliability.passed(f"tests/unit/test_a.py::test_{test}", outcomes) is passed


def test_a_row_needs_only_its_own_case(tmp_path: Path) -> None:
    results = tmp_path / "results.xml"
    results.write_text(RESULTS, encoding="utf-8")
    outcomes = reliability.read_outcomes(results)
    assert reliability.passed("tests/unit/test_a.py::test_two[x]", outcomes)
    assert not reliability.passed("tests/unit/test_a.py::test_two[y]", outcomes)
