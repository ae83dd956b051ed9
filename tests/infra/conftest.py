"""One synth for all tests of the infrastructure, with cdk-nag's checks in it."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import jsii
import pytest

from infra.config import settings
from infra.stack import JobWatcher

CONTEXT = {"email": "one@example.com,two@example.com", "email-outcomes": "failed,lost"}
FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]


@dataclass(frozen=True)
class Synthesized:
    """The template and cdk-nag's findings, as (construct, id)."""

    template: dict[str, Any]
    findings: set[tuple[str, str]]

    def resources(self, type_: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id."""
        resources = self.template["Resources"].items()
        return {name: resource.get("Properties", {}) for name, resource in resources if resource["Type"] == type_}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(outdir=str(folder), context=FLAGS)
    JobWatcher(app, "JobWatcher", settings=settings(CONTEXT))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks())
    with contextlib.suppress(jsii.errors.JSIIError, RuntimeError):  # it raises because there are findings
        app.synth()
    template = json.loads((folder / "JobWatcher.template.json").read_text())
    report = json.loads((folder / "validation-report.json").read_text())
    return Synthesized(template, set(_findings(report)))


def _findings(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    (nag,) = [plugin for plugin in report["pluginReports"] if plugin["pluginName"] == "AwsSolutions"]
    for violation in nag["violations"]:
        for construct in violation["violatingConstructs"]:
            path = construct["constructPath"].removeprefix("JobWatcher/").removesuffix("/Resource")
            yield path, violation["ruleName"].removeprefix("AwsSolutions-")
