"""The kinds in custom-kinds-dir are validated like the project's own, and then work like them."""

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
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "glue.toml").write_text(CRAWLER)
    return folder


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InvalidSetting) as invalid:
        from_context({"custom-kinds-dir": str(folder)})
    return [line.replace(str(folder), "kinds") for line in str(invalid.value).splitlines()]


def test_a_custom_table_is_added_to_the_catalogue_or_replaces_the_table_of_the_same_name(folder: Path) -> None:
    kinds = from_context({"kinds": "glue/*", "custom-kinds-dir": str(folder)}).kinds
    assert set(kinds) == {*catalogue.load("glue"), "glue/Transform"}
    assert kinds["glue/Crawler"].outcome_of["READY"] == "stopped"
    assert kinds["glue/JobRun"] == catalogue.load("glue")["glue/JobRun"]


def test_the_setting_kinds_also_selects_custom_kinds(folder: Path) -> None:
    assert set(from_context({"kinds": "glue/T*", "custom-kinds-dir": str(folder)}).kinds) == {"glue/Transform"}
    assert set(from_context({"custom-kinds-dir": str(folder)}).kinds) == set(catalogue.load("voice-id"))


def test_custom_kinds_get_permissions_and_triggers(folder: Path) -> None:
    kinds = from_context({"kinds": "glue/T* glue/Crawler", "custom-kinds-dir": str(folder)}).kinds.values()
    assert {describe_action(kind) for kind in kinds} == {"glue:GetMLTransform", "glue:GetCrawler"}
    assert index(kinds)["api_calls"] == {"glue.amazonaws.com": {"StartCrawler": ["glue/Crawler"]}}


def test_the_bundle_has_the_catalogues_file_of_a_service_and_the_custom_one(folder: Path) -> None:
    settings = from_context({"kinds": "glue/T* glue/JobRun glue/Crawler", "custom-kinds-dir": str(folder)})
    kinds = settings.kinds.values()
    texts = custom_kinds.texts(settings.custom_kinds_dir, kinds)
    code = (
        "import json; from job_watcher import catalogue; glue = catalogue.load('glue');"
        "print(json.dumps([glue['glue/Crawler'].outcome_of['READY'], glue['glue/Transform'].describe, len(glue)]))"
    )
    bundled = bundle(kinds, texts, THIS_PYTHON)
    done = subprocess.run([sys.executable, "-c", code], cwd=bundled, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["stopped", "GetMLTransform", len(catalogue.load("glue")) + 1]


def test_the_bundle_has_no_custom_file_for_a_service_that_is_not_watched(folder: Path) -> None:
    assert custom_kinds.texts(folder, catalogue.load("voice-id").values()) == {}


def test_all_problems_are_reported_at_once_with_their_files_and_tables(folder: Path) -> None:
    (folder / "athena.toml").write_text("[Query]\nstatsu = 'State'\n")
    (folder / "gleu.toml").write_text(CRAWLER)
    (folder / "sqs.toml").write_text("[Queue]\ndescribe 'GetQueue'\n")
    (folder / "glue.toml").write_text(CRAWLER.replace('"READY"', '"REDY"', 1) + "\n['Job Run']\n")
    (folder / "ecs.toml").write_text("describe = 'DescribeTasks'\n")
    reported = problems_of(folder)
    for expected in (
        "kinds/athena.toml [Query]: 'statsu' is not a key of a kind's table; did you mean 'status'?",
        "kinds/athena.toml [Query]: the key 'describe' is missing.",
        "kinds/ecs.toml: 'describe' is outside of a table; accepted are keys in tables such as [JobRun].",
        "kinds/gleu.toml: 'gleu' is not a boto3 service; did you mean glue.toml?",
        "kinds/glue.toml [Crawler]: 'REDY' is not a status that 'State' can have; did you mean 'READY'?",
        "kinds/glue.toml [Crawler]: status 'READY' is missing; list it under running, succeeded, partial, failed or "
        "stopped.",
        "kinds/glue.toml [Job Run]: a kind's name can contain only letters and digits, such as JobRun.",
    ):
        assert expected in reported
    (broken,) = [line for line in reported if line.startswith("kinds/sqs.toml")]
    assert broken.startswith("kinds/sqs.toml is not valid TOML: ") and "line 2" in broken


def test_a_missing_or_empty_directory_is_rejected(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "none")[0].startswith("kinds is not a directory; accepted is")
    assert problems_of(tmp_path)[0].startswith("kinds contains no .toml file; accepted is")


@pytest.mark.parametrize("given", [["kinds"], 3, None, True])
def test_custom_kinds_dir_must_be_one_path(given: Any) -> None:
    with pytest.raises(InvalidSetting, match="accepted is the path of a directory"):
        from_context({"custom-kinds-dir": given})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": 3}, "status must be a string."),
        ({"running": "RUNNING"}, "running must be a list of strings."),
        ({"request": ["Name", 2]}, "request must be a list of strings."),
        ({"event": "aws.glue"}, "event must be a table."),
        ({"but": {"partial": 1}}, "but must be a table of strings."),
        ({"polling": {"min_interval": True}}, "polling: min_interval is True; accepted is a number above 0."),
        ({"event": {"source": 1, "detail-type": [], "request": {"Name": "a"}}}, "event.source must be a string."),
        (
            {"event": {"source": "my.app"}},
            "event.source is 'my.app'; accepted is the source of an AWS service's events",
        ),
        ({"event": {"source": "aws.glue", "where": {"source": ["my.app"]}}}, "event.where: 'source' must be a key of "),
        (
            {"status": "LastCrawl.Status || State", "failed": ["CANCELLED", "FAILED"], "partial": ["SUCCEEDED"]},
            "status: 'LastCrawl.Status || State' can report a success although its first member is missing; accepted",
        ),
        ({"event": {"source": "s", "where": {"detail": {"state": "READY"}}}}, "event.where.detail.state is 'READY'; "),
        ({"event": {"source": "s", "where": {"a": [{"suffix": "b"}]}}}, "event.where.a has {'suffix': 'b'}; accepted"),
        ({"action": 7}, "action must be a string."),
        ({"action": "glue:*"}, "action is 'glue:*'; accepted is"),
        ({"started": {"Nam": "a"}}, "started must have one JMESPath expression for each member of request: Name."),
        ({"started": {"Name": "requestParameters."}}, "started: 'requestParameters.' is not valid JMESPath."),
        ({"started": {"Name": 1}}, "started: 1 is not valid JMESPath."),
        (
            {"event": {"source": "s", "detail-type": "t", "request": {"Name": "["}}},
            "event.detail-type must be a list of strings.",
        ),
        ({"event": {"source": "s", "detail-type": [], "request": {"Name": "["}}}, "event.request: '[' is not valid"),
        ({"event": {"source": "s", "detail-type": [], "request": 1}}, "event.request must have one JMESPath"),
    ],
)
def test_a_value_of_the_wrong_type_is_reported_in_one_sentence_without_a_traceback(
    change: dict[str, Any], sentence: str
) -> None:
    table = {"describe": "GetCrawler", "request": ["Name"], "job": "Crawler", "status": "State", "running": ["RUNNING"]}
    found = problems("glue/Crawler", {**table, "succeeded": ["READY", "STOPPING"], **change})
    assert any(problem.startswith(sentence) for problem in found), found
