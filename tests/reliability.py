"""`make reliability`: run the tests of the rows in reliability.toml, and write docs/reliability.md if all pass."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
RESULTS = ROOT / ".cache" / "reliability.xml"
SECTIONS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))[
    "section"
]
CASE = "e2e/test_faults.py::test_a_job_is_reported_once_or_its_watch_is_lost_with_the_reason[{}]"
HEAD = """\
# Reliability

This page lists faults and what Job Watcher does about each one. `make reliability` runs the tests of all rows and
writes the page if every row passes, so every row below has passed. The rows are in `tests/reliability.toml`.

The tests in `e2e` run against the [local cloud](demo.md) and the tests in `interpreters` run the state machines in
another interpreter with a virtual clock. In both, the Lambda functions and state machines are those that are deployed.
The tests in `unit` call the functions, and the tests in `infra` check the synthesized template.

[Operations](operations.md) explains the alarms and how to redrive an execution.
"""


def main() -> None:
    """Run the tests and write docs/reliability.md. Exit with the rows that don't pass."""
    RESULTS.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--junitxml", str(RESULTS), *node_ids()]
    subprocess.run(command, cwd=ROOT)
    outcomes = read_outcomes(RESULTS)
    if failed := [row["fault"] for row in rows() if not all(passed(test, outcomes) for test in tests(row))]:
        sys.exit("These rows don't pass:\n" + "\n".join(failed))
    PAGE.write_text(page(), encoding="utf-8")


def rows() -> Iterator[dict[str, Any]]:
    """Yield all rows."""
    for section in SECTIONS:
        yield from section["row"]


def tests(row: dict[str, Any]) -> list[str]:
    """Return the node IDs of a row's tests, relative to the repository."""
    return [f"tests/{test}" for test in [*map(CASE.format, row.get("cases", [])), *row.get("tests", [])]]


def node_ids() -> list[str]:
    """Return the node IDs of all tests, without duplicates."""
    return list(dict.fromkeys(test for row in rows() for test in tests(row)))


def read_outcomes(results: Path) -> dict[str, bool]:
    """Return whether each test in a JUnit XML file passed, by its node ID."""
    cases = ElementTree.parse(results).iter("testcase")  # noqa: S314 - pytest wrote it
    return {f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": not len(case) for case in cases}


def passed(test: str, outcomes: dict[str, bool]) -> bool:
    """Whether a test passed with all of its parameters."""
    results = [outcomes[name] for name in outcomes if name == test or name.startswith(f"{test}[")]
    return bool(results) and all(results)


def page() -> str:
    """Return the page as Markdown. Every row has passed."""
    return "\n".join([HEAD, *(line for section in SECTIONS for line in _section(section))])


def _section(section: dict[str, Any]) -> Iterator[str]:
    yield f"## {section['title']}\n\n{section['text']}\n"
    yield "| Fault | What happens | Result | Tests |"
    yield "|---|---|---|---|"
    for row in section["row"]:
        yield f"| {row['fault']} | {row['expected']} | passed | {', '.join(_links(row))} |"
    yield ""


def _links(row: dict[str, Any]) -> Iterator[str]:
    for file in dict.fromkeys(test.partition("::")[0] for test in tests(row)):
        yield f"[{file.removeprefix('tests/')}](../{file})"


if __name__ == "__main__":
    main()
