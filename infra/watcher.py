"""The resources that watch jobs: the Watch state machine, its Describe function, and the poller."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import cast

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from job_watcher.catalogue import Kind

from . import permissions
from .functions import python_function
from .machines import machine
from .nag import acknowledge
from .poller import Poller
from .setting_types import InvalidSetting
from .settings import Settings


class Watcher(Construct):
    """Watches a job: polls it until it ends, then starts the Notify state machine.

    Public attributes: machine, describe, poller.
    """

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, bundle: Path, notify: sfn.IStateMachine
    ) -> None:
        super().__init__(scope, id)
        self.describe = python_function(
            self, "Describe", settings=settings, handler="job_watcher.handlers.describe", bundle=bundle
        )
        acknowledge(
            self.describe, {"LambdaDLQ": "Step Functions invokes the function synchronously, and retries its errors."}
        )
        self.poller = Poller(self, "Poller", settings=settings, bundle=bundle, notify=notify)
        self._allow_describe_calls(settings.kinds.values())
        self.machine = machine(
            self,
            "Watch",
            settings=settings,
            definition="watch.asl.json",
            # Watches end before this time-out: they give up, and notify that they did. It ends those that can't.
            timeout=Duration.seconds(settings.give_up_after).plus(Duration.days(7)),
            substitutions={
                "describe": self.describe.function_arn,
                "queue": self.poller.queue.queue_url,
                "notify": notify.state_machine_arn,
            },
        )
        # CDK's grant_invoke would also allow the function's versions and aliases.
        self.machine.add_to_role_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.describe.function_arn])
        )
        self.machine.add_to_role_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.poller.queue.queue_arn])
        )
        notify.grant_start_execution(self.machine)

    def _allow_describe_calls(self, kinds: Collection[Kind]) -> None:
        """Add managed policies and, if needed, an inline policy. Neither alone has room for the calls of all kinds.

        Raise InvalidSetting if the kinds need more than IAM allows.
        """
        policies = permissions.policies(kinds)
        inline = policies.get(permissions.INLINE, [])
        if permissions.length(inline) > permissions.MAX_INLINE_LENGTH:
            problem = f": the permissions for {len(kinds)} kinds exceed IAM's limits for a role; select fewer kinds."
            raise InvalidSetting("kinds", problem)
        functions = (self.describe, self.poller.poll)
        for number in policies.keys() - {permissions.INLINE}:
            policy = iam.ManagedPolicy(
                self,
                f"DescribePolicy{number}",
                description="Describe calls for the jobs that Job Watcher watches.",
                roles=[cast(iam.IRole, function.role) for function in functions],
                statements=[_allow(statement) for statement in policies[number]],
            )
            acknowledge(policy, _wildcards(policies[number]))
        for function in functions:
            for statement in inline:
                function.add_to_role_policy(_allow(statement))
            acknowledge(cast(iam.IRole, function.role), _wildcards(inline))


def _allow(statement: permissions.Statement) -> iam.PolicyStatement:
    actions, arns = statement
    return iam.PolicyStatement(actions=actions, resources=[_arn(arn) for arn in arns])


def _wildcards(statements: Iterable[permissions.Statement]) -> dict[str, str]:
    """Return cdk-nag's findings about wildcards in the statements' resources, with the reasons to accept them."""
    wildcards = {arn for _, arns in statements for arn in arns if "*" in arn}
    reasons = dict.fromkeys(sorted(wildcards), "Any job in this account can be watched.")
    if "*" in reasons:
        reasons["*"] = "The actions can't be limited to resources."
    in_cdk_nag = ("<AWS::Partition>", "<AWS::Region>", "<AWS::AccountId>")  # how it writes pseudo parameters
    return {f"IAM5[Resource::{_arn(arn, *in_cdk_nag)}]": reason for arn, reason in reasons.items()}


def _arn(pattern: str, partition: str = Aws.PARTITION, region: str = Aws.REGION, account: str = Aws.ACCOUNT_ID) -> str:
    """Replace `${Partition}`, `${Region}` and `${Account}` in an ARN with those of the stack."""
    for name, value in (("Partition", partition), ("Region", region), ("Account", account)):
        pattern = pattern.replace(f"${{{name}}}", value)
    return pattern
