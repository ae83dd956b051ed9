"""docs/design.md names a test for each failure of the polling protocol."""

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "design.md"
TESTS = Path(__file__).with_name("test_protocol_failures.py")


def test_each_failure_in_the_table_has_a_test_and_each_test_is_in_the_table() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("### Failures")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows]
    functions = {node.name for node in ast.parse(TESTS.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert len(rows) > 20 and all(named)
    assert sorted(name for names in named for name in names) == sorted(
        name for name in functions if name.startswith("test_")
    )
