"""Logical ids, as far as policies need them before CloudFormation generates the names of resources."""

import re

from aws_cdk import Stack
from constructs import Construct


def prefix(construct: Construct) -> str:
    """Return the beginning of the logical ids of all resources in a construct.

    https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html
    """
    above = len(Stack.of(construct).node.scopes)
    names: list[str] = []
    for scope in construct.node.scopes[above:]:
        name = re.sub(r"[^A-Za-z0-9]", "", scope.node.id)
        if not names or not names[-1].endswith(name):  # as the CDK does
            names.append(name)
    return "".join(names)
