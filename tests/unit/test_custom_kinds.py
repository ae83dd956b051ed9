"""A deployment's own kinds are held to our rules, and then are kinds like ours."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.bundle.build import THIS_PYTHON, bundle
from infra.catalogue import custom_kinds
from infra.catalogue.validate import problems
from infra.permissions import describe_action
from infra.setting_types import InvalidSetting
from infra.trigger_rules import index
from job_watcher import catalogue
from tests.settings import from_context

CRAWLER = """
[Crawler]
describe  = "GetCrawler"
request   = ["Name"]
job       = "Crawler"
status    = "State"
running   = ["RUNNING", "STOPPING"]
stopped   = ["READY"]
start     = ["StartCrawler"]

[Transform]
describe  = "GetMLTransform"
request   = ["TransformId"]
job       = "@"
status    = "Status"
running   = ["NOT_READY", "DELETING"]
succeeded = ["READY"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "kinds"
    made.mkdir()
    (made / "glue.toml").write_text(CRAWLER)
    return made


def refusal(folder: Path) -> list[str]:
    with pytest.raises(InvalidSetting) as wrong:
        from_context({"custom-kinds-dir": str(folder)})
    return [line.replace(str(folder), "kinds") for line in str(wrong.value).splitlines()]


def test_a_table_of_ones_own_joins_ours_and_replaces_the_one_of_its_name(folder: Path) -> None:
    kinds = from_context({"kinds": "glue/*", "custom-kinds-dir": str(folder)}).kinds
    assert set(kinds) == {*catalogue.load("glue"), "glue/Transform"}
    assert kinds["glue/Crawler"].outcome_of["READY"] == "stopped"
    assert kinds["glue/JobRun"] == catalogue.load("glue")["glue/JobRun"]


def test_kinds_chooses_among_ones_own_too(folder: Path) -> None:
    assert set(from_context({"kinds": "glue/T*", "custom-kinds-dir": str(folder)}).kinds) == {"glue/Transform"}
    assert set(from_context({"custom-kinds-dir": str(folder)}).kinds) == set(catalogue.load("voice-id"))


def test_permissions_and_triggers_follow(folder: Path) -> None:
    kinds = from_context({"kinds": "glue/T* glue/Crawler", "custom-kinds-dir": str(folder)}).kinds.values()
    assert {describe_action(kind) for kind in kinds} == {"glue:GetMLTransform", "glue:GetCrawler"}
    assert index(kinds)["api_calls"] == {"glue.amazonaws.com": {"StartCrawler": ["glue/Crawler"]}}


def test_the_bundle_reads_both_files_of_a_service(folder: Path) -> None:
    made = from_context({"kinds": "glue/T* glue/JobRun glue/Crawler", "custom-kinds-dir": str(folder)})
    kinds = made.kinds.values()
    texts = custom_kinds.texts(made.custom_kinds_dir, kinds)
    code = (
        "import json; from job_watcher import catalogue; glue = catalogue.load('glue');"
        "print(json.dumps([glue['glue/Crawler'].outcome_of['READY'], glue['glue/Transform'].describe, len(glue)]))"
    )
    bundled = bundle(kinds, texts, THIS_PYTHON)
    done = subprocess.run([sys.executable, "-c", code], cwd=bundled, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["stopped", "GetMLTransform", len(catalogue.load("glue")) + 1]


def test_the_bundle_has_no_file_of_a_service_that_is_not_watched(folder: Path) -> None:
    assert custom_kinds.texts(folder, catalogue.load("voice-id").values()) == {}


def test_all_faults_are_told_at_once_each_with_its_file_and_table(folder: Path) -> None:
    (folder / "athena.toml").write_text("[Query]\nstatsu = 'State'\n")
    (folder / "gleu.toml").write_text(CRAWLER)
    (folder / "sqs.toml").write_text("[Queue]\ndescribe 'GetQueue'\n")
    (folder / "glue.toml").write_text(CRAWLER.replace('"READY"', '"REDY"', 1) + "\n['Job Run']\n")
    (folder / "ecs.toml").write_text("describe = 'DescribeTasks'\n")
    told = refusal(folder)
    for expected in (
        "kinds/athena.toml [Query]: unknown key: 'statsu'; did you mean 'status'?",
        "kinds/athena.toml [Query]: describe is missing.",
        "kinds/ecs.toml: describe stands outside any table; accepted are tables such as [JobRun].",
        "kinds/gleu.toml: gleu is no service of boto3's; did you mean glue.toml?",
        "kinds/glue.toml [Crawler]: unknown status: 'REDY'; did you mean 'READY'?",
        "kinds/glue.toml [Crawler]: status 'READY' is not listed under any outcome.",
        "kinds/glue.toml [Job Run]: a kind's name is of letters and digits, such as JobRun.",
    ):
        assert expected in told
    (broken,) = [line for line in told if line.startswith("kinds/sqs.toml")]
    assert broken.startswith("kinds/sqs.toml: no TOML: ") and "line 2" in broken


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none")[0].startswith("kinds is no folder; accepted is")
    assert refusal(tmp_path)[0].startswith("kinds has no .toml file; accepted is")


@pytest.mark.parametrize("given", [["kinds"], 3, None, True])
def test_a_folder_is_one_path(given: Any) -> None:
    with pytest.raises(InvalidSetting, match="accepted is the path of a directory"):
        from_context({"custom-kinds-dir": given})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": 3}, "status must be a string."),
        ({"running": "RUNNING"}, "running must be a list of strings."),
        ({"request": ["Name", 2]}, "request must be a list of strings."),
        ({"event": "aws.glue"}, "event must be a table."),
        ({"action": 7}, "action must be a string."),
        ({"action": "glue:*"}, "action is 'glue:*'; accepted is"),
        ({"started": {"Nam": "a"}}, "started must say where to find each of Name, and no more."),
        ({"started": {"Name": "requestParameters."}}, "started: 'requestParameters.' is not valid JMESPath."),
        ({"started": {"Name": 1}}, "started: 1 is not valid JMESPath."),
        ({"event": {"source": "s", "detail-type": "t", "request": {"Name": "["}}}, "the event's source must be"),
        ({"event": {"source": "s", "detail-type": [], "request": {"Name": "["}}}, "the event's request: '[' is no"),
        ({"event": {"source": "s", "detail-type": [], "request": 1}}, "the event's request must say where"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_sentence_not_a_crash(change: dict[str, Any], sentence: str) -> None:
    table = {"describe": "GetCrawler", "request": ["Name"], "job": "Crawler", "status": "State", "running": ["RUNNING"]}
    found = problems("glue/Crawler", {**table, "succeeded": ["READY", "STOPPING"], **change})
    assert any(problem.startswith(sentence) for problem in found), found
