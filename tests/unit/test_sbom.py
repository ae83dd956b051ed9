"""The bill of materials of the Lambda bundle is valid, and lists the project and exactly the locked packages."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import sbom
from job_watcher import __version__
from tests.unit.lock import CHOSEN, LOCK, pins


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("sbom") / "dist" / "sbom.cdx.json"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["sbom", str(path)])
        sbom.main()
    return path.read_text()


@pytest.fixture(scope="module")
def bom(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_bill_of_materials_is_valid(text: str) -> None:
    from cyclonedx.validation.json import JsonStrictValidator  # takes seconds to import

    validator = JsonStrictValidator(sbom.VERSION)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"book"')) is not None


def test_the_bill_of_materials_lists_the_project_and_exactly_the_locked_packages(bom: dict[str, Any]) -> None:
    assert {one["name"]: one["version"] for one in bom["components"]} == pins(LOCK)
    project = bom["metadata"]["component"]
    assert (project["name"], project["version"]) == ("aws-job-watcher", __version__)
    assert f'name = "{project["name"]}"\n' in (Path(__file__).parents[2] / "pyproject.toml").read_text()


def test_each_package_has_a_purl_a_licence_and_the_hashes_of_the_lock_file(bom: dict[str, Any]) -> None:
    for one in bom["components"]:
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert one["licenses"] and "unknown" not in json.dumps(one["licenses"])
        (files,) = one["externalReferences"]
        assert len(files["hashes"]) == 2
    listed = {value["content"] for one in bom["components"] for value in one["externalReferences"][0]["hashes"]}
    assert listed == set(re.findall(r"sha256:(\w+)", LOCK))


def test_the_bill_of_materials_lists_what_each_package_requires(bom: dict[str, Any]) -> None:
    needs = {one["ref"]: set(one.get("dependsOn", ())) for one in bom["dependencies"]}
    assert needs["aws-job-watcher"] == set(pins(CHOSEN))
    assert needs["botocore"] == {"jmespath", "python-dateutil", "urllib3"}
    assert needs["six"] == set()
    assert set(needs) == {"aws-job-watcher", *pins(LOCK)}
