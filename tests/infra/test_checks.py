"""cdk-nag, cfn-lint and asl-validator find nothing in the synthesized stacks, except what is accepted with a reason.

The constructs acknowledge findings of cdk-nag, with reasons.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest

from infra.stack import JobWatcherStack

from .cfn_lint import findings
from .conftest import CONTEXTS, FEATURE_FLAGS, MANY, Synthesized, add_stacks

Finding = tuple[str, str]
"""A construct's path and a rule."""
PACKS: dict[str, Callable[[], cdk_nag.NagPack]] = {
    "AwsSolutions": cdk_nag.AwsSolutionsChecks,
    "NIST.800.53.R5": cdk_nag.NIST80053R5Checks,
    "HIPAA.Security": cdk_nag.HIPAASecurityChecks,
    "Serverless": cdk_nag.ServerlessChecks,
}
ACKNOWLEDGING = ("JobWatcher", "Everything", "AllSettings")
"""Contexts that together have every acknowledgment."""
FINDINGS_IN_CDK_OUTPUT = {"W3005"}  # the CDK adds a DependsOn that a GetAtt already implies
# Actions that are newer than cfn-lint's list. Only the stack with all kinds has them.
NEWER_THAN_CFN_LINT = ("getvpcconfiguration", "gettestcaseexecutionsummary", "getmaterializedviewrefreshtaskrun")
# cfn-lint accepts only numbers, but a JSONata state can have an expression: https://states-language.net/#timeouts-and-heartbeats
EXPRESSION = "{% $states.input.heartbeat %}"
DEFINITIONS = sorted((Path(__file__).parents[2] / "infra").glob("*.asl.json"))


@pytest.fixture(scope="module")
def without_acknowledgments() -> dict[str, JobWatcherStack]:
    """Return the stacks by name, without the acknowledgments in their constructs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk.Validations, "acknowledge", lambda self, *rules: None)
        return add_stacks(cdk.App(context=FEATURE_FLAGS), ACKNOWLEDGING)


@pytest.fixture(scope="module")
def acknowledgments(stacks: dict[str, Synthesized]) -> dict[str, dict[Finding, str]]:
    """Return the reasons of the acknowledgments by the names of the stacks."""
    return {name: dict(_acknowledgments(stack)) for name, stack in stacks.items()}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("name", CONTEXTS)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(stacks: dict[str, Synthesized], name: str, pack: str) -> None:
    assert set(_findings(pack, stacks[name].construct)) == set()


def test_these_contexts_have_every_acknowledgment(acknowledgments: dict[str, dict[Finding, str]]) -> None:
    found = {name: {(path.partition("/")[2], rule) for path, rule in acknowledgments[name]} for name in CONTEXTS}
    assert set().union(*found.values()) == set().union(*(found[name] for name in ACKNOWLEDGING))


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_acknowledgment_has_a_reason(acknowledgments: dict[str, dict[Finding, str]], name: str) -> None:
    assert all(reason.endswith(".") for reason in acknowledgments[name].values())


@pytest.mark.parametrize("name", ACKNOWLEDGING)
def test_every_acknowledgment_has_a_finding(
    acknowledgments: dict[str, dict[Finding, str]], without_acknowledgments: dict[str, JobWatcherStack], name: str
) -> None:
    found = [finding for pack in PACKS for finding in _findings(pack, without_acknowledgments[name])]
    unused = [
        (path, rule)
        for path, rule in acknowledgments[name]
        if not any(found_path.startswith(f"{path}/") and rule == found_rule for found_path, found_rule in found)
    ]
    assert acknowledgments[name] and unused == []


@pytest.mark.parametrize("pack", PACKS)
def test_cdk_nag_finds_something_without_the_acknowledgments(
    without_acknowledgments: dict[str, JobWatcherStack], pack: str
) -> None:
    assert all(rule.startswith(f"{pack}-") for _, rule in _findings(pack, without_acknowledgments["JobWatcher"]))
    assert list(_findings(pack, without_acknowledgments["JobWatcher"]))


@pytest.mark.usefixtures("stacks")
def test_the_cdks_own_validation_finds_nothing(assembly: Path) -> None:
    assert _violations(assembly) == []


def test_the_cdks_own_validation_finds_a_wrong_property(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    cdk.CfnResource(cdk.Stack(app, "Stack"), "Queue", type="AWS::SQS::Queue", properties={"VisibilityTimeout": "soon"})
    app.synth()
    assert _violations(tmp_path)


@pytest.mark.parametrize("name", [name for name in CONTEXTS if name != MANY])  # Everything has the same resources
def test_cfn_lint_finds_nothing(stacks: dict[str, Synthesized], name: str) -> None:
    template = json.dumps(stacks[name].template).replace("${partition}", "aws")  # cfn-lint doesn't resolve it
    assert template.count(EXPRESSION) == 1
    template = template.replace(f'\\"{EXPRESSION}\\"', "540")
    found = [match for match in findings(template) if match.rule.id not in FINDINGS_IN_CDK_OUTPUT]
    unknown = [str(match) for match in found if not any(f"('{name}'" in str(match) for name in NEWER_THAN_CFN_LINT)]
    assert unknown == [] and len(found) == (len(NEWER_THAN_CFN_LINT) if name == "Everything" else 0)


def test_asl_validator_accepts_every_definition() -> None:
    validated = asl_validator(*map(_substituted, DEFINITIONS))
    assert validated.returncode == 0, validated.stderr
    assert validated.stdout.count("is valid") == len(DEFINITIONS)


def test_asl_validator_rejects_a_transition_to_an_unknown_state() -> None:
    definition = _substituted(DEFINITIONS[-1])
    definition["States"]["WaitForNews"]["Next"] = "Nowhere"
    validated = asl_validator(*map(_substituted, DEFINITIONS[:-1]), definition)
    assert validated.returncode != 0 and validated.stdout.count("is valid") == len(DEFINITIONS) - 1


def test_every_substitution_in_a_definition_has_a_value(stack: Synthesized) -> None:
    machines = stack.resources("AWS::StepFunctions::StateMachine").values()
    assert len(machines) == len(DEFINITIONS)
    for machine in machines:
        used = set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
        assert used == set(machine.get("DefinitionSubstitutions", ()))


def _violations(assembly: Path) -> list[Any]:
    """Return what the CDK's validation found when it synthesized the stacks in this folder."""
    report = json.loads((assembly / "validation-report.json").read_text())
    return [violation for plugin in report["pluginReports"] for violation in plugin["violations"]]


def _findings(pack: str, stack: JobWatcherStack) -> Iterator[Finding]:
    for violation in PACKS[pack]().validate_scope(stack).violations:
        for resource in violation.violating_resources:
            yield str(resource.construct_path), violation.rule_name


def _acknowledgments(stack: Synthesized) -> Iterator[tuple[Finding, str]]:
    for path, entries in stack.metadata.items():
        for entry in entries:
            if entry["type"] == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
                for rule, reason in entry["data"].items():
                    yield (path.removeprefix("/"), rule.removeprefix("Annotation::")), reason


def _substituted(path: Path) -> Any:
    text = path.read_text().replace("${partition}", "aws")
    return json.loads(re.sub(r"\$\{(\w+)\}", r"arn:aws:lambda:us-east-1:000000000000:function:\1", text))


def asl_validator(*definitions: Any) -> subprocess.CompletedProcess[str]:
    """Validate all definitions in one process. Its exit status is 0 if all of them are valid."""
    options = [option for definition in definitions for option in ("--json-definition", json.dumps(definition))]
    return subprocess.run(["asl-validator", *options], capture_output=True, text=True, check=False)
