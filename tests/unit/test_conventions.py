"""CONTRIBUTING.md, CHANGELOG.md, the workflows and the pre-commit hooks agree with each other and with the Makefile."""

import re
import tomllib
from pathlib import Path

import yaml

from infra.catalogue import scaffold
from infra.context import FORMER_NAMES

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
SERVICE, OPERATION = "codeguru-reviewer", "DescribeCodeReview"  # the kind that CONTRIBUTING.md adds
NEW_KIND = f"lambda/kinds/{SERVICE}.toml"
KEEP_A_CHANGELOG = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def test_pre_commit_runs_the_same_commands_as_make_check() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in repository["hooks"]] == recipe("check")


def recipe(target: str) -> list[str]:
    """Return the commands of a target in the Makefile."""
    (lines,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    return [line.strip().replace("$(PY)", ".venv/bin/python") for line in lines.splitlines()]


def test_pre_commit_hooks_check_all_files_with_installed_tools() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    assert all(hook["language"] == "system" and hook["pass_filenames"] is False for hook in repository["hooks"])


def test_every_issue_form_and_workflow_is_checked_by_make_check() -> None:
    checked = {path for command in recipe("check") for path in re.findall(r"\.github/\S+", command)}
    exempt = {".github/ISSUE_TEMPLATE/config.yml"}
    assert {str(path.relative_to(ROOT)) for path in (ROOT / ".github").rglob("*.yml")} - exempt == checked


def test_workflows_pin_each_action_to_a_commit_and_have_read_only_permissions() -> None:
    for path in (ROOT / ".github/workflows").iterdir():
        text = path.read_text()
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
        used = re.findall(r"uses: (.*)", text)
        assert used == re.findall(r"uses: (\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$", text, flags=re.MULTILINE)


def test_changelog_begins_with_the_unreleased_changes() -> None:
    versions = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", version) for version in versions[1:])


def test_changelog_groups_changes_as_keep_a_changelog_does() -> None:
    groups = re.findall(r"^### (.*)\n\n(.*)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert groups
    assert all(name in KEEP_A_CHANGELOG and first.strip() for name, first in groups)


def test_changelog_lists_the_former_names_of_settings() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert dict(re.findall(r"^  \| `([\w-]+)` \| `([\w-]+)` \|$", text, flags=re.MULTILINE)) == FORMER_NAMES


def test_every_make_target_in_contributing_exists() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    mentioned = re.findall(r"(?:`|^ *)make ([a-z]+(?: [a-z]+)*)", CONTRIBUTING, flags=re.MULTILINE)
    assert (
        {"install", "test", "check", "kind"} <= {name for names in mentioned for name in names.split()} <= set(targets)
    )


def test_every_path_in_contributing_exists() -> None:
    code = re.findall(r"`((?:\.?\w[\w.-]*/)+[\w.*-]*|[\w.-]+\.(?:md|py|json|toml|yml))`", CONTRIBUTING)
    links = re.findall(r"\]\((?!https:)([^)#]+)", CONTRIBUTING)
    paths = {*code, *links} - {NEW_KIND}
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_example_in_contributing_is_the_proposal_of_make_kind() -> None:
    assert f"make kind SERVICE={SERVICE} OPERATION={OPERATION}\n" in CONTRIBUTING
    proposed, _ = re.findall(r"^ +```toml\n(.*?)^ +```", CONTRIBUTING, flags=re.MULTILINE | re.DOTALL)
    assert re.sub(r"^   ", "", proposed, flags=re.MULTILINE) == scaffold.scaffold(SERVICE, OPERATION)


def test_no_python_file_outside_the_tests_exceeds_200_lines() -> None:
    folders = ("lambda", "infra", "cli", "local")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert files and not [file.name for file in files if len(file.read_text(encoding="utf-8").splitlines()) > 200]


def test_mypy_reads_each_module_of_the_cdk_that_is_imported() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = [one["module"] for one in overrides if one.get("follow_imports") == "normal"]
    files = [
        ROOT / "app.py",
        *(path for name in ("infra", "cli", "local", "tests") for path in ROOT.glob(f"{name}/**/*.py")),
    ]
    imports = r"^\s*(?:from aws_cdk import |from aws_cdk\.|import aws_cdk\.)(aws_\w+)"
    found = {module for path in files for module in re.findall(imports, path.read_text(), flags=re.MULTILINE)}
    assert sorted(read) == sorted({"aws_cdk", *(f"aws_cdk.{module}" for module in found)})
