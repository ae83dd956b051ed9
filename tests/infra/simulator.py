"""Ask an independent IAM evaluator, `@cloud-copilot/iam-simulate`, which runs in a separate process."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.node import run_script

SCRIPT = Path(__file__).with_name("iam_simulate.mjs")


@dataclass(frozen=True)
class Question:
    """The question whether a principal can use an action on a resource.

    `identity` contains the names of the principal's policies. `attached` is the name of the resource's policy.
    """

    principal: str
    action: str
    resource: str | None
    """An ARN, `*`, or None for one resource of each type that AWS lists for the action."""
    account: str
    """The account of the resource."""
    context: Mapping[str, str]
    identity: tuple[str, ...] = ()
    attached: str | None = None
    may_be_newer: bool = False
    """Whether the action can be newer than the evaluator's list of actions."""

    def depends_on(self, policy: str) -> bool:
        """Return whether this policy belongs to the principal or to the resource."""
        return policy == self.attached or policy in self.identity

    def using(self, changed: str, policy: str) -> "Question":
        """Return the same question with the policy `changed` in place of `policy`."""
        identity = tuple(changed if name == policy else name for name in self.identity)
        return replace(self, identity=identity, attached=changed if self.attached == policy else self.attached)


def ask(policies: Mapping[str, Any], questions: Sequence[Question]) -> list[str]:
    """Return the answer to each question: `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied`, or an error message.

    Raise RuntimeError if the evaluator fails.
    """
    data = {"policies": policies, "requests": [asdict(question) for question in questions]}
    answers: list[str] = run_script(SCRIPT, data)
    return answers


def differ(policies: Mapping[str, Any], groups: Sequence[Sequence[tuple[Question, bool]]]) -> list[bool]:
    """Return for each group whether the answer to one of its questions isn't the expected one, `Allowed` or not.

    The questions after the first such answer aren't asked. Raise RuntimeError if the evaluator fails.
    """
    asked = [[{**asdict(question), "allowed": allowed} for question, allowed in group] for group in groups]
    found: list[bool] = run_script(SCRIPT, {"policies": policies, "groups": asked})
    return found
