"""The beginning of logical ids, for policies about resources whose names CloudFormation makes from logical ids."""

import re

from aws_cdk import Stack
from constructs import Construct

MAX_LENGTH = 240  # characters of a logical id before its hash


def logical_id_prefix(construct: Construct) -> str:
    """Return the beginning of the logical ids of all resources in a construct.

    Like the CDK, it leaves out the ids Default and Resource, and an id with which the id before it ends:
    https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/core/lib/private/uniqueid.ts
    """
    depth_of_stack = len(Stack.of(construct).node.scopes)
    ids: list[str] = []
    for scope in construct.node.scopes[depth_of_stack:]:
        is_repeated = bool(ids) and ids[-1].endswith(scope.node.id)
        if scope.node.id != "Default" and not is_repeated:
            ids.append(scope.node.id)
    names = (re.sub(r"[^A-Za-z0-9]", "", id) for id in ids if id != "Resource")
    return "".join(names)[:MAX_LENGTH]
