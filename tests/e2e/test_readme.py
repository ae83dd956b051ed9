"""The commands in the README and in docs/ work exactly as written, in the local cloud."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import World, until

ROOT = Path(__file__).parents[2]
# The order matters: docs/deployment.md sets most of the shell variables that the commands of the later pages use.
PAGES = ("README.md", "docs/deployment.md", "docs/watches.md", "docs/events.md", "docs/recipes.md")
QUICK_STARTS = "docs/quickstarts.md"  # tests/unit/test_documented_commands.py checks its commands
OTHER_PAGES = [page for page in ROOT.glob("docs/*.md") if str(page.relative_to(ROOT)) not in (*PAGES, QUICK_STARTS)]
TEXT = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
BASH = re.findall(r"^ *```bash\n(.*?)^ *```", TEXT, flags=re.MULTILINE | re.DOTALL)
(PYTHON,) = [
    block
    for block in re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    if "start_execution" in block
]
MAKE_BLOCKS = [block for block in BASH if re.fullmatch(r"(?: *(?:make .*|#.*)?\n)+", block)]
WATCH_PY_BLOCKS = [block for block in BASH if "watch.py" in block]
AWS_BLOCKS = [block for block in BASH if "aws " in block and block not in MAKE_BLOCKS]

# Version 1 of the AWS CLI ignores the endpoint variables for SQS, so this function adds the option.
AWS = 'aws() { [ "$1" = sqs ] && set -- --endpoint-url "$AWS_ENDPOINT_URL" "$@"; command aws "$@"; }\n'


def test_every_block_is_covered_by_one_of_these_tests() -> None:
    assert len(MAKE_BLOCKS) + len(WATCH_PY_BLOCKS) + len(AWS_BLOCKS) == len(BASH) >= 8


@pytest.mark.parametrize("page", OTHER_PAGES, ids=[page.name for page in OTHER_PAGES])
def test_other_pages_have_no_commands_to_run(page: Path) -> None:
    assert "```bash" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^ *make (\w+)", "".join(BASH), flags=re.MULTILINE))))
def test_every_make_target_exists(target: str) -> None:
    assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_each_watch_py_command_has_the_documented_options() -> None:
    commands = re.findall(r"\.venv/bin/python watch.py(?: [a-z-]+)(?: --[a-z]+)*", TEXT)
    assert len(commands) == 7
    for command in commands:
        shown = subprocess.run(f"{command} --help", shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
        assert all(option in shown.stdout for option in re.findall("--[a-z]+", command))


def test_the_commands_have_the_documented_results(world: World) -> None:
    script = (
        "set -euo pipefail\n"
        + AWS
        + "".join(AWS_BLOCKS)
        + f"python3 - <<'END'\n{PYTHON}END\n"
        + 'echo "queue: $QUEUE"\n'
    )
    run = subprocess.run(
        ["bash"], input=script, env=world.cloud.environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    (queue,) = re.findall(r"^queue: (.*)$", run.stdout, flags=re.MULTILINE)
    sqs = world.cloud.client("sqs")
    bodies: list[dict[str, Any]] = []
    while len(bodies) < 2:
        messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
        bodies += [json.loads(message["Body"]) for message in messages]
    (event,), (shaped,) = ([body for body in bodies if ("detail" in body) is whole] for whole in (True, False))
    assert event["detail"]["request"]["JobId"] == "DemoJob000000000000022"
    assert shaped == {"text": event["detail"]["summary"], "link": event["detail"]["links"]["watch"]}
    assert until(lambda: [mail for mail in world.cloud.emails() if mail["To"] == ["colleague@example.com"]])


def test_watch_py_follows_a_job_to_its_end(world: World) -> None:
    request = [f"{member}={value}" for member, value in world.start_job().items()]
    command = ["python3", str(ROOT / "watch.py"), "start", "voice-id/SpeakerEnrollmentJob", "--json", *request]
    run = subprocess.run(command, env=world.cloud.environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["outcome"] == "succeeded"
    listed = subprocess.run(
        [*command[:2], "list", "--json"], env=world.cloud.environment, capture_output=True, text=True, check=True
    )
    assert run.stderr.splitlines()[0].removeprefix("watch: ") in listed.stdout


def test_watch_py_reports_a_missing_deployment_in_one_sentence(world: World) -> None:
    command = ["python3", str(ROOT / "watch.py"), "list", "--stack", "Nowhere"]
    run = subprocess.run(command, env=world.cloud.environment, capture_output=True, text=True, check=False)
    assert run.returncode == 7
    assert run.stderr.startswith("watch.py: ") and "Nowhere" in run.stderr and len(run.stderr.splitlines()) == 1
