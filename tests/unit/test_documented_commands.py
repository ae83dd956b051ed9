"""Commands, settings and kinds in all pages exist: a misspelt option, setting or kind fails.

tests/e2e/test_readme.py also runs commands in the local cloud.
"""

import re
import shlex
from collections.abc import Iterator

import pytest
from typer.main import get_command

from cli.main import app
from job_watcher import catalogue, waiters
from tests.settings import from_context
from tests.unit.aws_cli import ACCEPTED, errors
from tests.unit.documentation import ROOT, blocks

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}
EXECUTED = ("docs/deployment.md", "docs/watches.md", "docs/events.md", "docs/recipes.md")  # by tests/e2e/test_readme.py
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
OWN = re.compile(r"(?:\.venv/bin/python watch\.py|job-watcher) (.+)")
KIND = re.compile(r"(?<![\w/.:-])[a-z][a-z0-9-]+/(?:waiter/)?[A-Z][A-Za-z0-9]+(?![\w/*.-])")
OTHERS = {"service/Noun"}  # not kinds


def code(text: str) -> Iterator[str]:
    """Yield the page's code: each code span, and each line of a block, in which a line that ends with \\ continues."""
    fenced = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
    for block in fenced.findall(text):
        yield from block.replace("\\\n", " ").splitlines()[1:-1]
    yield from re.findall(r"`([^`\n]+)`", fenced.sub("", text))


CODE = [(page, one.strip()) for page, text in TEXTS.items() for one in code(text)]
COMMANDS = sorted({(page, found[1]) for page, one in CODE if (found := OWN.fullmatch(one)) and found[1][0] != "-"})
AWS = [
    block.replace("\\\n", " ").strip()
    for page, text in TEXTS.items()
    if page not in EXECUTED
    for whole in blocks(text, "bash")
    for block in re.findall(r"^aws (?!s3 )(?:.*\\\n)*.*$", whole, flags=re.MULTILINE)
]
DEPLOY = sorted({found[1] for _, one in CODE if (found := re.fullmatch(r"make cdk ARGS='deploy (.*)'", one))})


@pytest.mark.parametrize(("page", "arguments"), COMMANDS)
def test_a_command_of_the_command_line_accepts_its_arguments(page: str, arguments: str) -> None:
    name, *rest = shlex.split(arguments)
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    command.make_context(name, [word for word in rest if word != "--help"])


def test_a_misspelt_option_is_found() -> None:
    with pytest.raises(Exception, match="No such option: --runing"):
        get_command(app).commands["list"].make_context("list", ["--runing"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("arguments", DEPLOY)
def test_the_settings_of_a_deployment_are_valid(arguments: str) -> None:
    assert from_context(dict(pair.split("=", 1) for pair in shlex.split(arguments) if pair != "-c"))


def test_the_aws_cli_accepts_the_commands_that_no_other_test_runs() -> None:
    assert AWS
    assert {command: error for command, error in errors(AWS).items() if ACCEPTED not in error} == {}


def test_the_aws_cli_rejects_wrong_arguments() -> None:
    wrong = ("", "--jobname a", "--job-name a --name b", "--job-name ''")
    answers = errors([f"aws glue start-job-run {arguments}" for arguments in wrong])
    assert [command for command, error in answers.items() if ACCEPTED in error] == []


def test_every_make_target_exists() -> None:
    used = {found[1] for _, one in CODE if (found := re.match(r"make ([a-z]+)", one))}
    assert {"demo", "test", "cdk", "wheel"} <= used <= set(TARGETS)


@pytest.mark.parametrize("page", TEXTS)
def test_every_kind_in_code_is_in_the_catalogue(page: str) -> None:
    named = {kind for path, one in CODE if path == page for kind in KIND.findall(one)}
    assert named <= {*catalogue.kinds(), *waiters.kinds()} | OTHERS


def test_the_pages_have_commands() -> None:
    assert len(COMMANDS) > 15 and len(AWS) >= 5 and len(DEPLOY) >= 6
