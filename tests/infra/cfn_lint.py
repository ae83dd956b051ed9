"""Run cfn-lint on a template."""

from functools import cache

from cfnlint.api import lint
from cfnlint.config import ConfigMixIn
from cfnlint.helpers import REGION_PRIMARY
from cfnlint.rules import Match, RulesCollection
from cfnlint.runner import Runner


def findings(template: str) -> list[Match]:
    """Return what cfn-lint finds in a template."""
    found: list[Match] = lint(template, rules=_rules())
    return found


@cache
def _rules() -> RulesCollection:
    """Return the rules that cfn-lint would load again for each template."""
    return Runner(ConfigMixIn(regions=[REGION_PRIMARY])).rules
