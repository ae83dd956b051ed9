"""The loop: describe, wait, describe again, until the job has an outcome."""

from collections.abc import Collection
from pathlib import Path

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from job_watcher.catalogue import Kind

from . import permissions
from .config import Settings
from .functions import python_function
from .machines import machine
from .setting_types import WrongSetting


class Watcher(Construct):
    """One execution of `machine` follows one job. Public: machine, describe."""

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, bundle: Path, announce: sfn.IStateMachine
    ) -> None:
        super().__init__(scope, id)
        give_up_after = Duration.seconds(settings.give_up_after)
        self.describe = python_function(
            self,
            "Describe",
            settings=settings,
            handler="job_watcher.entry.describe",
            bundle=bundle,
        )
        self._may_describe(settings.kinds.values())
        self.machine = machine(
            self,
            "Watch",
            definition="watch.asl.json",
            # the loop gives up by itself, and says so; this is for a loop that cannot
            timeout=give_up_after.plus(Duration.days(7)),
            substitutions={"describe": self.describe.function_arn, "announce": announce.state_machine_arn},
        )
        # CDK's grant_invoke would allow every version and alias too
        self.machine.add_to_role_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.describe.function_arn])
        )
        announce.grant_start_execution(self.machine)

    def _may_describe(self, kinds: Collection[Kind]) -> None:
        """Managed policies, and an inline one too: the calls of all kinds and waiters are more than either takes."""
        policies = permissions.packed(permissions.statements(kinds))
        if len(policies) > permissions.MOST_POLICIES + 1:
            raise WrongSetting(f"kinds: the permissions are more than a role takes; choose fewer than {len(kinds)}.")
        assert self.describe.role
        for number, policy in enumerate(policies[: permissions.MOST_POLICIES]):
            iam.ManagedPolicy(
                self,
                f"MayDescribe{number}",
                description="The describe calls of the jobs that are watched.",
                roles=[self.describe.role],
                statements=[_allowing(statement) for statement in policy],
            )
        for policy in policies[permissions.MOST_POLICIES :]:
            for statement in policy:
                self.describe.add_to_role_policy(_allowing(statement))


def _allowing(statement: permissions.Statement) -> iam.PolicyStatement:
    actions, arns = statement
    return iam.PolicyStatement(actions=actions, resources=[_arn(arn) for arn in arns])


def _arn(pattern: str) -> str:
    """An ARN in the notation of AWS's documentation, for this account and region."""
    for word, value in (("Partition", Aws.PARTITION), ("Region", Aws.REGION), ("Account", Aws.ACCOUNT_ID)):
        pattern = pattern.replace(f"${{{word}}}", value)
    return pattern
