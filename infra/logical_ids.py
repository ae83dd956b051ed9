"""The beginning of logical ids, for policies about resources whose names CloudFormation makes from logical ids."""

import re

from aws_cdk import Stack
from constructs import Construct


def logical_id_prefix(construct: Construct) -> str:
    """Return the beginning of the logical ids of all resources in a construct.

    https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html
    """
    depth_of_stack = len(Stack.of(construct).node.scopes)
    names: list[str] = []
    for scope in construct.node.scopes[depth_of_stack:]:
        name = re.sub(r"[^A-Za-z0-9]", "", scope.node.id)
        if not names or not names[-1].endswith(name):  # the CDK also leaves out such repetitions
            names.append(name)
    return "".join(names)
