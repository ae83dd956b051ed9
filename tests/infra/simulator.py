"""Asks an IAM evaluator that is not ours, `@cloud-copilot/iam-simulate`, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

PREFIX = Path(sys.prefix)
SCRIPT = Path(__file__).with_name("iam_simulate.mjs")


@dataclass(frozen=True)
class Question:
    """May this principal do this? `identity` and `attached` name the policies of the principal and of the resource."""

    principal: str
    action: str
    resource: str | None
    """An ARN, `*`, or None for one of each resource type that AWS lists for the action."""
    account: str
    """The resource's."""
    context: Mapping[str, str]
    identity: tuple[str, ...] = ()
    attached: str | None = None
    may_be_newer: bool = False
    """Whether the action may be missing in the list of AWS's actions that the simulator has."""

    def depends_on(self, policy: str) -> bool:
        return policy == self.attached or policy in self.identity

    def using(self, changed: str, policy: str) -> "Question":
        """The same with a changed policy instead of this one."""
        identity = tuple(changed if name == policy else name for name in self.identity)
        return replace(self, identity=identity, attached=changed if self.attached == policy else self.attached)


def ask(policies: Mapping[str, Any], questions: Sequence[Question]) -> list[str]:
    """An answer for each question: `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied`, or what is wrong with it."""
    given = json.dumps({"policies": policies, "requests": [asdict(question) for question in questions]})
    command = [str(PREFIX / "bin" / "node"), str(SCRIPT), str(PREFIX / "lib" / "node_modules")]
    answered = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if answered.returncode:
        raise RuntimeError(f"{SCRIPT.name}: {answered.stderr}")
    answers: list[str] = json.loads(answered.stdout)
    return answers
