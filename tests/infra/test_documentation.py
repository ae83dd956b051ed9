"""The README and the pages in docs/ name the resources that a deployment has."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_sqs as sqs

import infra
from tests.unit.documentation import blocks, page, table

from .conftest import FEATURE_FLAGS, Synthesized
from .test_checks import asl_validator

OPERATIONS = page("docs/operations.md")


def ids(stack: Synthesized, type_: str) -> list[str]:
    """Return the resources' logical ids without the hash at the end, in alphabetical order."""
    return sorted(name[:-8] for name in stack.resources(type_))


def test_every_queue_is_explained(stack: Synthesized) -> None:
    explained = sorted(row[0] for row in table(OPERATIONS, "queue", "contains"))
    constructs = "^Jobs(Monitoring|Notifier|Triggers|WatcherPoller)"
    assert sorted(re.sub(constructs, "", queue) for queue in ids(stack, "AWS::SQS::Queue")) == explained


def test_every_output_is_explained(stacks: dict[str, Synthesized]) -> None:
    outputs = {row[0] for row in table(page("docs/deployment.md"), "output", "value")}
    assert outputs == set(stacks["AllSettings"].template["Outputs"])


def test_asl_validator_accepts_the_state_that_waits_for_a_job() -> None:
    (state,) = [json.loads(block) for block in blocks(page("docs/watches.md"), "json") if '"arn:aws:states:::' in block]
    state["Arguments"]["StateMachineArn"] = "arn:aws:states:us-east-1:111122223333:stateMachine:Watch"
    definition = {"QueryLanguage": "JSONata", "StartAt": "Wait", "States": {"Wait": state}}
    assert asl_validator(definition).returncode == 0
    del state["End"]
    assert asl_validator(definition).returncode != 0


def test_the_readmes_construct_can_be_synthesized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "job_watcher_cdk", infra)
    (example,) = blocks(page("README.md"), "python")
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path), context=FEATURE_FLAGS), "Pipeline")
    names: dict[str, Any] = {"self": stack, "queue": sqs.Queue(stack, "Queue")}
    exec(example, names)  # noqa: S102 - the example in README.md
    template = assertions.Template.from_stack(stack)
    template.has_resource_properties("AWS::SNS::Subscription", {"Endpoint": "team@example.com"})
    (rule,) = template.find_resources(
        "AWS::Events::Rule", {"Properties": {"EventBusName": assertions.Match.any_value()}}
    ).values()
    assert rule["Properties"]["EventPattern"]["detail"] == {"outcome": ["partial", "failed"]}
    assert "glue:GetJobRun" in json.dumps(template.to_json())
