"""The CDK code in docs/recipes.md can be synthesized, and has the effects that the page describes."""

import json
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.services import eventbridge

import infra
from infra.catalogue import event_schema
from tests.unit.documentation import blocks, page, table

from .cfn_lint import findings
from .conftest import FEATURE_FLAGS
from .test_checks import EXPRESSION, FINDINGS_IN_CDK_OUTPUT, NEWER_THAN_CFN_LINT, asl_validator

RECIPES = page("docs/recipes.md")
(EVENT,) = [json.loads(block) for block in blocks(page("docs/events.md"), "json") if '"job-watcher"' in block]
TRANSFORMERS = [
    {"InputPathsMap": json.loads(paths), "InputTemplate": template}
    for _, paths, template in table(RECIPES, "target", "`InputPathsMap`", "`InputTemplate`")
]
JOB_ENDED = event_schema.schema()["$defs"]["JobEnded"]


class View:
    """An event as MiniStack passes it to its input transformer."""

    @staticmethod
    def event_with_detail() -> dict[str, Any]:
        return {**EVENT}

    envelope = event_with_detail


def transform(transformer: Any) -> Any:
    """Return what a target receives of the event in docs/events.md."""
    return json.loads(eventbridge._apply_input_transformer(transformer, {}, View))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all examples in the constructor of one stack, and return its template."""
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("cdk.out")), context=FEATURE_FLAGS)
    stack = cdk.Stack(app, "Recipes")
    names: dict[str, Any] = {"self": stack}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "job_watcher_cdk", infra)
        for example in blocks(RECIPES, "python"):
            exec(example, names)  # noqa: S102 - the examples in docs/recipes.md
    found: dict[str, Any] = json.loads((Path(app.synth().directory) / "Recipes.template.json").read_text())
    return found


def rule(template: Any, name: str) -> Any:
    """Return the properties of the rule with this construct id."""
    (found,) = [one["Properties"] for id, one in template["Resources"].items() if id[:-8] in (name, f"Jobs{name}")]
    return found


def test_cfn_lint_accepts_the_template(template: dict[str, Any]) -> None:
    text = json.dumps(template).replace("${partition}", "aws").replace(f'\\"{EXPRESSION}\\"', "540")
    found = [str(match) for match in findings(text) if match.rule.id not in FINDINGS_IN_CDK_OUTPUT]
    assert [one for one in found if not any(f"('{name}'" in one for name in NEWER_THAN_CFN_LINT)] == []


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Failures", {"outcome": ["partial", "failed", "lost"]}),
        ("Ends", None),
        ("NightlyOrders", {"kind": ["glue/JobRun"], "title": ["nightly-orders"], "outcome": ["succeeded"]}),
        ("ToHeadquarters", None),
        ("Summaries", None),
        ("ToWebhook", {"outcome": ["failed", "lost"]}),
    ],
)
def test_each_rule_is_on_the_bus_and_matches_what_the_page_says(
    template: dict[str, Any], name: str, pattern: Any
) -> None:
    properties = rule(template, name)
    assert "NotifierBus" in json.dumps(properties["EventBusName"])
    assert properties["EventPattern"].get("detail") == pattern
    assert set(pattern or {}) <= set(JOB_ENDED["properties"])


def test_the_rule_for_another_region_may_put_events_there(template: dict[str, Any]) -> None:
    (target,) = rule(template, "ToHeadquarters")["Targets"]
    assert target["Arn"] == "arn:aws:events:eu-central-1:111122223333:event-bus/headquarters" and target["RoleArn"]
    statements = [
        statement
        for one in template["Resources"].values()
        if one["Type"] == "AWS::IAM::Policy"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert {"Action": "events:PutEvents", "Effect": "Allow", "Resource": target["Arn"]} in statements


def test_undelivered_events_go_to_the_dead_letter_queue(template: dict[str, Any]) -> None:
    (target,) = rule(template, "Ends")["Targets"]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400} and target["DeadLetterConfig"]


def test_the_state_machine_waits_for_a_transcription(template: dict[str, Any]) -> None:
    (machine,) = [one["Properties"] for id, one in template["Resources"].items() if id[:-8] == "Transcribe"]
    parts = machine["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "aws" for part in parts)
    assert asl_validator(json.loads(text)).returncode == 0
    wait = json.loads(text)["States"]["WaitForTranscription"]
    assert wait["Resource"].endswith(":states:startExecution.sync:2")
    assert wait["Arguments"]["Input"]["fail_on"] == ["failed"]


def test_a_webhook_receives_the_summary_with_a_secret_from_secrets_manager(template: dict[str, Any]) -> None:
    (target,) = rule(template, "ToWebhook")["Targets"]
    assert transform(target["InputTransformer"]) == {"text": EVENT["detail"]["summary"]}
    (connection,) = [one for one in template["Resources"].values() if one["Type"] == "AWS::Events::Connection"]
    secret = connection["Properties"]["AuthParameters"]["ApiKeyAuthParameters"]["ApiKeyValue"]
    assert secret.startswith("{{resolve:secretsmanager:webhook-token:")


def test_the_topic_receives_the_summary(template: dict[str, Any]) -> None:
    (target,) = rule(template, "Summaries")["Targets"]
    assert transform(target["InputTransformer"]) == {"text": EVENT["detail"]["summary"]}


@pytest.mark.parametrize("transformer", TRANSFORMERS)
def test_an_input_transformer_uses_members_that_all_events_about_ended_jobs_have(transformer: Any) -> None:
    members = [path.removeprefix("$.detail.").split(".")[0] for path in transformer["InputPathsMap"].values()]
    assert set(members) <= set(JOB_ENDED["required"])
    values = transform(transformer)
    assert set(values) and None not in values.values() and "" not in values.values()
    used = {value for value in transformer["InputPathsMap"] if f"<{value}>" in transformer["InputTemplate"]}
    assert used == set(transformer["InputPathsMap"]) and "<" not in json.dumps(values)
