"""The functions log only the fields that SECURITY.md names, and never an event or an exception's message."""

import ast
import re
from pathlib import Path

import pytest

import job_watcher

MODULES = {path.stem: path.read_text(encoding="utf-8") for path in Path(job_watcher.__path__[0]).glob("*.py")}
FIELDS = {"watch", "kind", "outcome", "wait", "status", "meaning", "error"}
METHODS = {"info", "warning"}  # `exception` and the argument `exc_info` would log messages of services
NO_EVENT = "logger.inject_lambda_context(log_event=False)"


@pytest.mark.parametrize("name", MODULES)
def test_each_log_call_has_a_constant_message_and_allowed_fields(name: str) -> None:
    for call in log_calls(name):
        text = ast.unparse(call)
        (message,) = call.args
        assert isinstance(call.func, ast.Attribute) and call.func.attr in METHODS, text
        assert isinstance(message, ast.Constant), text
        assert {keyword.arg for keyword in call.keywords} <= FIELDS, text


@pytest.mark.parametrize("name", MODULES)
def test_nothing_else_writes_to_the_log(name: str) -> None:
    text = ast.unparse(ast.parse(MODULES[name]))  # without comments
    assert text.count("Logger(") == text.count("logger = Logger()\n")
    assert len(re.findall(r"\blogger\b(?! = )", text)) == text.count(f"@{NO_EVENT}\n") + len(log_calls(name))
    assert not re.search(r"\bprint\(|\bimport (logging|traceback|warnings)\b|\bsys\.std(out|err)\b", text)


@pytest.mark.parametrize("name", ["describe", "poll", "start"])
def test_each_handler_logs_without_its_event(name: str) -> None:
    assert log_calls(name) and NO_EVENT in MODULES[name]


def log_calls(name: str) -> list[ast.Call]:
    """Return the calls of the logger's methods in a module, without the handlers' decorators."""
    calls = [node for node in ast.walk(ast.parse(MODULES[name])) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call).startswith("logger.") and ast.unparse(call) != NO_EVENT]
