"""Fixtures of synthesized stacks. All stacks are synthesized once."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra.context import props
from infra.stack import JobWatcherStack
from job_watcher import catalogue

TEAMS_CHANNEL = "01234567-89ab-cdef-0123-456789abcdef/12345678-9abc-def0-1234-56789abcdef0/19%3aab3cd%40thread.tacv2"
# CloudFormation shortens this name in the names of roles, functions and rules.
MANY = "JobWatcher-of-the-data-platform-team-in-production"
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
    MANY: {"kinds": [*catalogue.kinds()][-200:]},
    "AllSettings": {
        "kinds": "voice-id/*,glue/JobRun,s3/waiter/*",
        "email": '["one@example.com", {"to": "etl@example.com", "kinds": "glue/*", "outcomes": "lost"}]',
        "email-outcomes": "failed",
        "dashboard": "false",
        "email-limit": "20",
        "chat": "failed,lost,overdue",
        "chat-slack": "T0123ABCD/C0123ABCD,T0123ABCD/C0456EFGH",
        "chat-teams": TEAMS_CHANNEL,
        "log-key-arn": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "max-concurrency": "25",
        "reserved-concurrency": "50",
        "auto-watch": "true",
        "filters": '{"glue/JobRun": {"JobName": "prod-*"}, "*/FraudsterRegistrationJob": false}',
        "expect": '{"glue/JobRun": {"JobName": "nightly-*", "every": "26h"}}',
        "overdue": '{"glue/JobRun": {"after": "3h", "statuses": {"STARTING": "30m"}}}',
        "progress-events": "true",
        "allowed-accounts": "111122223333,444455556666",
    },
}
# The context in cdk.json. Nothing reads the copies of the assets that the CDK would put into each app's cdk.out.
FEATURE_FLAGS = {
    **json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"],
    "aws:cdk:disable-asset-staging": True,
}


@dataclass(frozen=True)
class Synthesized:
    """A stack and its template."""

    construct: JobWatcherStack
    template: dict[str, Any]
    metadata: dict[str, list[dict[str, Any]]]
    """The metadata of the stack's constructs by path, which begins with a slash."""

    def resources(self, type_: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of a type, by logical id."""
        resources = self.template["Resources"].items()
        return {name: resource.get("Properties", {}) for name, resource in resources if resource["Type"] == type_}


def add_stacks(app: cdk.App, names: Iterable[str] = CONTEXTS) -> dict[str, JobWatcherStack]:
    """Add a stack for each of these contexts to the app, and return the stacks by name."""
    return {name: JobWatcherStack(app, name, props=props(CONTEXTS[name])) for name in names}


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the synthesized stacks."""
    return tmp_path_factory.mktemp("cdk.out")


@pytest.fixture(scope="session")
def stacks(assembly: Path) -> dict[str, Synthesized]:
    """Synthesize all stacks, and return them by name."""
    app = cdk.App(outdir=str(assembly), context=FEATURE_FLAGS)
    constructs = add_stacks(app)
    app.synth()

    def read(name: str, kind: str) -> Any:
        return json.loads((assembly / f"{name}.{kind}.json").read_text())

    return {
        name: Synthesized(construct, read(name, "template"), read(name, "metadata"))
        for name, construct in constructs.items()
    }


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
    """Return the stack with a long name whose setting `kinds` lists 200 names."""
    return stacks[MANY]
