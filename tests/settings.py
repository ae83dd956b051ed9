"""Create settings from a CDK context, as app.py and the construct do."""

from collections.abc import Mapping
from typing import Any

from infra.context import SETTINGS, props
from infra.setting_types import InvalidSetting
from infra.settings import Settings, validated


def from_context(context: Mapping[str, Any]) -> Settings:
    """Return the validated settings. Raise InvalidSetting with the message that app.py prints."""
    try:
        return validated(**props(context))
    except InvalidSetting as invalid:
        raise invalid.renamed(SETTINGS) from None
