"""Run cfn-lint on a template. It is imported when it runs, which takes more than a second."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfnlint.rules import Match, RulesCollection


def findings(template: str) -> "list[Match]":
    """Return what cfn-lint finds in a template."""
    from cfnlint.api import lint

    found: list[Match] = lint(template, rules=_rules())
    return found


@cache
def _rules() -> "RulesCollection":
    """Return the rules that cfn-lint would load again for each template."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.helpers import REGION_PRIMARY
    from cfnlint.runner import Runner

    return Runner(ConfigMixIn(regions=[REGION_PRIMARY])).rules
