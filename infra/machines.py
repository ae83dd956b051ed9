"""Create Step Functions state machines from the definitions in this folder."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from aws_cdk import Aws, Duration, Fn, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .log_groups import log_group
from .nag import ROLE, acknowledge
from .settings import Settings

ERRORS_ONLY = "The execution history keeps every event for 90 days. Logging all events would cost more than the polls."


def machine(
    scope: Construct,
    id: str,
    *,
    settings: Settings,
    definition: str,
    substitutions: Mapping[str, str],
    timeout: Duration | None = None,
    edit: Callable[[Any], None] | None = None,
) -> sfn.StateMachine:
    """Return a standard state machine, made from a definition file in this folder. Its log has errors without data.

    `definition` is the file's name. `edit` changes the definition.
    """
    group = _log_group(scope, f"{id}Log", settings)
    body = json.loads(Path(__file__).with_name(definition).read_text(encoding="utf-8"))
    if edit:
        edit(body)
    if timeout:  # the CDK ignores its prop `timeout` if the definition is text
        body["TimeoutSeconds"] = timeout.to_seconds()
    text, values = json.dumps(body, indent=1), {"partition": Aws.PARTITION, **substitutions}
    created = sfn.StateMachine(
        scope,
        id,
        definition_body=sfn.DefinitionBody.from_string(text),
        definition_substitutions={name: value for name, value in values.items() if f"${{{name}}}" in text} or None,
        tracing_enabled=True,
        logs=sfn.LogOptions(destination=group, level=sfn.LogLevel.ERROR, include_execution_data=False),
    )
    acknowledge(created, {"SF1": ERRORS_ONLY, **ROLE})
    return created


def _log_group(scope: Construct, id: str, settings: Settings) -> logs.LogGroup:
    """Return a log group whose name has the prefix that AWS recommends and is unique to this stack.

    With another prefix, each log group would be added to the account's CloudWatch Logs resource policy, whose size is
    limited: https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
    """
    group = log_group(scope, id, settings=settings)
    resource = cast(logs.CfnLogGroup, group.node.default_child)
    stack_uuid = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    # Only the first part of the UUID, because Step Functions accepts ARNs of up to 256 characters:
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CloudWatchLogsLogGroup.html
    parts = [Aws.STACK_NAME, Stack.of(scope).get_logical_id(resource), Fn.select(0, Fn.split("-", stack_uuid))]
    resource.log_group_name = f"/aws/vendedlogs/states/{'-'.join(parts)}"
    return group
