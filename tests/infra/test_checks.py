"""cdk-nag, cfn-lint and asl-validator find nothing in the synthesized stacks, except what is accepted with a reason."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from .conftest import CONTEXTS, Synthesized

NO_RESOURCES = "The actions of X-Ray and of log delivery can't be limited to resources."
ERRORS_ONLY = "The execution history keeps every event for 90 days. Logging all events would cost more than the polls."
ACCEPTED = {
    ("Jobs/Notifier/Notify/Role/DefaultPolicy", "IAM5[Resource::*]"): NO_RESOURCES,
    ("Jobs/Watcher/Watch/Role/DefaultPolicy", "IAM5[Resource::*]"): NO_RESOURCES,
    ("Jobs/Watcher/DescribeRole/DefaultPolicy", "IAM5[Resource::*]"): NO_RESOURCES,
    (
        "Jobs/Notifier/Notify/Role/DefaultPolicy",
        "IAM5[Action::kms:GenerateDataKey*]",
    ): "The SNS guide requires it for publishing to an encrypted topic.",
    (
        "Jobs/Watcher/DescribePolicy0",
        "IAM5[Resource::arn:<AWS::Partition>:voiceid:<AWS::Region>:<AWS::AccountId>:domain/*]",
    ): "Jobs in every domain of this account can be watched.",
    ("Jobs/Notifier/Notify", "SF1"): ERRORS_ONLY,
    ("Jobs/Watcher/Watch", "SF1"): ERRORS_ONLY,
    ("Jobs/Watcher/Describe", "L1"): "The runtime is a setting.",
    ("Jobs/Triggers/Start", "L1"): "The runtime is a setting.",
    ("Jobs/Triggers/StartRole/DefaultPolicy", "IAM5[Resource::*]"): NO_RESOURCES,
    (
        "Jobs/Triggers/StartRole/DefaultPolicy",
        "IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:…",
    ): "Start looks up watches by their names, which depend on the jobs.",
    ("Jobs/Triggers/TriggerDLQ", "SQS3"): "This is a dead-letter queue.",
    ("Jobs/Monitoring/UnreportedWatches", "SQS3"): "People read this queue. There is no consumer that can fail.",
}
FINDINGS_IN_CDK_OUTPUT = {"W3005"}  # the CDK adds a DependsOn that a GetAtt already implies
# Actions that are newer than cfn-lint's list. Only the stack with all kinds has them.
NEWER_THAN_CFN_LINT = ("getvpcconfiguration", "gettestcaseexecutionsummary", "getmaterializedviewrefreshtaskrun")
DEFINITIONS = sorted((Path(__file__).parents[2] / "infra").glob("*.asl.json"))


def test_cdk_nag_finds_only_what_is_accepted_with_a_reason(stack: Synthesized) -> None:
    findings = {(path, re.sub(r"execution:.*", "execution:…", rule)) for path, rule in stack.findings}
    assert findings == set(ACCEPTED)


@pytest.mark.parametrize("name", CONTEXTS)
def test_cfn_lint_finds_nothing(stacks: dict[str, Synthesized], name: str) -> None:
    template = json.dumps(stacks[name].template).replace("${partition}", "aws")  # cfn-lint doesn't resolve it
    findings = [match for match in lint(template) if match.rule.id not in FINDINGS_IN_CDK_OUTPUT]
    unknown = [str(match) for match in findings if not any(f"('{name}'" in str(match) for name in NEWER_THAN_CFN_LINT)]
    assert unknown == [] and len(findings) == (len(NEWER_THAN_CFN_LINT) if name == "Everything" else 0)


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_asl_validator_accepts_every_definition(path: Path) -> None:
    assert _asl_validator(_substituted(path)).returncode == 0


def test_asl_validator_rejects_a_transition_to_an_unknown_state() -> None:
    definition = _substituted(DEFINITIONS[-1])
    definition["States"]["Wait"]["Next"] = "Nowhere"
    assert _asl_validator(definition).returncode != 0


def test_every_substitution_in_a_definition_has_a_value(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert len(machines) == len(DEFINITIONS)
    for machine in machines:
        used = set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
        assert used == set(machine["DefinitionSubstitutions"])


def _substituted(path: Path) -> Any:
    text = path.read_text().replace("${partition}", "aws")
    return json.loads(re.sub(r"\$\{(\w+)\}", r"arn:aws:lambda:us-east-1:000000000000:function:\1", text))


def _asl_validator(definition: Any) -> subprocess.CompletedProcess[str]:
    command = ["asl-validator", "--json-definition", json.dumps(definition)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
