"""What cdk-nag, cfn-lint and asl-validator say of the synthesized stack, with a reason for each finding that stays."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from .conftest import CONTEXTS, Synthesized

TRACE = "X-Ray's actions, and the log delivery's, know no resources."
ERRORS_ONLY = "The execution history holds every event for 90 days; a copy of all would cost more than the polls."
ACCEPTED = {
    ("Jobs/Notifier/Notify/Role/DefaultPolicy", "IAM5[Resource::*]"): TRACE,
    ("Jobs/Watcher/Watch/Role/DefaultPolicy", "IAM5[Resource::*]"): TRACE,
    ("Jobs/Watcher/DescribeRole/DefaultPolicy", "IAM5[Resource::*]"): TRACE,
    (
        "Jobs/Notifier/Notify/Role/DefaultPolicy",
        "IAM5[Action::kms:GenerateDataKey*]",
    ): "What SNS needs of a publisher to an encrypted topic, in the words of its guide.",
    (
        "Jobs/Watcher/DescribePolicy0",
        "IAM5[Resource::arn:<AWS::Partition>:voiceid:<AWS::Region>:<AWS::AccountId>:domain/*]",
    ): "Jobs of every domain of this account may be watched.",
    ("Jobs/Notifier/Notify", "SF1"): ERRORS_ONLY,
    ("Jobs/Watcher/Watch", "SF1"): ERRORS_ONLY,
    ("Jobs/Watcher/Describe", "L1"): "Which runtime is a setting.",
    ("Jobs/Triggers/Start", "L1"): "Which runtime is a setting.",
    ("Jobs/Triggers/StartRole/DefaultPolicy", "IAM5[Resource::*]"): TRACE,
    (
        "Jobs/Triggers/StartRole/DefaultPolicy",
        "IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:…",
    ): "Start asks whether a watch of a job runs, and of which job it cannot know before.",
    ("Jobs/Triggers/TriggerDLQ", "SQS3"): "It is the dead-letter queue itself.",
    ("Jobs/Monitoring/UnreportedWatches", "SQS3"): "People read it; no consumer can fail.",
}
CDK_S_OWN = {"W3005"}  # the CDK repeats in DependsOn what a GetAtt says already
# Calls that are younger than cfn-lint's list of IAM's actions; only a stack of every kind has them.
YOUNGER = ("getvpcconfiguration", "gettestcaseexecutionsummary", "getmaterializedviewrefreshtaskrun")
DEFINITIONS = sorted((Path(__file__).parents[2] / "infra").glob("*.asl.json"))


def test_cdk_nag_finds_what_is_accepted_with_a_reason_and_nothing_else(stack: Synthesized) -> None:
    findings = {(path, re.sub(r"execution:.*", "execution:…", rule)) for path, rule in stack.findings}
    assert findings == set(ACCEPTED)


@pytest.mark.parametrize("name", CONTEXTS)
def test_cfn_lint_finds_nothing(stacks: dict[str, Synthesized], name: str) -> None:
    template = json.dumps(stacks[name].template).replace("${partition}", "aws")  # which it does not know there
    findings = [match for match in lint(template) if match.rule.id not in CDK_S_OWN]
    unknown = [str(match) for match in findings if not any(f"('{name}'" in str(match) for name in YOUNGER)]
    assert unknown == [] and len(findings) == (len(YOUNGER) if name == "Everything" else 0)


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_asl_validator_accepts_each_definition(path: Path) -> None:
    assert _asl_validator(_substituted(path)).returncode == 0


def test_asl_validator_would_refuse_a_transition_to_nowhere() -> None:
    definition = _substituted(DEFINITIONS[-1])
    definition["States"]["Wait"]["Next"] = "Nowhere"
    assert _asl_validator(definition).returncode != 0


def test_every_substitution_of_a_definition_is_made(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert len(machines) == len(DEFINITIONS)
    for machine in machines:
        wanted = set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
        assert wanted == set(machine["DefinitionSubstitutions"])


def _substituted(path: Path) -> Any:
    text = path.read_text().replace("${partition}", "aws")
    return json.loads(re.sub(r"\$\{(\w+)\}", r"arn:aws:lambda:us-east-1:000000000000:function:\1", text))


def _asl_validator(definition: Any) -> subprocess.CompletedProcess[str]:
    command = ["asl-validator", "--json-definition", json.dumps(definition)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
