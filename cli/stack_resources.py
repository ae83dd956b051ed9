"""Find the resources of a deployed stack by their logical ids."""

import re
from collections.abc import Mapping
from typing import Any


def physical_ids(cloudformation: Any, stack: str) -> Mapping[str, str]:
    """Return the physical ids of a stack's resources by their logical ids."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
    return {summary["LogicalResourceId"]: summary.get("PhysicalResourceId", "") for summary in summaries}


def named(ids: Mapping[str, str], name: str) -> Mapping[str, str]:
    """Return the ids of the resources with a name such as `TriggersTriggerDLQ`, which is a regular expression.

    A stack has several if it contains several constructs. The CDK adds a hash to each logical id.
    """
    return {logical: physical for logical, physical in ids.items() if re.search(f"{name}[0-9A-F]{{8}}$", logical)}
