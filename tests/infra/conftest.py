"""Fixtures of synthesized stacks. All stacks are synthesized once, with cdk-nag's checks."""

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

from infra.context import props
from infra.stack import JobWatcherStack
from job_watcher import catalogue

CONTEXTS: dict[str, dict[str, Any]] = {
    "JobWatcher": {"email": "one@example.com,two@example.com", "email-outcomes": "failed,lost"},
    "Other": {
        "auto-watch": "false",
        "progress-events": "true",
        "allowed-accounts": "111122223333,444455556666",
        "runtime": "python3.12",
        "architecture": "x86_64",
    },
    "Everything": {"kinds": "*,*/waiter/*"},
    "Many": {"kinds": [*catalogue.kinds()][-200:]},
    "JobWatcher-of-the-data-platform-team-in-production": {},
    "AllSettings": {
        "kinds": "voice-id/*,glue/JobRun,s3/waiter/*",
        "email": "one@example.com",
        "email-outcomes": "failed",
        "auto-watch": "true",
        "progress-events": "true",
        "allowed-accounts": "111122223333,444455556666",
    },
}
FEATURE_FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]


@dataclass(frozen=True)
class Synthesized:
    """A template and cdk-nag's findings, as pairs of a construct's path and a rule."""

    template: dict[str, Any]
    findings: set[tuple[str, str]]

    def resources(self, type_: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of a type, by logical id."""
        resources = self.template["Resources"].items()
        return {name: resource.get("Properties", {}) for name, resource in resources if resource["Type"] == type_}


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Synthesized]:
    """Synthesize all stacks, and return them by name."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(outdir=str(folder), context=FEATURE_FLAGS)
    for name, context in CONTEXTS.items():
        JobWatcherStack(app, name, props=props(context))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks())
    with contextlib.suppress(jsii.errors.JSIIError, RuntimeError):  # raised because cdk-nag has findings
        app.synth()
    report = json.loads((folder / "validation-report.json").read_text())
    templates = {name: json.loads((folder / f"{name}.template.json").read_text()) for name in CONTEXTS}
    return {name: Synthesized(template, set(_findings(report, name))) for name, template in templates.items()}


@pytest.fixture(scope="session")
def stack(stacks: dict[str, Synthesized]) -> Synthesized:
    """Return the stack with the default settings, two email addresses and two email outcomes."""
    return stacks["JobWatcher"]


@pytest.fixture(scope="session")
def other(stacks: dict[str, Synthesized]) -> Synthesized:
    """Return the stack with non-default settings, such as allowed accounts and no automatic watches."""
    return stacks["Other"]


@pytest.fixture(scope="session")
def everything(stacks: dict[str, Synthesized]) -> Synthesized:
    """Return the stack with every kind and every waiter."""
    return stacks["Everything"]


@pytest.fixture(scope="session")
def many(stacks: dict[str, Synthesized]) -> Synthesized:
    """Return the stack whose setting `kinds` lists 200 names."""
    return stacks["Many"]


def _findings(report: dict[str, Any], stack: str) -> Iterator[tuple[str, str]]:
    (nag,) = [plugin for plugin in report["pluginReports"] if plugin["pluginName"] == "AwsSolutions"]
    for violation in nag["violations"]:
        for construct in violation["violatingConstructs"]:
            name, _, path = construct["constructPath"].removesuffix("/Resource").partition("/")
            if name == stack:
                yield path, violation["ruleName"].removeprefix("AwsSolutions-")
