"""The wheel is installed into an empty virtual environment. A CDK app of another team is deployed with it."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from infra.bundle.build import bundle
from infra.bundle.cache import CACHE
from job_watcher import __version__, catalogue
from local.environment import ROOT, TOOLS

from .conftest import Account

EXAMPLE = ROOT / "docs" / "examples" / "transcriptions"
KIND = "transcribe/TranscriptionJob"
NO_BYTECODE = "python3.99"  # a runtime that doesn't exist, so that the bundle contains no bytecode
# Modules that need Powertools and the functions' environment variables. The team's virtual environment has neither.
ONLY_IN_LAMBDA = tuple(f"job_watcher.{name}" for name in ("describe", "handlers", "metrics", "poll", "start"))
IMPORT_ALL = f"""
import importlib, pkgutil, job_watcher, job_watcher_cdk, job_watcher_cli
for package in (job_watcher, job_watcher_cdk, job_watcher_cli):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name not in {ONLY_IN_LAMBDA}:
            importlib.import_module(module.name)
        print(module.name)
"""
BUNDLE = f"""
from job_watcher import catalogue
from job_watcher_cdk.bundle.build import bundle
print(bundle(catalogue.kinds([{KIND!r}]).values(), {{}}, {NO_BYTECODE!r}))
"""


@dataclass(frozen=True)
class Team:
    """A folder outside the checkout with the example, and a virtual environment with nothing but the wheel in it."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder. Raise AssertionError with its output if it fails."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the wheel and the sdist."""
    return build(tmp_path_factory.mktemp("dist"))


def build(folder: Path) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return folder


def wheel(folder: Path) -> Path:
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def team(account: Account, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Set up the example as its README describes, but without network access."""
    folder = tmp_path_factory.mktemp("team")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    (folder / "wheels").mkdir()
    shutil.copy(wheel(built), folder / "wheels")
    cache = folder / "cache" / "aws-job-watcher"
    cache.mkdir(parents=True)
    (cache / "packages").symlink_to(CACHE / "packages")
    python = folder / ".venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], check=True)
    environment = {
        **{name: value for name, value in account.cloud.environment.items() if name != "VIRTUAL_ENV"},
        "PATH": f"{python.parent}{os.pathsep}{account.cloud.environment['PATH']}",
        "XDG_CACHE_HOME": str(cache.parent),
    }
    team = Team(folder, environment)
    offline = ["--no-index", "--find-links", str(CACHE / "wheels"), "--no-compile", "--quiet"]
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    team.run(*pip, "install", *offline, "--requirement", "requirements.txt")
    return team


@pytest.fixture(scope="module")
def outputs(account: Account, team: Team) -> Iterator[dict[str, str]]:
    """Deploy the example's stack with the CDK CLI, and yield its outputs."""
    cdk = [str(TOOLS / "cdk"), "--no-notices", "--ci"]
    team.run(*cdk, "deploy", "--require-approval", "never", "--outputs-file", "outputs.json")
    yield json.loads((team.folder / "outputs.json").read_text())["Transcriptions"]
    account.destroy("Transcriptions")


def test_two_builds_of_the_same_files_are_identical(built: Path, tmp_path: Path) -> None:
    names = {f"aws_job_watcher-{__version__}-py3-none-any.whl", f"aws_job_watcher-{__version__}.tar.gz"}
    assert {path.name for path in built.iterdir()} == {path.name for path in build(tmp_path).iterdir()} == names
    assert filecmp.cmpfiles(built, tmp_path, names, shallow=False)[1:] == ([], [])


def test_the_wheel_has_the_three_packages_and_the_whole_catalogue(built: Path) -> None:
    with zipfile.ZipFile(wheel(built)) as content:
        names = content.namelist()
    info = f"aws_job_watcher-{__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"job_watcher", "job_watcher_cdk", "job_watcher_cli", info}
    tables = {Path(name).name for name in names if name.startswith("job_watcher/kinds/")}
    assert tables == {path.name for path in catalogue.FOLDER.iterdir()}
    assert not [name for name in names if "page" in name or name.endswith(".pyc")]


def test_every_module_that_does_not_run_only_in_lambda_can_be_imported(team: Team) -> None:
    names = team.run("python", "-I", "-c", IMPORT_ALL).stdout.split()
    assert {"job_watcher.catalogue", "job_watcher_cdk.job_watcher", "job_watcher_cli.main"} < set(names)
    assert set(ONLY_IN_LAMBDA) < set(names)


def test_the_wheels_requirements_include_the_versions_that_are_tested() -> None:
    texts = [(ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt")]
    pins = dict(line.split("==") for text in texts for line in text.splitlines() if "==" in line)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    for requirement in map(Requirement, [*project["dependencies"], *extras]):
        assert requirement.specifier.contains(pins[requirement.name]), requirement
        assert {specifier.operator for specifier in requirement.specifier} == {">=", "<"}


def test_the_command_line_is_installed(team: Team) -> None:
    shown = team.run("job-watcher", "--help").stdout
    assert "job-watcher [OPTIONS] COMMAND" in shown and "before-destroy" in shown


def test_an_installed_package_builds_the_same_bundle_as_the_checkout(team: Team) -> None:
    installed = Path(team.run("python", "-c", BUNDLE).stdout.strip())
    assert installed.is_relative_to(team.folder)
    checkout = bundle(catalogue.kinds([KIND]).values(), {}, NO_BYTECODE)
    assert installed.name == checkout.name
    assert files(installed) == files(checkout)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_app_of_another_team_gets_one_event_per_job_at_the_target_for_its_outcome(
    account: Account, team: Team, outputs: dict[str, str]
) -> None:
    account.s3.put_object(Bucket=outputs["BucketName"], Key="good-call.wav", Body=b"audio")
    watches = [transcribe(account, outputs, recording) for recording in ("good-call.wav", "bad-call.wav")]
    assert [account.end(watch)["status"] for watch in watches] == ["SUCCEEDED", "SUCCEEDED"]
    stack = ["--stack", "Transcriptions"]
    listed = team.run("job-watcher", "list", "--json", *stack).stdout.splitlines()
    assert {json.loads(line)["request"]["TranscriptionJobName"] for line in listed} == {"good-call", "bad-call"}
    again = team.run("job-watcher", "start", KIND, "TranscriptionJobName=good-call", "--json", *stack)
    assert json.loads(again.stdout)["outcome"] == "succeeded"
    (good,) = events(account, outputs["TranscriptQueueUrl"])
    (bad,) = events(account, outputs["FailureQueueUrl"])
    assert (good["source"], good["detail-type"]) == ("job-watcher", "Job Ended")
    assert good["detail"]["job"]["TranscriptionJobStatus"] == "COMPLETED"
    assert good["detail"]["request"] == {"TranscriptionJobName": "good-call"}
    assert (bad["detail"]["outcome"], bad["detail"]["request"]) == ("failed", {"TranscriptionJobName": "bad-call"})
    assert "s3:" not in "\n".join(account.log_lines()).lower()


def transcribe(account: Account, outputs: Mapping[str, str], recording: str) -> str:
    """Invoke the team's function, which starts a job and a watch. Return the watch's ARN."""
    payload = json.dumps({"recording": recording})
    answer = account.cloud.client("lambda").invoke(FunctionName=outputs["TranscribeName"], Payload=payload.encode())
    result = json.load(answer["Payload"])
    assert "FunctionError" not in answer, result
    return str(result)


def events(account: Account, queue: str) -> list[dict[str, Any]]:
    """Return all events in the queue. The watches have ended, so no more events arrive."""
    sqs = account.cloud.client("sqs")
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found
