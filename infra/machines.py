"""How every state machine of the watcher is set up."""

import json
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct


def machine(
    scope: Construct, id: str, *, definition: str, substitutions: Mapping[str, str], timeout: Duration | None = None
) -> sfn.StateMachine:
    """A standard state machine of a definition file in this folder, traced, its errors logged without their data."""
    group = logs.LogGroup(
        scope, f"{id}Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
    )
    states = json.loads(Path(__file__).with_name(definition).read_text())
    if timeout:  # the CDK drops its own `timeout` when the definition is text
        states["TimeoutSeconds"] = timeout.to_seconds()
    return sfn.StateMachine(
        scope,
        id,
        definition_body=sfn.DefinitionBody.from_string(json.dumps(states, indent=1)),
        definition_substitutions={"partition": Aws.PARTITION, **substitutions},
        tracing_enabled=True,
        logs=sfn.LogOptions(destination=group, level=sfn.LogLevel.ERROR, include_execution_data=False),
    )
