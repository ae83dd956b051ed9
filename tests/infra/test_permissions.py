"""An independent IAM evaluator confirms every row of permissions.toml, for several synthesized templates."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from tests.settings import from_context

from . import permissions, permissions_page
from .conftest import CONTEXTS, Synthesized
from .deployment import Deployment
from .permissions import Row
from .simulator import Question, ask, differ

ROWS = permissions.rows()
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
# The CDK grants these actions together. Only the first is needed.
SEND_MESSAGE = ("sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl")
# Prefixes of the names of resources that some deployments don't have: automatic watches, allowed accounts,
# emails and chat channels.
OPTIONAL = ("start", "trigger", "dead", "named", "subscribed", "chat")
POLICY_VARIABLE = re.compile(r"\$\{aws:\w+\}")


def expected(stack: Deployment, name: str) -> list[tuple[Question, bool]]:
    """Return every question about a deployment, with the expected answer: whether the call is allowed."""
    known = permissions.names(stack)
    table = [(question, row.allowed) for row in ROWS if applies(row, known) for question in row.questions(stack, known)]
    kinds = from_context(CONTEXTS[name]).kinds.values()
    return table + [(question, True) for question in permissions.describe_questions(stack, kinds)]


def applies(row: Row, known: dict[str, str]) -> bool:
    """Return whether the deployment has all resources in the row. Fail if a missing one isn't optional."""
    texts = [row.principal, *row.when.values(), *itertools.chain(*row.calls)]
    missing = {name for text in texts for name in _names_in_braces(text)} - set(known)
    unknown = {name for name in missing if not name.startswith(OPTIONAL)}
    assert not unknown, f"permissions.toml: unknown names {unknown}"
    return not missing


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_call_in_permissions_toml_is_allowed_or_denied_as_it_says(
    stacks: dict[str, Synthesized], name: str
) -> None:
    stack = Deployment(name, stacks[name].template)
    questions = expected(stack, name)
    answers = ask(permissions.policies(stack), [question for question, _ in questions])
    wrong = [
        f"{question.principal} {question.action} {question.resource}: {answer}"
        for (question, allowed), answer in zip(questions, answers, strict=True)
        if answer not in (["Allowed"] if allowed else ["ImplicitlyDenied", "ExplicitlyDenied"])
    ]
    assert not wrong, "\n".join(wrong)


def test_a_deployment_with_all_settings_has_the_resources_of_every_row(stacks: dict[str, Synthesized]) -> None:
    known = permissions.names(Deployment("AllSettings", stacks["AllSettings"].template))
    assert [row for row in ROWS if not applies(row, known)] == []


@pytest.mark.parametrize("name", CONTEXTS)
def test_removing_any_part_of_any_statement_makes_at_least_one_row_fail(
    stacks: dict[str, Synthesized], name: str
) -> None:
    stack = Deployment(name, stacks[name].template)
    changes = list(mutations(stack))
    questions = expected(stack, name)
    by_action = defaultdict[str, list[tuple[Question, bool]]](list)
    for question, allowed in questions:
        by_action[question.action].append((question, allowed))
    groups = [
        [
            (question.using(change.name, change.policy), allowed)
            for action in filter(change.affects, by_action)
            for question, allowed in by_action[action]
            if question.depends_on(change.policy)
        ]
        for change in changes
    ]
    known = permissions.policies(stack) | {change.name: change.document for change in changes}
    detected = differ(known, groups)
    assert [change for change, is_detected in zip(changes, detected, strict=True) if not is_detected] == []


# AWS doesn't document that Lambda sends a source when it assumes a function's role. If the role required one and Lambda
# sent none, no function could be created. A role can't be passed to a function in another account anyway:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
# Nor does AWS document a source of Amazon Q Developer. The role that it assumes has no permissions.
WITHOUT_SOURCE = (("sts:AssumeRole", "lambda.amazonaws.com"), ("sts:AssumeRole", "chatbot.amazonaws.com"))


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_permission_of_an_aws_service_requires_a_source(stacks: dict[str, Synthesized], name: str) -> None:
    documents = Deployment(name, stacks[name].template).policies.values()
    granted = [
        statement
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow" and "Service" in statement.get("Principal", {})
        if (statement["Action"], statement["Principal"]["Service"]) not in WITHOUT_SOURCE
    ]
    keys = [{key.lower() for test in statement["Condition"].values() for key in test} for statement in granted]
    assert granted and all(key & {"aws:sourcearn", "aws:sourceaccount"} for key in keys)


def test_the_page_is_up_to_date() -> None:
    assert permissions_page.PAGE.read_text() == permissions_page.page(), "run `make permissions`"


@dataclass(frozen=True)
class Mutation:
    """A policy with one statement changed."""

    name: str
    policy: str
    actions: tuple[str, ...]
    """The actions that the change affects."""
    document: dict[str, Any]

    def affects(self, action: str) -> bool:
        """Return whether the change can affect the answer to a question about this action."""
        return self._pattern.fullmatch(action) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(affected.replace("*", ".*") for affected in self.actions), re.IGNORECASE)


def mutations(stack: Deployment) -> Iterator[Mutation]:
    """Yield every policy with each change to each of its statements."""
    for policy, document in stack.policies.items():
        statements = document["Statement"]
        for index, statement in enumerate(statements):
            for removed, actions, rest in changes(statement):
                changed = {**document, "Statement": [*statements[:index], *rest, *statements[index + 1 :]]}
                yield Mutation(f"{policy}[{index}] without {removed}", policy, actions, changed)


def changes(statement: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], list[dict[str, Any]]]]:
    """Yield each part that can be removed from a statement, the actions that it affects, and what remains."""
    actions = tuple(statement["Action"]) if isinstance(statement["Action"], list) else (statement["Action"],)
    yield "itself", actions, []
    if "Condition" in statement:
        yield "its conditions", actions, [{key: value for key, value in statement.items() if key != "Condition"}]
    needed = SEND_MESSAGE[:1] if set(actions) == set(SEND_MESSAGE) else actions
    for action in needed if len(actions) > 1 else ():
        yield action, (action,), [{**statement, "Action": [other for other in actions if other != action]}]


@pytest.mark.parametrize("name", CONTEXTS)
def test_iam_accepts_every_arn_in_every_policy(stacks: dict[str, Synthesized], name: str) -> None:
    stack = Deployment(name, stacks[name].template)
    found = [arn for document in stack.policies.values() for arn in arns(document["Statement"])]
    assert found and [arn for arn in found if not is_accepted(arn)] == []


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:*:eu-west-1:210987654321:index/*",
        "arn:*:sns:eu-west-1:210987654321:topic",
        "arn:aws:s?:eu-west-1:210987654321:topic",
        "arn:aws:sns:eu-west-1:topic",
        "arn:aws:sns:eu-west-1:210987654321:",
        "arn:aws:sns:eu-west-1:${Account}:topic",
        "arn:aws:sns:${AWS::Region}:210987654321:topic",
    ],
)
def test_an_arn_that_iam_rejects_is_detected(arn: str) -> None:
    assert not is_accepted(arn)


def is_accepted(arn: str) -> bool:
    """Return whether IAM accepts an ARN in a policy. IAM rejects wildcards in some parts with MalformedPolicyDocument.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    parts = POLICY_VARIABLE.sub("variable", arn).split(":", 5)
    _, partition, service, region, account, resource = [*parts, *[""] * (6 - len(parts))]
    return (
        partition in PARTITIONS
        and re.fullmatch(r"[a-z0-9-]+", service) is not None
        and re.fullmatch(r"[a-z0-9-]*|\*", region) is not None
        and re.fullmatch(r"\d{12}||aws|\*", account) is not None
        and re.fullmatch(r"[^\s${}]+", resource) is not None
    )


def arns(value: Any) -> Iterator[str]:
    """Yield every string in a policy that begins like an ARN."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from arns(inner)
    elif isinstance(value, str) and value.startswith("arn:"):
        yield value


def _names_in_braces(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))
